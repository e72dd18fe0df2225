"""The prices of a contract's tariff: those in force on a day, and those to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from bustia.billing.models import TariffPrice

__all__ = ["PriceRow", "Prices", "prices_of"]


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price: a fixed quota in euros a day, or a block of consumption in euros a m³."""

    concept: str
    kind: str
    block: int
    block_from: Decimal
    """Where the block begins, in m³ a month."""
    block_to: Decimal | None
    """Where it ends; None for the last."""
    price: Decimal
    vat_rate: Decimal
    valid_from: date


@dataclass(frozen=True, slots=True)
class Prices:
    """A tariff as it is on a day."""

    name: str
    now: tuple[PriceRow, ...]
    """By concept, fixed quota first, then the blocks in order."""
    coming: tuple[PriceRow, ...]
    """Those that begin later."""


def prices_of(tariff: str, today: date) -> Prices:
    """Give the prices of a tariff; a newer price of a block ends the one before (one query)."""
    rows = list(
        TariffPrice.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=today), code=tariff
        ).order_by("concept", "kind", "block", "valid_from")
    )
    begun: dict[tuple[str, str, int], TariffPrice] = {}
    for row in rows:
        if row.valid_from <= today:
            begun[row.concept, row.kind, row.block] = row
    coming = [row for row in rows if row.valid_from > today]
    return Prices(
        rows[-1].name if rows else "",
        _rows(sorted(begun.values(), key=_place)),
        _rows(sorted(coming, key=lambda row: (row.valid_from, *_place(row)))),
    )


_ORDER = {name: place for place, name in enumerate(("water", "sewerage", "canon", "meter"))}


def _place(row: TariffPrice) -> tuple[int, bool, int]:
    return _ORDER.get(row.concept, len(_ORDER)), row.kind != "fixed", row.block


def _rows(prices: Sequence[TariffPrice]) -> tuple[PriceRow, ...]:
    found, end = [], Decimal(0)
    for one in prices:
        begins = end if one.kind == "variable" and one.block > 1 else Decimal(0)
        end = one.block_to if one.block_to is not None else Decimal(0)
        found.append(
            PriceRow(
                one.concept,
                one.kind,
                one.block,
                begins,
                one.block_to,
                one.price,
                one.vat_rate,
                one.valid_from,
            )
        )
    return tuple(found)
