"""Loading facts costs the same number of queries however many invoices there are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.deliver.town import NOW, Town

from bustia.billing.facts_loader import load_facts
from bustia.billing.models import CalendarEntry, Consumption, Invoice, Mandate, TariffPrice


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
