"""Does the invoice add up? The arithmetic of EN 16931-1, told with the place of each figure.

Rule numbers (BR-…) are those of the standard. Sums are exact to the cent. Where the standard
multiplies (VAT = base × rate), each line may have been rounded on its own, so a cent a line is
allowed.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from bustia.intake.documents import InvoiceDocument, InvoiceLineDocument, Period, TaxSubtotal
from bustia.intake.readers.reading import Reading
from bustia.money import CENT, ZERO, round_money

__all__ = ["DAY_UNITS", "Places", "check_days", "check_en16931", "check_period", "rounding_step"]

DAY_UNITS = frozenset({"DAY"})
"""Unit codes of UN/ECE Recommendation 20 that mean days."""
_CORRECTED_INVOICE = "384"


@dataclass(slots=True)
class Places:
    """Where the figures of an invoice stand in its file: XPaths by business term."""

    totals: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    subtotals: list[str] = field(default_factory=list)

    def of(self, term: str, document: InvoiceDocument) -> str:
        """Give the XPath of a total, or of the invoice where the file leaves it out."""
        return self.totals.get(term, document.xpath)


def check_en16931(document: InvoiceDocument, places: Places, reading: Reading) -> None:
    """Reject an invoice whose figures contradict each other."""
    if not document.lines:
        reading.reject(document.xpath, "BG-25", "lines_missing", "The invoice has no line (BR-16).")
    if not document.tax_subtotals:
        reason = "The invoice has no VAT breakdown (BR-CO-18)."
        reading.reject(document.xpath, "BG-23", "value_missing", reason)
    _check_decimals(document, places, reading)
    _check_totals(document, places, reading)
    _check_breakdown(document, places, reading)
    check_period(document.period, document.xpath, "BG-14", reading)
    for line, place in zip(document.lines, places.lines, strict=True):
        _check_line(line, place, reading)
        check_period(line.period, place, "BG-26", reading)
        check_days(document, line, place, reading)


def check_period(period: Period | None, place: str, term: str, reading: Reading) -> None:
    """Reject a period that ends before it starts, which would have a negative number of days."""
    if period and period.start and period.end and period.end < period.start:
        reason = f"The period ends ({period.end}) before it starts ({period.start})."
        reading.reject(place, term, "period_order", reason)


def check_days(
    document: InvoiceDocument, line: InvoiceLineDocument, place: str, reading: Reading
) -> None:
    """Reject a negative number of days, unless the document corrects an earlier one."""
    corrects = document.type_code == _CORRECTED_INVOICE or document.preceding
    if line.unit in DAY_UNITS and line.quantity < 0 and not corrects:
        reason = f"The quantity is {line.quantity} days; days can't be negative."
        reading.reject(place, "BT-129", "negative_days", reason)


def _same(stated: Decimal, due: Decimal, allowed: Decimal = ZERO) -> bool:
    return abs(round_money(stated) - round_money(due)) <= allowed


def _check_decimals(document: InvoiceDocument, places: Places, reading: Reading) -> None:
    totals = document.totals
    stated: tuple[tuple[str, Decimal | None], ...] = (
        ("BT-106", totals.lines),
        ("BT-107", totals.allowances),
        ("BT-108", totals.charges),
        ("BT-109", totals.without_tax),
        ("BT-110", totals.tax),
        ("BT-112", totals.with_tax),
        ("BT-113", totals.prepaid),
        ("BT-114", totals.rounding),
        ("BT-115", totals.payable),
    )
    for term, amount in stated:
        if amount is not None and amount != round_money(amount):
            reason = f"The amount {amount} has fractions of a cent (BR-DEC)."
            reading.reject(places.of(term, document), term, "too_many_decimals", reason)


def _check_totals(document: InvoiceDocument, places: Places, reading: Reading) -> None:
    totals = document.totals
    zero = ZERO
    lines = sum((line.net_amount for line in document.lines), zero)
    allowances = sum((a.amount for a in document.allowances_charges if not a.is_charge), zero)
    charges = sum((a.amount for a in document.allowances_charges if a.is_charge), zero)
    tax = sum((subtotal.amount for subtotal in document.tax_subtotals), zero)
    checks = (
        ("BT-106", "BR-CO-10", totals.lines, lines, "the sum of the line net amounts"),
        ("BT-107", "BR-CO-11", totals.allowances or zero, allowances, "the sum of allowances"),
        ("BT-108", "BR-CO-12", totals.charges or zero, charges, "the sum of charges"),
        (
            "BT-109",
            "BR-CO-13",
            totals.without_tax,
            totals.lines - (totals.allowances or zero) + (totals.charges or zero),
            "line total − allowances + charges",
        ),
        ("BT-110", "BR-CO-14", totals.tax or zero, tax, "the sum of the VAT breakdown"),
        (
            "BT-112",
            "BR-CO-15",
            totals.with_tax,
            totals.without_tax + (totals.tax or zero),
            "total without VAT + VAT",
        ),
        (
            "BT-115",
            "BR-CO-16",
            totals.payable,
            totals.with_tax - (totals.prepaid or zero) + (totals.rounding or zero),
            "total with VAT − prepaid + rounding",
        ),
    )
    for term, rule, stated, due, meaning in checks:
        if not _same(stated, due):
            reason = f"The amount is {stated}, but {meaning} is {due} ({rule})."
            reading.reject(places.of(term, document), term, "total_mismatch", reason)


def _check_breakdown(document: InvoiceDocument, places: Places, reading: Reading) -> None:
    bases = _bases(document)
    allowed = CENT * (len(document.lines) + len(document.allowances_charges) + 1)
    seen: set[tuple[str, Decimal | None]] = set()
    for subtotal, place in zip(document.tax_subtotals, places.subtotals, strict=True):
        rate = subtotal.rate or ZERO
        due = subtotal.base * rate / 100
        if not _same(subtotal.amount, due, allowed):
            reason = (
                f"The VAT amount is {subtotal.amount}, but {subtotal.base} × {rate} % "
                f"is {round_money(due)} (BR-CO-17)."
            )
            reading.reject(place, "BT-117", "vat_mismatch", reason)
        key = _key(subtotal.category, subtotal.rate)
        if key in seen:
            continue  # several lines of one category and rate are checked together, at the first
        seen.add(key)
        stated = _sum_of(key, document.tax_subtotals)
        if document.lines and not _same(stated, bases.pop(key, ZERO), allowed):
            reason = (
                f"The taxable amount of category {subtotal.category} at {rate} % is {stated}, "
                "but lines, allowances and charges of that category come to something else."
            )
            reading.reject(place, "BT-116", "vat_mismatch", reason)

    for (category, percent), amount in bases.items():
        if amount and document.tax_subtotals:
            reason = (
                f"Lines and charges of category {category or '(none)'} at {percent or 0} % "
                f"come to {amount}, but the VAT breakdown leaves them out."
            )
            reading.reject(document.xpath, "BG-23", "vat_mismatch", reason)


def _bases(document: InvoiceDocument) -> dict[tuple[str, Decimal | None], Decimal]:
    bases: dict[tuple[str, Decimal | None], Decimal] = defaultdict(Decimal)
    for line in document.lines:
        bases[_key(line.category, line.rate)] += line.net_amount
    for item in document.allowances_charges:
        bases[_key(item.category, item.rate)] += item.amount if item.is_charge else -item.amount
    return dict(bases)


def _sum_of(key: tuple[str, Decimal | None], subtotals: Iterable[TaxSubtotal]) -> Decimal:
    return sum((s.base for s in subtotals if _key(s.category, s.rate) == key), ZERO)


def _key(category: str, rate: Decimal | None) -> tuple[str, Decimal | None]:
    """Category and rate, the rate only where the category may have several (S, L, M)."""
    return category, (rate or ZERO) if category in {"S", "L", "M"} else None


def _check_line(line: InvoiceLineDocument, place: str, reading: Reading) -> None:
    if line.net_price < 0:
        reason = "The net price is negative; a negative quantity says that instead (BR-27)."
        reading.reject(place, "BT-146", "negative_price", reason)
    if line.base_quantity is not None and line.base_quantity <= 0:
        reason = "The base quantity of a price must be above zero."
        reading.reject(place, "BT-149", "value_invalid", reason)
        return
    extras = sum((a.amount if a.is_charge else -a.amount for a in line.allowances_charges), ZERO)
    base = line.base_quantity or Decimal(1)
    if _fits(line, line.quantity * line.net_price / base + extras, base):
        return
    # No rule of the standard demands it, and its own examples break it, so it stops nothing.
    due = round_money(line.quantity * line.net_price / base + extras)
    reason = (
        f"The line net amount is {line.net_amount}, but quantity × price / base quantity, "
        f"with allowances and charges, is {due}."
    )
    reading.remark(place, "BT-131", "line_mismatch", reason)


def rounding_step(price: Decimal) -> Decimal:
    """Give half of the last place of a price, which rounding it may have taken or added."""
    exponent = price.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return Decimal(5).scaleb(-max(places, 2) - 1)


def _fits(line: InvoiceLineDocument, due: Decimal, base: Decimal) -> bool:
    """Allow what rounding the price and the amount can make of it."""
    allowed = CENT + abs(line.quantity) / base * rounding_step(line.net_price)
    return abs(line.net_amount - due) <= allowed
