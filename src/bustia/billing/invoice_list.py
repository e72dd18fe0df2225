"""All invoices of a contract: filtered by year and by how they stand, summed up, page by page.

One query counts and sums by year and state, which gives the filters, their numbers and the totals;
another gives the rows of one page. So the cost is the same for any number of pages.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection
from django.utils.timezone import get_current_timezone_name, localdate

from bustia.billing.invoice_states import DAY, FROM, REST, STATE, InvoiceState
from bustia.money import ZERO

__all__ = [
    "PAGE",
    "Filter",
    "InvoiceEvent",
    "InvoicePage",
    "InvoiceRow",
    "Totals",
    "events_of",
    "invoice_of",
    "invoice_page",
    "matching",
    "numbered",
]

PAGE = 24
"""Invoices on one page: four years of bimonthly bills."""


class Filter(StrEnum):
    """What one may ask for; the values stand in addresses."""

    OWED = "pendents"
    COMING = "properes"
    PAID = "pagades"
    PLAN = "pla"
    RETURNED = "retornades"
    CREDIT = "abonaments"

    @property
    def states(self) -> tuple[InvoiceState, ...]:
        """Give the states that it lets through."""
        return _STATES[self]


_STATES: Mapping[Filter, tuple[InvoiceState, ...]] = {
    Filter.OWED: ("late", "returned"),
    Filter.COMING: ("charge", "pay"),
    Filter.PAID: ("paid", "nothing"),
    Filter.PLAN: ("plan",),
    Filter.RETURNED: ("returned",),
    Filter.CREDIT: ("refund",),
}


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """One invoice or credit note, as a list shows it."""

    id: int
    number: str
    kind: str
    corrects: str
    issue_date: date
    period_from: date
    period_to: date
    consumption_m3: Decimal
    total: Decimal
    """Net and VAT, in its currency; below zero where it gives money back."""
    currency: str
    payment_means: str
    rest: Decimal
    """What is left to pay of it."""
    day: date
    """When it is charged, or the last day to pay it."""
    state: InvoiceState

    @property
    def credit(self) -> bool:
        """Whether it is a credit note."""
        return self.kind == "credit_note"


@dataclass(frozen=True, slots=True)
class Totals:
    """How many invoices, and how much they come to, in euros."""

    count: int = 0
    billed: Decimal = ZERO
    """Invoices less credit notes; cancelled ones don't count."""
    rest: Decimal = ZERO
    """What is left to pay of them."""


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """One page of the invoices asked for, and what there is to choose from."""

    rows: tuple[InvoiceRow, ...]
    totals: Totals
    """Of all that was asked for, not only of this page."""
    number: int
    """Which page it is, from 1."""
    pages: int
    years: tuple[int, ...]
    """Years with invoices, the newest first."""
    counts: Mapping[Filter, int]
    """How many invoices each filter would give, in the year asked for."""
    all_count: int
    """How many invoices the contract has."""
    since: date | None
    """When the oldest was issued."""


_SIGNED = "CASE WHEN i.kind = 'credit_note' THEN -abs(i.total_amount) ELSE i.total_amount END"

_COLUMNS = f"""i.id, i.number, i.kind, i.corrects, i.issue_date, i.period_from, i.period_to,
       i.consumption_m3, {_SIGNED}, i.currency, i.payment_means, {REST}, {DAY}, {STATE}"""

_SUMS = f"""
SELECT year, state, count(*), sum(total) FILTER (WHERE state <> 'cancelled'), sum(rest),
       min(issue_date)
  FROM (SELECT extract(year FROM i.issue_date)::int AS year, {STATE} AS state,
               {_SIGNED} AS total, {REST} AS rest, i.issue_date
          FROM {FROM}
         WHERE i.contract_id = %(contract)s AND i.issue_date <= %(today)s) s
 GROUP BY year, state
"""  # noqa: S608 (fragments of our own)

_WHERE = f"""
  FROM {FROM}
 WHERE i.contract_id = %(contract)s AND i.issue_date <= %(today)s
   AND (%(year)s::int IS NULL OR extract(year FROM i.issue_date) = %(year)s)
   AND (%(states)s::text[] IS NULL OR {STATE} = ANY(%(states)s))
 ORDER BY i.issue_date DESC, i.id DESC
 LIMIT %(limit)s OFFSET %(offset)s
"""

