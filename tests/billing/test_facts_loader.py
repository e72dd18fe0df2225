"""Loading facts costs the same number of queries however many invoices there are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.deliver.town import NOW, Town

from bustia.billing.facts import HistoryPoint, LineFacts, TaxFacts
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import (
    CalendarEntry,
    Consumption,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    Mandate,
    TariffPrice,
)


@pytest.mark.django_db
def test_queries_do_not_grow_with_invoices() -> None:
    """One invoice and thirty take equally many queries, and each gets its facts."""
    town = Town()
    ids = [town.invoice(town.contract(place)).invoice_id for place in range(30)]
    counts = []
    for wanted in (ids[:1], ids):
        with CaptureQueriesContext(connection) as queries:
            found = load_facts(wanted, NOW)
        assert len(wanted) == len(found)
        counts.append(len(queries))
    assert counts[0] == counts[1] > 0


@pytest.mark.django_db
def test_what_invoices_share_is_theirs() -> None:
    """An invoice has the same facts alone as among invoices of other tariffs and periods."""
    town = Town()
    for tariff, price in (("DOM", "0.40"), ("DOM", "0.50"), ("IND", "0.90")):
        TariffPrice.objects.create(
            code=tariff,
            name=tariff,
            concept="water",
            kind="variable",
            price=Decimal(price),
            vat_rate=Decimal(10),
            valid_from=date(2026, 5, 1) if price == "0.50" else date(2025, 1, 1),
        )
    for month in (6, 7):
        CalendarEntry.objects.create(
            route="R1",
            billing_run=f"{month}",
            issue_date=date(2026, month, 9),
            charge_date=date(2026, month, 25),
        )
    ids = []
    for place in range(18):
        contract = town.contract(place)
        contract.tariff = ("DOM", "IND")[place % 2]
        contract.save()
        for bimester in range(place):
            Consumption.objects.create(
                contract=contract,
                period_from=date(2023, 1, 1) + timedelta(days=61 * bimester),
                period_to=date(2023, 3, 2) + timedelta(days=61 * bimester),
                m3=Decimal(bimester),
            )
        ids.append(town.invoice(contract).invoice_id)
        if place % 3 == 1:
            Mandate.objects.create(
                contract=contract,
                reference=f"M{place}",
                iban="ES9121000418450200051332",
                signed_on=date(2025, 1, 1),
                status="active",
            )
        if place % 3:
            Invoice.objects.filter(pk=ids[-1]).update(
                period_to=date(2026, 5, 31), issue_date=date(2026, 6, 9)
            )
    together = load_facts(ids, NOW)
    assert [load_facts([one], NOW)[0] for one in ids] == together
    assert {("DOM", 1), ("DOM", 2), ("IND", 1)} == {
        (facts.tariff.code, len(facts.tariff.prices)) for facts in together
    }
    assert {(6, None), (7, None), (7, 25)} == {
        (day.month, charge.day if charge else None)
        for facts in together
        for day, charge in [(facts.calendar.next_issue_date, facts.calendar.next_charge_date)]
        if day
    }
    assert [min(place, 13) + 1 for place in range(18)] == [
        len(facts.consumption.history) for facts in together
    ]


def _line(position: int, **differs: object) -> InvoiceLine:
    values: dict[str, object] = {
        "concept": "other",
        "kind": "other",
        "block": None,
        "description": "",
        "quantity": Decimal("12.0000"),
        "unit": "m3",
        "unit_price": Decimal("0.438400"),
        "amount": Decimal("5.26"),
        "vat_rate": Decimal("10.00"),
        "period_from": None,
        "period_to": None,
    }
    return InvoiceLine(position=position, **values | differs)


def _facts_of(line: InvoiceLine) -> LineFacts:
    values = [getattr(line, name) for name in LineFacts.__slots__]
    values[2] = values[2] or 0
    return LineFacts(*values)


@pytest.mark.django_db
def test_lines_come_as_they_were_exported() -> None:
    """Each field of a line has its value, to the digit, whatever its texts hold."""
    town = Town()
    lines = [
        _line(1, concept="water", kind="variable", block=2, quantity=Decimal("0.0001")),
        _line(2, description="Quota, «fixa»\t1/2\n\\x1e | %s '\"", unit="a\tb\nc d"),
        _line(3, period_from=date(2026, 1, 1), amount=Decimal("-1234567890.12")),
        _line(4, period_to=date(2026, 4, 30), unit="", unit_price=Decimal("0.000000")),
        _line(5, period_from=date(1, 1, 1), period_to=date(9999, 12, 31)),
    ]
    made = town.invoice(town.contract(0)).invoice
    for line in reversed(lines):
        line.invoice = made
        line.save()
    (found,) = load_facts([made.pk], NOW)
    assert repr(tuple(map(_facts_of, lines))) == repr(found.invoice.lines)


@pytest.mark.django_db
def test_texts_hold_no_separators() -> None:
    """The characters that separate fields on the way are spaces in a text, as on the bill."""
    town = Town()
    made = town.invoice(town.contract(0)).invoice
    InvoiceLine.objects.bulk_create(
        [_line(1, invoice=made, description="a\x1eb\x1fc", unit="\x1f\x1e"), _line(2, invoice=made)]
    )
    (found,) = load_facts([made.pk], NOW)
    texts = [(line.description, line.unit) for line in found.invoice.lines]
    assert texts == [("a b c", "  "), ("", "m3")]


@pytest.mark.django_db
def test_breakdown_and_history_come_in_order() -> None:
    """VAT comes by falling rate, earlier periods by their end; equal ones are one object."""
    town = Town()
    documents = [town.invoice(town.contract(place)) for place in range(2)]
    for document in documents:
        for category, rate in (("E", "0.00"), ("S", "21.00"), ("S", "10.00")):
            InvoiceTax.objects.create(
                invoice=document.invoice,
                category=category,
                rate=Decimal(rate),
                base=Decimal("-5.26"),
                amount=Decimal("0.00"),
            )
        for month in (9, 5):
            Consumption.objects.create(
                contract=document.contract,
                period_from=date(2025, month, 1),
                period_to=date(2025, month + 1, 30),
                m3=Decimal("11.5000"),
                estimated=month == 5,
            )
    one, other = load_facts([document.invoice_id for document in documents], NOW)
    m3 = Decimal("11.5000")
    earlier = (
        HistoryPoint(date(2025, 5, 1), date(2025, 6, 30), m3, 61, estimated=True),
        HistoryPoint(date(2025, 9, 1), date(2025, 10, 30), m3, 60, estimated=False),
    )
    taxes = tuple(
        TaxFacts(category, Decimal(rate), Decimal("-5.26"), Decimal("0.00"))
        for category, rate in (("S", "21.00"), ("S", "10.00"), ("E", "0.00"))
    )
    assert repr(taxes) == repr(one.invoice.taxes)
    assert repr(earlier) == repr(one.consumption.history[:-1])
    assert one.invoice.taxes is other.invoice.taxes
    assert one.consumption.history[0] is other.consumption.history[0]
