"""What customers changed here outlives exports that don't know of it, and gives way to newer ones.

The billing system is played by a few rows that are exported by real bundles: it takes batches of
changes, in order and some time after they were handed over, and its staff change things, too.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bustia.audit.log import Actor, done_to
from bustia.billing import changes
from bustia.billing.alerts import AlertChoice, alerts_of, set_alerts
from bustia.billing.changes import ConsentWording, MandateSignature, settle
from bustia.billing.chosen_states import OPEN, AlertKind, ChangeState, Channel
from bustia.billing.models import Contract, Customer, CustomerChange, Mandate
from bustia.billing.preferences import consent_in_force, subscribe_einvoice
from bustia.intake.loader import import_paths
from bustia.intake.records import ConsentRecord, ContractRecord, CustomerRecord, MandateRecord
from tests.intake.town import NOW, Records, town, write_town

pytestmark = pytest.mark.django_db

MARIA = Actor("customer", "17")
WORDING = ConsentWording("Hi estic d’acord.", "2026-1", "ca")
SIGNED = MandateSignature(WORDING, "code by sms", NOW)
Step = Literal["customer", "hand over", "take", "staff", "import"]
STEPS: tuple[Step, ...] = ("customer", "hand over", "take", "staff", "import")


def iban(number: int) -> str:
    """Give a Spanish account; each number another one."""
    account = f"2100041845{number:010d}"
    return f"ES{98 - int(account + '142800') % 97:02d}{account}"


@dataclass
class Billing:
    """The billing system of a town of three customers, and what it has yet to take from us."""

    records: Records = field(default_factory=town)
    batches: list[list[CustomerChange]] = field(default_factory=list)
    clock: datetime = NOW
    words: int = 0

    def tick(self) -> datetime:
        """Let a minute pass."""
        self.clock += timedelta(minutes=1)
        return self.clock

    def fresh(self) -> int:
        """Give a number that nobody had yet."""
        self.words += 1
        return self.words

    def edit(self, kind: type, key: str, value: str, **columns: object) -> None:
        """Change columns of one record."""
        self.records[kind] = [
            one.model_copy(update=columns) if getattr(one, key) == value else one
            for one in self.records[kind]
        ]

    def export(self) -> None:
        """Export everything there is, and import it."""
        folder = Path(tempfile.mkdtemp())
        try:
            bundle = write_town(folder / "bundle", self.records)
            (batch,) = import_paths([bundle], now=self.tick(), folder=folder / "intake").batches
            assert batch.rejections == ()
        finally:
            shutil.rmtree(folder)

    def hand_over(self) -> None:
        """Hand over what waits, as one batch."""
        waiting = list(CustomerChange.objects.filter(state="waiting").order_by("pk"))
        for one in waiting:
            settle(one, ChangeState.EXPORTED, self.tick())
        if waiting:
            self.batches.append(waiting)


class Email:
    """The customer's e-mail address, and the clerk who changes it too."""

    def customer(self, billing: Billing, word: int) -> str:
        """Say a new one in the Office."""
        new = f"office{word}@example.org"
        changes.change_email(Customer.objects.get(code="C1"), new, actor=MARIA, at=billing.tick())
        return new

    def staff(self, billing: Billing, word: int) -> str:
        """Say a new one at the counter."""
        new = f"staff{word}@example.org"
        billing.edit(CustomerRecord, "code", "C1", email=new)
        return new

    def take(self, billing: Billing, change: CustomerChange) -> None:
        """Let the billing system take a change."""
        billing.edit(CustomerRecord, "code", "C1", email=change.after["email"])

    def counts(self) -> str:
        """Give what counts here."""
        return Customer.objects.get(code="C1").email


class Account:
    """The account that a contract is charged to."""

    def customer(self, billing: Billing, word: int) -> str:
        """Sign a new mandate in the Office."""
        new, contract = iban(word), Contract.objects.get(number="K1")
        changes.replace_mandate(contract, new, signature=SIGNED, actor=MARIA, at=billing.tick())
        return new

    def staff(self, billing: Billing, word: int) -> str:
        """Sign a new mandate at the counter."""
        self._replace(billing, f"S{word}", iban(word))
        return iban(word)

    def take(self, billing: Billing, change: CustomerChange) -> None:
        """Let the billing system take a change."""
        self._replace(billing, change.after["mandate"], change.after["iban"])

    @staticmethod
    def _replace(billing: Billing, reference: str, account: str) -> None:
        billing.edit(MandateRecord, "contract", "K1", status="cancelled")
        mandates = [one for one in billing.records[MandateRecord] if one.reference != reference]  # type: ignore[attr-defined]
        billing.records[MandateRecord] = [
            *mandates,
            MandateRecord(
                reference=reference, contract="K1", iban=account,
                signed_on=date(2026, 5, 3), status="active",
            ),
        ]  # fmt: skip

    def counts(self) -> str:
        """Give what counts here: there is one mandate in force, never two, never none."""
        (active,) = Mandate.objects.filter(contract__number="K1", status="active")
        return active.iban


