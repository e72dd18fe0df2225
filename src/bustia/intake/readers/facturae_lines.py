"""Reading the lines, taxes, discounts and periods of a Facturae invoice."""

from decimal import Decimal

from bustia.intake.documents import (
    AllowanceCharge,
    Identifier,
    InvoiceLineDocument,
    Period,
    TaxSubtotal,
    WithheldTax,
)
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, first, nodes, text_of

__all__ = ["read_allowances", "read_line", "read_period", "read_taxes", "read_withheld"]

_IVA, _IPSI, _IGIC = "01", "02", "03"
_EXEMPT, _NOT_SUBJECT = "01", "02"


def read_line(node: Element, position: int, reading: Reading) -> InvoiceLineDocument:
    """Read an ``InvoiceLine``; where it has no sequence number, its place stands in."""
    event = reading.text(node, "SpecialTaxableEvent/SpecialTaxableEventCode")
    category, rate = _line_vat(nodes(node, "TaxesOutputs/Tax"), event, reading)
    article = reading.text(node, "ArticleCode")
    description = reading.required(node, "ItemDescription", "BT-153")
    return InvoiceLineDocument(
        id=reading.text(node, "SequenceNumber") or str(position),
        name=description,
        quantity=reading.amount(node, "Quantity", "BT-129"),
        unit=reading.text(node, "UnitOfMeasure"),
        net_amount=reading.amount(node, "GrossAmount", "BT-131"),
        net_price=reading.amount(node, "UnitPriceWithoutTax", "BT-146"),
        note=text_of(first(node, "AdditionalLineItemInformation")),
        allowances_charges=read_allowances(
            node, "DiscountsAndRebates/Discount", "Charges/Charge", reading
        ),
        period=read_period(first(node, "LineItemPeriod"), reading),
        category=category,
        rate=rate,
        seller_item_id=article,
        order_line=reading.text(node, "ReceiverTransactionReference"),
        object_id=_reference(reading.text(node, "IssuerContractReference")),
    )


def _line_vat(taxes: list[Element], event: str, reading: Reading) -> tuple[str, Decimal | None]:
    """Give the category and rate of a line's value-added tax; its amounts may be left out."""
    for node in taxes:
        rate = reading.amount(node, "TaxRate", "BT-152")
        category = _category(reading.text(node, "TaxTypeCode"), rate, event)
        if category:
            return category, rate
    return "", None


def _reference(value: str) -> Identifier | None:
    return Identifier(value) if value else None


def read_period(node: Element | None, reading: Reading) -> Period | None:
    """Read a period of ``StartDate`` and ``EndDate``."""
    start = reading.optional_day(node, "StartDate", "BT-73")
    end = reading.optional_day(node, "EndDate", "BT-74")
    return Period(start, end) if start or end else None


def read_allowances(
    node: Element, discounts: str, charges: str, reading: Reading
) -> tuple[AllowanceCharge, ...]:
    """Read the discounts and charges at two paths below a node."""
    return tuple(
        AllowanceCharge(
            is_charge=is_charge,
            amount=reading.amount(one, f"{name}Amount", "BT-99" if is_charge else "BT-92"),
            percent=reading.optional_amount(one, f"{name}Rate", f"{name}Rate"),
            reason=reading.text(one, f"{name}Reason"),
        )
        for path, name, is_charge in ((discounts, "Discount", False), (charges, "Charge", True))
        for one in nodes(node, path)
    )


def read_taxes(
    taxes: list[Element], event: str, reason: str, reading: Reading
) -> tuple[TaxSubtotal, ...]:
    """Read taxes charged; ``event`` is the special taxable event's code, ``reason`` its words."""
    return tuple(_tax(node, event, reason, reading) for node in taxes)


def _tax(node: Element, event: str, reason: str, reading: Reading) -> TaxSubtotal:
    kind = reading.required(node, "TaxTypeCode", "BT-118")
    rate = reading.amount(node, "TaxRate", "BT-119")
    untaxed = kind == _IVA and rate == 0
    return TaxSubtotal(
        category=_category(kind, rate, event),
        rate=rate,
        base=reading.amount(node, "TaxableBase/TotalAmount", "BT-116"),
        amount=(
            reading.optional_amount(node, "TaxAmount/TotalAmount", "BT-117")
            if untaxed
            else reading.amount(node, "TaxAmount/TotalAmount", "BT-117")
        )
        or Decimal(0),
        exemption=reason if untaxed else "",
        tax="VAT" if kind == _IVA else kind,
        surcharge_rate=reading.optional_amount(node, "EquivalenceSurcharge", "surcharge"),
        surcharge=reading.optional_amount(
            node, "EquivalenceSurchargeAmount/TotalAmount", "surcharge"
        ),
    )


def _category(kind: str, rate: Decimal, event: str) -> str:
    """Give the UNCL 5305 category; empty for taxes that aren't value-added."""
    if kind == _IVA and rate == 0:
        return {_EXEMPT: "E", _NOT_SUBJECT: "O"}.get(event, "Z")
    return {_IVA: "S", _IGIC: "L", _IPSI: "M"}.get(kind, "")


def read_withheld(node: Element, reading: Reading) -> WithheldTax:
    """Read a tax that the buyer keeps back."""
    return WithheldTax(
        tax=reading.required(node, "TaxTypeCode", "TaxTypeCode"),
        rate=reading.amount(node, "TaxRate", "TaxRate"),
        base=reading.amount(node, "TaxableBase/TotalAmount", "TaxableBase"),
        amount=reading.amount(node, "TaxAmount/TotalAmount", "TaxAmount"),
    )
