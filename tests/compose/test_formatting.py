"""Amounts and dates as each language writes them."""

from datetime import date
from decimal import Decimal

import pytest

from bustia.formatting import date_long, money, number, percent, plural_category, price


@pytest.mark.parametrize(
    ("language", "amount", "rate", "day"),
    [
        ("ca", "−1.234,50\xa0€", "10\xa0%", "11 d’abril del 2026"),
        ("es", "−1.234,50\xa0€", "10\xa0%", "11 de abril de 2026"),
        ("en", "−€1,234.50", "10%", "11 April 2026"),
    ],
)
def test_each_language_has_its_ways(language: str, amount: str, rate: str, day: str):
    """Separators, signs and elisions are the language's own."""
    assert (amount, rate, day) == (
        money(Decimal("-1234.5"), language),
        percent(Decimal(10), language),
        date_long(date(2026, 4, 11), language),
    )


def test_prices_have_four_decimals_or_more():
    """A price isn't rounded to cents."""
    assert (
        price(Decimal("0.4384"), "ca"), price(Decimal("0.5"), "es"),
        price(Decimal("0.1234567"), "ca"),
    ) == ("0,4384", "0,5000", "0,123457")  # fmt: skip


def test_plurals_and_numbers():
    """One is one, nought and two are other; numbers carry no idle zeros."""
    assert (
        [plural_category(count, "ca") for count in (0, 1, 2)],
        number(Decimal("12.000"), "ca"),
    ) == (["other", "one", "other"], "12")
