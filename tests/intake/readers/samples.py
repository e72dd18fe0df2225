"""Small made-up documents of every format, built from parts that a test can change."""

from decimal import Decimal

SELLER_NIF = "A58818501"
BUYER_NIF = "12345678Z"
IBAN = "ES9121000418450200051332"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
FACTURAE = {
    "3.2": "http://www.facturae.es/Facturae/2009/v3.2/Facturae",
    "3.2.1": "http://www.facturae.es/Facturae/2014/v3.2.1/Facturae",
    "3.2.2": "http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml",
}


def ubl(kind: str = "Invoice", **changes: str) -> str:
    """A water bill in UBL: 59 days at 0.25, 12 m³ at 0.50, VAT 10 % on both: 22.83."""
    parts = {
        "number": "2026-000123",
        "start": "2026-01-01",
        "end": "2026-02-28",
        "seller_vat": f"ES{SELLER_NIF}",
        "buyer_vat": f"ES{BUYER_NIF}",
        "means": "59",
        "iban": IBAN,
        "days": "59",
        "fixed": "14.75",
        "lines": "20.75",
        "base": "20.75",
        "tax": "2.08",
        "subtotal": "2.08",
        "without": "20.75",
        "with": "22.83",
        "payable": "22.83",
        "second_id": "2",
    } | changes
    line, quantity, code = (
        ("CreditNoteLine", "CreditedQuantity", "CreditNoteTypeCode")
        if kind == "CreditNote"
        else ("InvoiceLine", "InvoicedQuantity", "InvoiceTypeCode")
    )
    category = (
        "<cbc:ID>S</cbc:ID><cbc:Percent>10</cbc:Percent>"
        "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>"
    )

    def party(name: str, vat: str) -> str:
        return (
            "<cac:Party><cac:PostalAddress><cbc:StreetName>Carrer Nou 1</cbc:StreetName>"
            "<cbc:CityName>Vallserena</cbc:CityName><cbc:PostalZone>43999</cbc:PostalZone>"
            "<cac:Country><cbc:IdentificationCode>ES</cbc:IdentificationCode></cac:Country>"
            f"</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>{vat}</cbc:CompanyID>"
            "<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
            f"<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName>"
            "</cac:PartyLegalEntity></cac:Party>"
        )

    def item(number: str, name: str, amount: str, unit: str, money: tuple[str, str]) -> str:
        net, price = money
        return (
            f"<cac:{line}><cbc:ID>{number}</cbc:ID>"
            f'<cbc:{quantity} unitCode="{unit}">{amount}</cbc:{quantity}>'
            f'<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount>'
            f"<cac:Item><cbc:Name>{name}</cbc:Name><cac:ClassifiedTaxCategory>{category}"
            "</cac:ClassifiedTaxCategory></cac:Item>"
            f'<cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price>'
            f"</cac:{line}>"
        )

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"
    xmlns:cac="{CAC}" xmlns:cbc="{CBC}">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
