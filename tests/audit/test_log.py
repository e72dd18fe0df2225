"""The log of changes takes entries in, and lets nobody touch them again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bustia.audit.log import SYSTEM, Actor, done_by, done_to, record
from bustia.audit.models import Entry
from bustia.errors import AuditError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
MARIA = Actor("customer", "account-17")


def write(action: str = "email.changed", about: str = "customer:C7", **detail) -> None:
    """Write one entry."""
    record(action, actor=MARIA, about=about, at=NOW, detail=detail)


def test_an_entry_says_who_did_what_to_whom_and_when() -> None:
    """What was recorded is read back whole, by whom it is about and by who did it."""
    write(fields=["email"], confirmed=True)
    write("mobile.changed")
    record("change.confirmed", actor=SYSTEM, about="customer:C8", at=NOW)

    newest, oldest = done_to("customer:C7")
    assert (newest.action, newest.detail) == ("mobile.changed", {})
    assert (oldest.actor_kind, oldest.actor, oldest.at) == ("customer", "account-17", NOW)
    assert oldest.detail == {"fields": ["email"], "confirmed": True}
    assert [newest, oldest] == done_by(MARIA)
    assert [one.about for one in done_by(SYSTEM)] == ["customer:C8"]


@pytest.mark.parametrize(
    "refused",
    [
        "UPDATE audit_entry SET action = 'nothing.happened'",
        "UPDATE audit_entry SET at = at WHERE false",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)",
        "TRUNCATE audit_entry",
        "TRUNCATE audit_entry RESTART IDENTITY CASCADE",
        "SET LOCAL session_replication_role = replica; DELETE FROM audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry",
        "INSERT INTO audit_entry (id, at, actor_kind, actor, action, about, detail)"
        " OVERRIDING SYSTEM VALUE"
        " SELECT id, at, '', '', '', '', '{}' FROM audit_entry"
        " ON CONFLICT (id) DO UPDATE SET action = excluded.action",
    ],
)
def test_the_database_refuses_to_alter_the_log(refused: str) -> None:
    """No statement changes or removes an entry, not even as the table's owner."""
    write()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(refused)
    assert [one.action for one in done_to("customer:C7")] == ["email.changed"]


def test_django_cannot_alter_it_either() -> None:
    """The model's own save and delete are refused, as is a queryset's."""
    write()
    entry = Entry.objects.get(about="customer:C7")
    entry.action = "nothing.happened"
    for attempt in (entry.save, entry.delete, Entry.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            attempt()


def test_an_entry_goes_with_its_transaction() -> None:
    """A change that is rolled back leaves no entry."""
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert done_to("customer:C7") == []


@pytest.mark.parametrize(
    "detail",
    [
        {"new": "maria@example.org"},
        {"fields": ["email", "maria@example.org"]},
        {"account": "ES9121000418450200051332"},
        {"account": "ES91 2100 0418 4502 0005 1332"},
    ],
)
def test_personal_data_is_refused(detail: dict[str, Any]) -> None:
    """An e-mail address or a bank account doesn't get into the log, nor into the error."""
    with pytest.raises(AuditError, match="no personal data") as refused:
        write(**detail)
    assert "maria" not in str(refused.value)
    assert "ES91" not in str(refused.value)
    assert done_to("customer:C7") == []


@pytest.mark.parametrize(
    ("action", "about"),
    [("changed", "customer:C7"), ("email.changed", "C7"), ("email.changed", "customer:a b"),
     ("", ""), ("email.changed", "account:maria@example.org")],
)  # fmt: skip
def test_an_entry_has_a_shape(action: str, about: str) -> None:
    """An action has an object and a verb, and what it is about has a kind and a reference."""
    with pytest.raises(AuditError):
        write(action, about)


def test_readers_use_the_indexes() -> None:
    """Reading what was done to one customer, or by one actor, looks at no one else's entries."""
    for place in range(60):
        record(
            "email.changed", actor=Actor("customer", f"{place}"), about=f"customer:C{place}", at=NOW
        )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; ANALYZE audit_entry")
        for reader in (lambda: done_to("customer:C7"), lambda: done_by(Actor("customer", "7"))):
            with CaptureQueriesContext(connection) as queries:
                reader()
            cursor.execute("EXPLAIN " + queries[0]["sql"])
            plan = " ".join(row[0] for row in cursor.fetchall())
            assert "audit_entry_by_" in plan
