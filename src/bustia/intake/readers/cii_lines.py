"""Reading the lines, allowances and periods of a Cross Industry Invoice."""

from bustia.intake.documents import AllowanceCharge, Identifier, InvoiceLineDocument, Period
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of

__all__ = ["identifier", "read_allowance", "read_line", "read_period"]

_OBJECT = "130"
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def read_line(node: Element, reading: Reading) -> InvoiceLineDocument:
    """Read an ``IncludedSupplyChainTradeLineItem`` (BG-25)."""
    document = "ram:AssociatedDocumentLineDocument"
    agreement = first(node, "ram:SpecifiedLineTradeAgreement")
    settlement = first(node, "ram:SpecifiedLineTradeSettlement")
    product = first(node, "ram:SpecifiedTradeProduct")
    quantity_path = "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"
    quantity = first(node, quantity_path)
    unit = quantity.get("unitCode", "") if quantity is not None else ""
    if quantity is not None and not unit:
        reading.missing(node, f"{quantity_path}/@unitCode", "BT-130")
    if agreement is None:
        reading.missing(node, "ram:SpecifiedLineTradeAgreement", "BG-29")
    if settlement is None:
        reading.missing(node, "ram:SpecifiedLineTradeSettlement", "BT-131")
    tax = first(settlement, "ram:ApplicableTradeTax") if settlement is not None else None
    if tax is None:
        reading.missing(node, "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax", "BT-151")
    net, gross = "ram:NetPriceProductTradePrice", "ram:GrossPriceProductTradePrice"
    net_amount = "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    return InvoiceLineDocument(
        id=reading.required(node, f"{document}/ram:LineID", "BT-126"),
        name=reading.required(node, "ram:SpecifiedTradeProduct/ram:Name", "BT-153"),
        quantity=reading.amount(node, quantity_path, "BT-129"),
        unit=unit,
        net_amount=reading.amount(settlement, net_amount, "BT-131"),
        net_price=reading.amount(agreement, f"{net}/ram:ChargeAmount", "BT-146"),
        base_quantity=(
            reading.optional_amount(agreement, f"{net}/ram:BasisQuantity", "BT-149")
            or reading.optional_amount(agreement, f"{gross}/ram:BasisQuantity", "BT-149")
        ),
        gross_price=reading.optional_amount(agreement, f"{gross}/ram:ChargeAmount", "BT-148"),
        price_discount=reading.optional_amount(
            agreement, f"{gross}/ram:AppliedTradeAllowanceCharge/ram:ActualAmount", "BT-147"
        ),
        description=(text_of(first(product, "ram:Description")) if product is not None else ""),
        note=text_of(first(node, f"{document}/ram:IncludedNote/ram:Content")),
        allowances_charges=tuple(
            read_allowance(sub, reading, "BT-136")
            for sub in (
                nodes(settlement, "ram:SpecifiedTradeAllowanceCharge")
                if settlement is not None
                else ()
            )
        ),
        period=read_period(settlement, reading, "BT-134", "BT-135"),
        category=reading.required(tax, "ram:CategoryCode", "BT-151") if tax is not None else "",
        rate=reading.optional_amount(tax, "ram:RateApplicablePercent", "BT-152"),
        seller_item_id=reading.text(product, "ram:SellerAssignedID"),
        buyer_item_id=reading.text(product, "ram:BuyerAssignedID"),
        standard_item_id=(
            identifier(first(product, "ram:GlobalID")) if product is not None else None
        ),
        classifications=_classifications(product),
        attributes=tuple(
            (reading.text(sub, "ram:Description"), reading.text(sub, "ram:Value"))
            for sub in (
                nodes(product, "ram:ApplicableProductCharacteristic") if product is not None else ()
            )
        ),
        origin_country=reading.text(product, "ram:OriginTradeCountry/ram:ID"),
        order_line=reading.text(agreement, "ram:BuyerOrderReferencedDocument/ram:LineID"),
        accounting_reference=reading.text(
            settlement, "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"
        ),
        object_id=_line_object(settlement),
    )


def _classifications(product: Element | None) -> tuple[Identifier, ...]:
    if product is None:
        return ()
    found = nodes(product, "ram:DesignatedProductClassification/ram:ClassCode")
    return tuple(Identifier(text_of(node), node.get("listID", "")) for node in found)


def _line_object(settlement: Element | None) -> Identifier | None:
    if settlement is None:
        return None
    for node in nodes(settlement, "ram:AdditionalReferencedDocument"):
        value = text_of(first(node, "ram:IssuerAssignedID"))
        if text_of(first(node, "ram:TypeCode")) == _OBJECT and value:
            return Identifier(value, text_of(first(node, "ram:ReferenceTypeCode")))
    return None


def read_allowance(node: Element, reading: Reading, allowance_term: str) -> AllowanceCharge:
    """Read a ``SpecifiedTradeAllowanceCharge`` of the document or a line."""
    charge_term = {"BT-92": "BT-99", "BT-136": "BT-141"}[allowance_term]
    indicator = _FLAGS.get(reading.text(node, "ram:ChargeIndicator/udt:Indicator"))
    if indicator is None:
        where = f"{xpath_of(node)}/ram:ChargeIndicator/udt:Indicator"
        reading.reject(where, allowance_term, "value_invalid", "The value must be true or false.")
    term = charge_term if indicator else allowance_term
    return AllowanceCharge(
        is_charge=bool(indicator),
        amount=reading.amount(node, "ram:ActualAmount", term),
        base=reading.optional_amount(node, "ram:BasisAmount", term),
        percent=reading.optional_amount(node, "ram:CalculationPercent", term),
        reason=reading.text(node, "ram:Reason"),
        reason_code=reading.text(node, "ram:ReasonCode"),
        category=reading.text(node, "ram:CategoryTradeTax/ram:CategoryCode"),
        rate=reading.optional_amount(node, "ram:CategoryTradeTax/ram:RateApplicablePercent", term),
    )


def read_period(node: Element | None, reading: Reading, start: str, end: str) -> Period | None:
    """Read the ``BillingSpecifiedPeriod`` below a node, None where it says no date."""
    path = "ram:BillingSpecifiedPeriod"
    first_day = reading.optional_day(node, f"{path}/ram:StartDateTime/udt:DateTimeString", start)
    last_day = reading.optional_day(node, f"{path}/ram:EndDateTime/udt:DateTimeString", end)
    return Period(first_day, last_day) if first_day or last_day else None


def identifier(node: Element | None) -> Identifier | None:
    """Give an identifier with its ``schemeID``; None where there is none."""
    value = text_of(node)
    return Identifier(value, node.get("schemeID", "")) if node is not None and value else None
