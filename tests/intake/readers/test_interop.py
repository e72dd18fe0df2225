"""Public sample files: what the readers give is what an independent look at the XML gives."""

from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from bustia.intake.documents import InvoiceDocument, InvoiceKind
from bustia.intake.readers import ReadResult, read_document

INTEROP = Path(__file__).parents[3].parent / "shared" / "interop"

pytestmark = pytest.mark.skipif(
    not INTEROP.is_dir(), reason="the public sample files are not beside this checkout"
)


def _files(folder: str) -> list[Path]:
    return sorted((INTEROP / folder).glob("*.xml")) if INTEROP.is_dir() else []


def _read(path: Path) -> ReadResult:
    return read_document(path.read_bytes(), path.name)


def _only(path: Path) -> InvoiceDocument:
    result = _read(path)
    assert result.rejections == ()
    (invoice,) = result.invoices
    return invoice


class _Look:
    """Plain XPath over a file whose namespaces were taken off."""

    def __init__(self, path: Path) -> None:
        parser = etree.XMLParser(remove_comments=True)
        self.root = etree.fromstring(path.read_bytes(), parser)
        for node in self.root.iter():
            node.tag = etree.QName(node).localname

    def texts(self, xpath: str) -> list[str]:
        found = self.root.xpath(xpath)
        assert isinstance(found, list)
        return [" ".join(str(text).split()) for text in found]

    def decimals(self, xpath: str) -> list[Decimal]:
        return [Decimal(text) for text in self.texts(xpath)]

    def decimal(self, xpath: str) -> Decimal | None:
        found = self.decimals(xpath)
        return found[0] if found else None


@pytest.mark.parametrize("path", _files("ubl"), ids=lambda path: path.name)
def test_ubl_is_what_the_file_says(path: Path) -> None:
    """Totals, parties, lines, breakdown and payment means of every UBL example are its own."""
    look, invoice = _Look(path), _only(path)
    sums = "/*/LegalMonetaryTotal"
    currency = look.texts("/*/DocumentCurrencyCode/text()")[0]
    totals = invoice.totals
    assert invoice.number == look.texts("/*/ID/text()")[0]
    assert invoice.issued_on.isoformat() == look.texts("/*/IssueDate/text()")[0]
    assert invoice.currency == currency
    assert totals.lines == look.decimal(f"{sums}/LineExtensionAmount/text()")
    assert totals.allowances == look.decimal(f"{sums}/AllowanceTotalAmount/text()")
    assert totals.charges == look.decimal(f"{sums}/ChargeTotalAmount/text()")
    assert totals.without_tax == look.decimal(f"{sums}/TaxExclusiveAmount/text()")
    assert totals.with_tax == look.decimal(f"{sums}/TaxInclusiveAmount/text()")
    assert totals.prepaid == look.decimal(f"{sums}/PrepaidAmount/text()")
    assert totals.payable == look.decimal(f"{sums}/PayableAmount/text()")
    assert totals.tax == look.decimal(f"/*/TaxTotal/TaxAmount[@currencyID='{currency}']/text()")
    assert [s.amount for s in invoice.tax_subtotals] == look.decimals(
        "/*/TaxTotal/TaxSubtotal/TaxAmount/text()"
    )
    assert [s.base for s in invoice.tax_subtotals] == look.decimals(
        "/*/TaxTotal/TaxSubtotal/TaxableAmount/text()"
    )
    assert [s.category for s in invoice.tax_subtotals] == look.texts(
        "/*/TaxTotal/TaxSubtotal/TaxCategory/ID/text()"
    )
    lines = "/*/*[self::InvoiceLine or self::CreditNoteLine]"
    assert [line.id for line in invoice.lines] == look.texts(f"{lines}/ID/text()")
    assert [line.name for line in invoice.lines] == look.texts(f"{lines}/Item/Name/text()")
    assert [line.net_amount for line in invoice.lines] == look.decimals(
        f"{lines}/LineExtensionAmount/text()"
    )
    assert [line.net_price for line in invoice.lines] == look.decimals(
        f"{lines}/Price/PriceAmount/text()"
    )
    assert [line.rate for line in invoice.lines if line.rate is not None] == look.decimals(
        f"{lines}/Item/ClassifiedTaxCategory/Percent/text()"
    )
    for party, role in ((invoice.seller, "Supplier"), (invoice.buyer, "Customer")):
        node = f"/*/Accounting{role}Party/Party"
        assert [party.name] == look.texts(f"{node}/PartyLegalEntity/RegistrationName/text()")
        assert [party.country] == look.texts(
            f"{node}/PostalAddress/Country//text()[normalize-space()]"
        )
        city = look.texts(f"{node}/PostalAddress/CityName/text()")
        assert ([party.city] if party.city else []) == city
        vat = f"{node}/PartyTaxScheme[normalize-space(TaxScheme/ID)='VAT']/CompanyID/text()"
        assert ([party.vat_id] if party.vat_id else []) == look.texts(vat)
    means = "/*/PaymentMeans"
    assert [one.code for one in invoice.payment_means] == look.texts(
        f"{means}/PaymentMeansCode/text()"
    )
    assert [one.account for one in invoice.payment_means if one.account] == [
        text.replace(" ", "") for text in look.texts(f"{means}/PayeeFinancialAccount/ID/text()")
    ]
    assert [one.mandate for one in invoice.payment_means if one.mandate] == look.texts(
        f"{means}/PaymentMandate/ID/text()"
    )


