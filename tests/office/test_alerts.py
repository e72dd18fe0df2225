"""Alerts are set on one page, and are what the engine reads."""

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.audit.log import done_to
from bustia.billing.alerts import AlertChoice, Quiet, alerts_of
from bustia.billing.chosen_states import AlertKind, Channel
from bustia.billing.models import AlertSetting, Consumption, Contract, Meter
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

PAGE = "/contracte/K1/alertes/"


def reader(language: str = "en", **customer: Any) -> tuple[Client, Contract]:
    """Give somebody who is signed in, and the contract."""
    contract = Town().contract(1, **customer)
    return signed_in(account("a@example.org", contract, language=language)), contract


def test_alerts_are_set_and_read_back() -> None:
    """What is saved is what the engine reads, and what the page shows the next time."""
    client, contract = reader()
    sent = {
        "leak_on": "on", "leak_channel": "sms", "over_threshold_on": "on",
        "over_threshold_channel": "email", "threshold": "450", "invoice_issued_channel": "sms",
        "quiet": "on", "quiet_from": "22:30", "quiet_to": "07:00",
    }  # fmt: skip
    page = client.post(PAGE, sent, follow=True).content.decode()
    assert "Your alerts are saved." in page
    found = alerts_of(contract)
    assert found.on
    assert found.quiet == Quiet(time(22, 30), time(7))
    assert found.choices[AlertKind.LEAK] == AlertChoice(True, Channel.SMS)
    assert found.choices[AlertKind.OVER_THRESHOLD] == AlertChoice(True, Channel.EMAIL, 450)
    assert found.choices[AlertKind.INVOICE_ISSUED] == AlertChoice(False, Channel.SMS)
    assert 'value="450"' in page
    assert 'value="22:30"' in page
    assert [entry.action for entry in done_to(f"contract:{contract.pk}")] == ["alerts.changed"]


def test_switched_off_keeps_how_it_was() -> None:
    """An alert that is switched off and on again has its channel and threshold."""
    client, contract = reader()
    on = {"over_threshold_on": "on", "over_threshold_channel": "sms", "threshold": "450"}
    client.post(PAGE, on)
    client.post(PAGE, {})
    assert alerts_of(contract).choices[AlertKind.OVER_THRESHOLD] == AlertChoice(
        False, Channel.SMS, 450
    )
    assert not alerts_of(contract).on


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"leak_on": "on"}, "leak_channel_0"),
        ({"leak_on": "on", "leak_channel": "pigeon"}, "leak_channel_0"),
        ({"over_threshold_on": "on", "over_threshold_channel": "sms"}, "threshold"),
        ({"threshold": "-5"}, "threshold"),
        ({"threshold": "1000001"}, "threshold"),
        ({"threshold": "lots"}, "threshold"),
        ({"quiet": "on", "quiet_from": "22:00"}, "quiet_to"),
        ({"quiet": "on", "quiet_from": "25:00", "quiet_to": "8:00"}, "quiet_from"),
        ({"quiet": "on", "quiet_from": "08:00", "quiet_to": "8:00"}, "quiet_to"),
    ],
)
def test_what_is_missing_is_told_at_its_field(sent: dict[str, str], field: str) -> None:
    """A summary leads to the field that is wrong, and nothing is saved."""
    client, _ = reader()
    page = client.post(PAGE, sent).content.decode()
    assert f'href="#id_{field}"' in page
    assert f'id="id_{field}"' in page
    assert not AlertSetting.objects.exists()


def test_only_known_ends_are_offered() -> None:
    """Without a mobile number there is no SMS to choose, and a way to add one."""
    client, _ = reader(mobile="")
    page = client.get(PAGE).content.decode()
    assert 'value="email"' in page
    assert 'value="sms"' not in page
    assert "we need a mobile number" in page
    client.post(PAGE, {"leak_on": "on", "leak_channel": "sms"})
    assert not AlertSetting.objects.exists()


def test_without_any_end_nothing_can_be_switched_on() -> None:
    """Who can't be reached is told so."""
    client, _ = reader(mobile="", email="")
    assert "we need an e-mail address or a mobile" in client.get(PAGE).content.decode()
    client.post(PAGE, {"leak_on": "on"})
    assert not AlertSetting.objects.exists()


def test_the_suggestion_is_of_the_contracts_own_use() -> None:
    """The limit that is suggested comes from what this contract uses."""
    client, contract = reader()
    assert "twice what a usual household" in client.get(PAGE).content.decode()
    Consumption.objects.create(
        contract=contract, period_from=date(2026, 1, 1), period_to=date(2026, 2, 28), m3=Decimal(12)
    )
    page = client.get(PAGE).content.decode()
    assert "You use about 203 litres a day; we suggest 350." in page
    assert 'value="350"' in page


def test_a_meter_read_by_hand_is_told() -> None:
    """Alerts on water need a meter that is read remotely; the page says so where there is none."""
    client, contract = reader()
    assert "read by hand" in client.get(PAGE).content.decode()
    Meter.objects.create(
        serial="A1", contract=contract, calibre_mm=15, remote_read=True,
        installed_on=date(2020, 1, 1),
    )  # fmt: skip
    assert "read by hand" not in client.get(PAGE).content.decode()


def test_the_exports_flag_is_shown_until_somebody_sets_alerts() -> None:
    """Who had alerts switched on elsewhere finds them on, and off once they were switched off."""
    client, contract = reader()
    Contract.objects.filter(pk=contract.pk).update(alerts_on=True)
    assert client.get(PAGE).content.decode().count(" checked") == 6 + 6  # switches and channels
    client.post(PAGE, {})
    assert client.get(PAGE).content.decode().count(" checked") == 6
    contract.refresh_from_db()
    assert not alerts_of(contract).on


def test_strangers_see_and_change_nothing() -> None:
    """Another customer gets 404, who isn't signed in the sign-in page."""
    Town().contract(1)
    other = signed_in(account("b@example.org", Town().contract(2)))
    sent = {"leak_on": "on", "leak_channel": "email"}
    assert other.get(PAGE).status_code == other.post(PAGE, sent).status_code == 404
    assert Client().post(PAGE, sent)["Location"].startswith("/entrar/")
    assert not AlertSetting.objects.exists()


def test_the_page_asks_the_database_as_often_for_any_alerts(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The number of queries doesn't grow with what is set."""
    client, _ = reader()
    client.get(PAGE)
    with django_assert_num_queries(7):
        client.get(PAGE)
    sent = {f"{kind}_on": "on" for kind in AlertKind}
    sent |= {f"{kind}_channel": "sms" for kind in AlertKind} | {"threshold": "500"}
    client.post(PAGE, sent)
    client.get(PAGE)
    with django_assert_num_queries(7):
        client.get(PAGE)
