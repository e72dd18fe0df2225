"""Invoices in UBL, CII and Facturae: read as written, rejected where they don't hold."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.readers import samples

from bustia.intake.documents import InvoiceDocument, InvoiceKind, Period
from bustia.intake.readers import ReadResult, read_document


def _read(text: str) -> ReadResult:
    return read_document(text.encode(), "in.xml")


def _only(text: str) -> InvoiceDocument:
    result = _read(text)
    assert result.rejections == ()
    (invoice,) = result.invoices
    return invoice


def _refused(text: str) -> list[tuple[str, str]]:
    result = _read(text)
    assert result.records == ()
    return [(one.code, one.field) for one in result.rejections]


def test_ubl_and_cii_say_the_same() -> None:
    """The same bill in UBL and CII gives the same number, lines, breakdown and totals."""
    ubl, cii = _only(samples.ubl()), _only(samples.cii())
    assert (ubl.number, ubl.issued_on, ubl.lines) == (cii.number, cii.issued_on, cii.lines)
    assert (ubl.tax_subtotals, ubl.totals) == (cii.tax_subtotals, cii.totals)
    assert (ubl.seller.name, ubl.seller.vat_id) == (cii.seller.name, cii.seller.vat_id)
    assert ubl.payment_means[0].debited_account == cii.payment_means[0].debited_account
    assert cii.payment_means[0].creditor_id == "ES12000A58818501"
    assert cii.due_on == date(2026, 3, 20)
    assert ubl.is_domiciled
    assert cii.is_domiciled


def test_ubl_fields() -> None:
    """A UBL bill's period, contract, parties, note and lines are read."""
    invoice = _only(samples.ubl())
    assert invoice.period == Period(date(2026, 1, 1), date(2026, 2, 28))
    assert invoice.contract == "C-77"
    assert invoice.buyer.address == ("Carrer Nou 1",)
    assert (invoice.buyer.postcode, invoice.buyer.city) == ("43999", "Vallserena")
    assert invoice.notes[0].text == "Període facturat: gener i febrer · aigua"
    assert [(line.unit, line.quantity) for line in invoice.lines] == [
        ("DAY", Decimal(59)),
        ("MTQ", Decimal(12)),
    ]
    assert invoice.owed == Decimal("22.83")
    assert len(invoice.sha256) == 64


def test_credit_notes_owe_to_the_buyer() -> None:
    """A UBL CreditNote and a CII document of type 381 come to a negative amount owed."""
    for text in (samples.ubl("CreditNote"), samples.cii(type="381")):
        invoice = _only(text)
        assert (invoice.kind, invoice.owed) == (InvoiceKind.CREDIT_NOTE, Decimal("-22.83"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"lines": "20.76"}, {"BT-106", "BT-109"}),
        ({"without": "20.74"}, {"BT-109", "BT-112"}),
        ({"tax": "2.07"}, {"BT-110", "BT-112"}),
        ({"with": "22.84"}, {"BT-112", "BT-115"}),
        ({"payable": "99.99"}, {"BT-115"}),
    ],
)
def test_ubl_totals_must_add_up(changes: dict[str, str], expected: set[str]) -> None:
    """Each total that differs by a cent from its parts is rejected, by its business term."""
    refused = _refused(samples.ubl(**changes))
    assert {code for code, _ in refused} == {"total_mismatch"}
    assert {field for _, field in refused} == expected


def test_rejection_says_where_and_why() -> None:
    """A rejected total names file, XPath, business term and both figures."""
    (rejection,) = _read(samples.ubl(payable="99.99")).rejections
    assert rejection.file == "in.xml"
    assert rejection.where == "/Invoice/cac:LegalMonetaryTotal/cbc:PayableAmount"
    assert "99.99" in rejection.reason
    assert "22.83" in rejection.reason
    assert "BR-CO-16" in rejection.reason


