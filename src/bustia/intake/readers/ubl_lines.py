"""Reading the lines, allowances and periods of a UBL invoice."""

from bustia.intake.documents import AllowanceCharge, Identifier, InvoiceLineDocument, Period
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, first, local_name, nodes, text_of, xpath_of

__all__ = ["identifier", "read_allowance", "read_line", "read_period"]

_OBJECT = "130"


def read_line(node: Element, reading: Reading) -> InvoiceLineDocument:
    """Read an ``InvoiceLine`` or ``CreditNoteLine`` (BG-25)."""
    credited = local_name(node) == "CreditNoteLine"
    quantity_path = "cbc:CreditedQuantity" if credited else "cbc:InvoicedQuantity"
    quantity = first(node, quantity_path)
    item = first(node, "cac:Item")
    if item is None:
        reading.missing(node, "cac:Item", "BG-31")
    price = first(node, "cac:Price")
    if price is None:
        reading.missing(node, "cac:Price", "BG-29")
    tax = first(node, "cac:Item/cac:ClassifiedTaxCategory")
    if tax is None:
        reading.missing(node, "cac:Item/cac:ClassifiedTaxCategory", "BT-151")
    return InvoiceLineDocument(
        id=reading.required(node, "cbc:ID", "BT-126"),
        name=reading.required(item, "cbc:Name", "BT-153") if item is not None else "",
        quantity=reading.amount(node, quantity_path, "BT-129"),
        unit=_unit(node, quantity, quantity_path, reading),
        net_amount=reading.amount(node, "cbc:LineExtensionAmount", "BT-131"),
        net_price=reading.amount(price, "cbc:PriceAmount", "BT-146"),
        base_quantity=reading.optional_amount(price, "cbc:BaseQuantity", "BT-149"),
        gross_price=reading.optional_amount(price, "cac:AllowanceCharge/cbc:BaseAmount", "BT-148"),
        price_discount=reading.optional_amount(price, "cac:AllowanceCharge/cbc:Amount", "BT-147"),
        description=text_of(first(item, "cbc:Description")) if item is not None else "",
        note=text_of(first(node, "cbc:Note")),
        allowances_charges=tuple(
            read_allowance(sub, reading, "BT-141" if is_charge else "BT-136", is_charge=is_charge)
            for sub in nodes(node, "cac:AllowanceCharge")
            for is_charge in (reading.text(sub, "cbc:ChargeIndicator") in {"true", "1"},)
        ),
        period=read_period(first(node, "cac:InvoicePeriod"), reading, "BT-134", "BT-135"),
        category=reading.required(tax, "cbc:ID", "BT-151") if tax is not None else "",
        rate=reading.optional_amount(tax, "cbc:Percent", "BT-152"),
        seller_item_id=reading.text(item, "cac:SellersItemIdentification/cbc:ID"),
        buyer_item_id=reading.text(item, "cac:BuyersItemIdentification/cbc:ID"),
        standard_item_id=_item_id(item),
        classifications=_classifications(item),
        attributes=tuple(
            (reading.text(sub, "cbc:Name"), reading.text(sub, "cbc:Value"))
            for sub in (nodes(item, "cac:AdditionalItemProperty") if item is not None else [])
        ),
        origin_country=reading.text(item, "cac:OriginCountry/cbc:IdentificationCode"),
        order_line=reading.text(node, "cac:OrderLineReference/cbc:LineID"),
        accounting_reference=reading.text(node, "cbc:AccountingCost"),
        object_id=_line_object(node),
    )


def _unit(node: Element, quantity: Element | None, path: str, reading: Reading) -> str:
    unit = quantity.get("unitCode", "") if quantity is not None else ""
    if quantity is not None and not unit:
        reading.missing(node, f"{path}/@unitCode", "BT-130")
    return unit


def _item_id(item: Element | None) -> Identifier | None:
    path = "cac:StandardItemIdentification/cbc:ID"
    return identifier(first(item, path)) if item is not None else None


def _classifications(item: Element | None) -> tuple[Identifier, ...]:
    if item is None:
        return ()
    found = nodes(item, "cac:CommodityClassification/cbc:ItemClassificationCode")
    return tuple(Identifier(text_of(node), node.get("listID", "")) for node in found)


def _line_object(node: Element) -> Identifier | None:
    for sub in nodes(node, "cac:DocumentReference"):
        if text_of(first(sub, "cbc:DocumentTypeCode")) in {_OBJECT, ""}:
            return identifier(first(sub, "cbc:ID"))
    return None


def read_allowance(
    node: Element, reading: Reading, term: str, *, is_charge: bool
) -> AllowanceCharge:
    """Read an ``AllowanceCharge`` of the document or a line."""
    indicator = reading.text(node, "cbc:ChargeIndicator")
    if indicator not in {"true", "false", "0", "1"}:
        where = f"{xpath_of(node)}/cbc:ChargeIndicator"
        reading.reject(where, term, "value_invalid", "The value must be true or false.")
    return AllowanceCharge(
        is_charge=is_charge,
        amount=reading.amount(node, "cbc:Amount", term),
        base=reading.optional_amount(node, "cbc:BaseAmount", term),
        percent=reading.optional_amount(node, "cbc:MultiplierFactorNumeric", term),
        reason=reading.text(node, "cbc:AllowanceChargeReason"),
        reason_code=reading.text(node, "cbc:AllowanceChargeReasonCode"),
        category=reading.text(node, "cac:TaxCategory/cbc:ID"),
        rate=reading.optional_amount(node, "cac:TaxCategory/cbc:Percent", term),
    )


def read_period(node: Element | None, reading: Reading, start: str, end: str) -> Period | None:
    """Read an ``InvoicePeriod``, None where it says no date."""
    first_day = reading.optional_day(node, "cbc:StartDate", start)
    last_day = reading.optional_day(node, "cbc:EndDate", end)
    return Period(first_day, last_day) if first_day or last_day else None


def identifier(node: Element | None) -> Identifier | None:
    """Give an identifier with its ``schemeID``; None where there is none."""
    value = text_of(node)
    return Identifier(value, node.get("schemeID", "")) if node is not None and value else None
