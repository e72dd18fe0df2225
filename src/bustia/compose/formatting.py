"""How amounts, dates and quantities are printed, in the customer's language."""

from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from bustia.decide.filters import LANGUAGES

__all__ = ["Formatter"]

_NO_BREAK = "\u00a0"
_SHORT_DATE = {"ca": "dd/MM/yyyy", "es": "dd/MM/yyyy", "en": "dd/MM/yyyy"}
_THOUSANDS = "#,##0"


class Formatter:
    """Formats for one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = LANGUAGES[language]

    def money(self, amount: Decimal, currency: str = "EUR") -> str:
        """An amount with its currency: 1.234,50 €."""
        return format_currency(amount, currency, locale=self._locale)

    def amount(self, amount: Decimal) -> str:
        """An amount for a column of amounts: 1.234,50."""
        return format_decimal(amount, format="#,##0.00", locale=self._locale)

    def price(self, price: Decimal) -> str:
        """A price for one unit, four to six decimals: 0,4384."""
        return format_decimal(price, format="#,##0.0000##", locale=self._locale)

    def quantity(self, quantity: Decimal) -> str:
        """A quantity without idle zeros: 12; 10,5."""
        return format_decimal(quantity, format="#,##0.####", locale=self._locale)

    def whole(self, number: int) -> str:
        """A whole number: 1.234."""
        return format_decimal(number, format=_THOUSANDS, locale=self._locale)

    def percent(self, rate: Decimal) -> str:
        """A rate given in per cent: 10 %."""
        number = format_decimal(rate, format="0.##", locale=self._locale)
        return f"{number}%" if self.language == "en" else f"{number}{_NO_BREAK}%"

    def long_date(self, day: date) -> str:
        """A date in words: 11 d’abril del 2026."""
        return format_date(day, "long", locale=self._locale)

    def day(self, day: date) -> str:
        """A date in figures: 11/04/2026."""
        return format_date(day, _SHORT_DATE[self.language], locale=self._locale)

    def month(self, day: date) -> str:
        """A month, short, for the axis of a chart: abr 26."""
        name = format_date(day, "LLL", locale=self._locale).removesuffix(".")
        return f"{name} {day:%y}"
