"""The prices of a tariff on a day: what is in force, what comes, and where blocks begin."""

from datetime import date
from decimal import Decimal

import pytest

from bustia.billing.models import TariffPrice
from bustia.billing.prices import prices_of

pytestmark = pytest.mark.django_db
TODAY = date(2026, 5, 14)


def _price(
    block: int, price: str, since: date, block_to: str | None = None, **other: object
) -> None:
    values = {"concept": "water", "kind": "variable", "valid_to": None} | other
    TariffPrice.objects.create(
        code="DOM",
        name="Domèstica",
        block=block,
        block_to=Decimal(block_to) if block_to else None,
        price=Decimal(price),
        vat_rate=Decimal(10),
        valid_from=since,
        **values,
    )


def test_a_newer_price_ends_the_one_before() -> None:
    """Of two prices of a block, both left open, the newer one that has begun is in force."""
    _price(1, "0.40", date(2025, 1, 1))
    _price(1, "0.44", date(2026, 1, 1))
    _price(1, "0.50", date(2027, 1, 1))
    prices = prices_of("DOM", TODAY)
    assert [row.price for row in prices.now] == [Decimal("0.44")]
    assert [row.price for row in prices.coming] == [Decimal("0.50")]


def test_what_has_ended_is_not_shown() -> None:
    """A price whose last day has passed is gone; on its last day it is still there."""
    _price(1, "0.40", date(2025, 1, 1), valid_to=date(2026, 5, 13))
    assert prices_of("DOM", TODAY).now == ()
    assert len(prices_of("DOM", date(2026, 5, 13)).now) == 1


def test_a_block_begins_where_the_one_before_ends() -> None:
    """Blocks follow one another; fixed quotas come first; an unknown tariff has no prices."""
    _price(2, "0.80", date(2026, 1, 1))
    _price(1, "0.44", date(2026, 1, 1), "9")
    _price(1, "0.26", date(2026, 1, 1), kind="fixed")
    now = prices_of("DOM", TODAY).now
    assert [row.kind for row in now] == ["fixed", "variable", "variable"]
    assert [row.block_from for row in now] == [Decimal(0), Decimal(0), Decimal(9)]
    assert prices_of("NONE", TODAY).now == ()
