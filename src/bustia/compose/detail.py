"""How the amount comes about: concept by concept, block by block, then VAT and total."""

from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby

from bustia.billing.facts import Facts, LineFacts, TaxFacts
from bustia.compose.labels import Labels
from bustia.compose.parts import ConceptView, DetailView, LineView, Prose, SumView, TaxView, Text
from bustia.compose.remembered import remembered
from bustia.formatting import (
    amount,
    date_short,
    money,
    number,
    percent,
    plural_category,
    price,
)
from bustia.money import ZERO, round_money

__all__ = ["detail_view"]

_UNITS = {
    "m3": "m³",
    "MTQ": "m³",
    "LTR": "l",
    "KWH": "kWh",
    "MWH": "MWh",
    "KGM": "kg",
    "HUR": "h",
    "KMT": "km",
    "MTR": "m",
}
"""Signs for units of UN/ECE Recommendation 20 that e-invoices of utilities use."""
_PIECES = {"unit", "C62", "EA", "H87", "NAR", "ZZ", "XPP", "1N", ""}
_DAYS = {"day", "DAY"}
_MOST_SPANS = 10_000
"""Spans of days remembered: the bills of a reading route share theirs."""
_MOST_LINES = 5_000
_MOST_BREAKDOWNS = 2_000
"""Lines, and all lines or all VAT of an invoice: in a town, one in fifty differs from the rest."""
_MOST_NOTES = 1_000


def detail_view(facts: Facts, labels: Labels) -> DetailView:
    """Show every line under its concept, the VAT by rate, the total, and what is left to pay."""
    invoice, language = facts.invoice, labels.language
    paid = invoice.total - invoice.payable
    rest = (
        (
            SumView(Text(labels("paid_before")), Text(money(-paid, language, invoice.currency))),
            SumView(
                Text(labels("left_to_pay")),
                Text(money(invoice.payable, language, invoice.currency)),
            ),
        )
        if paid and invoice.kind == "invoice"
        else ()
    )
    return DetailView(
        _concepts(invoice.lines, labels),
        _taxes(invoice.taxes, labels),
        SumView(Text(labels("total")), Text(money(invoice.total, language, invoice.currency))),
        rest,
        _notes(
            _charged(invoice.lines),
            facts.tariff.name,
            facts.tariff.changed_on if facts.tariff.changed else None,
            facts.contract.social_tariff,
            facts.contract.persons if facts.contract.use == "domestic" else 0,
            labels,
        ),
    )


@remembered(_MOST_BREAKDOWNS)
def _concepts(lines: tuple[LineFacts, ...], labels: Labels) -> tuple[ConceptView, ...]:
    return tuple(
        _concept(concept, tuple(those), labels)
        for concept, those in groupby(lines, key=lambda line: line.concept)
    )


@remembered(_MOST_BREAKDOWNS)
def _charged(lines: tuple[LineFacts, ...]) -> frozenset[str]:
    """Give the concepts that are charged."""
    return frozenset(line.concept for line in lines)


def _concept(concept: str, lines: tuple[LineFacts, ...], labels: Labels) -> ConceptView:
    total = sum((line.amount for line in lines), ZERO)
    return ConceptView(
        Prose(labels(f"concept_{concept}")),
        Text(amount(total, labels.language)),
        tuple(_line(line, labels) for line in lines),
    )


@remembered(_MOST_LINES)
def _line(line: LineFacts, labels: Labels) -> LineView:
    language = labels.language
    if line.description:
        description = line.description
    elif line.kind == "variable" and line.block:
        description = labels("line_block", block=str(line.block))
    else:
        description = labels(f"line_{line.kind}")
    if line.period_from and line.period_to:
        description = f"{description}, {_days(line.period_from, line.period_to, language)}"
    return LineView(
        Prose(description),
        Text(_quantity(line.quantity, line.unit, labels)),
        Text(_price(line, language)),
        Text(amount(line.amount, language)),
    )


@lru_cache(maxsize=_MOST_SPANS)
def _days(first: date, last: date, language: str) -> str:
    """Write a span of days without its year: ``11/02–10/04``."""
    return f"{date_short(first, language)[:5]}–{date_short(last, language)[:5]}"


def _price(line: LineFacts, language: str) -> str:
    """Give tariffs their four decimals, and other prices the two of money if they need no more."""
    enough = line.unit in _PIECES and line.unit_price == round_money(line.unit_price)
    return (amount if enough else price)(line.unit_price, language)


def _quantity(quantity: Decimal, unit: str, labels: Labels) -> str:
    text = number(quantity, labels.language)
    if unit in _DAYS:
        whole = quantity == quantity.to_integral_value()
        one = whole and plural_category(int(quantity), labels.language) == "one"
        return labels("one_day" if one else "many_days", days=text)
    if unit in _PIECES:
        return text
    return f"{text}\xa0{_UNITS.get(unit, unit)}"


@remembered(_MOST_BREAKDOWNS)
def _taxes(taxes: tuple[TaxFacts, ...], labels: Labels) -> tuple[TaxView, ...]:
    return tuple(_tax(tax, labels) for tax in taxes)


def _tax(tax: TaxFacts, labels: Labels) -> TaxView:
    language = labels.language
    if tax.rate:
        label = labels("vat", rate=percent(tax.rate, language))
    else:
        label = labels("vat_exempt" if tax.category in {"E", "Z"} else "vat_none")
    return TaxView(
        Text(label), Text(amount(tax.base, language)), Text(amount(tax.amount, language))
    )


@lru_cache(maxsize=_MOST_NOTES)
def _notes(
    charged: frozenset[str],
    tariff: str,
    changed_on: date | None,
    social: bool,
    persons: int,
    labels: Labels,
) -> tuple[Prose, ...]:
    """Say which tariff was applied, and why the same block may have two prices."""
    if not charged & {"water", "sewerage", "canon"}:
        return ()
    notes = []
    if tariff:
        notes.append(labels("tariff_social" if social else "tariff_applied", tariff=tariff))
    if changed_on:
        notes.append(labels("tariff_changed", day=date_short(changed_on, labels.language)))
    if "canon" in charged:
        people = persons > 0
        notes.append(labels("canon_people", people=str(persons)) if people else labels("canon"))
    return tuple(map(Prose, notes))
