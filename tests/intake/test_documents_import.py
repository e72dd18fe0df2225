"""Importing e-invoices and returned debits into the tables."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bustia.billing import models
from bustia.intake.documents import InvoiceDocument
from bustia.intake.readers import read_document
from tests.intake.conftest import Load
from tests.intake.town import write_town

pytestmark = pytest.mark.django_db

INTEROP = Path(__file__).parents[3] / "shared" / "interop"
needs_samples = pytest.mark.skipif(
    not INTEROP.is_dir(), reason="the public sample files aren't beside this checkout"
)
SAMPLES = sorted(
    [
        *INTEROP.glob("ubl/*.xml"),
        *INTEROP.glob("cii/*.xml"),
        *INTEROP.glob("facturae/*valid.xml"),
    ]
)


def ubl(
    *,
    number: str = "E-1",
    line: str = "100.00",
    total: str = "110.00",
    contract: str = "",
    buyer_nif: str = "ESB63272603",
    extra_buyer: str = "",
) -> str:
    """Write a small invoice in UBL, at 10 % VAT."""
    net = Decimal(line)
    vat = (net / 10).quantize(Decimal("0.01"))
    reference = (
        f"<cac:ContractDocumentReference><cbc:ID>{contract}</cbc:ID>"
        "</cac:ContractDocumentReference>"
        if contract
        else ""
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-05-12</cbc:IssueDate>
<cbc:DueDate>2026-06-01</cbc:DueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{reference}
<cac:AccountingSupplierParty><cac:Party>
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>ES</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>ESA58818501</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Aigües de Prova</cbc:RegistrationName>
</cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>{extra_buyer}
<cac:PostalAddress><cbc:StreetName>carrer Nou, 4</cbc:StreetName>
<cbc:CityName>Vallserena</cbc:CityName><cbc:PostalZone>43200</cbc:PostalZone>
<cac:Country><cbc:IdentificationCode>ES</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress><cac:PartyTaxScheme><cbc:CompanyID>{buyer_nif}</cbc:CompanyID>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>Forn Nou</cbc:RegistrationName>
</cac:PartyLegalEntity></cac:Party></cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentMeansCode>59</cbc:PaymentMeansCode>
<cac:PaymentMandate><cbc:ID>M-77</cbc:ID><cac:PayerFinancialAccount>
<cbc:ID>ES9121000418450200051332</cbc:ID></cac:PayerFinancialAccount></cac:PaymentMandate>
</cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">{vat}</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="EUR">{net}</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="EUR">{vat}</cbc:TaxAmount><cac:TaxCategory><cbc:ID>S</cbc:ID>
<cbc:Percent>10</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal>
<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="EUR">{net}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="EUR">{total}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID>
<cbc:InvoicedQuantity unitCode="MTQ">50</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="EUR">{net}</cbc:LineExtensionAmount>
<cac:Item><cbc:Name>Aigua de pou</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID>
<cbc:Percent>10</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="EUR">{net / 50}</cbc:PriceAmount></cac:Price>
</cac:InvoiceLine></Invoice>"""


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a document into a file; give its path."""

    def writing(text: str, name: str = "invoice.xml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return writing


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample_becomes_an_invoice(path: Path, load: Load) -> None:
    """Totals, lines, taxes, parties and payment of each public sample are in the tables."""
    documents = read_document(path.read_bytes(), path.name).invoices
    batch = load(path)
    assert batch.taken
    assert batch.rejections == ()
    assert len(documents) == models.Invoice.objects.count() > 0
    for document in documents:
        check_invoice(document)


def check_invoice(document: InvoiceDocument) -> None:
    """Compare an invoice's rows with its document."""
    invoice = models.Invoice.objects.get(number=document.full_number)
    totals = document.totals
    assert (
        invoice.net_amount,
        invoice.tax_amount,
        invoice.total_amount,
        invoice.payable_amount,
        invoice.currency,
        invoice.issue_date,
        invoice.kind,
    ) == (
        totals.without_tax,
        totals.tax or 0,
        totals.with_tax,
        totals.payable,
        document.currency,
        document.issued_on,
        document.kind.value,
    )
    lines = list(invoice.lines.all())
    assert len(lines) == len(document.lines) + len(document.allowances_charges)
    assert abs(sum(line.amount for line in lines) - totals.without_tax) < Decimal("0.05")
    taxed = sum(tax.amount for tax in invoice.taxes.all())
    assert abs(taxed - (totals.tax or 0)) <= Decimal("0.01")
    assert invoice.details is not None
    assert invoice.details["seller"]["name"] == document.seller.name
    assert invoice.details["buyer"]["name"] == document.buyer.name
    assert invoice.contract.customer.name == document.buyer.name
    assert invoice.source is not None
    assert invoice.source.sha256 == document.sha256
    assert (invoice.payment_means == "direct_debit") == (
        document.is_domiciled and document.owed > 0
    )