<cbc:ID>{parts["number"]}</cbc:ID>
<cbc:IssueDate>2026-03-02</cbc:IssueDate>
<cbc:{code}>{"381" if kind == "CreditNote" else "380"}</cbc:{code}>
<cbc:Note>Període facturat: gener i febrer · aigua</cbc:Note>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
<cac:InvoicePeriod><cbc:StartDate>{parts["start"]}</cbc:StartDate>
<cbc:EndDate>{parts["end"]}</cbc:EndDate></cac:InvoicePeriod>
<cac:ContractDocumentReference><cbc:ID>C-77</cbc:ID></cac:ContractDocumentReference>
<cac:AccountingSupplierParty>{party("Aigües de Vallserena, SA", parts["seller_vat"])}
</cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{party("Núria Puig i Sala", parts["buyer_vat"])}
</cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>{parts["means"]}</cbc:PaymentMeansCode>
<cac:PaymentMandate><cbc:ID>M-1</cbc:ID><cac:PayerFinancialAccount>
<cbc:ID>{parts["iban"]}</cbc:ID></cac:PayerFinancialAccount></cac:PaymentMandate>
</cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{parts["tax"]}</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="EUR">{parts["base"]}</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="EUR">{parts["subtotal"]}</cbc:TaxAmount>
<cac:TaxCategory>{category}</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal>
<cbc:LineExtensionAmount currencyID="EUR">{parts["lines"]}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="EUR">{parts["without"]}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="EUR">{parts["with"]}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="EUR">{parts["payable"]}</cbc:PayableAmount>
</cac:LegalMonetaryTotal>
{item("1", "Quota de servei", parts["days"], "DAY", (parts["fixed"], "0.25"))}
{item(parts["second_id"], "Consum", "12", "MTQ", ("6.00", "0.50"))}
</{kind}>"""


def cii(**changes: str) -> str:
    """The same bill as ``ubl`` in CII."""
    parts = {
        "type": "380",
        "issued": "20260302",
        "seller_vat": f"ES{SELLER_NIF}",
        "means": "59",
        "iban": IBAN,
        "tax": "2.08",
        "subtotal": "2.08",
        "with": "22.83",
        "payable": "22.83",
    } | changes
    tax = (
        "<ram:TypeCode>VAT</ram:TypeCode><ram:CategoryCode>S</ram:CategoryCode>"
        "<ram:RateApplicablePercent>10</ram:RateApplicablePercent>"
    )

    def item(number: str, name: str, amount: str, unit: str, money: tuple[str, str]) -> str:
        net, price = money
        return (
            "<ram:IncludedSupplyChainTradeLineItem><ram:AssociatedDocumentLineDocument>"
            f"<ram:LineID>{number}</ram:LineID></ram:AssociatedDocumentLineDocument>"
            f"<ram:SpecifiedTradeProduct><ram:Name>{name}</ram:Name></ram:SpecifiedTradeProduct>"
            "<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice>"
            f"<ram:ChargeAmount>{price}</ram:ChargeAmount></ram:NetPriceProductTradePrice>"
            "</ram:SpecifiedLineTradeAgreement><ram:SpecifiedLineTradeDelivery>"
            f'<ram:BilledQuantity unitCode="{unit}">{amount}</ram:BilledQuantity>'
            "</ram:SpecifiedLineTradeDelivery><ram:SpecifiedLineTradeSettlement>"
            f"<ram:ApplicableTradeTax>{tax}</ram:ApplicableTradeTax>"
            "<ram:SpecifiedTradeSettlementLineMonetarySummation>"
            f"<ram:LineTotalAmount>{net}</ram:LineTotalAmount>"
            "</ram:SpecifiedTradeSettlementLineMonetarySummation>"
            "</ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>"
        )

    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice
    xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
    xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
    xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100">
<rsm:ExchangedDocument><ram:ID>2026-000123</ram:ID><ram:TypeCode>{parts["type"]}</ram:TypeCode>
<ram:IssueDateTime><udt:DateTimeString format="102">{parts["issued"]}</udt:DateTimeString>
</ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction>
{item("1", "Quota de servei", "59", "DAY", ("14.75", "0.25"))}
{item("2", "Consum", "12", "MTQ", ("6.00", "0.50"))}
<ram:ApplicableHeaderTradeAgreement>
<ram:SellerTradeParty><ram:Name>Aigües de Vallserena, SA</ram:Name><ram:PostalTradeAddress>
<ram:CountryID>ES</ram:CountryID></ram:PostalTradeAddress><ram:SpecifiedTaxRegistration>
<ram:ID schemeID="VA">{parts["seller_vat"]}</ram:ID></ram:SpecifiedTaxRegistration>
</ram:SellerTradeParty>
<ram:BuyerTradeParty><ram:Name>Núria Puig i Sala</ram:Name></ram:BuyerTradeParty>
</ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement>
<ram:CreditorReferenceID>ES12000A58818501</ram:CreditorReferenceID>
<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
<ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>{parts["means"]}</ram:TypeCode>
<ram:PayerPartyDebtorFinancialAccount><ram:IBANID>{parts["iban"]}</ram:IBANID>
</ram:PayerPartyDebtorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>
<ram:ApplicableTradeTax><ram:CalculatedAmount>{parts["subtotal"]}</ram:CalculatedAmount>
<ram:BasisAmount>20.75</ram:BasisAmount>{tax}</ram:ApplicableTradeTax>
<ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
<udt:DateTimeString format="102">20260320</udt:DateTimeString></ram:DueDateDateTime>
<ram:DirectDebitMandateID>M-1</ram:DirectDebitMandateID></ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:LineTotalAmount>20.75</ram:LineTotalAmount>
<ram:TaxBasisTotalAmount>20.75</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">{parts["tax"]}</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{parts["with"]}</ram:GrandTotalAmount>
<ram:DuePayableAmount>{parts["payable"]}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation>
</ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction>
</rsm:CrossIndustryInvoice>"""


