"""Does a Facturae invoice add up? Its own arithmetic, told with the place of each figure.

Amounts may have up to eight decimals and are compared to the cent; where a sum is over lines or
a product is rounded, a cent a line is allowed.
"""

from decimal import Decimal

from bustia.intake.documents import InvoiceDocument, InvoiceLineDocument
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.rules import check_period, rounding_step
from bustia.intake.readers.xml import Element, first, nodes, xpath_of
from bustia.money import CENT, round_money

__all__ = ["check_facturae"]

_ZERO = Decimal(0)
_PERCENTAGES = frozenset({"VAT", "01", "02", "03", "04"})
"""IVA, IPSI, IGIC and IRPF are percentages; other taxes may be amounts a unit."""


def check_facturae(document: InvoiceDocument, node: Element, reading: Reading) -> None:
    """Reject an invoice whose figures contradict each other."""
    if not document.lines:
        reading.missing(node, "Items/InvoiceLine", "BG-25")
    check_period(document.period, f"{document.xpath}/InvoiceIssueData", "BG-14", reading)
    for line, place in zip(document.lines, nodes(node, "Items/InvoiceLine"), strict=True):
        _check_line(line, place, reading)
        check_period(line.period, f"{xpath_of(place)}/LineItemPeriod", "BG-26", reading)
    _check_taxes(document, node, reading)
    _check_totals(document, node, reading)


def _differ(stated: Decimal, due: Decimal, allowed: Decimal) -> bool:
    return abs(stated - due) > allowed


def _check_line(line: InvoiceLineDocument, node: Element, reading: Reading) -> None:
    cost = reading.optional_amount(node, "TotalCost", "TotalCost")
    due = line.quantity * line.net_price
    if cost is None:
        cost = due
    elif _differ(cost, due, CENT + abs(line.quantity) * rounding_step(line.net_price)):
        reason = f"The total cost is {cost}, but quantity × unit price is {due}."
        reading.reject(f"{xpath_of(node)}/TotalCost", "TotalCost", "line_mismatch", reason)
    extras = sum((a.amount if a.is_charge else -a.amount for a in line.allowances_charges), _ZERO)
    if _differ(line.net_amount, cost + extras, CENT):
        reason = (
            f"The gross amount is {line.net_amount}, but total cost − discounts + charges "
            f"is {cost + extras}."
        )
        reading.reject(f"{xpath_of(node)}/GrossAmount", "BT-131", "line_mismatch", reason)


def _check_taxes(document: InvoiceDocument, node: Element, reading: Reading) -> None:
    allowed = CENT * (len(document.lines) + 1)
    taxes = zip(document.tax_subtotals, nodes(node, "TaxesOutputs/Tax"), strict=True)
    for tax, place in taxes:
        if tax.tax not in _PERCENTAGES or first(place, "SpecialTaxableBase") is not None:
            continue
        due = tax.base * (tax.rate or _ZERO) / 100
        if _differ(tax.amount, due, allowed):
            reason = f"The tax is {tax.amount}, but {tax.base} × {tax.rate} % is {_two(due)}."
            where = f"{xpath_of(place)}/TaxAmount/TotalAmount"
            reading.reject(where, "BT-117", "vat_mismatch", reason)
    for withheld, place in zip(document.withheld, nodes(node, "TaxesWithheld/Tax"), strict=True):
        due = withheld.base * withheld.rate / 100
        if withheld.tax in _PERCENTAGES and _differ(withheld.amount, due, allowed):
            reason = (
                f"The tax withheld is {withheld.amount}, but {withheld.base} × "
                f"{withheld.rate} % is {_two(due)}."
            )
            where = f"{xpath_of(place)}/TaxAmount/TotalAmount"
            reading.reject(where, "TaxesWithheld", "vat_mismatch", reason)


def _check_totals(document: InvoiceDocument, node: Element, reading: Reading) -> None:
    totals = document.totals
    by_line = CENT * max(1, len(document.lines)) / 2 + CENT / 2
    allowances, charges = totals.allowances or _ZERO, totals.charges or _ZERO
    tax, withheld = totals.tax or _ZERO, totals.withheld or _ZERO
    lines = sum((line.net_amount for line in document.lines), _ZERO)
    taxes = sum((t.amount + (t.surcharge or _ZERO) for t in document.tax_subtotals), _ZERO)
    kept = sum((t.amount for t in document.withheld), _ZERO)

    def other(name: str) -> Decimal:
        return reading.optional_amount(node, f"InvoiceTotals/{name}", name) or _ZERO

    outstanding = reading.amount(
        node, "InvoiceTotals/TotalOutstandingAmount", "TotalOutstandingAmount"
    )
    subsidies = sum(
        (
            reading.decimal(one, "Subsidies")
            for one in nodes(node, "InvoiceTotals/Subsidies/Subsidy/SubsidyAmount")
        ),
        _ZERO,
    )
    given = sum((a.amount for a in document.allowances_charges if not a.is_charge), _ZERO)
    asked = sum((a.amount for a in document.allowances_charges if a.is_charge), _ZERO)
    executable = (
        outstanding
        - other("AmountsWithheld/WithholdingAmount")
        - other("PaymentInKind/PaymentInKindAmount")
        + other("TotalReimbursableExpenses")
        + other("TotalFinancialExpenses")
    )
    checks = (
        ("TotalGrossAmount", "BT-106", totals.lines, lines, "the lines' sum", by_line),
        ("TotalGeneralDiscounts", "BT-107", allowances, given, "the discounts' sum", CENT),
        ("TotalGeneralSurcharges", "BT-108", charges, asked, "the surcharges' sum", CENT),
        (
            "TotalGrossAmountBeforeTaxes",
            "BT-109",
            totals.without_tax,
            totals.lines - allowances + charges,
            "gross total − discounts + surcharges",
            CENT / 2,
        ),
        ("TotalTaxOutputs", "BT-110", tax, taxes, "the taxes' sum", by_line),
        ("TotalTaxesWithheld", "TotalTaxesWithheld", withheld, kept, "their sum", by_line),
        (
            "InvoiceTotal",
            "BT-112",
            totals.with_tax,
            totals.without_tax + tax - withheld,
            "total before taxes + taxes − taxes withheld",
            CENT / 2,
        ),
        (
            "TotalOutstandingAmount",
            "TotalOutstandingAmount",
            outstanding,
            totals.with_tax - subsidies - (totals.prepaid or _ZERO),
            "invoice total − subsidies − payments on account",
            CENT / 2,
        ),
        (
            "TotalExecutableAmount",
            "BT-115",
            totals.payable,
            executable,
            "outstanding − withheld + expenses",
            CENT / 2,
        ),
    )
    for name, term, stated, due, meaning, allowed in checks:
        if _differ(stated, due, allowed):
            reason = f"The amount is {stated}, but {meaning} gives {_two(due)}."
            where = f"{document.xpath}/InvoiceTotals/{name}"
            reading.reject(where, term, "total_mismatch", reason)
    _check_instalments(document, reading)


def _check_instalments(document: InvoiceDocument, reading: Reading) -> None:
    amounts = [one.amount for one in document.payment_means if one.amount is not None]
    due = document.totals.payable
    if amounts and _differ(sum(amounts, _ZERO), due, CENT):
        reason = f"The instalments come to {sum(amounts, _ZERO)}, but {due} is to be paid."
        where = f"{document.xpath}/PaymentDetails"
        reading.remark(where, "InstallmentAmount", "instalments_mismatch", reason)


def _two(amount: Decimal) -> Decimal:
    return round_money(amount)
