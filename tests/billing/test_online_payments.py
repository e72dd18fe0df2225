"""What is paid on the bank's page counts at once, once, and until the billing system says it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from tests.deliver.town import Town
from tests.payments.bank import FakeBank
from tests.payments.terminal import MERCHANT, NOW, at_the_bank, invoice

from bustia.audit.log import Actor, done_to
from bustia.billing.debts import debts_of
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import (
    Contract,
    CustomerChange,
    Invoice,
    OnlinePayment,
    Payment,
    PaymentPlan,
    ReturnedDebit,
)
from bustia.billing.online_payments import (
    confirm_payments,
    expire_payments,
    gateway,
    start_payment,
    state_of,
    take_notification,
)
from bustia.billing.outgoing import take_change, waiting_changes
from bustia.billing.paying_states import PaymentState, check_payment_move
from bustia.billing.standing import standing_of
from bustia.errors import PaymentError
from bustia.payments.gateway import PaymentGateway
from bustia.payments.redsys import TEST_KEY, Redsys

pytestmark = pytest.mark.django_db

MARIA = Actor("customer", "17")
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBank]:
    with at_the_bank(monkeypatch) as found:
        yield found


@pytest.fixture
def contract() -> Contract:
    """A contract with two invoices past their date."""
    made = Town().contract(1, "post", language="ca")
    invoice(made, "A26-000001", "40.61")
    invoice(made, "A26-000002", "12.30", due_date=date(2026, 5, 1))
    return made


def page() -> PaymentGateway:
    found = gateway()
    assert found is not None
    return found


def said(bank: FakeBank, payment: OnlinePayment, response: str = "0000", **changed: str):
    """Give what the bank says of a payment."""
    asked = {
        "DS_MERCHANT_ORDER": payment.order,
        "DS_MERCHANT_AMOUNT": str(int(payment.amount * 100)),
        "DS_MERCHANT_CURRENCY": "978",
        "DS_MERCHANT_MERCHANTCODE": MERCHANT,
        "DS_MERCHANT_TERMINAL": "1",
        "DS_MERCHANT_TRANSACTIONTYPE": "0",
    }
    return bank.bank.said(asked, response, **changed)


def start(contract: Contract, *numbers: str) -> OnlinePayment:
    return start_payment(contract, numbers or ("A26-000001",), actor=MARIA, at=NOW)


def test_the_terminal_is_the_settings(bank: FakeBank):
    """Merchant, terminal and address come from bustia.toml, the key from the environment."""
    assert gateway() == Redsys(MERCHANT, "1", bank.url, TEST_KEY)


def test_without_a_terminal_nothing_is_paid_online(database_server: object):
    """The adapter none gives no gateway."""
    assert gateway() is None


def test_the_amount_is_what_is_left(bank: FakeBank, contract: Contract):
    """Several invoices make one order over the rest of each."""
    first = contract.invoices.get(number="A26-000001")
    Payment.objects.create(
        reference="P1", invoice=first, paid_on=date(2026, 4, 2), amount=Decimal("10.61"),
        means="cash",
    )  # fmt: skip
    payment = start(contract, "A26-000002", "A26-000001", "A26-000001")
    assert payment.amount == Decimal("42.30")
    assert sorted(payment.shares.values_list("invoice__number", "amount")) == [
        ("A26-000001", Decimal("30.00")), ("A26-000002", Decimal("12.30")),
    ]  # fmt: skip
    assert len(payment.order) == 12
    assert payment.order.startswith("2605")


@pytest.mark.parametrize("numbers", [(), ("A26-000009",), ("A26-000001", "B1"), ("K",)])
def test_what_is_not_owed_is_not_paid(bank: FakeBank, contract: Contract, numbers: tuple[str, ...]):
    """Nothing, an unknown invoice, or another customer's, starts no payment."""
    invoice(Town().contract(2, "post"), "B1")
    with pytest.raises(PaymentError, match="can't be paid online"):
        start_payment(contract, numbers, actor=MARIA, at=NOW)
    assert not OnlinePayment.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"status": "paid"},
        {"status": "cancelled"},
        {"kind": "credit_note"},
        {"payable_amount": Decimal(0)},
        {"seller": "A58818501"},
        {"payment_means": "direct_debit", "charge_date": date(2026, 5, 28)},
    ],
    ids=str,
)
def test_what_needs_no_payment_is_not_paid(
    bank: FakeBank, contract: Contract, values: dict[str, Any]
):
    """Neither what is settled, nor what the bank is yet to be charged with: not twice."""
    invoice(contract, "A26-000003", **values)
    with pytest.raises(PaymentError):
        start(contract, "A26-000003")


