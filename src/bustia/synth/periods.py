"""The bimonthly billing periods of the town, back from the present one."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["PERIODS", "Period", "periods_until"]

PERIODS = 14
"""This period and the thirteen before it."""

_SEASON = (0.9, 0.92, 0.98, 1.0, 1.04, 1.1, 1.22, 1.2, 1.06, 1.0, 0.94, 0.92)
"""How much more or less water a month sees than an average one."""


@dataclass(frozen=True, slots=True)
class Period:
    """Two months, when they were billed, and what the billing system calls that run."""

    first: date
    last: date
    issued: date
    run: str
    season: float

    @property
    def days(self) -> int:
        """Days in the period, both ends counted."""
        return (self.last - self.first).days + 1


def periods_until(issue_date: date) -> list[Period]:
    """Give the periods up to the one billed on a day, the oldest first.

    The two calendar months before the month of issue are billed.
    """
    found = []
    year, month = issue_date.year, issue_date.month
    for back in range(PERIODS):
        index = year * 12 + (month - 1) - 2 * back
        issue_year, issue_month = divmod(index, 12)
        day = min(issue_date.day, calendar.monthrange(issue_year, issue_month + 1)[1])
        issued = date(issue_year, issue_month + 1, day)
        first_year, first_month = divmod(index - 2, 12)
        last = issued.replace(day=1) - timedelta(days=1)
        found.append(
            Period(
                first=date(first_year, first_month + 1, 1),
                last=last,
                issued=issued,
                run=f"{issue_year}-{issue_month // 2 + 1:02d}",
                season=(_SEASON[first_month] + _SEASON[last.month - 1]) / 2,
            )
        )
    return found[::-1]
