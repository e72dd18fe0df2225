"""The composed page: read back, measured, and judged as a screen reader or a machine would."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pikepdf
import pypdfium2
import pytest
import zxingcpp
from PIL.Image import Image

from bustia.compose.attachments import Attachment
from bustia.compose.barcode import cuaderno57
from bustia.compose.drawing import POINTS_A_MM
from bustia.compose.typst_composer import TypstComposer
from bustia.compose.view import BillView
from bustia.errors import ComposeError
from bustia.seal import Sealer, demo_identity
from tests.compose.bills import (
    FACTURAE,
    KINDS,
    LONG_NAMES,
    SLIP,
    STAMP,
    STATIONERY,
    UBL,
    facts,
    many_lines,
    view,
)
from tests.tools.verapdf import Judgement, judge

PAGES = {
    "domiciled-ca": 1, "domiciled-es": 1, "domiciled-en": 1, "no-messages": 1, "slip-ca": 2,
    "six-messages": 2, "six-messages-slip": 2, "zero": 1, "credit-note": 1, "verifactu": 1,
    "e-invoice": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def composer() -> TypstComposer:
    """One composer for all, as in a worker."""
    return TypstComposer(STATIONERY)


@pytest.fixture(scope="module")
def composed(composer: TypstComposer) -> dict[str, bytes]:
    """A document of every kind."""
    return {kind: composer.compose(make(), (), STAMP).pdf for kind, make in KINDS.items()}


def text(pdf: bytes) -> str:
    """Give all text of a document in the order of its content, spaces made even."""
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.get_textpage().get_text_range() for page in document]
    return " ".join(" ".join(pages).replace("\xa0", " ").split())


def picture(pdf: bytes, dots_per_inch: int = 250) -> Image:
    image: Image = pypdfium2.PdfDocument(pdf)[0].render(scale=dots_per_inch / 72).to_pil()
    return image


def boxes(pdf: bytes) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
    """Give page and box (left, bottom, right, top; millimetres) of every run of text."""
    for place, page in enumerate(pypdfium2.PdfDocument(pdf), 1):
        words = page.get_textpage()
        for index in range(words.count_rects()):
            left, bottom, right, top = (one / POINTS_A_MM for one in words.get_rect(index))
            yield place, (left, bottom, right, top)


def test_pages_are_as_many_as_stated(composed: dict[str, bytes]):
    """Common bills take one page; a slip or many messages take two."""
    found = {kind: len(pypdfium2.PdfDocument(composed[kind])) for kind in PAGES}
    assert found == PAGES


def test_the_stated_count_is_the_files(composer: TypstComposer):
    """The composer tells how many pages the file has."""
    for kind in ("zero", "slip-ca", "hundred-lines"):
        made = composer.compose(KINDS[kind](), (), STAMP)
        assert len(pypdfium2.PdfDocument(made.pdf)) == made.pages


@pytest.mark.parametrize("kind", list(KINDS))
def test_nothing_leaves_the_page_or_its_margins(kind: str, composed: dict[str, bytes]):
    """No text stands outside the margins, and only the footer below the content."""
    outside = [
        (page, box)
        for page, box in boxes(composed[kind])
        if box[0] < 19.5 or box[2] > 190.5 or box[1] < 4 or box[3] > 289
    ]
    assert outside == []


@pytest.mark.parametrize("kind", ["domiciled-ca", "slip-es", "long-names", "verifactu"])
def test_the_window_shows_the_address_alone(kind: str, composed: dict[str, bytes]):
    """Only the address can be seen in the envelope's window, however the letter slides in it."""
    inside = [
        box
        for page, box in boxes(composed[kind])
        if page == 1 and box[0] < 110 and 297 - 99 < box[3] < 297 - 39
    ]
    assert all(box[0] >= 21.5 and box[2] <= 92 and box[1] >= 297 - 86 for box in inside)
    assert inside


def test_the_text_reads_in_order(composed: dict[str, bytes]):
    """Heading, amount, date, messages, consumption, detail: as a reader would go."""
    read = text(composed["domiciled-ca"])
    steps = [
        "Factura de l’aigua", "A26-000123", "Montserrat Puig i Soler", "40,61 €",
        "28 de maig del 2026", "El banc ens ha retornat un rebut", "El seu consum", "12 m³",
        "Detall de l’import", "15,58", "IVA 10 %", "2,97", "Total de la factura", "977 000 112",
    ]  # fmt: skip
    places = [read.find(step) for step in steps]
    assert (False, sorted(places)) == (-1 in places, places)


@pytest.mark.parametrize("kind", ["forty-lines", "hundred-lines"])
def test_every_line_is_there_as_it_was_written(kind: str, composed: dict[str, bytes]):
    """Long bills lose no line, and markup in a description is just text."""
    read = text(composed[kind])
    lines = many_lines(40 if kind == "forty-lines" else 100)["lines"]
    wanted = [line.description.split(",")[0] for line in lines if line.description]
    assert [one for one in wanted if one not in read] == []


def test_the_slips_barcode_reads_back(composed: dict[str, bytes]):
    """A scanner reads from the rendered page the 46 digits that the bank needs."""
    found = zxingcpp.read_barcodes(picture(composed["slip-ca"]))
    digits = cuaderno57(
        issuer="43999127", suffix="501", reference="123",
        identification=facts().invoice.due_date or "", amount_cents=4061,
    )  # fmt: skip
    assert [digits] == [one.text.replace("(90)", "90") for one in found]


