"""How money, dates, numbers and plurals read in the customer's language, for use in texts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bustia import formatting
from bustia.formatting import LANGUAGES

__all__ = ["FILTERS", "LANGUAGES", "Filter", "filters_for"]


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

    def money(amount: Decimal) -> str:
        return formatting.money(amount, language)

    def day(value: date) -> str:
        return formatting.date_long(value, language)

    def the_date(value: date) -> str:
        return _ARTICLES[language](value.day) + formatting.date_long(value, language)

    def number(value: Decimal | int) -> str:
        return formatting.number(value, language)

    def percent(value: Decimal | int) -> str:
        return formatting.percent(value, language)

    def plural(count: int, one: str, other: str) -> str:
        return one if formatting.plural_category(count, language) == "one" else other

    return {
        "money": money,
        "date": day,
        "the_date": the_date,
        "number": number,
        "percent": percent,
        "plural": plural,
    }
