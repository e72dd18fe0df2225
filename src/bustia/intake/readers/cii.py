"""Reading EN 16931 invoices in UN/CEFACT Cross Industry Invoice D16B.

Source: EN 16931-1 (the business terms) and CEN/TS 16931-3-3 (where CII keeps each).
"""

from dataclasses import dataclass
from decimal import Decimal

from bustia.intake.documents import (
    Attachment,
    Delivery,
    Identifier,
    InvoiceDocument,
    InvoiceKind,
    InvoiceReference,
    Note,
    Party,
    PaymentMeans,
    SourceFormat,
    TaxSubtotal,
    Totals,
)
from bustia.intake.readers.attached import describe
from bustia.intake.readers.cii_lines import identifier, read_allowance, read_line, read_period
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.result import ReadResult
from bustia.intake.readers.rules import Places, check_en16931
from bustia.intake.readers.vat import CREDIT_CODES, DIRECT_DEBIT_CODES, check_vat_id
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of

__all__ = ["read_cii"]

_TRADE = "rsm:SupplyChainTradeTransaction"
_SUMS = "ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_TENDER, _OBJECT = "50", "130"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of a Cross Industry Invoice that have the facts; a missing one is None."""

    header: Element | None
    trade: Element | None
    agreement: Element | None
    delivery: Element | None
    settlement: Element | None


def read_cii(root: Element, source: Source) -> ReadResult:
    """Read a ``CrossIndustryInvoice``: one invoice, or the reasons why not."""
    reading = Reading(source.file)
    places = Places()
    document = _read(root, source, reading, places)
    if document is not None and not reading.rejections:
        check_en16931(document, places, reading)
    return ReadResult(
        records=() if reading.rejections or document is None else (document,),
        rejections=tuple(reading.rejections),
        format=SourceFormat.CII,
        remarks=tuple(reading.remarks),
    )


def _parts(root: Element) -> _Parts:
    trade = first(root, _TRADE)

    def part(name: str) -> Element | None:
        return first(trade, name) if trade is not None else None

    return _Parts(
        header=first(root, "rsm:ExchangedDocument"),
        trade=trade,
        agreement=part("ram:ApplicableHeaderTradeAgreement"),
        delivery=part("ram:ApplicableHeaderTradeDelivery"),
        settlement=part("ram:ApplicableHeaderTradeSettlement"),
    )


