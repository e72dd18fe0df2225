"""The invoices of a contract: listed, shown, downloaded to the byte, and their seals checked."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from bustia.archive.models import Document
from bustia.archive.retention import load_retention
from bustia.archive.services import erase, retrieve
from bustia.billing.models import Contract, Invoice, SourceDocument
from bustia.deliver.links import LinkKeys, document_link
from bustia.errors import StationeryError
from bustia.instance import current_instance
from bustia.office.services.invoice_files import file_name, once
from bustia.seal import Sealer, demo_identity
from tests.deliver.town import NOW, Town, pdf
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db
ALL = "/contracte/K1/factures/"


@pytest.fixture
def contract() -> Contract:
    """A contract with an invoice to pay that has a document, and a paid one of old without."""
    town = Town()
    made = town.contract(1, channel="post")
    town.invoice(made)
    Invoice.objects.update(due_date=date(2026, 6, 5))
    new = Invoice.objects.get()
    Invoice.objects.create(
        number="A25/7 8", contract=made, billing_run="2025-03", issue_date=date(2025, 5, 12),
        period_from=date(2025, 3, 1), period_to=date(2025, 4, 30), days=61,
        consumption_m3=Decimal(11), net_amount=Decimal(30), tax_amount=Decimal(3),
        total_amount=Decimal(33), payable_amount=Decimal(33), payment_means="slip",
        due_date=date(2025, 6, 5), status="paid",
    )  # fmt: skip
    assert new.document
    return made


@pytest.fixture
def document(contract: Contract) -> Document:
    """The document that there is."""
    return contract.documents.get()


@pytest.fixture
def client(contract: Contract) -> Client:
    """Its holder."""
    return signed_in(account("a@example.org", contract))


def _page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_all_are_listed_with_their_sums(client: Client) -> None:
    """Old and new ones are there, what was billed and what is left to pay of them."""
    page = _page(client, ALL)
    assert "A26-K1" in page
    assert "A25/7 8" in page
    assert "€73.61" in page
    assert "Not kept here" in page


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [("any=2025", "A25/7 8", "A26-K1"), ("any=2026", "A26-K1", "A25/7 8"),
     ("estat=pagades", "A25/7 8", "A26-K1"), ("estat=properes", "A26-K1", "A25/7 8")],
)  # fmt: skip
def test_filters_leave_some_out(client: Client, query: str, shown: str, hidden: str) -> None:
    """By year and by state, only what was asked for is shown."""
    page = _page(client, f"{ALL}?{query}")
    assert shown in page
    assert hidden not in page


@pytest.mark.parametrize("query", ["any=x", "any=99999999999999999999", "estat=x", "pagina=-1"])
def test_filters_that_are_none_filter_nothing(client: Client, query: str) -> None:
    """Nonsense in the address shows all."""
    assert "A26-K1" in _page(client, f"{ALL}?{query}")


def test_the_pdf_is_the_archives_to_the_byte(client: Client, document: Document) -> None:
    """What is downloaded is what was sealed, under its name, and stays out of caches."""
    answer = client.get(f"{ALL}{document.invoice_id}/factura.pdf?desar")
    assert answer.content == retrieve(document)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-A26-K1.pdf"'


def test_several_come_as_one_zip(client: Client, document: Document) -> None:
    """The documents that were asked for are in the ZIP, to the byte; none is told."""
    answer = client.get(f"{ALL}zip/?totes")
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert [packed.read(name) for name in packed.namelist()] == [retrieve(document)]
    assert client.get(f"{ALL}zip/", follow=True).redirect_chain


def test_an_invoice_without_document_has_no_dead_links(client: Client) -> None:
    """What came before the Office is shown in short, and says that its document isn't here."""
    old = Invoice.objects.get(number="A25/7 8")
    page = _page(client, f"{ALL}{old.pk}/")
    assert "is from before this Office opened" in page
    assert "factura.pdf" not in page
    assert client.get(f"{ALL}{old.pk}/factura.pdf").status_code == 404


def test_a_number_with_a_slash_leads_to_its_page(client: Client) -> None:
    """Numbers may hold slashes and spaces."""
    old = Invoice.objects.get(number="A25/7 8")
    answer = client.get(f"{ALL}numero/A25/7%208/")
    assert answer["Location"] == f"{ALL}{old.pk}/"


def test_a_file_without_seal_is_told(client: Client) -> None:
    """A file that isn't a sealed PDF gets a plain answer, and none is kept."""
    file = SimpleUploadedFile("x.pdf", b"%PDF-1.7 nothing", content_type="application/pdf")
    answer = client.post(f"{ALL}comprovar/", {"file": file})
    assert "this file has no seal" in answer.content.decode()


