"""The print run: the same pages as in the archive, in one file, with a list of them."""

import csv
import hashlib
from collections import Counter
from itertools import cycle
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from bustia.archive.services import Retriever
from bustia.compose.typst_composer import TypstComposer
from bustia.deliver import printing
from bustia.deliver.channels.print_file import PrintFile
from bustia.deliver.models import Attempt, Delivery, PrintRun
from bustia.deliver.printing import print_due
from bustia.errors import ArchiveError
from tests.compose.bills import KINDS, STAMP, STATIONERY
from tests.deliver.town import NOW, Town


@pytest.fixture(scope="module")
def bills() -> list[bytes]:
    """Real bills: of one page and of two, with tags, fonts and a structured invoice's place."""
    composer = TypstComposer(STATIONERY)
    kinds = ("domiciled-ca", "slip-ca", "domiciled-en", "six-messages", "credit-note")
    return [composer.compose(KINDS[kind](), (), STAMP).pdf for kind in kinds]


@pytest.fixture
def on_paper(town: Town, bills: list[bytes], monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town of ten contracts that get real bills by post."""
    turn = cycle(bills)
    monkeypatch.setattr("tests.deliver.town.pdf", lambda _text, _pages: next(turn))
    town.deliveries(10, "post")
    return town


def pictures(file: Path | bytes) -> list[bytes]:
    """Draw every page; give the pictures' digests."""
    with pypdfium2.PdfDocument(file) as document:
        return [
            hashlib.sha256(page.render(scale=1).to_pil().tobytes()).digest() for page in document
        ]


def listed(folder: Path) -> list[dict[str, str]]:
    """Read the list of a run."""
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    """Give what is in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_page_looks_as_in_the_archive(on_paper: Town, tmp_path: Path):
    """The printers get the archived pages, pixel by pixel, in the order of the list."""
    (run,) = print_due(tmp_path, NOW)

    rows = listed(run.folder)
    printed = pictures(run.folder / "invoices.pdf")
    expected = [picture for row in rows for picture in pictures(on_paper.contents[row["document"]])]
    assert expected == printed
    assert (10, len(expected), 0) == (run.mailpieces, run.pages, run.failed)
    with pikepdf.open(run.folder / "invoices.pdf") as merged:
        assert merged.check_pdf_syntax() == []
        assert {(595, 842)} == {
            (round(page.mediabox[2]), round(page.mediabox[3])) for page in merged.pages
        }


def test_the_list_says_where_each_mailpiece_is(on_paper: Town, tmp_path: Path):
    """Every paper invoice is there once, with its first page, sheets and digest."""
    (run,) = print_due(tmp_path, NOW)

    rows = listed(run.folder)
    assert [str(place) for place in range(1, 11)] == [row["sequence"] for row in rows]
    assert {*on_paper.contents} == {row["document"] for row in rows}
    next_page = 1
    for row in rows:
        content = on_paper.contents[row["document"]]
        assert next_page == int(row["first_page"])
        assert len(pictures(content)) == int(row["pages"])
        assert (int(row["pages"]) + 1) // 2 == int(row["sheets"])
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert row["postcode"].startswith("43")
        next_page += int(row["pages"])
    for line in (run.folder / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((run.folder / name).read_bytes()).hexdigest() == digest


def test_what_bills_have_in_common_is_written_once(on_paper: Town, tmp_path: Path):
    """Ten bills take much less room together: fonts and drawings are shared."""
    (run,) = print_due(tmp_path, NOW)

    alone = sum(map(len, on_paper.contents.values()))
    assert (run.folder / "invoices.pdf").stat().st_size < alone * 0.6


def test_the_ledger_knows_the_run(on_paper: Town, tmp_path: Path):
    """Each delivery is delivered, in its run, with one attempt; printing again finds nothing."""
    (run,) = print_due(tmp_path, NOW)

    deliveries = Delivery.objects.filter(print_run__code=run.code)
    assert run.code == "2026-03-01"
    assert {("delivered", "print run 2026-03-01", NOW)} == set(
        deliveries.values_list("state", "reason", "finished_at")
    )
    assert [(1, True, "accepted", run.code)] * 10 == list(
        Attempt.objects.values_list("number", "started", "outcome", "answer")
    )
    assert print_due(tmp_path, NOW) == []
    assert PrintRun.objects.count() == 1


def test_invoices_that_come_later_are_another_run(on_paper: Town, tmp_path: Path):
    """A run that was written doesn't change any more."""
    (first,) = print_due(tmp_path, NOW)
    before = contents(first.folder)
    on_paper.deliveries(2, "post", first=50)
    (second,) = print_due(tmp_path, NOW)

    assert (second.code, second.mailpieces) == ("2026-03-02", 2)
    assert before == contents(first.folder)


@pytest.mark.parametrize("where", ["_write_digests", "_mark_written", "_put"])
def test_a_run_that_was_cut_off_is_written_again_the_same(
    on_paper: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    """Wherever it stops, there is no half a run, and the next call gives the run of before."""
    (reference,) = print_due(tmp_path / "whole", NOW)
    whole = contents(reference.folder)
    Attempt.objects.all().delete()
    Delivery.objects.update(state="due", print_run=None, attempts=0)
    PrintRun.objects.all().delete()

    class Cut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise Cut

    place = PrintFile if where == "_put" else printing
    with monkeypatch.context() as patched:
        patched.setattr(place, where, cut)
        with pytest.raises(Cut):
            print_due(tmp_path, NOW)
    assert (where == "_mark_written") == (tmp_path / reference.code).exists()
    assert Counter(claimed=10) == Counter(Delivery.objects.values_list("state", flat=True))

    (run,) = print_due(tmp_path, NOW)
    assert whole == contents(run.folder)
    assert reference.code == run.code
    assert [run.folder] == [one for one in tmp_path.iterdir() if one.name != "whole"]
    assert Counter(delivered=10) == Counter(Delivery.objects.values_list("state", flat=True))


def test_a_damaged_document_does_not_hold_up_the_others(
    on_paper: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What the archive can't give back needs a person; the rest is printed."""
    read = Retriever.read

    def damaged(self, document):
        if document.number == "A26-K3":
            raise ArchiveError("it is damaged.", where=document.number)
        return read(self, document)

    monkeypatch.setattr(Retriever, "read", damaged)
    (run,) = print_due(tmp_path, NOW)

    assert (run.mailpieces, run.failed) == (9, 1)
    assert "A26-K3" not in {row["document"] for row in listed(run.folder)}
    failed = Delivery.objects.get(state="failed")
    assert (failed.document and failed.document.number, failed.reason) == (
        "A26-K3",
        "it is damaged.",
    )


def test_nothing_is_printed_for_the_dead(on_paper: Town, tmp_path: Path):
    """Who is reported as deceased since the planning gets no letter."""
    holder = Delivery.objects.all()[0].contract.customer
    holder.deceased = True
    holder.save()
    (run,) = print_due(tmp_path, NOW)

    assert run.mailpieces == 9
    assert Counter(delivered=9, suppressed=1) == Counter(
        Delivery.objects.values_list("state", flat=True)
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", b"true"),
        ("null", b"null"),
        ("0.00001", b"0.00001"),
        ("-12", b"-12"),
        ("(a\\)b)", b"(a\\)b)"),
        ("/A#20B", b"/A#20B"),
        ("[ 1 [ 2 ] << /K (v) >> ]", b"[1 [2] << /K (v) >>]"),
    ],
)
def test_values_are_written_as_pdf_has_them(tmp_path: Path, value: str, expected: bytes):
    """No Python notation gets into the file: no exponents, no True, no None."""
    with (tmp_path / "x.pdf").open("wb") as out:
        merged = PrintFile(out)
        parsed = pikepdf.Object.parse(f"[ {value} ]".encode())
        assert expected in merged._body(parsed, {})