THINGS: tuple[Email | Account, ...] = (Email(), Account())
thing = pytest.mark.parametrize("thing", THINGS, ids=("email", "account"))
many = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@contextmanager
def rolled_back() -> Iterator[Billing]:
    """Give a town that was imported once; undo everything afterwards."""
    with transaction.atomic():
        billing = Billing()
        billing.export()
        yield billing
        transaction.set_rollback(True)


def play(
    thing: Email | Account,
    billing: Billing,
    steps: Sequence[Step],
    after_import: Callable[[str, str], None] = lambda _said, _counts: None,
) -> str:
    """Play some steps; give the last word, of the customer or of the staff."""
    said = thing.counts()
    for step in steps:
        if step == "customer":
            said = thing.customer(billing, billing.fresh())
        elif step == "staff":
            said = thing.staff(billing, billing.fresh())
        elif step == "hand over":
            billing.hand_over()
        elif step == "take" and billing.batches:
            for change in billing.batches.pop(0):
                thing.take(billing, change)
        elif step == "import":
            billing.export()
            after_import(said, thing.counts())
    return said


@thing
@many
@given(st.lists(st.sampled_from([step for step in STEPS if step != "staff"]), max_size=12))
def test_the_customers_word_is_never_lost(thing: Email | Account, steps: list[Step]) -> None:
    """While nobody else changes it, what the customer said last counts, whatever is imported."""

    def the_same(said: str, counts: str) -> None:
        assert said == counts

    with rolled_back() as billing:
        play(thing, billing, steps, the_same)


@thing
@many
@given(st.lists(st.sampled_from(STEPS), max_size=12), st.booleans())
def test_the_newest_word_wins_in_the_end(
    thing: Email | Account, steps: list[Step], staff_last: bool
) -> None:
    """Once all is taken, the last word counts in both systems, and no change is left open."""
    with rolled_back() as billing:
        play(thing, billing, steps)
        takes: list[Step] = ["take" for _ in range(len(billing.batches) + 1)]
        everything: list[Step] = ["hand over", *takes, "import"]
        play(thing, billing, everything)
        said = play(thing, billing, ["staff" if staff_last else "customer", *everything])
        billing.export()
        assert said == thing.counts()
        assert not CustomerChange.objects.filter(state__in=OPEN).exists()


@thing
@pytest.mark.parametrize("handed_over", [False, True])
def test_something_newer_supersedes(thing: Email | Account, handed_over: bool) -> None:
    """A word of the staff that we don't know is newer, and the log tells that it took over."""
    with rolled_back() as billing:
        steps: list[Step] = ["customer", "staff", "import"]
        if handed_over:
            steps.insert(1, "hand over")
        assert play(thing, billing, steps) == thing.counts()
        (change,) = CustomerChange.objects.all()
        assert (change.state, change.settled_at) == ("superseded", billing.clock)
        about = f"contract:{change.contract_id}" if change.contract_id else ""
        (entry, *_) = done_to(about or f"customer:{change.customer_id}")
        assert (entry.action, entry.actor_kind) == ("change.superseded", "system")


@thing
def test_the_same_is_confirmed(thing: Email | Account) -> None:
    """An export that has what was handed over confirms it; until then the change stays open."""
    with rolled_back() as billing:
        states = []
        steps: list[Step] = ["customer", "import", "hand over", "import", "take", "import"]
        for step in steps:
            play(thing, billing, [step])
            states.append(CustomerChange.objects.get().state)
        assert states == ["waiting", "waiting", "exported", "exported", "exported", "confirmed"]


def test_the_same_said_at_the_counter_is_confirmed() -> None:
    """Who says the same here and at the counter, written differently, has nothing left open."""
    with rolled_back() as billing:
        customer = Customer.objects.get(code="C1")
        changes.change_email(customer, "Nova@example.org", actor=MARIA, at=billing.tick())
        changes.change_mobile(customer, "+34600000009", actor=MARIA, at=billing.tick())
        billing.edit(CustomerRecord, "code", "C1", email="nova@Example.org", mobile="600 000 009")
        billing.export()
        assert {"confirmed"} == set(CustomerChange.objects.values_list("state", flat=True))


def test_back_to_what_it_was_is_told_all_the_same() -> None:
    """A change that was handed over and then undone isn't confirmed before that was handed over."""
    with rolled_back() as billing:
        customer = Customer.objects.get(code="C1")
        changes.change_language(customer, "en", actor=MARIA, at=billing.tick())
        billing.hand_over()
        changes.change_language(customer, "ca", actor=MARIA, at=billing.tick())
        billing.export()
        assert CustomerChange.objects.get(state="waiting").after == {"language": "ca"}
        billing.edit(CustomerRecord, "code", "C1", language="en")  # it took the first
        billing.export()
        assert Customer.objects.get(code="C1").language == "ca"