def test_what_is_in_a_plan_is_paid_with_the_plan(bank: FakeBank, contract: Contract):
    """An invoice that an active plan is about can't be paid beside it."""
    PaymentPlan.objects.create(
        number="P1", contract=contract, agreed_on=date(2026, 4, 20), total_amount=Decimal(53),
        status="active",
    )  # fmt: skip
    with pytest.raises(PaymentError):
        start(contract)


def test_a_returned_debit_can_be_paid(bank: FakeBank, contract: Contract):
    """What the bank gave back is paid another way."""
    back = invoice(
        contract, "A26-000004", payment_means="direct_debit", charge_date=date(2026, 5, 28),
        status="returned",
    )  # fmt: skip
    ReturnedDebit.objects.create(
        reference="R1", invoice=back, returned_on=date(2026, 5, 2), amount=Decimal("40.61"),
        reason="AM04",
    )  # fmt: skip
    assert start(contract, "A26-000004").amount == Decimal("40.61")


def test_an_authorised_payment_counts_at_once(bank: FakeBank, contract: Contract):
    """Debt, home and the facts of the next cycle know; the billing system is told; it is logged."""
    payment = start(contract, "A26-000001", "A26-000002")
    assert len(debts_of(contract.pk, LATER)) == 2

    take_notification(page(), said(bank, payment), at=LATER)

    payment.refresh_from_db()
    assert (payment.state, payment.settled_at, payment.response) == ("authorised", LATER, "0000")
    assert payment.authorisation
    assert debts_of(contract.pk, LATER) == ()
    document = Town().invoice(contract)
    Invoice.objects.filter(pk=document.invoice_id).update(due_date=date(2026, 12, 31))
    facts = load_facts([document.invoice_id], LATER)[0]
    assert (facts.debt.count, facts.debt.amount) == (0, Decimal("0.00"))
    standing = standing_of(contract.pk, LATER)
    assert standing is not None
    assert standing.owed == 0
    (told,) = waiting_changes()
    assert (told.kind, told.contract) == ("payment", "K1")
    assert told.values == {
        "order": payment.order,
        "amount": "52.91",
        "invoices": "A26-000001 40.61, A26-000002 12.30",
        "paid_at": LATER.isoformat(),
        "authorisation": payment.authorisation,
    }
    assert [one.action for one in done_to(f"contract:{contract.pk}")] == [
        "payment.authorised", "payment.started",
    ]  # fmt: skip


def test_a_returned_debit_is_settled_by_a_payment(bank: FakeBank, contract: Contract):
    """Once paid online, a returned debit is not told any more."""
    first = contract.invoices.get(number="A26-000001")
    first.status = "returned"
    first.save()
    ReturnedDebit.objects.create(
        reference="R1", invoice=first, returned_on=date(2026, 5, 2), amount=Decimal("40.61"),
        reason="AM04",
    )  # fmt: skip
    document = Town().invoice(contract)
    take_notification(page(), said(bank, start(contract)), at=LATER)
    assert not load_facts([document.invoice_id], LATER)[0].returned_debit.present


def test_the_same_word_again_changes_nothing(bank: FakeBank, contract: Contract):
    """Banks repeat themselves: one payment, one change, one entry in the log."""
    payment = start(contract)
    fields = said(bank, payment)
    for minutes in (1, 2, 90):
        take_notification(page(), fields, at=NOW + timedelta(minutes=minutes))
    payment.refresh_from_db()
    assert payment.settled_at == NOW + timedelta(minutes=1)
    assert CustomerChange.objects.count() == 1
    assert len(done_to(f"contract:{contract.pk}")) == 2


def test_a_refusal_pays_nothing(bank: FakeBank, contract: Contract):
    """After a no, all is owed as before, and the billing system isn't bothered."""
    payment = start(contract)
    take_notification(page(), said(bank, payment, "0190"), at=LATER)
    payment.refresh_from_db()
    assert (payment.state, payment.authorisation) == ("refused", "")
    assert len(debts_of(contract.pk, LATER)) == 2
    assert not CustomerChange.objects.exists()


