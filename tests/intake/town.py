"""A very small town whose export is in order, for the tests to spoil."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from bustia.intake.bundle import BundleWriter, FileFormat
from bustia.intake.records import (
    CalendarRecord,
    ConsentRecord,
    ConsumptionRecord,
    ContractRecord,
    CustomerRecord,
    InstalmentRecord,
    InvoiceLineRecord,
    InvoiceRecord,
    MandateRecord,
    MeterRecord,
    PaymentPlanRecord,
    PaymentRecord,
    Record,
    ReturnedDebitRecord,
    TariffRecord,
)

NOW = datetime(2026, 5, 3, 6, 0, tzinfo=UTC)
Records = dict[type[Record], list[Record]]

_NIFS = ("12345678Z", "X1234567L", "A58818501")
_IBAN = "ES9121000418450200051332"


def _customer(place: int) -> CustomerRecord:
    return CustomerRecord(
        code=f"C{place}",
        kind="company" if place == 3 else "person",
        name=f"Titular {place}, “d’exemple”",
        nif=_NIFS[place - 1],
        language=("ca", "es", "en")[place - 1],
        email=f"titular{place}@example.org",
        street=f"carrer Major, {place}, 1r 2a",
        postcode="43200",
        town="Vallserena",
    )


def _contract(place: int) -> ContractRecord:
    return ContractRecord(
        number=f"K{place}",
        customer=f"C{place}",
        supply_point=f"S{place}",
        supply_street=f"carrer Major, {place}",
        supply_postcode="43200",
        supply_town="Vallserena",
        tariff="DOM",
        use="domestic",
        route="R1",
        invoice_channel="post",
        start_date=date(2015, 3, 1),
    )


def _invoice(place: int, run: int) -> InvoiceRecord:
    newest = run == 2
    return InvoiceRecord(
        number=f"F{run}-{place}",
        series=f"F{run}",
        contract=f"K{place}",
        billing_run=f"2026-0{run}",
        issue_date=date(2026, run * 2, 12),
        period_from=date(2026, run * 2 - 1, 1),
        period_to=date(2026, run * 2 - 1, 31),
        days=31,
        consumption_m3=Decimal(12),
        net_amount=Decimal("37.64"),
        tax_amount=Decimal("2.97"),
        total_amount=Decimal("40.61"),
        payment_means="direct_debit",
        mandate=f"M{place}",
        due_date=date(2026, run * 2 + 1, 1),
        charge_date=date(2026, run * 2, 28),
        status="open" if newest else "paid",
        payment_reference=f"E2E-{run}-{place}",
    )


def _line(invoice: str, position: int, amount: str, rate: int) -> InvoiceLineRecord:
    return InvoiceLineRecord(
        invoice=invoice,
        position=position,
        concept="canon" if rate == 0 else "water",
        kind="fixed",
        quantity=Decimal(1),
        unit="unit",
        unit_price=Decimal(amount),
        amount=Decimal(amount),
        vat_rate=Decimal(rate),
    )


def town() -> Records:
    """Give three customers with all that goes with them; fresh lists, free to be changed."""
    places = (1, 2, 3)
    invoices = [_invoice(place, run) for place in places for run in (1, 2)]
    lines = [
        line
        for place in places
        for line in (
            _line(f"F2-{place}", 1, "29.66", 10),
            _line(f"F2-{place}", 2, "7.98", 0),
        )
    ]
    return {
        CustomerRecord: [_customer(place) for place in places],
        ContractRecord: [_contract(place) for place in places],
        MeterRecord: [
            MeterRecord(
                serial=f"A{place}",
                contract=f"K{place}",
                calibre_mm=15,
                remote_read=True,
                installed_on=date(2015, 3, 1),
            )
            for place in places
        ],
        ConsentRecord: [
            ConsentRecord(
                contract="K1",
                kind="e_invoice",
                granted=True,
                given_at=datetime(2020, 1, 2, 9, 30, tzinfo=UTC),
                source="office",
                text_version="2020-1",
            )
        ],
        MandateRecord: [
            MandateRecord(
                reference=f"M{place}",
                contract=f"K{place}",
                iban=_IBAN,
                signed_on=date(2015, 3, 1),
                status="active",
            )
            for place in places
        ],
        TariffRecord: [
            TariffRecord(
                code="DOM",
                name="Domèstica",
                concept="water",
                kind="fixed",
                price=Decimal("0.2640"),
                vat_rate=Decimal(10),
                valid_from=date(2024, 1, 1),
            )
        ],
        InvoiceRecord: list(invoices),
        InvoiceLineRecord: list(lines),
        ConsumptionRecord: [
            ConsumptionRecord(
                contract=f"K{place}",
                period_from=date(2026, 1, 1),
                period_to=date(2026, 1, 31),
                m3=Decimal(11),
            )
            for place in places
        ],
        PaymentRecord: [
            PaymentRecord(
                reference=f"P{place}",
                invoice=f"F1-{place}",
                paid_on=date(2026, 2, 28),
                amount=Decimal("40.61"),
                means="direct_debit",
            )
            for place in places
        ],
        ReturnedDebitRecord: [
            ReturnedDebitRecord(
                reference="R1",
                invoice="F1-1",
                returned_on=date(2026, 3, 4),
                amount=Decimal("40.61"),
                reason="AM04",
            )
        ],
        PaymentPlanRecord: [
            PaymentPlanRecord(
                number="PP1",
                contract="K1",
                agreed_on=date(2026, 4, 1),
                total_amount=Decimal("60.00"),
                status="active",
            )
        ],
        InstalmentRecord: [
            InstalmentRecord(
                plan="PP1", position=place, due_date=date(2026, 5, place), amount=Decimal(20)
            )
            for place in places
        ],
        CalendarRecord: [
            CalendarRecord(
                route="R1",
                billing_run="2026-03",
                issue_date=date(2026, 6, 12),
                charge_date=date(2026, 6, 28),
            )
        ],
    }


def write_town(
    folder: Path,
    records: Mapping[type[Record], Sequence[Record]] | None = None,
    file_format: FileFormat = "csv",
) -> Path:
    """Write the town's bundle; give its folder."""
    with BundleWriter(folder, file_format, producer="test", created_at=NOW) as bundle:
        for record_type, rows in (town() if records is None else records).items():
            bundle.write(record_type, rows)
    return folder


def change(folder: Path, name: str, before: str | bytes, after: str | bytes, rows: int = 0) -> None:
    """Change a file of a bundle once, its manifest too; ``rows`` is how many are added."""
    path = folder / name
    old = before.encode() if isinstance(before, str) else before
    new = after.encode() if isinstance(after, str) else after
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    reseal(folder, name, rows)


def reseal(folder: Path, name: str, rows: int = 0) -> None:
    """Write a changed file's digest into the manifest, and its rows if there are more."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["files"]:
        if entry["name"] == name:
            entry["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            entry["rows"] += rows
    (folder / "manifest.json").write_text(json.dumps(manifest))
