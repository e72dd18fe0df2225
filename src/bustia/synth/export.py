"""Writes the export bundle of a made-up town."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

from bustia.intake.bundle import BundleWriter
from bustia.intake.records import (
    RECORDS,
    CalendarRecord,
    ContractRecord,
    CustomerRecord,
    InvoiceRecord,
    Record,
    TariffRecord,
)
from bustia.synth.periods import periods_until
from bustia.synth.prices import TARIFFS, prices_of, tariff_records
from bustia.synth.town import Town

__all__ = ["TownSummary", "write_town"]

_BATCH = 500
_ROUTES = 12


@dataclass(frozen=True, slots=True)
class TownSummary:
    """What was made up."""

    contracts: int
    billing_run: str
    issue_date: date
    rows: dict[str, int]
    """Rows by file of the bundle."""
    office_users: int
    e_invoices: int
    invoices: int
    """Invoices and credit notes of the present run."""


def write_town(
    folder: Path,
    contracts: int,
    seed: int,
    issue_date: date,
    *,
    file_format: Literal["csv", "parquet"] = "csv",
    progress: Callable[[int], None] = lambda _: None,
) -> TownSummary:
    """Write a town of so many contracts as an export bundle into ``folder``.

    The same arguments give the same bytes. ``progress`` is told how many contracts were written
    since the last call. Raises ``IntakeError`` if there is a bundle in the folder already.
    """
    periods = periods_until(issue_date)
    change = periods[-1].first + timedelta(days=periods[-1].days * 2 // 3)
    town = Town(seed, periods, {code: prices_of(code, change) for code in TARIFFS}, issue_date)
    counted: Counter[str] = Counter()
    created_at = datetime.combine(issue_date - timedelta(days=9), time(6), tzinfo=UTC)
    with BundleWriter(
        folder, file_format, producer="Bústia synth", created_at=created_at
    ) as bundle:
        bundle.write(TariffRecord, tariff_records(change))
        bundle.write(CalendarRecord, _calendar(issue_date))
        waiting: defaultdict[type[Record], list[Record]] = defaultdict(list)
        for number, household in enumerate(town.households(contracts), 1):
            for row in household.rows:
                waiting[type(row)].append(row)
                counted[row.file] += 1
                counted.update(_remarkable(row, periods[-1].run))
            if number % _BATCH == 0 or number == contracts:
                for record_type in RECORDS:
                    bundle.write(record_type, waiting[record_type])
                waiting.clear()
                progress(number - (number - 1) // _BATCH * _BATCH)
    rows = {record_type.file: counted[record_type.file] for record_type in RECORDS}
    rows |= {"tariffs": len(tariff_records(change)), "calendar": 2 * _ROUTES}
    return TownSummary(
        contracts=contracts,
        billing_run=periods[-1].run,
        issue_date=issue_date,
        rows=rows,
        office_users=counted["office user"],
        e_invoices=counted["e-invoice"],
        invoices=counted["invoice of the run"],
    )


def _remarkable(row: Record, billing_run: str) -> list[str]:
    found = []
    if isinstance(row, CustomerRecord) and row.office_since:
        found.append("office user")
    if isinstance(row, ContractRecord) and row.invoice_channel == "email":
        found.append("e-invoice")
    if isinstance(row, InvoiceRecord) and row.billing_run == billing_run:
        found.append("invoice of the run")
    return found


def _calendar(issue_date: date) -> list[CalendarRecord]:
    """This run's dates and the next one's, for every billing route."""
    coming = issue_date + timedelta(days=63)
    runs = {day: f"{day.year}-{day.month // 2 + 1:02d}" for day in (issue_date, coming)}
    return [
        CalendarRecord(
            route=f"R{route:02d}",
            billing_run=run,
            issue_date=day,
            charge_date=day + timedelta(days=16),
        )
        for day, run in runs.items()
        for route in range(1, _ROUTES + 1)
    ]
