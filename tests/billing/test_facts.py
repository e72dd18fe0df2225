"""What is said of a contract is what its rows say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tests.deliver.town import NOW, Town, consent

from bustia.billing.facts import Facts
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import (
    CalendarEntry,
    Consumption,
    Contract,
    Instalment,
    Invoice,
    Mandate,
    Meter,
    Payment,
    PaymentPlan,
    ReturnedDebit,
    TariffPrice,
)

pytestmark = pytest.mark.django_db

TODAY = date(2026, 5, 12)


@pytest.fixture
def contract() -> Contract:
    """A contract with the e-invoice and this run's invoice, and nothing else yet."""
    town = Town()
    made = town.contract(1)
    town.invoice(made)
    return made


def facts(contract: Contract) -> Facts:
    """The facts of its newest invoice."""
    newest = contract.invoices.order_by("-issue_date").first()
    assert newest is not None
    (found,) = load_facts([newest.pk], NOW)
    return found


def earlier(contract: Contract, number: str, issued: date, amount: str, **other: object) -> Invoice:
    """An earlier invoice, due three weeks after it was issued."""
    values: dict[str, object] = {
        "number": number,
        "contract": contract,
        "billing_run": "earlier",
        "issue_date": issued,
        "period_from": issued - timedelta(days=60),
        "period_to": issued - timedelta(days=1),
        "days": 60,
        "consumption_m3": 10,
        "net_amount": amount,
        "tax_amount": 0,
        "total_amount": amount,
        "payable_amount": amount,
        "payment_means": "direct_debit",
        "due_date": issued + timedelta(days=21),
    }
    return Invoice.objects.create(**(values | other))


def plan(contract: Contract, agreed: date, *instalments: tuple[date, str, date | None]) -> None:
    """An active payment plan with its instalments: due, amount, paid on."""
    made = PaymentPlan.objects.create(
        number="P1",
        contract=contract,
        agreed_on=agreed,
        total_amount=sum(Decimal(amount) for _, amount, _ in instalments),
        status="active",
    )
    for position, (due, amount, paid_on) in enumerate(instalments, 1):
        Instalment.objects.create(
            plan=made, position=position, due_date=due, amount=amount, paid_on=paid_on
        )


def test_nothing_is_owed_by_who_has_only_this_invoice(contract):
    """The invoice of the cycle itself is no debt, and what isn't there says so."""
    found = facts(contract)
    assert (0, Decimal(0), None, 0) == (
        found.debt.count, found.debt.amount, found.debt.oldest_due_date, found.debt.days_overdue
    )  # fmt: skip
    assert not found.returned_debit.present
    assert not found.plan.active
    assert not found.mandate.active
    assert not found.meter.known


def test_debts_are_what_is_past_its_date_and_not_paid(contract):
    """Paid, partly paid, not yet due and cancelled invoices count for what they are."""
    earlier(contract, "A", date(2026, 1, 10), "40.00", status="open")
    half = earlier(contract, "B", date(2026, 3, 10), "30.00", status="returned")
    Payment.objects.create(reference="1", invoice=half, paid_on=TODAY, amount="12.50", means="slip")
    earlier(contract, "C", date(2026, 3, 11), "99.00", status="paid")
    earlier(contract, "D", date(2026, 5, 1), "99.00", status="open")  # due on 22 May
    earlier(contract, "E", date(2026, 2, 1), "99.00", status="cancelled")
    debt = facts(contract).debt
    assert [one.number for one in debt.invoices] == ["A", "B"]
    assert (2, Decimal("57.50"), date(2026, 1, 31)) == (
        debt.count, debt.amount, debt.oldest_due_date
    )  # fmt: skip
    assert (TODAY - date(2026, 1, 31)).days == debt.days_overdue


def test_what_is_in_an_active_plan_is_no_debt_besides(contract):
    """Invoices issued up to the day of the plan are in it; a later one is owed."""
    earlier(contract, "A", date(2026, 1, 10), "40.00", status="open")
    earlier(contract, "B", date(2026, 4, 10), "30.00", status="open")
    plan(
        contract,
        date(2026, 3, 1),
        (date(2026, 4, 1), "10.00", date(2026, 4, 1)),
        (date(2026, 5, 1), "10.00", None),
        (date(2026, 6, 1), "20.00", None),
    )
    found = facts(contract)
    assert [one.number for one in found.debt.invoices] == ["B"]
    got = found.plan
    assert (True, Decimal("40.00"), Decimal("10.00"), Decimal("30.00")) == (
        got.active, got.total, got.paid, got.remaining
    )  # fmt: skip
    assert (3, 1, 1, Decimal("10.00")) == (
        got.instalments, got.instalments_paid, got.overdue_count, got.overdue_amount
    )  # fmt: skip
    assert (3, date(2026, 6, 1), Decimal("20.00"), date(2026, 6, 1)) == (
        got.next_position, got.next_date, got.next_amount, got.last_date
    )  # fmt: skip


