"""How money, dates, numbers and plurals read in the customer's language (Babel, from CLDR)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import (
    get_currency_precision,
    get_decimal_symbol,
    get_group_symbol,
    parse_pattern,
)
from babel.plural import to_python

__all__ = [
    "LANGUAGES",
    "amount",
    "date_long",
    "date_short",
    "days_span",
    "money",
    "month_short",
    "number",
    "percent",
    "plural_category",
    "price",
]

LANGUAGES: Mapping[str, Locale] = {
    "ca": Locale.parse("ca_ES"),
    "es": Locale.parse("es_ES"),
    "en": Locale.parse("en_GB"),
}
"""The customers' languages, with the locale that each is formatted in."""

_MOST_DATES = 10_000
"""Dates remembered: those of a run are few, but an e-invoice may bring any."""
_MOST_COUNTS = 10_000
_MOST_WRITERS = 100
_MOST_FIGURES = 20_000
"""Figures remembered: in a town nine of ten were written before."""


def money(value: Decimal, language: str, currency: str = "EUR") -> str:
    """Write an amount: ``1.234,50 €``, in English ``€1,234.50``; a real minus sign."""
    return _written(str(value), language, currency=currency)


def amount(value: Decimal, language: str) -> str:
    """Write an amount for a column of amounts, without its currency: ``1.234,50``."""
    return _written(str(value), language, "#,##0.00")


def price(value: Decimal, language: str) -> str:
    """Write a unit price with four to six decimals and no currency: ``0,4384``."""
    return _written(str(value), language, "#,##0.0000##")


def number(value: Decimal | int, language: str) -> str:
    """Write a number with up to three decimals: ``1.234,5``."""
    return _written(str(value), language)


def percent(value: Decimal | int, language: str) -> str:
    """Write a percentage, 21 for 21 %: ``21 %``, in English ``21%``."""
    pattern = "#,##0.##%" if language == "en" else "#,##0.##\xa0%"
    return _written(str(value), language, pattern)


@lru_cache(maxsize=_MOST_DATES)
def date_long(day: date, language: str) -> str:
    """Write a date in words: ``11 d’abril del 2026``, ``1 de juny del 2026``."""
    return format_date(day, "long", locale=LANGUAGES[language])


@lru_cache(maxsize=_MOST_DATES)
def date_short(day: date, language: str) -> str:
    """Write a date in figures, day and month in two: ``05/09/2026``, the same everywhere."""
    return format_date(day, "dd/MM/yyyy", locale=LANGUAGES[language])


@lru_cache(maxsize=_MOST_DATES)
def month_short(day: date, language: str) -> str:
    """Write the month for narrow places: ``abr.``, ``set.``, ``Apr``."""
    return format_date(day, "LLL", locale=LANGUAGES[language])


def days_span(first: date, last: date, language: str) -> str:
    """Write a span of days in figures: ``11/02/2026 – 10/04/2026``."""
    return f"{date_short(first, language)} – {date_short(last, language)}"


@lru_cache(maxsize=_MOST_COUNTS)
def plural_category(count: int, language: str) -> str:
    """Give CLDR's plural category of a count: ``one``, ``other`` (and ``many`` for millions)."""
    return _plural_rule(language)(count)


@cache
def _plural_rule(language: str) -> Callable[[int], str]:
    rule: Callable[[int], str] = to_python(LANGUAGES[language].plural_form)
    return rule


@lru_cache(maxsize=_MOST_FIGURES)
def _written(
    value: str, language: str, pattern: str | None = None, currency: str | None = None
) -> str:
    """Write a number given by its digits, since 0 and −0 are one value, but don't read alike."""
    return _writer(language, pattern, currency)(Decimal(value))


@lru_cache(maxsize=_MOST_WRITERS)
def _writer(language: str, pattern: str | None, currency: str | None) -> Callable[[Decimal], str]:
    """Give what writes figures as Babel does, by a pattern or by the language's own.

    Babel reads its patterns and symbols anew for each value; a bill has sixty. Here it is asked
    once. Digits are grouped by threes, as all of ``LANGUAGES`` do.
    """
    locale = LANGUAGES[language]
    if currency:
        babel = locale.currency_formats["standard"]
        least = most = get_currency_precision(currency)
    else:
        babel = parse_pattern(pattern or locale.decimal_formats[None])
        least, most = babel.frac_prec
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)

    def digits(value: Decimal) -> str:
        whole, _, fraction = format(value, f",.{most}f").partition(".")
        fraction = fraction.rstrip("0").ljust(least, "0")
        return whole.replace(",", group) + (f"{point}{fraction}" if fraction else "")

    nought = digits(Decimal(0))
    around, around_negative = (
        babel.apply(value, locale, currency).replace("-", "−").split(nought)
        for value in (Decimal(0), Decimal("-0"))
    )

    def write(value: Decimal) -> str:
        before, after = around_negative if value.is_signed() else around
        return f"{before}{digits(value.copy_abs())}{after}"

    return write