@pytest.mark.parametrize("path", _files("cii"), ids=lambda path: path.name)
def test_cii_is_what_the_file_says(path: Path) -> None:
    """Totals, parties, lines, breakdown and payment means of every CII example are its own."""
    look, invoice = _Look(path), _only(path)
    header = "//ApplicableHeaderTradeSettlement"
    sums = f"{header}/SpecifiedTradeSettlementHeaderMonetarySummation"
    currency = look.texts(f"{header}/InvoiceCurrencyCode/text()")[0]
    totals = invoice.totals
    assert invoice.number == look.texts("/*/ExchangedDocument/ID/text()")[0]
    assert f"{invoice.issued_on:%Y%m%d}" == look.texts("//IssueDateTime/DateTimeString/text()")[0]
    assert invoice.currency == currency
    assert totals.lines == look.decimal(f"{sums}/LineTotalAmount/text()")
    assert totals.allowances == look.decimal(f"{sums}/AllowanceTotalAmount/text()")
    assert totals.charges == look.decimal(f"{sums}/ChargeTotalAmount/text()")
    assert totals.without_tax == look.decimal(f"{sums}/TaxBasisTotalAmount/text()")
    assert totals.with_tax == look.decimal(f"{sums}/GrandTotalAmount/text()")
    assert totals.prepaid == look.decimal(f"{sums}/TotalPrepaidAmount/text()")
    assert totals.payable == look.decimal(f"{sums}/DuePayableAmount/text()")
    assert totals.tax == look.decimal(f"{sums}/TaxTotalAmount[@currencyID='{currency}']/text()")
    taxes = f"{header}/ApplicableTradeTax"
    assert [s.amount for s in invoice.tax_subtotals] == look.decimals(
        f"{taxes}/CalculatedAmount/text()"
    )
    assert [s.base for s in invoice.tax_subtotals] == look.decimals(f"{taxes}/BasisAmount/text()")
    lines = "//IncludedSupplyChainTradeLineItem"
    assert [line.id for line in invoice.lines] == look.texts(
        f"{lines}/AssociatedDocumentLineDocument/LineID/text()"
    )
    assert [line.name for line in invoice.lines] == look.texts(
        f"{lines}/SpecifiedTradeProduct/Name/text()"
    )
    assert [line.quantity for line in invoice.lines] == look.decimals(
        f"{lines}/SpecifiedLineTradeDelivery/BilledQuantity/text()"
    )
    assert [line.net_amount for line in invoice.lines] == look.decimals(
        f"{lines}//SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount/text()"
    )
    for party, role in ((invoice.seller, "Seller"), (invoice.buyer, "Buyer")):
        node = f"//{role}TradeParty"
        assert [party.name] == look.texts(f"{node}/Name/text()")
        assert [party.country] == look.texts(f"{node}/PostalTradeAddress/CountryID/text()")
    means = f"{header}/SpecifiedTradeSettlementPaymentMeans"
    assert [one.code for one in invoice.payment_means] == look.texts(f"{means}/TypeCode/text()")
    assert [one.account for one in invoice.payment_means if one.account] == [
        text.replace(" ", "")
        for text in look.texts(f"{means}/PayeePartyCreditorFinancialAccount/IBANID/text()")
    ]