def test_a_returned_debit_counts_until_its_invoice_is_paid(contract):
    """The newest return of an unpaid invoice speaks; that of a paid one doesn't."""
    unpaid = earlier(contract, "A", date(2026, 1, 10), "40.00", status="returned")
    paid = earlier(contract, "B", date(2026, 3, 10), "30.00", status="paid")
    for number, (invoice, day, reason) in enumerate(
        (
            (unpaid, date(2026, 2, 2), "AM04"),
            (unpaid, date(2026, 3, 2), "AC01"),
            (paid, date(2026, 4, 2), "MD01"),
        )
    ):
        ReturnedDebit.objects.create(
            reference=str(number), invoice=invoice, returned_on=day, amount="40.00", reason=reason
        )
    got = facts(contract).returned_debit
    assert (
        got.present, got.count, got.invoice, got.reason, got.reasons
    ) == (True, 2, "A", "AC01", ("AC01", "AM04"))  # fmt: skip


def test_the_newest_consent_counts(contract):
    """A withdrawal after an agreement ends the e-invoice; one of tomorrow isn't known yet."""
    assert facts(contract).contract.e_invoice
    consent(contract, "e_invoice", granted=False, at=NOW + timedelta(days=1))
    assert facts(contract).contract.e_invoice
    consent(contract, "e_invoice", granted=False, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert not facts(contract).contract.e_invoice


def test_the_meter_and_mandate_in_force_are_told(contract):
    """A removed meter and a cancelled mandate are not those in force."""
    for serial, since, until in (
        ("old", date(2010, 1, 1), date(2020, 1, 1)),
        ("new", date(2020, 1, 1), None),
    ):
        Meter.objects.create(
            serial=serial, contract=contract, calibre_mm=15, remote_read=serial == "new",
            installed_on=since, removed_on=until,
        )  # fmt: skip
    for reference, status in (("M1", "active"), ("M2", "cancelled")):
        Mandate.objects.create(
            reference=reference, contract=contract, iban="ES9121000418450200051332",
            iban_masked="ES•• 1332", iban_fingerprint="f", signed_on=date(2020, 1, 1),
            status=status,
        )  # fmt: skip
    found = facts(contract)
    assert (found.meter.serial, found.meter.remote_read) == ("new", True)
    assert (found.mandate.reference, found.mandate.iban_masked) == ("M1", "ES•• 1332")


def test_consumption_is_compared_with_the_year_before(contract):
    """Daily use now and over the last year, and the same period of last year."""
    invoice = contract.invoices.get()
    invoice.period_from, invoice.period_to = date(2026, 3, 1), date(2026, 4, 30)
    invoice.days, invoice.consumption_m3 = 61, Decimal("12.2")
    invoice.save()
    for first, last, m3 in (
        (date(2025, 3, 1), date(2025, 4, 30), "9.15"),
        (date(2026, 1, 1), date(2026, 2, 28), "5.90"),
        (date(2024, 1, 1), date(2024, 2, 29), "60"),
    ):
        Consumption.objects.create(contract=contract, period_from=first, period_to=last, m3=m3)
    got = facts(contract).consumption
    assert got.litres_a_day == 200
    assert round((9150 + 5900) / (61 + 59)) == got.average_litres_a_day
    assert Decimal("9.15") == got.last_year_m3
    assert got.change_percent == 60  # 200 against 125
    assert [Decimal(60), Decimal("9.15"), Decimal("5.9"), Decimal("12.2")] == [
        one.m3 for one in got.history
    ]


def test_a_change_of_price_within_the_period_is_told(contract):
    """The prices in force are the newest before the period and those that began within it."""
    invoice = contract.invoices.get()
    middle = invoice.period_from + timedelta(days=20)
    for since, price in ((date(2017, 1, 1), "1"), (date(2020, 1, 1), "2"), (middle, "3")):
        TariffPrice.objects.create(
            code="DOM", name="Domèstica", concept="canon", kind="variable", price=price,
            vat_rate=0, valid_from=since,
        )  # fmt: skip
    got = facts(contract).tariff
    assert ("Domèstica", True, middle) == (got.name, got.changed, got.changed_on)
    assert [Decimal(2), Decimal(3)] == [one.price for one in got.prices]


def test_the_next_dates_come_from_the_calendar_of_the_route(contract):
    """The charge is only announced where a mandate is in force."""
    for run, day in (("2026-03", TODAY), ("2026-04", date(2026, 7, 14))):
        CalendarEntry.objects.create(
            route="R1", billing_run=run, issue_date=day, charge_date=day + timedelta(days=16)
        )
    got = facts(contract).calendar
    assert (date(2026, 7, 14), None) == (got.next_issue_date, got.next_charge_date)