def test_cii_totals_must_add_up() -> None:
    """A CII total that differs from its parts is rejected, with its XPath."""
    result = _read(samples.cii(payable="22.82"))
    (rejection,) = result.rejections
    assert (rejection.code, rejection.field) == ("total_mismatch", "BT-115")
    assert str(rejection.where).endswith("/ram:DuePayableAmount")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"tax": "3.08", "subtotal": "3.08", "with": "23.83", "payable": "23.83"},
            ("vat_mismatch", "BT-117"),
        ),
        ({"base": "25.75"}, ("vat_mismatch", "BT-116")),
        ({"seller_vat": "ESA58818502"}, ("nif_invalid", "BT-31")),
        ({"buyer_vat": "ES12345678A"}, ("nif_invalid", "BT-48")),
        ({"buyer_vat": "12345678A"}, ("nif_invalid", "BT-48")),
        ({"iban": "ES9121000418450200051333"}, ("iban_invalid", "BT-91")),
        ({"start": "2026-03-01"}, ("period_order", "BG-14")),
        ({"start": "2026-02-30"}, ("date_invalid", "BT-73")),
        ({"days": "-59"}, ("negative_days", "BT-129")),
        ({"number": ""}, ("value_missing", "BT-1")),
        ({"payable": "22,83"}, ("value_invalid", "BT-115")),
        ({"payable": "22.830001"}, ("too_many_decimals", "BT-115")),
        ({"means": ""}, ("value_missing", "BT-81")),
    ],
)
def test_ubl_rejections(changes: dict[str, str], expected: tuple[str, str]) -> None:
    """Wrong VAT, NIF, IBAN, dates, days and missing or malformed values are each rejected."""
    assert expected in _refused(samples.ubl(**changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"days": "80"}, "line_mismatch"),
        ({"second_id": "1"}, "duplicate_key"),
        ({"iban": "DK1212341234123412"}, "iban_doubtful"),
        ({"iban": "ES0000000000000000000000"}, "iban_placeholder"),
    ],
)
def test_oddities_are_remarked_upon(changes: dict[str, str], code: str) -> None:
    """What the standard's own examples do is remarked upon and stops nothing."""
    result = _read(samples.ubl(**changes))
    assert len(result.invoices) == 1
    assert [one.code for one in result.remarks] == [code]


def test_foreign_vat_numbers_are_taken() -> None:
    """Spanish rules aren't applied to a foreign party's VAT number."""
    assert _only(samples.ubl(buyer_vat="DK16356607")).buyer.vat_id == "DK16356607"


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["lines", "without", "with", "payable", "tax", "subtotal"]),
    st.decimals("0.01", "5000", places=2),
    st.booleans(),
)
def test_no_wrong_total_passes(field: str, by: Decimal, up: bool) -> None:
    """Whichever total is changed, by whatever amount, the invoice is rejected."""
    right = {
        "lines": "20.75",
        "without": "20.75",
        "with": "22.83",
        "payable": "22.83",
        "tax": "2.08",
        "subtotal": "2.08",
    }
    changed = Decimal(right[field]) + (by if up else -by)
    assert _refused(samples.ubl(**{field: str(changed)}))


@pytest.mark.parametrize("version", ["3.2", "3.2.1", "3.2.2"])
def test_facturae_versions(version: str) -> None:
    """Each version of Facturae 3.2 is read, with series, period, due date and mandate."""
    invoice = _only(samples.facturae(version=version))
    assert (invoice.series, invoice.number) == ("2026/", "123")
    assert invoice.full_number == "2026/123"
    assert (invoice.profile, invoice.batch) == (version, "B-1")
    assert invoice.totals.payable == Decimal("20.90")
    assert invoice.buyer.name == "Núria Puig Sala"
    assert invoice.seller.country == "ES"
    assert invoice.due_on == date(2026, 3, 20)
    assert invoice.is_domiciled
    (subtotal,) = invoice.tax_subtotals
    assert (subtotal.category, subtotal.rate) == ("S", Decimal("10.00"))
    assert invoice.lines[0].allowances_charges[0].amount == Decimal("1.00")


def test_facturae_batch() -> None:
    """A batch gives each of its invoices, with its place in the batch."""
    result = _read(samples.facturae(*(samples.facturae_invoice(str(n)) for n in range(1, 4))))
    assert result.rejections == ()
    assert [(i.number, i.batch_position) for i in result.invoices] == [
        ("1", 1),
        ("2", 2),
        ("3", 3),
    ]


