"""Facts that many invoices have in common: lines, VAT breakdowns, and water used in a period.

What belongs to one invoice or contract comes from PostgreSQL as one text
(:mod:`bustia.billing.facts_queries`). A town has few different lines, so these are remembered by
their text: the same text gives the same object, which is quicker than to make it again, takes no
more memory, and lets others remember what they made of it. The bounds are a few megabytes.
"""

from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from bustia.billing.facts import HistoryPoint, LineFacts, TaxFacts

__all__ = ["lines_of", "points_of", "taxes_of"]

_FIELD, _RECORD = "\x1f", "\x1e"
"""What stands between fields and between records: Unicode's own characters for that."""
_FIRST = date.min
"""Days are counted from here on, whatever way the server writes dates."""

_MOST_BREAKDOWNS = 2_000
_MOST_LINES = 5_000
_MOST_POINTS = 10_000


@lru_cache(maxsize=_MOST_BREAKDOWNS)
def lines_of(text: str) -> tuple[LineFacts, ...]:
    """Read the lines of an invoice."""
    return tuple(map(_line, text.split(_RECORD)))


@lru_cache(maxsize=_MOST_BREAKDOWNS)
def taxes_of(text: str) -> tuple[TaxFacts, ...]:
    """Read the VAT breakdown of an invoice."""
    return tuple(map(_tax, text.split(_RECORD)))


def points_of(text: str) -> list[HistoryPoint]:
    """Read the water that a contract used, period by period."""
    return list(map(_point, text.split(_RECORD)))


@lru_cache(maxsize=_MOST_LINES)
def _line(text: str) -> LineFacts:
    concept, kind, block, description, quantity, unit, *figures, first, last = text.split(_FIELD)
    values: tuple[Any, ...] = (
        concept,
        kind,
        int(block),
        description,
        Decimal(quantity),
        unit,
        *map(Decimal, figures),
        _day(first) if first else None,
        _day(last) if last else None,
    )
    return LineFacts(*values)


@lru_cache(maxsize=_MOST_LINES)
def _tax(text: str) -> TaxFacts:
    category, rate, base, amount = text.split(_FIELD)
    return TaxFacts(category, Decimal(rate), Decimal(base), Decimal(amount))


@lru_cache(maxsize=_MOST_POINTS)
def _point(text: str) -> HistoryPoint:
    first, last, m3, estimated = text.split(_FIELD)
    days = int(last) - int(first) + 1
    return HistoryPoint(_day(first), _day(last), Decimal(m3), days, estimated == "t")


def _day(number: str) -> date:
    return _FIRST + timedelta(days=int(number))