def facturae_invoice(number: str = "123", **changes: str) -> str:
    """One invoice of a Facturae file: 10 m³ at 2.00 less 1.00, VAT 10 %: 20.90."""
    parts = {
        "issued": "2026-03-02",
        "cost": "20.00",
        "gross": "19.00",
        "base": "19.00",
        "tax": "1.90",
        "total": "20.90",
        "outstanding": "20.90",
        "executable": "20.90",
        "iban": IBAN,
        "extra": "",
    } | changes
    tax = (
        "<TaxesOutputs><Tax><TaxTypeCode>01</TaxTypeCode><TaxRate>10.00</TaxRate>"
        f"<TaxableBase><TotalAmount>{parts['base']}</TotalAmount></TaxableBase>"
        f"<TaxAmount><TotalAmount>{parts['tax']}</TotalAmount></TaxAmount></Tax></TaxesOutputs>"
    )
    return f"""<Invoice><InvoiceHeader><InvoiceNumber>{number}</InvoiceNumber>
<InvoiceSeriesCode>2026/</InvoiceSeriesCode><InvoiceDocumentType>FC</InvoiceDocumentType>
<InvoiceClass>OO</InvoiceClass></InvoiceHeader><InvoiceIssueData>
<IssueDate>{parts["issued"]}</IssueDate><InvoicingPeriod><StartDate>2026-01-01</StartDate>
<EndDate>2026-02-28</EndDate></InvoicingPeriod><InvoiceCurrencyCode>EUR</InvoiceCurrencyCode>
<TaxCurrencyCode>EUR</TaxCurrencyCode><LanguageName>ca</LanguageName></InvoiceIssueData>
{tax}<InvoiceTotals><TotalGrossAmount>{parts["gross"]}</TotalGrossAmount>
<TotalGrossAmountBeforeTaxes>{parts["gross"]}</TotalGrossAmountBeforeTaxes>
<TotalTaxOutputs>{parts["tax"]}</TotalTaxOutputs><TotalTaxesWithheld>0.00</TotalTaxesWithheld>
<InvoiceTotal>{parts["total"]}</InvoiceTotal>
<TotalOutstandingAmount>{parts["outstanding"]}</TotalOutstandingAmount>
<TotalExecutableAmount>{parts["executable"]}</TotalExecutableAmount></InvoiceTotals>
<Items><InvoiceLine><ItemDescription>Consum d'aigua</ItemDescription><Quantity>10</Quantity>
<UnitOfMeasure>05</UnitOfMeasure><UnitPriceWithoutTax>2.000000</UnitPriceWithoutTax>
<TotalCost>{parts["cost"]}</TotalCost><DiscountsAndRebates><Discount>
<DiscountReason>Bonificació</DiscountReason><DiscountAmount>1.00</DiscountAmount></Discount>
</DiscountsAndRebates><GrossAmount>19.00</GrossAmount>{tax}</InvoiceLine></Items>
<PaymentDetails><Installment><InstallmentDueDate>2026-03-20</InstallmentDueDate>
<InstallmentAmount>{parts["executable"]}</InstallmentAmount><PaymentMeans>02</PaymentMeans>
<AccountToBeDebited><IBAN>{parts["iban"]}</IBAN></AccountToBeDebited></Installment>
</PaymentDetails>{parts["extra"]}</Invoice>"""


def facturae(
    *invoices: str,
    version: str = "3.2.2",
    count: str = "",
    total: str = "",
    seller: str = SELLER_NIF,
) -> str:
    """A Facturae file with the given invoices, one where none is given."""
    found = invoices or (facturae_invoice(),)
    total = total or str(Decimal("20.90") * len(found))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<fe:Facturae xmlns:fe="{FACTURAE[version]}"><FileHeader><SchemaVersion>{version}</SchemaVersion>