def test_money_once_taken_stays_taken(bank: FakeBank, contract: Contract):
    """A yes after a no, or after we gave up, counts; a no after a yes does not."""
    payment = start(contract)
    no, yes = said(bank, payment, "0190"), said(bank, payment)
    take_notification(page(), no, at=LATER)
    take_notification(page(), yes, at=LATER)
    take_notification(page(), no, at=LATER)
    payment.refresh_from_db()
    assert payment.state == "authorised"
    assert len(debts_of(contract.pk, LATER)) == 1


def test_a_late_word_is_heard(bank: FakeBank, contract: Contract):
    """A payment without word expires, and is paid all the same when the word comes."""
    payment = start(contract)
    much_later = NOW + timedelta(minutes=61)
    assert state_of(payment, LATER) is PaymentState.STARTED
    assert state_of(payment, much_later) is PaymentState.EXPIRED
    assert (expire_payments(LATER), expire_payments(much_later)) == (0, 1)
    take_notification(page(), said(bank, payment), at=much_later)
    payment.refresh_from_db()
    assert payment.state == "authorised"


@pytest.mark.parametrize(
    "changed",
    [{"Ds_Amount": "1"}, {"Ds_Currency": "840"}, {"Ds_Order": "2605ZZZZZZZZ"}],
    ids=lambda one: next(iter(one)),
)
def test_another_order_amount_or_currency_pays_nothing(
    bank: FakeBank, contract: Contract, changed: dict[str, str]
):
    """Even signed by the bank, a word that doesn't fit the order settles nothing."""
    payment = start(contract)
    with pytest.raises(PaymentError):
        take_notification(page(), said(bank, payment, **changed), at=LATER)
    payment.refresh_from_db()
    assert payment.state == "started"


def test_a_forged_word_pays_nothing(bank: FakeBank, contract: Contract):
    """A notification under another key is left aside."""
    payment = start(contract)
    forger = replace(bank.bank, key="Mk9m98IfEblmPfrpsawt7BmxObt98Jev")
    bank.bank = forger
    with pytest.raises(PaymentError, match="isn't the bank's"):
        take_notification(page(), said(bank, payment), at=LATER)
    payment.refresh_from_db()
    assert payment.state == "started"


@pytest.mark.parametrize("known_by", ["reference", "amount and day"])
def test_the_exported_payment_takes_its_place(bank: FakeBank, contract: Contract, known_by: str):
    """When the billing system's own payment arrives, nothing is counted twice."""
    payment = start(contract)
    take_notification(page(), said(bank, payment), at=LATER)
    (told,) = waiting_changes()
    take_change(told.id, actor=Actor("billing"), at=LATER)
    by_reference = known_by == "reference"
    Payment.objects.create(
        reference=payment.order if by_reference else "X9",
        invoice=contract.invoices.get(number="A26-000001"),
        paid_on=date(2026, 5, 1) if by_reference else date(2026, 5, 14),
        amount=Decimal("40.61"),
        means="card",
    )
    assert (confirm_payments(LATER), confirm_payments(LATER)) == (1, 0)
    assert not payment.shares.filter(counts=True).exists()
    assert CustomerChange.objects.get().state == "confirmed"
    assert [one.number for one in debts_of(contract.pk, LATER)] == ["A26-000002"]


def test_another_payment_of_before_confirms_nothing(bank: FakeBank, contract: Contract):
    """An older payment of the same amount isn't taken for the online one."""
    invoice(contract, "A26-000005", "81.22")
    older = contract.invoices.get(number="A26-000005")
    Payment.objects.create(
        reference="P0", invoice=older, paid_on=date(2026, 4, 3), amount=Decimal("40.61"),
        means="cash",
    )  # fmt: skip
    payment = start(contract, "A26-000005")
    take_notification(page(), said(bank, payment), at=LATER)
    assert confirm_payments(LATER) == 0
    assert "A26-000005" not in [one.number for one in debts_of(contract.pk, LATER)]


def test_forbidden_moves_are_refused():
    """Every move that isn't drawn raises, whichever it is."""
    allowed = {
        (PaymentState.STARTED, PaymentState.AUTHORISED),
        (PaymentState.STARTED, PaymentState.REFUSED),
        (PaymentState.STARTED, PaymentState.EXPIRED),
        (PaymentState.REFUSED, PaymentState.AUTHORISED),
        (PaymentState.EXPIRED, PaymentState.AUTHORISED),
        (PaymentState.EXPIRED, PaymentState.REFUSED),
    }
    for old, new in product(PaymentState, PaymentState):
        if (old, new) in allowed:
            check_payment_move("1", old, new)
        else:
            with pytest.raises(PaymentError):
                check_payment_move("1", old, new)