def test_the_same_account_under_another_reference_is_confirmed() -> None:
    """A billing system that numbers mandates itself is right: its own one is in force, not ours."""
    with rolled_back() as billing:
        account = Account()
        new = account.customer(billing, 1)
        account._replace(billing, "THEIRS", new)
        billing.export()
        (active,) = Mandate.objects.filter(contract__number="K1", status="active")
        assert (active.reference, active.iban) == ("THEIRS", new)
        assert CustomerChange.objects.get().state == "confirmed"


def test_a_bundle_that_is_silent_says_nothing() -> None:
    """A bundle without the customer neither confirms nor supersedes."""
    with rolled_back() as billing:
        play(Email(), billing, ["customer", "hand over"])
        play(Account(), billing, ["customer"])
        whole = billing.records
        billing.records = {kind: rows for kind, rows in whole.items() if kind is ContractRecord}
        billing.export()
        assert sorted(CustomerChange.objects.values_list("state", flat=True)) == [
            "exported",
            "waiting",
        ]


def test_consent_and_channel_are_held() -> None:
    """The e-invoice stays subscribed until the billing system has the consent, too."""
    with rolled_back() as billing:
        contract = Contract.objects.get(number="K2")
        consent = subscribe_einvoice(contract, wording=WORDING, actor=MARIA, at=billing.tick())
        billing.export()
        contract.refresh_from_db()
        assert contract.invoice_channel == "email"
        assert consent_in_force(contract, "e_invoice", billing.clock) == consent
        billing.hand_over()
        billing.edit(ContractRecord, "number", "K2", invoice_channel="email")
        billing.records[ConsentRecord].append(
            ConsentRecord(
                contract="K2", kind="e_invoice", granted=True, source="office",
                given_at=consent.given_at.replace(microsecond=0), text_version="2026-1",
            )
        )  # fmt: skip
        billing.export()
        assert {"confirmed"} == set(CustomerChange.objects.values_list("state", flat=True))


@pytest.mark.parametrize(
    ("granted", "minutes", "state"),
    [(False, 5, "superseded"), (False, -5, "waiting"), (True, 5, "confirmed")],
)
def test_the_newest_consent_counts(granted: bool, minutes: int, state: str) -> None:
    """A consent of the counter is newer by its own time, not by when it was imported."""
    with rolled_back() as billing:
        contract = Contract.objects.get(number="K2")
        given = changes.record_consent(
            contract, "promotion", True, wording=WORDING, actor=MARIA, at=billing.tick()
        )
        billing.records[ConsentRecord].append(
            ConsentRecord(
                contract="K2", kind="promotion", granted=granted, source="counter",
                given_at=given.given_at + timedelta(minutes=minutes), text_version="1",
            )
        )  # fmt: skip
        billing.clock += timedelta(hours=1)
        billing.export()
        assert CustomerChange.objects.get().state == state
        in_force = consent_in_force(contract, "promotion", billing.clock)
        assert bool(in_force) is (state != "superseded")


def test_alerts_of_the_office_stay() -> None:
    """The export's flag doesn't switch off what was switched on here; it confirms it."""
    with rolled_back() as billing:
        contract = Contract.objects.get(number="K2")
        on = {AlertKind.LEAK: AlertChoice(on=True, channel=Channel.EMAIL)}
        set_alerts(contract, on, None, actor=MARIA, at=billing.tick())
        billing.export()
        assert alerts_of(Contract.objects.get(number="K2")).on
        assert CustomerChange.objects.get().state == "waiting"
        billing.edit(ContractRecord, "number", "K2", alerts_on=True)
        billing.export()
        assert CustomerChange.objects.get().state == "confirmed"


def test_registration_is_held() -> None:
    """Who registered here is registered, though the export doesn't know it."""
    with rolled_back() as billing:
        customer = Customer.objects.get(code="C1")
        changes.note_office_registration(customer, NOW.date(), actor=MARIA, at=billing.tick())
        billing.export()
        assert Customer.objects.get(code="C1").office_since == NOW.date()


def test_erasure_is_nothing_an_export_can_show() -> None:
    """A request for erasure waits for the billing system to take it, whatever it exports."""
    with rolled_back() as billing:
        changes.request_erasure(Customer.objects.get(code="C1"), actor=MARIA, at=billing.tick())
        billing.export()
        assert CustomerChange.objects.get().state == "waiting"


def test_an_import_without_changes_asks_twice_more() -> None:
    """Holding costs an import two queries where nobody changed anything."""
    with rolled_back() as billing:
        with CaptureQueriesContext(connection) as queries:
            billing.export()
        asked = [one for one in queries if "billing_customerchange" in one["sql"]]
        assert len(asked) == 2
