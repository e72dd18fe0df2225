"""The payment slip as a document of its own: read back as a bank's scanner and a reader would."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from bustia.compose.barcode import cuaderno57
from bustia.compose.payment import SlipDue
from bustia.compose.slip import SheetView, SlipComposer, SlipHolder, sheet_view
from bustia.errors import ComposeError
from tests.compose.bills import COMPANY, LABELS, STAMP, STATIONERY
from tests.tools.verapdf import Judgement, judge

HOLDER = SlipHolder(
    "Montserrat Puig i Soler", "1000123", "Carrer de la Font Vella, 12, 43999 Vallserena", True
)
UNTIL = date(2026, 5, 29)
DUES = tuple(
    SlipDue(f"A26-{number:06d}", f"26{number:09d}", Decimal(amount), date(2026, 3, 10), UNTIL)
    for number, amount in ((45, "38.20"), (123, "40.61"), (200, "1240.05"), (201, "0.01"))
)
LANGUAGES = ("ca", "es", "en")


@pytest.fixture(scope="module")
def composer() -> SlipComposer:
    """One composer for all, as in a server's process."""
    return SlipComposer(STATIONERY)


def sheet(count: int = 1, language: str = "ca", holder: SlipHolder = HOLDER) -> SheetView:
    """Give the sheet for the first so many invoices."""
    return sheet_view(
        DUES[:count], holder, COMPANY[language], LABELS[language], today=date(2026, 5, 14)
    )


def digits(due: SlipDue) -> str:
    """Give what the bank must read, from the invoice alone."""
    return cuaderno57(
        issuer="43999127", suffix="501", reference=due.payment_reference, identification=UNTIL,
        amount_cents=int(due.amount * 100),
    )  # fmt: skip


def text(pdf: bytes) -> str:
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]
    return " ".join(" ".join(pages).replace("\xa0", " ").split())


@pytest.mark.parametrize("count", [1, 2, 4])
def test_every_slip_reads_back(composer: SlipComposer, count: int):
    """A scanner finds one barcode an invoice, each with its reference, deadline and amount."""
    pdf = composer.compose(sheet(count), STAMP).pdf
    found = [
        one.text.replace("(90)", "90")
        for page in pypdfium2.PdfDocument(pdf)
        for one in zxingcpp.read_barcodes(page.render(scale=250 / 72).to_pil())
    ]
    assert sorted(found) == sorted(digits(due) for due in DUES[:count])


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        ("ca", ("Document de pagament", "Per pagar 2 factures", "78,81 €", "29 de maig del 2026")),
        ("es", ("Documento de pago", "Para pagar 2 facturas", "78,81 €", "29 de mayo de 2026")),
        ("en", ("Payment slip", "To pay 2 invoices", "€78.81", "29 May 2026")),
    ],
)
def test_each_language_has_its_words(composer: SlipComposer, language: str, wanted: tuple[str]):
    """What is to be paid, until when and for what is said in the customer's language."""
    read = text(composer.compose(sheet(2, language), STAMP).pdf)
    assert [one for one in (*wanted, "A26-000045", "38", "1000123") if one not in read] == []


def test_a_page_holds_three_slips(composer: SlipComposer):
    """Common debts fit one sheet of paper."""
    assert [composer.compose(sheet(count), STAMP).pages for count in (1, 2, 3, 4)] == [1, 1, 1, 2]


def test_help_with_paying_is_for_homes(composer: SlipComposer):
    """The note on Llei 24/2015 is on a home's sheet, and no sheet threatens."""
    home = text(composer.compose(sheet(), STAMP).pdf)
    firm = text(
        composer.compose(
            sheet(holder=SlipHolder("Fusteria, SL", "1", "c. Major", False)), STAMP
        ).pdf
    )
    assert ("Llei 24/2015" in home, "Llei 24/2015" in firm) == (True, False)
    assert not any(word in home.lower() for word in ("tall", "recàrrec", "embarg", "demanda"))


def test_same_input_same_bytes(composer: SlipComposer):
    """Another composer gives the same bytes."""
    composer.compose(sheet(3, "en"), STAMP)
    assert (
        SlipComposer(STATIONERY).compose(sheet(2), STAMP).pdf
        == composer.compose(sheet(2), STAMP).pdf
    )


def test_markup_in_names_is_text(composer: SlipComposer):
    """A name that looks like Typst's markup is written as it is."""
    name = "#Anna *Sol* [x] $1$ "
    read = text(composer.compose(sheet(holder=SlipHolder(name, "1", "c", True)), STAMP).pdf)
    assert name.strip() in read


@pytest.mark.parametrize(
    "dues",
    [
        (),
        (SlipDue("A1", "1", Decimal("10.001"), UNTIL, UNTIL),),
        (SlipDue("A1", "1", Decimal(1), UNTIL, None),),
    ],
    ids=["nothing", "half a cent", "no deadline"],
)
def test_what_no_slip_holds_is_refused(dues: tuple[SlipDue, ...]):
    """Without an amount in cents and a deadline there is no slip that a bank would take."""
    with pytest.raises(ComposeError):
        sheet_view(dues, HOLDER, COMPANY["ca"], LABELS["ca"], today=UNTIL)


@pytest.mark.slow
def test_verapdf_passes_every_sheet(composer: SlipComposer, tmp_path: Path):
    """Each language, one slip or several, is PDF/A-3a and PDF/UA-1."""
    paths = []
    for language in LANGUAGES:
        for count in (1, 4):
            path = tmp_path / f"{language}-{count}.pdf"
            path.write_bytes(composer.compose(sheet(count, language), STAMP).pdf)
            paths.append(path)
    passed = Judgement(frozenset({"3a", "ua1"}), ())
    assert {path.stem: found for path, found in judge(paths).items()} == {
        path.stem: passed for path in paths
    }
