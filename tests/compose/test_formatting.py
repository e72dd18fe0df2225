"""Amounts and dates as each language writes them."""

from datetime import date
from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal, format_percent
from hypothesis import example, given
from hypothesis import strategies as st

from bustia.formatting import (
    LANGUAGES,
    amount,
    date_long,
    money,
    number,
    percent,
    plural_category,
    price,
)

VALUES = st.decimals(-(10**15), 10**15, places=None, allow_nan=False) | st.decimals(
    -(10**7), 10**7, places=3
)


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


@pytest.mark.parametrize("language", LANGUAGES)
@given(VALUES)
@example(Decimal("-0.00"))
@example(Decimal("-0.004"))
@example(Decimal("0.005"))
@example(Decimal("1E+3"))
@example(Decimal("999999.9999995"))
def test_figures_read_as_babel_writes_them(language: str, value: Decimal):
    """Separators, groups, rounding and signs are Babel's, though it isn't asked each time."""
    locale = LANGUAGES[language]
    babel = [
        format_decimal(value, "#,##0.00", locale=locale),
        format_decimal(value, "#,##0.0000##", locale=locale),
        format_decimal(value, locale=locale),
        format_percent(
            value / 100, "#,##0.##%" if language == "en" else "#,##0.##\xa0%", locale=locale
        ),
    ]
    assert [text.replace("-", "−") for text in babel] == [
        amount(value, language), price(value, language), number(value, language),
        percent(value, language),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@given(VALUES, st.sampled_from(["EUR", "USD", "GBP", "JPY", "KWD", "CHF", "XXX", "QQQ"]))
def test_money_reads_as_babel_writes_it(language: str, value: Decimal, currency: str):
    """Each currency has its sign, its place and as many decimals as Babel gives it."""
    text = format_currency(value, currency, locale=LANGUAGES[language])
    assert text.replace("-", "−") == money(value, language, currency)


@given(st.integers(-(10**20), 10**20))
def test_whole_numbers_keep_all_their_digits(value: int):
    """A number too long for a float is written whole."""
    assert number(Decimal(value), "es") == number(value, "es")
    assert f"{value:,}".replace("-", "−") == number(value, "en")