<Modality>{"L" if len(found) > 1 else "I"}</Modality><InvoiceIssuerType>EM</InvoiceIssuerType>
<Batch><BatchIdentifier>B-1</BatchIdentifier>
<InvoicesCount>{count or len(found)}</InvoicesCount>
<TotalInvoicesAmount><TotalAmount>{total}</TotalAmount></TotalInvoicesAmount>
<InvoiceCurrencyCode>EUR</InvoiceCurrencyCode></Batch></FileHeader><Parties><SellerParty>
<TaxIdentification><PersonTypeCode>J</PersonTypeCode><ResidenceTypeCode>R</ResidenceTypeCode>
<TaxIdentificationNumber>{seller}</TaxIdentificationNumber></TaxIdentification><LegalEntity>
<CorporateName>Aigües de Vallserena, SA</CorporateName><AddressInSpain>
<Address>Plaça Major 2</Address><PostCode>43999</PostCode><Town>Vallserena</Town>
<Province>Tarragona</Province><CountryCode>ESP</CountryCode></AddressInSpain></LegalEntity>
</SellerParty><BuyerParty><TaxIdentification><PersonTypeCode>F</PersonTypeCode>
<ResidenceTypeCode>R</ResidenceTypeCode>
<TaxIdentificationNumber>{BUYER_NIF}</TaxIdentificationNumber></TaxIdentification><Individual>
<Name>Núria</Name><FirstSurname>Puig</FirstSurname><SecondSurname>Sala</SecondSurname>
</Individual></BuyerParty></Parties><Invoices>{"".join(found)}</Invoices></fe:Facturae>"""


def pain002_debit(**changes: str) -> str:
    """One rejected debit of a pain.002."""
    parts = {
        "end_to_end": "E2E-1",
        "status": "RJCT",
        "reason": "<Cd>AM04</Cd>",
        "amount": "22.83",
        "mandate": "<MndtId>M-1</MndtId>",
        "iban": IBAN,
    } | changes
    return f"""<TxInfAndSts><StsId>S-1</StsId>
<OrgnlEndToEndId>{parts["end_to_end"]}</OrgnlEndToEndId><TxSts>{parts["status"]}</TxSts>
<StsRsnInf><Rsn>{parts["reason"]}</Rsn><AddtlInf>sense saldo</AddtlInf></StsRsnInf>
<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{parts["amount"]}</InstdAmt></Amt>
<ReqdColltnDt>2026-03-20</ReqdColltnDt><MndtRltdInf>{parts["mandate"]}</MndtRltdInf>
<DbtrAcct><Id><IBAN>{parts["iban"]}</IBAN></Id></DbtrAcct></OrgnlTxRef></TxInfAndSts>"""


def pain002(*debits: str, version: str = "001.03", about: str = "pain.008.001.02") -> str:
    """A pain.002 with the given debits, one where none is given."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-03-24T08:15:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>FILE-1</OrgnlMsgId><OrgnlMsgNmId>{about}</OrgnlMsgNmId>
</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P-1</OrgnlPmtInfId>
{"".join(debits or (pain002_debit(),))}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""


def camt054_debit(**changes: str) -> str:
    """One transaction of a camt.054 entry."""
    parts = {
        "end_to_end": "E2E-1",
        "mandate": "M-1",
        "amount": "22.83",
        "returned": "<RtrInf><Rsn><Cd>MD06</Cd></Rsn></RtrInf>",
    } | changes
    return f"""<TxDtls><Refs><EndToEndId>{parts["end_to_end"]}</EndToEndId>
<MndtId>{parts["mandate"]}</MndtId></Refs>
<AmtDtls><InstdAmt><Amt Ccy="EUR">{parts["amount"]}</Amt></InstdAmt></AmtDtls>
<RltdPties><DbtrAcct><Id><IBAN>{IBAN}</IBAN></Id></DbtrAcct></RltdPties>
{parts["returned"]}</TxDtls>"""


def camt054_entry(*debits: str, **changes: str) -> str:
    """One entry of a camt.054 with its transactions."""
    parts = {
        "side": "DBIT",
        "status": "BOOK",
        "amount": "22.83",
        "count": str(len(debits)),
        "code": "",
    } | changes
    details = (
        f"<NtryDtls><Btch><NbOfTxs>{parts['count']}</NbOfTxs></Btch>{''.join(debits)}</NtryDtls>"
        if debits
        else ""
    )
    return f"""<Ntry><Amt Ccy="EUR">{parts["amount"]}</Amt><CdtDbtInd>{parts["side"]}</CdtDbtInd>
<Sts>{parts["status"]}</Sts><BookgDt><Dt>2026-04-02</Dt></BookgDt>
<AcctSvcrRef>REF-9</AcctSvcrRef>{parts["code"]}{details}</Ntry>"""


def camt054(*entries: str, version: str = "001.08") -> str:
    """A camt.054 with the given entries, one returned debit where none is given."""
    found = entries or (camt054_entry(camt054_debit()),)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.{version}"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>BANK-2</MsgId><CreDtTm>2026-04-02T20:00:00Z</CreDtTm></GrpHdr>
<Ntfctn><Id>N-1</Id>{"".join(found)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""
