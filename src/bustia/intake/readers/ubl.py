"""Reading EN 16931 invoices and credit notes in UBL 2.1.

Source: EN 16931-1 (the business terms) and CEN/TS 16931-3-2 (where UBL keeps each).
"""

import re
from dataclasses import replace
from decimal import Decimal

from bustia.intake.documents import (
    AllowanceCharge,
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
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.result import ReadResult
from bustia.intake.readers.rules import Places, check_en16931
from bustia.intake.readers.ubl_lines import identifier, read_allowance, read_line, read_period
from bustia.intake.readers.vat import CREDIT_CODES, DIRECT_DEBIT_CODES, check_vat_id
from bustia.intake.readers.xml import Element, first, local_name, nodes, text_of, xpath_of

__all__ = ["read_ubl"]

_SUBJECT = re.compile(r"#([A-Z0-9]{2,3})#(.*)", re.DOTALL)
_OBJECT = "130"
_SEPA = "SEPA"


def read_ubl(root: Element, source: Source) -> ReadResult:
    """Read a UBL ``Invoice`` or ``CreditNote``: one invoice, or the reasons why not."""
    reading = Reading(source.file)
    places = Places()
    document = _read(root, source, reading, places)
    if not reading.rejections:
        check_en16931(document, places, reading)
    return ReadResult(
        records=() if reading.rejections else (document,),
        rejections=tuple(reading.rejections),
        format=SourceFormat.UBL,
        remarks=tuple(reading.remarks),
    )


def _read(root: Element, source: Source, reading: Reading, places: Places) -> InvoiceDocument:
    is_credit = local_name(root) == "CreditNote"
    type_code = reading.required(
        root, "cbc:CreditNoteTypeCode" if is_credit else "cbc:InvoiceTypeCode", "BT-3"
    )
    is_credit = is_credit or type_code in CREDIT_CODES
    currency = reading.currency(root, "cbc:DocumentCurrencyCode", "BT-5")
    tax_currency = reading.text(root, "cbc:TaxCurrencyCode")
    tax_total = _tax_total(root, currency)
    line_nodes = nodes(root, "cac:InvoiceLine") + nodes(root, "cac:CreditNoteLine")
    reading.unique(line_nodes, "cbc:ID", "BT-126")
    places.lines = [xpath_of(node) for node in line_nodes]
    subtotal_nodes = nodes(tax_total, "cac:TaxSubtotal") if tax_total is not None else []
    places.subtotals = [xpath_of(node) for node in subtotal_nodes]
    period = first(root, "cac:InvoicePeriod")
    seller = _party(root, "cac:AccountingSupplierParty/cac:Party", reading, "BT-27")
    payee_node = first(root, "cac:PayeeParty")
    representative = first(root, "cac:TaxRepresentativeParty")
    return InvoiceDocument(
        number=reading.required(root, "cbc:ID", "BT-1"),
        kind=InvoiceKind.CREDIT_NOTE if is_credit else InvoiceKind.INVOICE,
        type_code=type_code,
        issued_on=reading.day(root, "cbc:IssueDate", "BT-2"),
        currency=currency,
        seller=seller,
        buyer=_party(root, "cac:AccountingCustomerParty/cac:Party", reading, "BT-44"),
        lines=tuple(read_line(node, reading) for node in line_nodes),
        tax_subtotals=tuple(_subtotal(node, reading) for node in subtotal_nodes),
        totals=_totals(root, tax_total, currency, reading, places),
        format=SourceFormat.UBL,
        sha256=source.sha256,
        profile=reading.text(root, "cbc:CustomizationID"),
        process=reading.text(root, "cbc:ProfileID"),
        due_on=(
            reading.optional_day(root, "cbc:DueDate", "BT-9")
            or reading.optional_day(root, "cac:PaymentMeans/cbc:PaymentDueDate", "BT-9")
        ),
        tax_point=reading.optional_day(root, "cbc:TaxPointDate", "BT-7"),
        tax_point_code=reading.text(period, "cbc:DescriptionCode"),
        tax_currency=tax_currency,
        period=read_period(period, reading, "BT-73", "BT-74"),
        buyer_reference=reading.text(root, "cbc:BuyerReference"),
        project=reading.text(root, "cac:ProjectReference/cbc:ID"),
        contract=reading.text(root, "cac:ContractDocumentReference/cbc:ID"),
        order=reading.text(root, "cac:OrderReference/cbc:ID"),
        sales_order=reading.text(root, "cac:OrderReference/cbc:SalesOrderID"),
        receiving_advice=reading.text(root, "cac:ReceiptDocumentReference/cbc:ID"),
        despatch_advice=reading.text(root, "cac:DespatchDocumentReference/cbc:ID"),
        tender=reading.text(root, "cac:OriginatorDocumentReference/cbc:ID"),
        object_id=_object(root),
        accounting_reference=reading.text(root, "cbc:AccountingCost"),
        payment_terms=" ".join(
            text for node in nodes(root, "cac:PaymentTerms/cbc:Note") if (text := text_of(node))
        ),
        notes=tuple(_note(node) for node in nodes(root, "cbc:Note") if text_of(node)),
        preceding=tuple(
            InvoiceReference(
                reading.required(node, "cbc:ID", "BT-25"),
                reading.optional_day(node, "cbc:IssueDate", "BT-26"),
            )
            for node in nodes(root, "cac:BillingReference/cac:InvoiceDocumentReference")
        ),
        payee=_party_of(payee_node, reading, "BT-59") if payee_node is not None else None,
        tax_representative=(
            _party_of(representative, reading, "BT-62") if representative is not None else None
        ),
        delivery=_delivery(root, reading),
        payment_means=_payment_means(root, reading),
        allowances_charges=_allowances(root, reading),
        attachments=_attachments(root, reading),
        xpath=xpath_of(root),
    )


def _party(root: Element, path: str, reading: Reading, term: str) -> Party:
    node = first(root, path)
    if node is None:
        reading.missing(root, path, term)
        return Party(name="")
    return _party_of(node, reading, term)


def _party_of(node: Element, reading: Reading, term: str) -> Party:
    legal = reading.text(node, "cac:PartyLegalEntity/cbc:RegistrationName")
    trade = reading.text(node, "cac:PartyName/cbc:Name")
    person = " ".join(
        part
        for step in ("cbc:FirstName", "cbc:MiddleName", "cbc:FamilyName")
        if (part := reading.text(node, f"cac:Person/{step}"))
    )
    name = legal or trade or person
    if not name:
        reading.missing(node, "cac:PartyLegalEntity/cbc:RegistrationName", term)
    address = first(node, "cac:PostalAddress")
    country = reading.text(address, "cac:Country/cbc:IdentificationCode")
    vat_id, tax_id = _tax_ids(node, reading, country)
    endpoint = first(node, "cbc:EndpointID")
    legal_id = first(node, "cac:PartyLegalEntity/cbc:CompanyID")
    return Party(
        name=name,
        trade_name=trade if legal else "",
        vat_id=vat_id,
        tax_id=tax_id,
        legal_id=identifier(legal_id),
        identifiers=tuple(
            found
            for item in nodes(node, "cac:PartyIdentification/cbc:ID")
            if item.get("schemeID") != _SEPA and (found := identifier(item))
        ),
        address=_address_lines(address, reading),
        postcode=reading.text(address, "cbc:PostalZone"),
        city=reading.text(address, "cbc:CityName"),
        subdivision=reading.text(address, "cbc:CountrySubentity"),
        country=country,
        contact=reading.text(node, "cac:Contact/cbc:Name"),
        phone=reading.text(node, "cac:Contact/cbc:Telephone"),
        email=reading.text(node, "cac:Contact/cbc:ElectronicMail"),
        endpoint=identifier(endpoint),
        legal_form=reading.text(node, "cac:PartyLegalEntity/cbc:CompanyLegalForm"),
    )


def _tax_ids(node: Element, reading: Reading, country: str) -> tuple[str, str]:
    vat_id = tax_id = ""
    for scheme in nodes(node, "cac:PartyTaxScheme"):
        company = first(scheme, "cbc:CompanyID")
        if company is None:
            continue
        if reading.text(scheme, "cac:TaxScheme/cbc:ID").upper() in {"VAT", "IVA", ""}:
            vat_id = vat_id or text_of(company)
            check_vat_id(reading, company, country)
        else:
            tax_id = tax_id or text_of(company)
    return vat_id, tax_id


def _address_lines(address: Element | None, reading: Reading) -> tuple[str, ...]:
    paths = ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line")
    return tuple(line for path in paths if (line := reading.text(address, path)))


def _delivery(root: Element, reading: Reading) -> Delivery | None:
    node = first(root, "cac:Delivery")
    if node is None:
        return None
    address = first(node, "cac:DeliveryLocation/cac:Address")
    return Delivery(
        delivered_on=reading.optional_day(node, "cbc:ActualDeliveryDate", "BT-72"),
        name=reading.text(node, "cac:DeliveryParty/cac:PartyName/cbc:Name"),
        location=identifier(first(node, "cac:DeliveryLocation/cbc:ID")),
        address=_address_lines(address, reading),
        postcode=reading.text(address, "cbc:PostalZone"),
        city=reading.text(address, "cbc:CityName"),
        subdivision=reading.text(address, "cbc:CountrySubentity"),
        country=reading.text(address, "cac:Country/cbc:IdentificationCode"),
    )


def _payment_means(root: Element, reading: Reading) -> tuple[PaymentMeans, ...]:
    creditor = _creditor_id(root)
    means = []
    for node in nodes(root, "cac:PaymentMeans"):
        code_node = first(node, "cbc:PaymentMeansCode")
        account = first(node, "cac:PayeeFinancialAccount")
        branch = "cac:FinancialInstitutionBranch"
        mandate = first(node, "cac:PaymentMandate")
        one = PaymentMeans(
            code=reading.required(node, "cbc:PaymentMeansCode", "BT-81"),
            text=(code_node.get("name", "") if code_node is not None else "")
            or reading.text(node, "cbc:InstructionNote"),
            remittance=reading.text(node, "cbc:PaymentID"),
            account=reading.account(account, "cbc:ID", "BT-84"),
            account_name=reading.text(account, "cbc:Name"),
            bic=reading.text(account, f"{branch}/cbc:ID")
            or reading.text(account, f"{branch}/cac:FinancialInstitution/cbc:ID"),
            mandate=reading.text(mandate, "cbc:ID"),
            debited_account=reading.account(mandate, "cac:PayerFinancialAccount/cbc:ID", "BT-91"),
            card=reading.text(node, "cac:CardAccount/cbc:PrimaryAccountNumberID"),
            card_holder=reading.text(node, "cac:CardAccount/cbc:HolderName"),
            due_on=reading.optional_day(node, "cbc:PaymentDueDate", "BT-9"),
        )
        if one.mandate or one.code in DIRECT_DEBIT_CODES:
            one = replace(one, creditor_id=creditor)
        means.append(one)
    return tuple(means)


def _creditor_id(root: Element) -> str:
    paths = (
        "cac:PayeeParty/cac:PartyIdentification/cbc:ID",
        "cac:AccountingSupplierParty/cac:Party/cac:PartyIdentification/cbc:ID",
    )
    found = (node for path in paths for node in nodes(root, path))
    return next((text_of(node) for node in found if node.get("schemeID") == _SEPA), "")


def _allowances(root: Element, reading: Reading) -> tuple[AllowanceCharge, ...]:
    return tuple(
        read_allowance(node, reading, "BT-99" if is_charge else "BT-92", is_charge=is_charge)
        for node in nodes(root, "cac:AllowanceCharge")
        for is_charge in (reading.text(node, "cbc:ChargeIndicator") in {"true", "1"},)
    )


def _tax_total(root: Element, currency: str) -> Element | None:
    """Find the VAT total in the document's currency, the one with the breakdown."""
    found = nodes(root, "cac:TaxTotal")
    for node in found:
        amount = first(node, "cbc:TaxAmount")
        if amount is not None and amount.get("currencyID", currency) == currency:
            return node
    return next((node for node in found if nodes(node, "cac:TaxSubtotal")), None)


def _subtotal(node: Element, reading: Reading) -> TaxSubtotal:
    category = "cac:TaxCategory"
    return TaxSubtotal(
        category=reading.required(node, f"{category}/cbc:ID", "BT-118"),
        rate=reading.optional_amount(node, f"{category}/cbc:Percent", "BT-119"),
        base=reading.amount(node, "cbc:TaxableAmount", "BT-116"),
        amount=reading.amount(node, "cbc:TaxAmount", "BT-117"),
        exemption=reading.text(node, f"{category}/cbc:TaxExemptionReason"),
        exemption_code=reading.text(node, f"{category}/cbc:TaxExemptionReasonCode"),
        tax=reading.text(node, f"{category}/cac:TaxScheme/cbc:ID") or "VAT",
    )


def _totals(
    root: Element, tax_total: Element | None, currency: str, reading: Reading, places: Places
) -> Totals:
    node = first(root, "cac:LegalMonetaryTotal")
    if node is None:
        reading.missing(root, "cac:LegalMonetaryTotal", "BG-22")
    paths = {
        "BT-106": "cbc:LineExtensionAmount",
        "BT-107": "cbc:AllowanceTotalAmount",
        "BT-108": "cbc:ChargeTotalAmount",
        "BT-109": "cbc:TaxExclusiveAmount",
        "BT-112": "cbc:TaxInclusiveAmount",
        "BT-113": "cbc:PrepaidAmount",
        "BT-114": "cbc:PayableRoundingAmount",
        "BT-115": "cbc:PayableAmount",
    }
    for term, path in paths.items():
        found = first(node, path) if node is not None else None
        if found is not None:
            places.totals[term] = xpath_of(found)
    tax_currency = reading.text(root, "cbc:TaxCurrencyCode")
    accounting: Decimal | None = None
    for other in nodes(root, "cac:TaxTotal"):
        amount = first(other, "cbc:TaxAmount")
        if amount is None:
            continue
        if other is tax_total:
            places.totals["BT-110"] = xpath_of(amount)
        elif amount.get("currencyID") == tax_currency != currency:
            accounting = reading.decimal(amount, "BT-111")
    return Totals(
        lines=reading.amount(node, paths["BT-106"], "BT-106"),
        allowances=reading.optional_amount(node, paths["BT-107"], "BT-107"),
        charges=reading.optional_amount(node, paths["BT-108"], "BT-108"),
        without_tax=reading.amount(node, paths["BT-109"], "BT-109"),
        tax=reading.optional_amount(tax_total, "cbc:TaxAmount", "BT-110"),
        tax_in_accounting_currency=accounting,
        with_tax=reading.amount(node, paths["BT-112"], "BT-112"),
        prepaid=reading.optional_amount(node, paths["BT-113"], "BT-113"),
        rounding=reading.optional_amount(node, paths["BT-114"], "BT-114"),
        payable=reading.amount(node, paths["BT-115"], "BT-115"),
    )


def _note(node: Element) -> Note:
    text = text_of(node)
    match = _SUBJECT.fullmatch(text)
    return Note(match[2].strip(), match[1]) if match else Note(text)


def _object(root: Element) -> Identifier | None:
    for node in nodes(root, "cac:AdditionalDocumentReference"):
        if text_of(first(node, "cbc:DocumentTypeCode")) == _OBJECT:
            return identifier(first(node, "cbc:ID"))
    return None


def _attachments(root: Element, reading: Reading) -> tuple[Attachment, ...]:
    return tuple(
        describe(
            reading,
            first(node, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject"),
            Attachment(
                id=reading.text(node, "cbc:ID"),
                description=reading.text(node, "cbc:DocumentDescription"),
                uri=reading.text(node, "cac:Attachment/cac:ExternalReference/cbc:URI"),
            ),
        )
        for node in nodes(root, "cac:AdditionalDocumentReference")
        if text_of(first(node, "cbc:DocumentTypeCode")) != _OBJECT
    )