@pytest.mark.parametrize("kind", ["domiciled-ca", "zero", "credit-note"])
def test_no_slip_where_none_is_due(kind: str, composed: dict[str, bytes]):
    """Domiciled bills, zero bills and credit notes carry no slip."""
    assert [one.text for one in zxingcpp.read_barcodes(picture(composed[kind], 150))] == []


def test_the_tax_qr_reads_back(composed: dict[str, bytes]):
    """A telephone reads the tax agency's address with the bill's own data."""
    found = zxingcpp.read_barcodes(picture(composed["verifactu"]))
    query = parse_qs(urlsplit(found[0].text).query)
    assert query == {
        "nif": ["A43999127"], "numserie": ["A26-000123"], "fecha": ["12-05-2026"],
        "importe": ["40.61"],
    }  # fmt: skip
    corners = found[0].position
    side = (corners.top_right.x - corners.top_left.x) / 250 * 25.4
    assert 30 <= side <= 40


def test_same_input_same_bytes(composer: TypstComposer, composed: dict[str, bytes]):
    """Another composer gives the same bytes, and other documents in between don't matter."""
    other = TypstComposer(STATIONERY)
    for kind in ("slip-es", "domiciled-ca", "verifactu"):
        assert composed[kind] == other.compose(KINDS[kind](), (), STAMP).pdf


def test_attachments_come_out_to_the_byte(composer: TypstComposer):
    """The structured e-invoice is in the file as it came, named, typed and related."""
    files = (
        Attachment("invoice.xml", UBL, "application/xml", "UBL", "source"),
        Attachment("facturae.xsig", FACTURAE, "application/xml", "Facturae"),
    )
    pdf = composer.compose(KINDS["zero"](), files, STAMP).pdf
    with pikepdf.open(BytesIO(pdf)) as document:
        found = {
            name: (spec.get_file().read_bytes(), str(spec.obj.AFRelationship))
            for name, spec in document.attachments.items()
        }
    assert found == {"invoice.xml": (UBL, "/Source"), "facturae.xsig": (FACTURAE, "/Alternative")}


def test_the_file_says_what_it_is(composed: dict[str, bytes]):
    """Title, language and table headers are there for screen readers."""
    with pikepdf.open(BytesIO(composed["domiciled-es"])) as document:
        title = str(document.docinfo.Title)
        lang = str(document.Root.Lang)
        kinds = {
            str(one.get("/S")) for one in document.objects if isinstance(one, pikepdf.Dictionary)
        }
    assert (title, lang) == ("Factura del agua A26-000123 · Aigües de Vallserena", "es")
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure", "/Link"} <= kinds


def test_odd_characters_cost_no_invoice(composed: dict[str, bytes]):
    """What no font can write is replaced; letters of Europe are written."""
    read = text(composed["odd-characters"])
    assert "Łukasz Żółć ???? ? Ștefan Ωμέγα abc" in read


def test_errors_hold_no_personal_data(composer: TypstComposer):
    """When the layout fails, the error doesn't quote the customer."""
    bad = Attachment("", b"", "no media type", "x")
    with pytest.raises(ComposeError) as caught:
        composer.compose(view(facts(**LONG_NAMES)), (bad,), STAMP)
    assert "Propietaris" not in str(caught.value)


def test_an_instant_without_zone_is_refused(composer: TypstComposer):
    """A document's time is never a guess."""
    with pytest.raises(ComposeError, match="time zone"):
        composer.compose(KINDS["zero"](), (), datetime(2026, 5, 12))  # noqa: DTZ001 (the very fault)


def test_debit_bills_never_show_a_whole_account(composed: dict[str, bytes]):
    """Only the masked account is printed."""
    assert "ES•• •••• •••• •••• •••• 1332" in text(composed["domiciled-ca"])


@pytest.mark.slow
def test_verapdf_passes_every_kind(
    composer: TypstComposer, composed: dict[str, bytes], tmp_path: Path
):
    """Every kind of bill is PDF/A-3a and PDF/UA-1 in one, sealed, attachments included."""
    files = (
        Attachment("invoice.xml", UBL, "application/xml", "UBL", "source"),
        Attachment("facturae.xml", FACTURAE, "application/xml", "Facturae", "source"),
    )
    long_slip: BillView = view(facts(language="es", invoice=SLIP, **LONG_NAMES), messages=5)
    made = composed | {
        "attached": composer.compose(KINDS["e-invoice"](), files, STAMP).pdf,
        "company-slip": composer.compose(replace(long_slip, duplicate=True), (), STAMP).pdf,
    }
    paths = {tmp_path / f"{kind}.pdf": pdf for kind, pdf in made.items()}
    sealer = Sealer(demo_identity("test"))
    for path, pdf in paths.items():
        path.write_bytes(sealer.seal(pdf, STAMP))
    passed = Judgement(frozenset({"3a", "ua1"}), ())
    assert {path.stem: passed for path in paths} == {
        path.stem: found for path, found in judge(list(paths)).items()
    }


@pytest.mark.slow
def test_verapdf_fails_what_is_not_right(composed: dict[str, bytes], tmp_path: Path):
    """The judge is awake: a bill without its language and title is refused."""
    path = tmp_path / "bad.pdf"
    with pikepdf.open(BytesIO(composed["zero"])) as document:
        del document.Root.Lang
        del document.Root.MarkInfo
        document.save(path)
    assert judge([path])[path].failures
