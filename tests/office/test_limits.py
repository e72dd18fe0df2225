"""Limits: what is counted, across threads and processes, and from where a request comes."""

import threading
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

import pytest
from django.db import connection, connections
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from bustia.office.limits import Limit, clear_empty, client_address, client_network, network_of

TEN_AN_HOUR = Limit("test", 10, timedelta(hours=1))
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)


def _minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.mark.django_db
def test_so_many_are_let_through_and_then_one_at_a_time() -> None:
    """Ten an hour: ten at once, the next after six minutes, and all ten after an hour of rest."""
    taken = [TEN_AN_HOUR.take("me", at=NOON) for _ in range(11)]
    assert taken[:10] == [None] * 10
    assert taken[10] is not None
    assert taken[10].wait == timedelta(minutes=6)
    assert TEN_AN_HOUR.take("me", at=_minutes(5.9)) is not None
    assert TEN_AN_HOUR.take("me", at=_minutes(6)) is None
    assert TEN_AN_HOUR.take("me", at=_minutes(6)) is not None
    assert [TEN_AN_HOUR.take("me", at=_minutes(67)) for _ in range(10)] == [None] * 10


@pytest.mark.django_db
def test_each_is_counted_apart() -> None:
    """What one used up, and what was used of another limit, is nobody else's."""
    for _ in range(11):
        TEN_AN_HOUR.take("me", at=NOON)
    assert TEN_AN_HOUR.take("you", at=NOON) is None
    assert Limit("other", 10, timedelta(hours=1)).take("me", at=NOON) is None


@pytest.mark.django_db
def test_what_is_given_back_was_never_used() -> None:
    """Successes are given back, so that only failures count."""
    for _ in range(50):
        assert TEN_AN_HOUR.take("me", at=NOON) is None
        TEN_AN_HOUR.give_back("me")


@pytest.mark.django_db
def test_who_goes_on_trying_waits_no_longer() -> None:
    """Refused uses are not counted: a browser that reloads by itself isn't locked out for good."""
    for minute in range(60):
        for _ in range(20):
            TEN_AN_HOUR.take("me", at=_minutes(minute))
    assert TEN_AN_HOUR.take("me", at=_minutes(66)) is None


@pytest.mark.django_db
def test_the_table_names_nobody() -> None:
    """Only digests are stored: neither an address nor the name of what it was used for."""
    TEN_AN_HOUR.take("anna@example.cat", at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("SELECT office_limit::text FROM office_limit")
        rows = str(cursor.fetchall())
    assert "anna" not in rows
    assert b"anna".hex() not in rows


@pytest.mark.django_db
def test_empty_buckets_are_removed() -> None:
    """What is forgotten anyway takes no room; what still counts stays."""
    TEN_AN_HOUR.take("once", at=NOON)
    for _ in range(10):
        TEN_AN_HOUR.take("often", at=NOON)
    assert clear_empty(at=_minutes(7)) == 1
    assert TEN_AN_HOUR.take("often", at=_minutes(5)) is not None


@pytest.mark.django_db(transaction=True)
def test_uses_at_the_same_moment_are_all_counted() -> None:
    """Of 64 tries in eight threads exactly ten are let through: none slips in beside another."""
    start = threading.Barrier(8)
    let_through: list[bool] = []

    def try_often() -> None:
        try:
            start.wait()
            let_through.extend(TEN_AN_HOUR.take("me", at=NOON) is None for _ in range(8))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_through) == 64
    assert sum(let_through) == 10


@pytest.mark.django_db(transaction=True)
def test_a_count_that_reads_first_lets_more_through() -> None:
    """The same tries against a count that is read and then written pass the limit: the control."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE naive (used int); INSERT INTO naive VALUES (0)")
    start = threading.Barrier(8)
    between = threading.Barrier(8)
    let_through: list[bool] = []

    def try_once() -> None:
        try:
            with connection.cursor() as cursor:
                start.wait()
                cursor.execute("SELECT used FROM naive")
                [used] = cursor.fetchone()
                between.wait()
                let_through.append(used < 4)
                cursor.execute("UPDATE naive SET used = %s", [used + 1])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=try_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE naive")
    assert sum(let_through) == 8


@pytest.mark.django_db
@given(st.lists(st.floats(0, 240), min_size=1, max_size=60))
def test_no_hour_lets_more_through_than_twice_the_limit(minutes: list[float]) -> None:
    """However tries are spread, an hour sees a full bucket and what it regained, never more."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM office_limit")
    through = [at for at in sorted(minutes) if TEN_AN_HOUR.take("me", at=_minutes(at)) is None]
    for first in through:
        assert len([at for at in through if first <= at < first + 60]) <= 20


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_a_network_of_its_own(address: IPv4Address) -> None:
    """IPv4 is counted by address, also when a system writes it the way of IPv6."""
    assert network_of(str(address)) == str(address)
    assert network_of(f"::ffff:{address}") == str(address)


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_an_ipv6_client_cannot_hop_within_its_network(address: IPv6Address, other: int) -> None:
    """All addresses that share their first 64 bits are counted as one."""
    neighbour = IPv6Address((int(address) >> 64 << 64) | other)
    if address.ipv4_mapped is None and neighbour.ipv4_mapped is None:
        assert network_of(str(address)) == network_of(str(neighbour))


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("not an address", "192.0.2.1"),
        ("", "192.0.2.1"),
        ("2001:db8::7", "2001:db8::7"),
    ],
)
def test_only_our_proxy_is_believed(forwarded: str, expected: str) -> None:
    """What our own proxy adds to X-Forwarded-For counts; what the browser wrote there doesn't."""
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1"
    )
    assert client_address(request) == expected


def test_a_client_on_a_socket_has_an_address_too() -> None:
    """Without any address to be had, all share one."""
    assert client_network(RequestFactory().get("/", REMOTE_ADDR="")) == "0.0.0.0"  # noqa: S104 (no address to listen on)
