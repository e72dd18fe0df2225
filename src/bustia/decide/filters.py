"""How money, dates, numbers and plurals read in the customer's language, for use in texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
from babel.plural import to_python

__all__ = ["FILTERS", "LANGUAGES", "Filter", "filters_for"]

LANGUAGES: Mapping[str, str] = {"ca": "ca_ES", "es": "es_ES", "en": "en_GB"}
"""The customers' languages, with the locale that each is formatted in."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a filter takes: the kinds of fact, and how many texts after the colon."""

    takes: tuple[str, ...]
    texts: int
    doc: str


FILTERS: Mapping[str, Filter] = {
    "money": Filter(("number",), 0, "38,20 €"),
    "date": Filter(("date",), 0, "5 de juny del 2026"),
    "the_date": Filter(("date",), 0, "el 5 de juny del 2026, l’1 de juny del 2026"),
    "number": Filter(("number", "whole number"), 0, "1.234,5"),
    "percent": Filter(("number", "whole number"), 0, "40 %"),
    "plural": Filter(("whole number",), 2, 'debt.count | plural: "factura", "factures"'),
}


_ARTICLES: Mapping[str, Callable[[int], str]] = {
    "ca": lambda day: "l’" if day in (1, 11) else "el ",  # before a vowel: u, onze
    "es": lambda day: "el ",  # noqa: ARG005 (the same for every day)
    "en": lambda day: "",  # noqa: ARG005
}


def filters_for(language: str) -> dict[str, Callable[..., str]]:
    """Give the filters of a language."""
    locale = LANGUAGES[language]
    rule = to_python(Locale.parse(locale).plural_form)

    def money(amount: Decimal) -> str:
        return format_currency(amount, "EUR", locale=locale)

    def day(value: date) -> str:
        return format_date(value, "long", locale=locale)

    def the_date(value: date) -> str:
        article = _ARTICLES[language]
        return f"{article(value.day)}{day(value)}"

    def number(value: Decimal | int) -> str:
        return format_decimal(value, locale=locale)

    def percent(value: Decimal | int) -> str:
        return format_percent(Decimal(value) / 100, locale=locale)

    def plural(count: int, one: str, other: str) -> str:
        return one if rule(count) == "one" else other

    return {
        "money": money,
        "date": day,
        "the_date": the_date,
        "number": number,
        "percent": percent,
        "plural": plural,
    }
