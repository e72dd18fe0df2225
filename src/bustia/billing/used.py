"""How much water a contract used, billing period by billing period, beside the year before."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.timezone import localdate

from bustia.billing.models import Consumption, Contract, Invoice

__all__ = ["UsedPeriod", "used_by_period"]

_YEAR = timedelta(days=365)
_NEAR = timedelta(days=20)
"""Periods end on nearly the same day each year."""


@dataclass(frozen=True, slots=True)
class UsedPeriod:
    """The water of one billing period."""

    period_from: date
    period_to: date
    m3: Decimal
    estimated: bool
    year_before: Decimal | None
    """m³ of the same period a year earlier, where it is known."""

    @property
    def days(self) -> int:
        """How long the period is, both days counted."""
        return (self.period_to - self.period_from).days + 1

    @property
    def litres_a_day(self) -> int:
        """The use of a day, in whole litres."""
        each = self.m3 * 1000 / self.days
        return int(each.quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def change(self) -> Decimal | None:
        """How many m³ more than a year earlier; less than zero: fewer."""
        return None if self.year_before is None else self.m3 - self.year_before

    @property
    def fewer(self) -> Decimal | None:
        """How many m³ fewer than a year earlier."""
        return None if self.change is None else -self.change


def used_by_period(contract: Contract, now: datetime) -> list[UsedPeriod]:
    """Give all periods that are known of a contract, the newest first (two queries).

    What an invoice bills is newer than what was exported as history of the same period.
    """
    history = Consumption.objects.filter(contract=contract).values_list(
        "period_from", "period_to", "m3", "estimated"
    )
    billed = Invoice.objects.filter(
        contract=contract, kind="invoice", issue_date__lte=localdate(now)
    ).exclude(status="cancelled")
    invoiced = billed.order_by("issue_date").values_list(
        "period_from", "period_to", "consumption_m3", "estimated"
    )
    known = {row[1]: row for row in (*history, *invoiced)}
    newest_first = sorted(known.values(), key=lambda row: row[1], reverse=True)
    return [UsedPeriod(*row, _year_before(row[1], known)) for row in newest_first]


def _year_before(
    period_to: date, known: dict[date, tuple[date, date, Decimal, bool]]
) -> Decimal | None:
    wanted = period_to - _YEAR
    near = [day for day in known if abs(day - wanted) <= _NEAR]
    return known[min(near, key=lambda day: abs(day - wanted))][2] if near else None