def _read(
    root: Element, source: Source, reading: Reading, places: Places
) -> InvoiceDocument | None:
    parts = _parts(root)
    header, trade, agreement, settlement = (
        parts.header,
        parts.trade,
        parts.agreement,
        parts.settlement,
    )
    if header is None:
        reading.missing(root, "rsm:ExchangedDocument", "BT-1")
    if agreement is None:
        reading.missing(root, f"{_TRADE}/ram:ApplicableHeaderTradeAgreement", "BG-4")
    if settlement is None:
        reading.missing(root, f"{_TRADE}/ram:ApplicableHeaderTradeSettlement", "BG-22")
    if header is None or trade is None or agreement is None or settlement is None:
        return None
    type_code = reading.required(header, "ram:TypeCode", "BT-3")
    currency = reading.currency(settlement, "ram:InvoiceCurrencyCode", "BT-5")
    line_nodes = nodes(trade, "ram:IncludedSupplyChainTradeLineItem")
    reading.unique(line_nodes, "ram:AssociatedDocumentLineDocument/ram:LineID", "BT-126")
    places.lines = [xpath_of(node) for node in line_nodes]
    tax_nodes = nodes(settlement, "ram:ApplicableTradeTax")
    places.subtotals = [xpath_of(node) for node in tax_nodes]
    context = first(root, "rsm:ExchangedDocumentContext")
    terms = nodes(settlement, "ram:SpecifiedTradePaymentTerms")
    payee = first(settlement, "ram:PayeeTradeParty")
    representative = first(agreement, "ram:SellerTaxRepresentativeTradeParty")
    delivery = parts.delivery
    return InvoiceDocument(
        number=reading.required(header, "ram:ID", "BT-1"),
        kind=(InvoiceKind.CREDIT_NOTE if type_code in CREDIT_CODES else InvoiceKind.INVOICE),
        type_code=type_code,
        issued_on=reading.day(header, "ram:IssueDateTime/udt:DateTimeString", "BT-2"),
        currency=currency,
        seller=_party(agreement, "ram:SellerTradeParty", reading, "BT-27"),
        buyer=_party(agreement, "ram:BuyerTradeParty", reading, "BT-44"),
        lines=tuple(read_line(node, reading) for node in line_nodes),
        tax_subtotals=tuple(_subtotal(node, reading) for node in tax_nodes),
        totals=_totals(settlement, currency, reading, places),
        format=SourceFormat.CII,
        sha256=source.sha256,
        profile=reading.text(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
        process=reading.text(
            context, "ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"
        ),
        due_on=next(
            (
                day
                for node in terms
                if (
                    day := reading.optional_day(
                        node, "ram:DueDateDateTime/udt:DateTimeString", "BT-9"
                    )
                )
            ),
            None,
        ),
        tax_point=next(
            (
                day
                for node in tax_nodes
                if (day := reading.optional_day(node, "ram:TaxPointDate/udt:DateString", "BT-7"))
            ),
            None,
        ),
        tax_point_code=next(
            (code for n in tax_nodes if (code := reading.text(n, "ram:DueDateTypeCode"))), ""
        ),
        tax_currency=reading.text(settlement, "ram:TaxCurrencyCode"),
        period=read_period(settlement, reading, "BT-73", "BT-74"),
        buyer_reference=reading.text(agreement, "ram:BuyerReference"),
        project=reading.text(agreement, "ram:SpecifiedProcuringProject/ram:ID"),
        contract=reading.text(agreement, "ram:ContractReferencedDocument/ram:IssuerAssignedID"),
        order=reading.text(agreement, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"),
        sales_order=reading.text(
            agreement, "ram:SellerOrderReferencedDocument/ram:IssuerAssignedID"
        ),
        receiving_advice=reading.text(
            delivery, "ram:ReceivingAdviceReferencedDocument/ram:IssuerAssignedID"
        ),
        despatch_advice=reading.text(
            delivery, "ram:DespatchAdviceReferencedDocument/ram:IssuerAssignedID"
        ),
        tender=_additional(agreement, _TENDER).value,
        object_id=_additional(agreement, _OBJECT) if _has(agreement, _OBJECT) else None,
        accounting_reference=reading.text(
            settlement, "ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"
        ),
        payment_terms=" ".join(
            text for node in terms if (text := text_of(first(node, "ram:Description")))
        ),
        notes=tuple(
            Note(text, reading.text(node, "ram:SubjectCode"))
            for node in nodes(header, "ram:IncludedNote")
            if (text := text_of(first(node, "ram:Content")))
        ),
        preceding=tuple(
            InvoiceReference(
                reading.required(node, "ram:IssuerAssignedID", "BT-25"),
                reading.optional_day(
                    node, "ram:FormattedIssueDateTime/qdt:DateTimeString", "BT-26"
                ),
            )
            for node in nodes(settlement, "ram:InvoiceReferencedDocument")
        ),
        payee=_party_of(payee, reading, "BT-59") if payee is not None else None,
        tax_representative=(
            _party_of(representative, reading, "BT-62") if representative is not None else None
        ),
        delivery=_delivery(delivery, reading),
        payment_means=_payment_means(settlement, reading),
        allowances_charges=tuple(
            read_allowance(node, reading, "BT-92")
            for node in nodes(settlement, "ram:SpecifiedTradeAllowanceCharge")
        ),
        attachments=_attachments(agreement, reading),
        xpath=xpath_of(root),
    )


def _party(parent: Element, path: str, reading: Reading, term: str) -> Party:
    node = first(parent, path)
    if node is None:
        reading.missing(parent, path, term)
        return Party(name="")
    return _party_of(node, reading, term)


def _party_of(node: Element, reading: Reading, term: str) -> Party:
    trade_name = reading.text(node, "ram:SpecifiedLegalOrganization/ram:TradingBusinessName")
    name = reading.text(node, "ram:Name")
    if not name and not trade_name:
        reading.missing(node, "ram:Name", term)
    address = first(node, "ram:PostalTradeAddress")
    country = reading.text(address, "ram:CountryID")
    vat_id = tax_id = ""
    for registration in nodes(node, "ram:SpecifiedTaxRegistration/ram:ID"):
        if registration.get("schemeID") == "FC":
            tax_id = tax_id or text_of(registration)
        elif text_of(registration):
            vat_id = vat_id or text_of(registration)
            check_vat_id(reading, registration, country)
    contact = first(node, "ram:DefinedTradeContact")
    return Party(
        name=name or trade_name,
        trade_name=trade_name if name else "",
        vat_id=vat_id,
        tax_id=tax_id,
        legal_id=identifier(first(node, "ram:SpecifiedLegalOrganization/ram:ID")),
        identifiers=tuple(
            found
            for item in nodes(node, "ram:ID") + nodes(node, "ram:GlobalID")
            if (found := identifier(item))
        ),
        address=_address_lines(address, reading),
        postcode=reading.text(address, "ram:PostcodeCode"),
        city=reading.text(address, "ram:CityName"),
        subdivision=reading.text(address, "ram:CountrySubDivisionName"),
        country=country,
        contact=reading.text(contact, "ram:PersonName")
        or reading.text(contact, "ram:DepartmentName"),
        phone=reading.text(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber"),
        email=reading.text(contact, "ram:EmailURIUniversalCommunication/ram:URIID"),
        endpoint=identifier(first(node, "ram:URIUniversalCommunication/ram:URIID")),
        legal_form=reading.text(node, "ram:Description"),
    )


def _address_lines(address: Element | None, reading: Reading) -> tuple[str, ...]:
    paths = ("ram:LineOne", "ram:LineTwo", "ram:LineThree")
    return tuple(line for path in paths if (line := reading.text(address, path)))


def _delivery(node: Element | None, reading: Reading) -> Delivery | None:
    ship_to = first(node, "ram:ShipToTradeParty") if node is not None else None
    day = reading.optional_day(
        node,
        "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime/udt:DateTimeString",
        "BT-72",
    )
    if ship_to is None:
        return Delivery(delivered_on=day) if day else None
    address = first(ship_to, "ram:PostalTradeAddress")
    return Delivery(
        delivered_on=day,
        name=reading.text(ship_to, "ram:Name"),
        location=identifier(first(ship_to, "ram:ID")) or identifier(first(ship_to, "ram:GlobalID")),
        address=_address_lines(address, reading),
        postcode=reading.text(address, "ram:PostcodeCode"),
        city=reading.text(address, "ram:CityName"),
        subdivision=reading.text(address, "ram:CountrySubDivisionName"),
        country=reading.text(address, "ram:CountryID"),
    )


def _payment_means(settlement: Element, reading: Reading) -> tuple[PaymentMeans, ...]:
    mandate_path = "ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID"
    mandate = reading.text(settlement, mandate_path)
    creditor = reading.text(settlement, "ram:CreditorReferenceID")
    remittance = reading.text(settlement, "ram:PaymentReference")
    means = []
    for node in nodes(settlement, "ram:SpecifiedTradeSettlementPaymentMeans"):
        code = reading.required(node, "ram:TypeCode", "BT-81")
        account = first(node, "ram:PayeePartyCreditorFinancialAccount")
        debits = code in DIRECT_DEBIT_CODES
        card = first(node, "ram:ApplicableTradeSettlementFinancialCard")
        means.append(
            PaymentMeans(
                code=code,
                text=reading.text(node, "ram:Information"),
                remittance=remittance,
                account=reading.account(account, "ram:IBANID", "BT-84")
                or reading.text(account, "ram:ProprietaryID"),
                account_name=reading.text(account, "ram:AccountName"),
                bic=reading.text(node, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
                mandate=mandate if debits else "",
                creditor_id=creditor if debits else "",
                debited_account=reading.account(
                    node, "ram:PayerPartyDebtorFinancialAccount/ram:IBANID", "BT-91"
                ),
                card=reading.text(card, "ram:ID"),
                card_holder=reading.text(card, "ram:CardholderName"),
            )
        )
    return tuple(means)


def _subtotal(node: Element, reading: Reading) -> TaxSubtotal:
    return TaxSubtotal(
        category=reading.required(node, "ram:CategoryCode", "BT-118"),
        rate=reading.optional_amount(node, "ram:RateApplicablePercent", "BT-119"),
        base=reading.amount(node, "ram:BasisAmount", "BT-116"),
        amount=reading.amount(node, "ram:CalculatedAmount", "BT-117"),
        exemption=reading.text(node, "ram:ExemptionReason"),
        exemption_code=reading.text(node, "ram:ExemptionReasonCode"),
        tax=reading.text(node, "ram:TypeCode") or "VAT",
    )


def _totals(settlement: Element, currency: str, reading: Reading, places: Places) -> Totals:
    node = first(settlement, _SUMS)
    if node is None:
        reading.missing(settlement, _SUMS, "BG-22")
    paths = {
        "BT-106": "ram:LineTotalAmount",
        "BT-107": "ram:AllowanceTotalAmount",
        "BT-108": "ram:ChargeTotalAmount",
        "BT-109": "ram:TaxBasisTotalAmount",
        "BT-112": "ram:GrandTotalAmount",
        "BT-113": "ram:TotalPrepaidAmount",
        "BT-114": "ram:RoundingAmount",
        "BT-115": "ram:DuePayableAmount",
    }
    for term, path in paths.items():
        found = first(node, path) if node is not None else None
        if found is not None:
            places.totals[term] = xpath_of(found)
    tax: Decimal | None = None
    accounting: Decimal | None = None
    for amount in nodes(node, "ram:TaxTotalAmount") if node is not None else ():
        if tax is None and amount.get("currencyID", currency) == currency:
            tax = reading.decimal(amount, "BT-110")
            places.totals["BT-110"] = xpath_of(amount)
        else:
            accounting = reading.decimal(amount, "BT-111")
    return Totals(
        lines=reading.amount(node, paths["BT-106"], "BT-106"),
        allowances=reading.optional_amount(node, paths["BT-107"], "BT-107"),
        charges=reading.optional_amount(node, paths["BT-108"], "BT-108"),
        without_tax=reading.amount(node, paths["BT-109"], "BT-109"),
        tax=tax,
        tax_in_accounting_currency=accounting,
        with_tax=reading.amount(node, paths["BT-112"], "BT-112"),
        prepaid=reading.optional_amount(node, paths["BT-113"], "BT-113"),
        rounding=reading.optional_amount(node, paths["BT-114"], "BT-114"),
        payable=reading.amount(node, paths["BT-115"], "BT-115"),
    )


def _has(agreement: Element, code: str) -> bool:
    return bool(_additional(agreement, code).value)


def _additional(agreement: Element, code: str) -> Identifier:
    for node in nodes(agreement, "ram:AdditionalReferencedDocument"):
        if text_of(first(node, "ram:TypeCode")) == code:
            return Identifier(
                text_of(first(node, "ram:IssuerAssignedID")),
                text_of(first(node, "ram:ReferenceTypeCode")),
            )
    return Identifier("")


def _attachments(agreement: Element, reading: Reading) -> tuple[Attachment, ...]:
    return tuple(
        describe(
            reading,
            first(node, "ram:AttachmentBinaryObject"),
            Attachment(
                id=reading.text(node, "ram:IssuerAssignedID"),
                description=reading.text(node, "ram:Name"),
                uri=reading.text(node, "ram:URIID"),
            ),
        )
        for node in nodes(agreement, "ram:AdditionalReferencedDocument")
        if text_of(first(node, "ram:TypeCode")) not in {_TENDER, _OBJECT}
    )
