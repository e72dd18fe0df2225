"""The arithmetic of a water bill: quotas by the day, consumption by blocks, prices that change.

Rules, as the Catalan bill that the tests reproduce shows them:

- A price change within the period splits it by date. Consumption is apportioned by days, in whole
  m³; the last part takes what is left, so no m³ is lost.
- Blocks are given by the month. For a period they are scaled by its days (12 months to 365 days)
  and rounded to whole m³.
- The cànon de l'aigua's blocks grow with the household: for up to three people as the tariff gives
  them; for n people, n ≥ 4, up to 3n, 5n and 6n m³ a month.
- Each line is rounded to cents. VAT is rounded once for each rate.
- The social tariff halves the fixed quotas and the prices of blocks 1 and 2.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from bustia.money import ZERO, round_money

__all__ = ["Price", "TariffBill", "TariffLine", "TariffTax", "bill"]

_MONTHS_A_YEAR, _DAYS_A_YEAR = 12, 365
_CANON_PER_PERSON = (3, 5, 6)
_CANON_BASE_PERSONS = 3
_HALF = Decimal("0.5")
_SOCIAL_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class Price:
    """A price from a date on: € a day (fixed) or € a m³ (variable) in a block of m³ a month."""

    concept: str
    kind: str
    block: int
    block_to: Decimal | None
    price: Decimal
    vat_rate: Decimal
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class TariffLine:
    """A line of the bill; the dates are set where a price change split the period."""

    concept: str
    kind: str
    block: int | None
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount: Decimal
    vat_rate: Decimal
    period_from: date | None
    period_to: date | None


@dataclass(frozen=True, slots=True)
class TariffTax:
    """VAT of one rate."""

    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TariffBill:
    """What a period costs."""

    lines: tuple[TariffLine, ...]
    taxes: tuple[TariffTax, ...]
    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        """Net and VAT, €."""
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class _Part:
    """Some days of the period in which one set of prices applies."""

    first: date
    last: date
    split: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def bill(
    m3: Decimal,
    period_from: date,
    period_to: date,
    prices: Sequence[Price],
    *,
    persons: int = _CANON_BASE_PERSONS,
    social: bool = False,
) -> TariffBill:
    """Bill ``m3`` used from ``period_from`` to ``period_to``, both days counted.

    The concepts come in the order of ``prices``, each with its fixed quota before its blocks.
    """
    lines: list[TariffLine] = []
    for concept in dict.fromkeys(price.concept for price in prices):
        fixed = [one for one in prices if (one.concept, one.kind) == (concept, "fixed")]
        variable = [one for one in prices if (one.concept, one.kind) == (concept, "variable")]
        lines += _fixed_lines(fixed, period_from, period_to, social=social)
        lines += _variable_lines(m3, variable, period_from, period_to, persons, social=social)
    taxes = _taxes(lines)
    return TariffBill(
        tuple(lines),
        taxes,
        sum((line.amount for line in lines), ZERO),
        sum((tax.amount for tax in taxes), ZERO),
    )


def _parts(prices: Sequence[Price], first: date, last: date) -> list[_Part]:
    """Split a period where prices change within it."""
    changes = sorted({one.valid_from for one in prices if first < one.valid_from <= last})
    starts = [first, *changes]
    ends = [*(change - timedelta(days=1) for change in changes), last]
    return [_Part(start, end, bool(changes)) for start, end in zip(starts, ends, strict=True)]


def _in_force(prices: Iterable[Price], on: date) -> list[Price]:
    """Give the newest price of each block on a day."""
    newest: dict[int, Price] = {}
    for price in sorted(prices, key=lambda one: one.valid_from):
        ended = price.valid_to is not None and price.valid_to < on
        if price.valid_from <= on and not ended:
            newest[price.block] = price
    return [newest[block] for block in sorted(newest)]


def _line(price: Price, quantity: Decimal, unit: str, part: _Part, *, social: bool) -> TariffLine:
    halved = social and (price.kind == "fixed" or price.block <= _SOCIAL_BLOCKS)
    unit_price = price.price * _HALF if halved else price.price
    return TariffLine(
        concept=price.concept,
        kind=price.kind,
        block=price.block if price.kind == "variable" else None,
        quantity=quantity,
        unit=unit,
        unit_price=unit_price,
        amount=round_money(quantity * unit_price),
        vat_rate=price.vat_rate,
        period_from=part.first if part.split else None,
        period_to=part.last if part.split else None,
    )


def _fixed_lines(
    prices: Sequence[Price], first: date, last: date, *, social: bool
) -> list[TariffLine]:
    return [
        _line(price, Decimal(part.days), "day", part, social=social)
        for part in _parts(prices, first, last)
        for price in _in_force(prices, part.first)
    ]


def _variable_lines(
    m3: Decimal, prices: Sequence[Price], first: date, last: date, persons: int, *, social: bool
) -> list[TariffLine]:
    if not prices:
        return []
    lines = []
    parts = _parts(prices, first, last)
    for part, used in zip(parts, _apportion(m3, parts), strict=True):
        left, below = used, Decimal(0)
        for price in _in_force(prices, part.first):
            limit = _block_limit(price, part.days, persons)
            quantity = left if limit is None else min(left, max(limit - below, Decimal(0)))
            if quantity:
                lines.append(_line(price, quantity, "m3", part, social=social))
            left -= quantity
            below = below if limit is None else max(limit, below)
    return lines


def _apportion(m3: Decimal, parts: Sequence[_Part]) -> list[Decimal]:
    """Share consumption out by days, in whole m³, the last part taking what is left."""
    days = sum(part.days for part in parts)
    shares: list[Decimal] = []
    for part in parts[:-1]:
        share = (m3 * part.days / days).quantize(Decimal(1), ROUND_HALF_UP)
        shares.append(min(share, m3 - sum(shares, Decimal(0))))
    return [*shares, m3 - sum(shares, Decimal(0))]


def _block_limit(price: Price, days: int, persons: int) -> Decimal | None:
    """Give the upper end of a block for so many days, whole m³; None for the last block."""
    if price.block_to is None:
        return None
    monthly = price.block_to
    if price.concept == "canon" and persons > _CANON_BASE_PERSONS:
        monthly = Decimal(_CANON_PER_PERSON[min(price.block, 3) - 1] * persons)
    scaled = monthly * days * _MONTHS_A_YEAR / _DAYS_A_YEAR
    return scaled.quantize(Decimal(1), ROUND_HALF_UP)


def _taxes(lines: Iterable[TariffLine]) -> tuple[TariffTax, ...]:
    bases: defaultdict[Decimal, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        bases[line.vat_rate] += line.amount
    return tuple(
        TariffTax(rate, base, round_money(base * rate / 100))
        for rate, base in sorted(bases.items(), reverse=True)
    )