def test_credit_note_gives_money_back() -> None:
    """The UBL credit note owes the buyer 100.11."""
    invoice = _only(INTEROP / "ubl" / "ubl-tc434-creditnote1.xml")
    assert (invoice.kind, invoice.owed) == (InvoiceKind.CREDIT_NOTE, Decimal("-100.11"))


def test_ubl_example_5_has_a_direct_debit() -> None:
    """Example 5 carries a mandate, two currencies of VAT, a payee and a representative."""
    invoice = _only(INTEROP / "ubl" / "ubl-tc434-example5.xml")
    assert invoice.is_domiciled
    assert invoice.payment_means[0].mandate == "123456"
    assert invoice.totals.tax_in_accounting_currency == Decimal("628.62")
    assert invoice.payee is not None
    assert invoice.payee.name == "Dagobert Duck"
    assert invoice.tax_representative is not None
    assert invoice.tax_representative.vat_id == "DK16356609"
    assert [a.amount for a in invoice.allowances_charges] == [Decimal("150.00")] * 2
    assert invoice.attachments[1].size_bytes == 23


@pytest.mark.parametrize(
    ("name", "totals"),
    [("valid", ["66.03"]), ("lote-valid", ["121.00", "121.00"])],
)
def test_valid_facturae_are_taken(name: str, totals: list[str]) -> None:
    """The single file gives one invoice and the batch two, with their totals."""
    result = _read(INTEROP / "facturae" / f"Facturae-3.2.2-{name}.xml")
    assert result.rejections == ()
    assert [invoice.totals.payable for invoice in result.invoices] == list(map(Decimal, totals))


@pytest.mark.parametrize(
    ("name", "code", "field"),
    [("nif-invalido", "nif_invalid", "BT-31"), ("totales-incorrectos", "total_mismatch", "BT-112")],
)
def test_bad_facturae_are_rejected(name: str, code: str, field: str) -> None:
    """A wrong NIF and wrong totals are each rejected, with the place and the reason."""
    result = _read(INTEROP / "facturae" / f"Facturae-3.2.2-{name}.xml")
    assert result.records == ()
    assert [(one.code, one.field) for one in result.rejections] == [(code, field)]
    assert str(result.rejections[0].where).startswith("/fe:Facturae/")


def test_pain002_sample() -> None:
    """The four rejected debits of the pain.002 are read with their ids and reasons."""
    result = _read(INTEROP / "returns" / "test-sepa-pain-unpaid.xml")
    assert result.rejections == ()
    assert [(d.end_to_end_id, d.mandate, d.reason, d.amount) for d in result.returned_debits] == [
        (f"E2EID{n}", f"MANDATEID{n}", reason, Decimal(100))
        for n, reason in enumerate(("AC01", "MS02", "MD06", "AM04"), start=1)
    ]


def test_camt054_sample() -> None:
    """The returned debit of the camt.054 is read."""
    (debit,) = _read(INTEROP / "returns" / "test-sepa-camt-unpaid.xml").returned_debits
    assert (debit.end_to_end_id, debit.mandate, debit.reason) == ("E2EID1", "MANDATEID2", "AC06")
    assert debit.returned_on is not None
    assert (debit.amount, debit.returned_on.isoformat()) == (Decimal("100.00"), "2016-10-08")


def test_unknown_namespace_is_refused() -> None:
    """A message in a namespace of no known format is refused, and says which are read."""
    result = _read(INTEROP / "returns" / "test-sepa-pain-unpaid-invalid.xml")
    assert result.records == ()
    (rejection,) = result.rejections
    assert rejection.code == "format_unknown"
    assert "other.002.001.03" in rejection.reason
    assert "pain.002" in rejection.hint