def test_a_file_that_is_too_large_is_refused(client: Client) -> None:
    """More than 4 MB isn't looked at."""
    file = SimpleUploadedFile("x.pdf", b"x" * (4 * 1024 * 1024 + 1))
    assert "too large" in client.post(f"{ALL}comprovar/", {"file": file}).content.decode()


def test_the_link_of_a_mail_opens_its_invoice_to_its_holder(
    client: Client, document: Document
) -> None:
    """Signed in, the link leads to exactly that invoice; to others it leads nowhere."""
    keys = LinkKeys.parse(current_instance().key("links"))
    link = document_link("", keys, document.invoice_id, date(2026, 5, 12))
    assert Client().get(link)["Location"].startswith("/entrar/?next=/d/")
    assert client.get(link)["Location"] == f"{ALL}{document.invoice_id}/"
    stranger = signed_in(account("b@example.org"))
    assert stranger.get(link).status_code == 404


def test_the_list_asks_as_often_however_many_there_are(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The number of queries of the list is fixed."""
    client.get(ALL)
    with django_assert_num_queries(6):
        client.get(ALL)


def test_three_years_are_kept_at_least(tmp_path: object) -> None:
    """A retention rule under what the law gives customers is refused with the law's name."""
    file = tmp_path / "retention.yaml"  # type: ignore[operator]
    file.write_text("- {document: invoice, years: 2, since: 2020-01-01, law: none}\n")
    with pytest.raises(StationeryError, match="Ley 56/2007"):
        load_retention(file)


def _answer(client: Client, content: bytes) -> str:
    file = SimpleUploadedFile("x.pdf", content, content_type="application/pdf")
    return client.post(f"{ALL}comprovar/", {"file": file}).content.decode()


def test_what_a_file_is_gets_told(client: Client, document: Document) -> None:
    """Ours, an altered one and somebody else's each get their answer."""
    assert "just as we sealed it" in _answer(client, retrieve(document))
    foreign = Sealer(demo_identity("somebody else"), reason="x").seal(pdf("A26"), NOW)
    assert "somebody else sealed it" in _answer(client, foreign)
    assert "changed after it was sealed" in _answer(client, foreign + b"\n% more")


def test_an_account_checks_so_many_files_an_hour(client: Client) -> None:
    """After thirty files an account is asked to wait, and no more are read."""
    told = [_answer(client, b"no PDF") for _ in range(31)]
    assert ["Too many files" in one for one in told] == [False] * 30 + [True]


def test_an_erased_document_says_so(client: Client, document: Document) -> None:
    """Its page stays, with the day on which it was erased, and no link to it."""
    erase([document], at=current_instance().now(), by="a test", reason="asked for")
    page = _page(client, f"{ALL}{document.invoice_id}/")
    assert "was erased on this day: 14 May 2026" in page
    assert "factura.pdf" not in page + _page(client, ALL)
    assert client.get(f"{ALL}{document.invoice_id}/factura.pdf").status_code == 404
    assert client.get(f"{ALL}zip/?f={document.invoice_id}").status_code == 302


def test_a_batch_of_several_contracts_is_nobodys(client: Client, document: Document) -> None:
    """The XML is offered while it is of this contract alone."""
    source = SourceDocument.objects.create(
        sha256="0" * 64, name="a.xml", media_type="application/xml", format="ubl",
        content=b"<Invoice/>", received_at=NOW,
    )  # fmt: skip
    Invoice.objects.filter(pk=document.invoice_id).update(source=source)
    path = f"{ALL}{document.invoice_id}/factura.xml"
    assert client.get(path).content == b"<Invoice/>"
    packed = zipfile.ZipFile(io.BytesIO(b"".join(client.get(f"{ALL}zip/?totes"))))
    assert packed.namelist() == ["invoice-A26-K1.pdf", "invoice-A26-K1.xml"]
    town = Town()
    other = town.invoice(town.contract(2))
    Invoice.objects.filter(pk=other.invoice_id).update(source=source)
    assert client.get(path).status_code == 404


@given(st.lists(st.text(max_size=40), max_size=12))
def test_files_of_a_zip_never_meet(numbers: list[str]) -> None:
    """Whatever the numbers are, the names are all others, and none is a path."""
    taken: set[str] = set()
    names = [once(file_name(number, ".pdf"), taken) for number in numbers]
    assert len({name.casefold() for name in names}) == len(numbers)
    assert not any(set(name) & set('/\\:\0"') or name.startswith(".") for name in names)