@needs_samples
@pytest.mark.parametrize("name", ["nif-invalido", "totales-incorrectos"])
def test_bad_sample_is_rejected(name: str, load: Load) -> None:
    """Public samples with a wrong NIF or total are rejected, and nothing is taken."""
    batch = load(INTEROP / "facturae" / f"Facturae-3.2.2-{name}.xml")
    assert not batch.taken
    assert batch.rejections
    assert models.Invoice.objects.count() == 0


@needs_samples
def test_all_ubl_samples_go_in_together_and_twice(load: Load) -> None:
    """The folder of samples is one batch; a second time all of it is unchanged."""
    assert load(INTEROP / "ubl").taken
    count = models.Invoice.objects.count()
    batch = load(INTEROP / "ubl")
    assert [file.read for file in batch.files] == [file.unchanged for file in batch.files]
    assert models.Invoice.objects.count() == count


def test_contract_is_found_by_its_reference(tmp_path: Path, write: Write, load: Load) -> None:
    """An e-invoice that names a contract belongs to it, whoever its buyer is."""
    load(write_town(tmp_path / "bundle"))
    assert load(write(ubl(contract="K2"))).taken
    assert models.Invoice.objects.get(number="E-1").contract.number == "K2"
    assert models.Customer.objects.count() == 3


def test_contract_is_found_by_the_buyers_nif(tmp_path: Path, write: Write, load: Load) -> None:
    """An e-invoice to a known NIF belongs to that customer's contract."""
    load(write_town(tmp_path / "bundle"))
    assert load(write(ubl(buyer_nif="ESA58818501"))).taken
    assert models.Invoice.objects.get(number="E-1").contract.number == "K3"


def test_unknown_buyer_becomes_a_customer(write: Write, load: Load) -> None:
    """A buyer nobody knows is made a customer with a contract, once."""
    load(write(ubl()), write(ubl(number="E-2"), "two.xml"))
    customer = models.Customer.objects.get()
    assert (customer.name, customer.nif, customer.language, customer.town) == (
        "Forn Nou",
        "B63272603",
        "ca",
        "Vallserena",
    )
    contract = customer.contracts.get()
    assert (contract.number, contract.invoice_channel) == ("E-ESB63272603", "post")
    assert contract.invoices.count() == 2


def test_unknown_buyer_may_be_rejected(write: Write, load: Load) -> None:
    """If so asked, an e-invoice to nobody known is rejected."""
    batch = load(write(ubl()), unknown_buyer="reject")
    assert [found.code for found in batch.rejections] == ["buyer_unknown"]
    assert models.Customer.objects.count() == 0


def test_billing_run_is_the_month_or_given(write: Write, load: Load) -> None:
    """An e-invoice is of the run asked for, else of its month of issue."""
    load(write(ubl()))
    load(write(ubl(number="E-2")), billing_run="2026-R3")
    runs = models.Invoice.objects.order_by("number").values_list("billing_run", flat=True)
    assert list(runs) == ["2026-05", "2026-R3"]


def test_customers_account_is_masked(write: Write, load: Load) -> None:
    """The account to be debited is in the details only as a mask; the mandate is kept."""
    load(write(ubl()))
    invoice = models.Invoice.objects.get()
    assert (invoice.mandate, invoice.payment_means) == ("M-77", "direct_debit")
    assert invoice.charge_date == date(2026, 6, 1)
    assert "9121000418450200051332" not in str(invoice.details)


def test_known_number_with_another_content_is_a_conflict(write: Write, load: Load) -> None:
    """An invoice that says something else under a known number is rejected."""
    load(write(ubl()))
    batch = load(write(ubl(line="200.00", total="220.00")))
    (found,) = batch.rejections
    assert (found.code, found.field) == ("conflict", "BT-1")
    assert models.Invoice.objects.get().total_amount == Decimal("110.00")


def test_number_of_an_exported_invoice_is_a_conflict(
    tmp_path: Path, write: Write, load: Load
) -> None:
    """An e-invoice under a number of the export's own is rejected, and the other way round."""
    load(write_town(tmp_path / "bundle"))
    assert [found.code for found in load(write(ubl(number="F2-1"))).rejections] == ["conflict"]


def test_export_with_an_e_invoices_number_is_a_conflict(
    tmp_path: Path, write: Write, load: Load
) -> None:
    """An exported invoice under the number of an e-invoice is rejected."""
    load(write(ubl(number="F2-1")))
    batch = load(write_town(tmp_path / "bundle"))
    assert ("invoices.csv", "conflict") in {(found.file, found.code) for found in batch.rejections}
    assert not batch.taken


def test_one_bad_file_keeps_all_out(write: Write, load: Load) -> None:
    """All or nothing counts for the files of a call; row by row takes the good one."""
    good, bad = write(ubl()), write(ubl(number="E-2", total="111.00"), "bad.xml")
    batch = load(good, bad)
    assert not batch.taken
    assert models.Invoice.objects.count() == 0
    assert {found.file for found in batch.rejections} == {"bad.xml"}
    assert [(file.new, file.rejected) for file in batch.files] == [(0, 0), (0, 1)]
    batch = load(good, bad, partial=True)
    assert batch.taken
    assert [(file.new, file.rejected) for file in batch.files] == [(1, 0), (0, 1)]