_ROWS = f"SELECT {_COLUMNS} {_WHERE}"
_KEYS = f"SELECT i.id {_WHERE}"
_ONE = f"""
SELECT {_COLUMNS}
  FROM {FROM}
 WHERE i.contract_id = %(contract)s AND i.issue_date <= %(today)s AND i.id = %(id)s
"""  # noqa: S608 (fragments of our own)


def invoice_page(
    contract_id: int,
    now: datetime,
    *,
    year: int | None = None,
    state: Filter | None = None,
    page: int = 1,
) -> InvoicePage:
    """Give a page of a contract's invoices, the newest first; the last if there is no such page."""
    asked = _asked(contract_id, now, year, state)
    sums = _rows(_SUMS, asked)
    in_year = [row for row in sums if year in (None, row[0])]
    totals = _total([row for row in in_year if state is None or row[1] in state.states])
    pages = max(-(-totals.count // PAGE), 1)
    page = min(max(page, 1), pages)
    rows: Sequence[Any] = ()
    if totals.count:
        rows = _rows(_ROWS, asked | {"limit": PAGE, "offset": (page - 1) * PAGE})
    return InvoicePage(
        rows=tuple(InvoiceRow(*row) for row in rows),
        totals=totals,
        number=page,
        pages=pages,
        years=tuple(sorted({row[0] for row in sums}, reverse=True)),
        counts={one: _total([r for r in in_year if r[1] in one.states]).count for one in Filter},
        all_count=_total(sums).count,
        since=min((row[5] for row in sums), default=None),
    )


def matching(
    contract_id: int, now: datetime, year: int | None, state: Filter | None, most: int
) -> list[int]:
    """Give the keys of the invoices asked for, the newest first, at most so many."""
    asked = _asked(contract_id, now, year, state)
    return [row[0] for row in _rows(_KEYS, asked | {"limit": most, "offset": 0})]


def invoice_of(contract_id: int, invoice_id: int, now: datetime) -> InvoiceRow | None:
    """Give an invoice of this contract; None if it isn't the contract's, or isn't issued yet."""
    found = _rows(_ONE, _asked(contract_id, now, None, None) | {"id": invoice_id})
    return InvoiceRow(*found[0]) if found else None


_NUMBERED = """
SELECT id FROM billing_invoice
 WHERE contract_id = %(contract)s AND issue_date <= %(today)s AND number = %(number)s
 ORDER BY seller, id LIMIT 1
"""


def numbered(contract_id: int, number: str, now: datetime) -> int | None:
    """Give the key of the contract's invoice of a number: the company's own before others'."""
    found = _rows(_NUMBERED, _asked(contract_id, now, None, None) | {"number": number})
    return found[0][0] if found else None


def _asked(
    contract_id: int, now: datetime, year: int | None, state: Filter | None
) -> dict[str, Any]:
    return {
        "contract": contract_id,
        "today": localdate(now),
        "year": year,
        "states": list(state.states) if state else None,
    }


def _total(rows: Collection[Sequence[Any]]) -> Totals:
    return Totals(
        sum(row[2] for row in rows),
        sum((row[3] or ZERO for row in rows), ZERO),
        sum((row[4] for row in rows), ZERO),
    )


@dataclass(frozen=True, slots=True)
class InvoiceEvent:
    """Something that happened to an invoice's money."""

    kind: str
    """``payment``, ``online`` or ``returned``."""
    day: date
    amount: Decimal
    means: str
    """How it was paid; for a returned debit, its ISO 20022 code, never shown as such."""


_EVENTS = """
SELECT kind, day, amount, means FROM (
    SELECT 'payment' AS kind, paid_on AS day, amount, means, 1 AS place
      FROM billing_payment WHERE invoice_id = %(id)s AND paid_on <= %(today)s
     UNION ALL
    SELECT 'online', (o.settled_at AT TIME ZONE %(zone)s)::date, s.amount, 'card', 2
      FROM billing_onlinepaymentshare s JOIN billing_onlinepayment o ON o.id = s.payment_id
     WHERE s.invoice_id = %(id)s AND s.counts
     UNION ALL
    SELECT 'returned', returned_on, amount, reason, 0
      FROM billing_returneddebit WHERE invoice_id = %(id)s AND returned_on <= %(today)s) e
 ORDER BY day, place
"""


def events_of(invoice_id: int, now: datetime) -> tuple[InvoiceEvent, ...]:
    """Give what was paid of an invoice and what the bank gave back, in order."""
    values = {"id": invoice_id, "today": localdate(now), "zone": get_current_timezone_name()}
    return tuple(InvoiceEvent(*row) for row in _rows(_EVENTS, values))


def _rows(sql: str, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
