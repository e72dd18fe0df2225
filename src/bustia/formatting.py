"""How money, dates, numbers and plurals read in the customer's language (Babel, from CLDR)."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import (
    NumberPattern,
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
_MOST_CURRENCIES = 100


def money(value: Decimal, language: str, currency: str = "EUR") -> str:
    """Write an amount: ``1.234,50 €``, in English ``€1,234.50``; a real minus sign."""
    return _money(language, currency)(value)


def amount(value: Decimal, language: str) -> str:
    """Write an amount for a column of amounts, without its currency: ``1.234,50``."""
    return _figures("#,##0.00", language)(value)


def price(value: Decimal, language: str) -> str:
    """Write a unit price with four to six decimals and no currency: ``0,4384``."""
    return _figures("#,##0.0000##", language)(value)


def number(value: Decimal | int, language: str) -> str:
    """Write a number with up to three decimals: ``1.234,5``."""
    return _figures(None, language)(value)


def percent(value: Decimal | int, language: str) -> str:
    """Write a percentage, 21 for 21 %: ``21 %``, in English ``21%``."""
    return _figures("#,##0.##%" if language == "en" else "#,##0.##\xa0%", language)(value)


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


def plural_category(count: int, language: str) -> str:
    """Give CLDR's plural category of a count: ``one``, ``other`` (and ``many`` for millions)."""
    return _plural_rule(language)(count)


@cache
def _plural_rule(language: str) -> Callable[[int], str]:
    rule: Callable[[int], str] = to_python(LANGUAGES[language].plural_form)
    return rule


class _Figures:
    """Writes figures by one of CLDR's patterns, as Babel does.

    Babel reads its patterns and symbols anew for each value; a bill has sixty. Here they are
    asked of it once. Digits are grouped by threes, as all of ``LANGUAGES`` do.
    """

    def __init__(self, pattern: NumberPattern, locale: Locale, currency: str | None = None) -> None:
        self._least, most = pattern.frac_prec
        if currency:
            self._least = most = get_currency_precision(currency)
        self._python = f",.{most}f"
        self._group = get_group_symbol(locale)
        self._point = get_decimal_symbol(locale)
        self._around = self._negative_around = ("", "")
        nought = self(Decimal(0))
        self._around, self._negative_around = (
            _before_and_after(nought, pattern.apply(value, locale, currency))
            for value in (Decimal(0), Decimal("-0"))
        )

    def __call__(self, value: Decimal | int) -> str:
        if isinstance(value, int):  # which Python would write by way of a float
            value = Decimal(value)
        whole, _, fraction = format(value, self._python).partition(".")
        fraction = fraction.rstrip("0").ljust(self._least, "0")
        before, after = self._around
        if whole[0] == "-":
            whole = whole[1:]
            before, after = self._negative_around
        point = self._point if fraction else ""
        return f"{before}{whole.replace(',', self._group)}{point}{fraction}{after}"


def _before_and_after(digits: str, text: str) -> tuple[str, str]:
    before, _, after = text.replace("-", "−").partition(digits)
    return before, after


@cache
def _figures(pattern: str | None, language: str) -> _Figures:
    """Give what writes figures by a pattern, or by the language's own."""
    locale = LANGUAGES[language]
    return _Figures(parse_pattern(pattern or locale.decimal_formats[None]), locale)


@lru_cache(maxsize=_MOST_CURRENCIES)
def _money(language: str, currency: str) -> _Figures:
    locale = LANGUAGES[language]
    return _Figures(locale.currency_formats["standard"], locale, currency)