def test_source_is_kept_to_be_attached(write: Write, load: Load) -> None:
    """The bytes of the file are kept, and found again from the invoice."""
    path = write(ubl())
    load(path)
    source = models.Invoice.objects.get().source
    assert source is not None
    assert (bytes(source.content), source.format) == (path.read_bytes(), "ubl")


def camt(*entries: tuple[str, str, str, str], message: str = "MSG-1") -> str:
    """Write a camt.054 with returns: end-to-end id, mandate, amount, reason."""
    details = "".join(
        f"""<TxDtls><Refs><AcctSvcrRef>REF-{message}-{place}</AcctSvcrRef>
        <EndToEndId>{end_to_end}</EndToEndId><MndtId>{mandate}</MndtId></Refs>
        <AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>
        <RtrInf><Rsn><Cd>{reason}</Cd></Rsn></RtrInf></TxDtls>"""
        for place, (end_to_end, mandate, amount, reason) in enumerate(entries)
    )
    total = sum(Decimal(amount) for _, _, amount, _ in entries)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>
<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-05-02T08:00:00</CreDtTm></GrpHdr>
<Ntfctn><Id>N1</Id><CreDtTm>2026-05-02T08:00:00</CreDtTm>
<Acct><Id><IBAN>ES7921000813610123456789</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">{total}</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>
<Sts>BOOK</Sts><BookgDt><Dt>2026-05-02</Dt></BookgDt><ValDt><Dt>2026-05-02</Dt></ValDt>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly></Domn></BkTxCd>
<NtryDtls>{details}</NtryDtls></Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"""


def test_return_is_matched_by_end_to_end_id(tmp_path: Path, write: Write, load: Load) -> None:
    """A return finds its invoice by the end-to-end id and makes it returned; once."""
    load(write_town(tmp_path / "bundle"))
    path = write(camt(("E2E-2-1", "M1", "40.61", "AM04")))
    batch = load(path)
    assert (batch.taken, batch.unmatched) == (True, 0)
    row = models.ReturnedDebit.objects.get(end_to_end_id="E2E-2-1")
    assert row.invoice is not None
    assert (row.invoice.number, row.invoice.status, row.matched_by, row.reason) == (
        "F2-1",
        "returned",
        "end_to_end_id",
        "AM04",
    )
    assert [file.unchanged for file in load(path).files] == [1]


def test_return_is_matched_by_mandate_and_amount(tmp_path: Path, write: Write, load: Load) -> None:
    """Without an end-to-end id it is the mandate's newest charge of that amount."""
    load(write_town(tmp_path / "bundle"))
    load(write(camt(("NOTPROVIDED", "M2", "40.61", "MD01"))))
    row = models.ReturnedDebit.objects.get(reason="MD01")
    assert row.invoice is not None
    assert (row.invoice.number, row.matched_by) == ("F2-2", "mandate_and_amount")


def test_return_of_no_invoice_waits_for_it(tmp_path: Path, write: Write, load: Load) -> None:
    """A return that fits nothing is kept and told; the import of its invoice matches it."""
    assert load(write(camt(("E2E-2-3", "M3", "40.61", "AC04")))).unmatched == 1
    load(write_town(tmp_path / "bundle"))
    row = models.ReturnedDebit.objects.get(reason="AC04")
    assert row.invoice is not None
    assert (row.invoice.number, row.invoice.status) == ("F2-3", "returned")


def test_return_told_in_two_messages_counts_once(tmp_path: Path, write: Write, load: Load) -> None:
    """The same return in another message of these days is no second one."""
    load(write_town(tmp_path / "bundle"))
    returned = ("E2E-2-1", "M1", "40.61", "AM04")
    load(write(camt(returned)))
    batch = load(write(camt(returned, message="MSG-2"), "again.xml"))
    assert [file.unchanged for file in batch.files] == [1]
    assert models.ReturnedDebit.objects.filter(end_to_end_id="E2E-2-1").count() == 1


def test_return_paid_since_leaves_the_invoice_paid(
    tmp_path: Path, write: Write, load: Load
) -> None:
    """Money that came after the return counts more than the return."""
    load(write_town(tmp_path / "bundle"))
    models.Payment.objects.create(
        reference="later",
        invoice=models.Invoice.objects.get(number="F2-1"),
        paid_on=date(2026, 5, 3),
        amount=Decimal("40.61"),
        means="card",
    )
    models.Invoice.objects.filter(number="F2-1").update(status="paid")
    load(write(camt(("E2E-2-1", "M1", "40.61", "AM04"))))
    assert models.Invoice.objects.get(number="F2-1").status == "paid"
