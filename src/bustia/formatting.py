"""How money, dates, numbers and plurals read in the customer's language (Babel, from CLDR)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
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


def money(value: Decimal, language: str, currency: str = "EUR") -> str:
    """Write an amount: ``1.234,50 €``, in English ``€1,234.50``; a real minus sign."""
    return _minus(format_currency(value, currency, locale=LANGUAGES[language]))


def amount(value: Decimal, language: str) -> str:
    """Write an amount for a column of amounts, without its currency: ``1.234,50``."""
    return _minus(format_decimal(value, "#,##0.00", locale=LANGUAGES[language]))


def price(value: Decimal, language: str) -> str:
    """Write a unit price with four to six decimals and no currency: ``0,4384``."""
    return _minus(format_decimal(value, "#,##0.0000##", locale=LANGUAGES[language]))


def number(value: Decimal | int, language: str) -> str:
    """Write a number with up to three decimals: ``1.234,5``."""
    return _minus(format_decimal(value, locale=LANGUAGES[language]))


def percent(value: Decimal | int, language: str) -> str:
    """Write a percentage, 21 for 21 %: ``21 %``, in English ``21%``."""
    pattern = "#,##0.##%" if language == "en" else "#,##0.##\xa0%"
    return _minus(format_percent(Decimal(value) / 100, pattern, locale=LANGUAGES[language]))


@cache
def date_long(day: date, language: str) -> str:
    """Write a date in words: ``11 d’abril del 2026``, ``1 de juny del 2026``."""
    return format_date(day, "long", locale=LANGUAGES[language])


@cache
def date_short(day: date, language: str) -> str:
    """Write a date in figures, day and month in two: ``05/09/2026``, the same everywhere."""
    return format_date(day, "dd/MM/yyyy", locale=LANGUAGES[language])


@cache
def month_short(day: date, language: str) -> str:
    """Write the month for narrow places: ``abr.``, ``set.``, ``Apr``."""
    return format_date(day, "LLL", locale=LANGUAGES[language])


def days_span(first: date, last: date, language: str) -> str:
    """Write a span of days in figures: ``11/02/2026 – 10/04/2026``."""
    return f"{date_short(first, language)} – {date_short(last, language)}"


def plural_category(count: int, language: str) -> str:
    """Give CLDR's plural category of a count: ``one``, ``other`` (and ``many`` for millions)."""
    return _plural_rule(language)(count)


@cache
def _plural_rule(language: str) -> Callable[[int], str]:
    rule: Callable[[int], str] = to_python(LANGUAGES[language].plural_form)
    return rule


def _minus(text: str) -> str:
    return text.replace("-", "−")