def test_facturae_batch_keeps_its_good_invoices() -> None:
    """One wrong invoice of a batch is rejected with its XPath; the others are given."""
    result = _read(
        samples.facturae(
            samples.facturae_invoice("1"),
            samples.facturae_invoice("2", executable="10.00"),
        )
    )
    assert [invoice.number for invoice in result.invoices] == ["1"]
    (rejection,) = result.rejections
    assert rejection.where == "/fe:Facturae/Invoices/Invoice[2]/InvoiceTotals/TotalExecutableAmount"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (samples.facturae(count="2"), ("row_count", "InvoicesCount")),
        (samples.facturae(total="99.99"), ("total_mismatch", "TotalInvoicesAmount")),
        (samples.facturae(seller="A58818502"), ("nif_invalid", "BT-31")),
        (
            samples.facturae(samples.facturae_invoice("1"), samples.facturae_invoice("1")),
            ("duplicate_key", "BT-1"),
        ),
        (samples.facturae(samples.facturae_invoice(tax="1.50")), ("vat_mismatch", "BT-117")),
        (samples.facturae(samples.facturae_invoice(gross="19.50")), ("total_mismatch", "BT-106")),
        (samples.facturae(samples.facturae_invoice(total="21.90")), ("total_mismatch", "BT-112")),
        (
            samples.facturae(samples.facturae_invoice(outstanding="20.80")),
            ("total_mismatch", "TotalOutstandingAmount"),
        ),
        (
            samples.facturae(samples.facturae_invoice(cost="25.00")),
            ("line_mismatch", "TotalCost"),
        ),
        (
            samples.facturae(samples.facturae_invoice(iban="ES9121000418450200051333")),
            ("iban_invalid", "BT-91"),
        ),
        (samples.facturae(samples.facturae_invoice(issued="")), ("value_missing", "BT-2")),
    ],
)
def test_facturae_rejections(text: str, expected: tuple[str, str]) -> None:
    """A batch or invoice of Facturae that doesn't hold is rejected, each for its reason."""
    assert expected in _refused(text)


def test_facturae_of_another_version_is_refused() -> None:
    """Facturae 3.1 is refused as a format that isn't read."""
    text = samples.facturae().replace(
        samples.FACTURAE["3.2.2"], "http://www.facturae.es/Facturae/2007/v3.1/Facturae"
    )
    assert _refused(text) == [("format_unknown", "")]


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.facturae.gob.es/formato/Versiones/Facturaev3_2.xml",
        "http://www.facturae.gob.es/formato/Versiones/Facturaev3_2_1.xml",
        "https://www.facturae.gob.es/formato/Versiones/Facturaev3_2_2.xml",
    ],
)
def test_facturae_namespaces(namespace: str) -> None:
    """Every namespace that Facturae 3.2 goes by is known."""
    text = samples.facturae().replace(samples.FACTURAE["3.2.2"], namespace)
    assert _only(text).number == "123"


def test_breakdown_must_not_leave_out_a_category() -> None:
    """Lines of a VAT rate that the breakdown doesn't have are rejected."""
    text = samples.ubl()
    at = text.rindex("<cbc:Percent>10<")
    text = text[:at] + text[at:].replace("<cbc:Percent>10<", "<cbc:Percent>21<")
    assert set(_refused(text)) == {("vat_mismatch", "BT-116"), ("vat_mismatch", "BG-23")}


def test_facturae_line_tax_may_leave_out_its_amount() -> None:
    """On a line the schema doesn't ask for the tax's amount."""
    text = samples.facturae()
    at = text.index("<Items>")
    amount = "<TaxAmount><TotalAmount>1.90</TotalAmount></TaxAmount>"
    invoice = _only(text[:at] + text[at:].replace(amount, ""))
    assert (invoice.lines[0].category, invoice.lines[0].rate) == ("S", Decimal("10.00"))


def test_rectifying_facturae_gives_money_back() -> None:
    """A negative rectifying invoice is a credit note that cites the invoice it corrects."""
    corrective = (
        "<InvoiceClass>OR</InvoiceClass><Corrective><InvoiceNumber>9</InvoiceNumber>"
        "<InvoiceSeriesCode>2025/</InvoiceSeriesCode></Corrective>"
    )
    text = samples.facturae(samples.facturae_invoice(), total="-20.90")
    for amount in ("19.00", "1.90", "20.90", "20.00", "1.00"):
        text = text.replace(f">{amount}<", f">-{amount}<")
    text = text.replace("<Quantity>10<", "<Quantity>-10<")
    invoice = _only(text.replace("<InvoiceClass>OO</InvoiceClass>", corrective))
    assert (invoice.kind, invoice.type_code) == (InvoiceKind.CREDIT_NOTE, "381")
    assert invoice.owed == Decimal("-20.90")
    assert invoice.preceding[0].number == "2025/9"
