"""The composers that are compared, all behind one small interface.

Each makes the PDF of a bill as one would with it in production: set up once a process, then one
call a document. Those that can seal do; see ``docs/benchmarks.md`` for what each does and doesn't.
"""

import io
import os
import pickle
import shutil
import struct
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.bills import STAMP, Bill
from bench.layout import lay_out, load_house
from bustia.archive.segments import Packable
from bustia.compose.typst_composer import TypstComposer
from bustia.seal import Sealer, load_identity

__all__ = ["COMPOSERS", "PRESSED", "Composer", "Missing", "Workplace", "describe"]

PRESSED = 100
"""How many documents the floor works on, again and again."""

_REASON = "Aigües de Vallserena"


class Missing(Exception):  # noqa: N818 (it is an answer rather than an error)
    """This composer isn't installed; the text says why."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all composers work with."""

    stationery: Path
    identity: Path
    """A PKCS#12 file without a password: the key that seals."""
    cache: Path
    """A folder for what may be kept between runs, as forms."""

    @property
    def pressed(self) -> Path:
        """Where the press leaves some of its documents, for the floor to work on."""
        return self.identity.with_name("pressed.pickle")


class Composer:
    """Makes the documents of bills. One process uses one."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.ending = ExitStack()

    def warm(self, bills: Sequence[Bill]) -> None:
        """Do ahead what is done once, however many documents follow."""
        for bill in bills[:1]:
            self.compose(bill)

    def compose(self, bill: Bill) -> bytes:
        """Give the document of a bill, sealed if this composer's documents are."""
        raise NotImplementedError

    def packable(self, bill: Bill) -> Packable:
        """Compose a bill for the archive."""
        return Packable(bill.view.number, self.compose(bill))

    def note(self) -> str:
        """Say what should be known about this composer's figures; empty if nothing."""
        return ""


class PressComposer(Composer):
    """The press: forms that are filled in and sealed in the same pass."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        try:
            press = import_module("bustia.compose.press").Press
        except ImportError as error:
            raise Missing(f"not there yet ({error})") from error
        self._press = press(place.stationery, place.cache / "forms")
        self._sealer = _sealer(place)
        self._made: Counter[str] = Counter()

    def warm(self, bills: Sequence[Bill]) -> None:
        """Make the forms of all shapes that there are, and leave the floor some documents."""
        made = [self.compose(bill) for bill in bills[:PRESSED]]
        for bill in bills[PRESSED:]:
            self.compose(bill)
        self._made.clear()
        unfinished = self.place.pressed.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(pickle.dumps(made))
        unfinished.replace(self.place.pressed)

    def compose(self, bill: Bill) -> bytes:
        """Fill in and seal."""
        return self.packable(bill).content

    def packable(self, bill: Bill) -> Packable:
        """Fill in and seal, and tell the archive of the form."""
        one = self._press.compose(bill.view, (), STAMP, self._sealer)
        self._made["press" if one.composer == "press" else one.why] += 1
        return Packable(
            bill.view.number, one.pdf, one.sha256, one.form, one.form_size, one.fonts_size
        )

    def note(self) -> str:
        """Say how many documents the press left to Typst, and why."""
        total, others = self._made.total(), self._made.total() - self._made["press"]
        if not others:
            return "all by the press"
        why = max((why for why in self._made if why != "press"), key=self._made.__getitem__)
        return f"{others / total:.1%} by Typst, most: {why}"


class ReferenceComposer(Composer):
    """Typst and our fast seal: what the press must look like."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self._composer = TypstComposer(place.stationery)
        self._sealer = _sealer(place)

    def compose(self, bill: Bill) -> bytes:
        """Compose, then seal."""
        return self._sealer.seal(self._composer.compose(bill.view, (), STAMP).pdf, STAMP)


class PyHankoComposer(Composer):
    """Typst, and pyHanko's ordinary signing: ``sign_pdf`` for each document."""

    def __init__(self, place: Workplace) -> None:
        from pyhanko.sign import signers
        from pyhanko.sign.fields import SigSeedSubFilter

        super().__init__(place)
        self._composer = TypstComposer(place.stationery)
        self._sign = signers.sign_pdf
        signer = signers.SimpleSigner.load_pkcs12(str(place.identity))  # type: ignore[no-untyped-call]
        if signer is None:
            raise Missing("pyHanko can't read the key")
        self._signer = signer
        self._metadata = signers.PdfSignatureMetadata(
            field_name="Segell", subfilter=SigSeedSubFilter.PADES, reason=_REASON
        )

    def compose(self, bill: Bill) -> bytes:
        """Compose, then have pyHanko sign."""
        from pyhanko.pdf_utils.incremental_writer import (
            IncrementalPdfFileWriter,
        )

        pdf = self._composer.compose(bill.view, (), STAMP).pdf
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        signed: io.BytesIO = self._sign(writer, self._metadata, signer=self._signer)
        return signed.getvalue()


class WeasyPrintComposer(Composer):
    """WeasyPrint: HTML and CSS to tagged PDF/UA."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        weasyprint = _module("weasyprint")
        from bench.html import page, style_sheet

        self._house = load_house(place.stationery)
        self._style, self._page = style_sheet(self._house), page
        self._fonts = import_module("weasyprint.text.fonts").FontConfiguration()
        self._html = weasyprint.HTML

    def compose(self, bill: Bill) -> bytes:
        """Write the HTML and compose it."""
        html = self._page(lay_out(bill.view, self._house, bill.pages), self._style)
        document = self._html(string=html)
        pdf: bytes = document.write_pdf(font_config=self._fonts, pdf_variant="pdf/ua-1")
        return pdf


class ReportLabComposer(Composer):
    """ReportLab's Platypus; it can't tag."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        _module("reportlab")
        from bench.platypus import Platypus

        self._house = load_house(place.stationery)
        self._platypus = Platypus(self._house)

    def compose(self, bill: Bill) -> bytes:
        """Build the flow of blocks."""
        return self._platypus.compose(lay_out(bill.view, self._house, bill.pages))


class FopComposer(Composer):
    """Apache FOP in one warm Java machine: XSL-FO to tagged PDF."""

    def __init__(self, place: Workplace) -> None:
        from bench.fop import class_path
        from bench.xslfo import FoWriter, configuration

        super().__init__(place)
        found = class_path()
        self._house = load_house(place.stationery)
        self._writer = FoWriter(self._house)
        folder = Path(self.ending.enter_context(tempfile.TemporaryDirectory()))
        (folder / "fop.xconf").write_text(configuration(), "utf-8")
        server = Path(__file__).with_name("FopServer.java")
        self._java = subprocess.Popen(
            ["java", "-cp", found, str(server), str(folder / "fop.xconf")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.ending.callback(self._java.kill)

    def warm(self, bills: Sequence[Bill]) -> None:
        """Let Java compile what it runs often."""
        for bill in bills[: min(30, len(bills) // 4)]:
            self.compose(bill)

    def compose(self, bill: Bill) -> bytes:
        """Write the XSL-FO and have it composed."""
        source = self._writer.document(lay_out(bill.view, self._house, bill.pages)).encode()
        asked, answered = self._java.stdin, self._java.stdout
        if asked is None or answered is None:
            raise Missing("Java has no pipes")
        asked.write(struct.pack(">i", len(source)) + source)
        asked.flush()
        head = answered.read(4)
        if len(head) < 4:
            raise Missing("FOP ended: its Java must be a JDK of 11 or newer")
        return answered.read(int.from_bytes(head, "big"))


class ChromiumComposer(Composer):
    """Headless Chromium by Playwright: HTML printed to tagged PDF."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        api = _module("playwright.sync_api")
        from bench.html import page, style_sheet

        self._house = load_house(place.stationery)
        self._style, self._write = style_sheet(self._house), page
        folder = Path(self.ending.enter_context(tempfile.TemporaryDirectory()))
        self._file = folder / "bill.html"
        playwright = self.ending.enter_context(api.sync_playwright())
        browser = _launch(playwright.chromium, api.Error)
        self.ending.callback(browser.close)
        self._page = browser.new_page()

    def compose(self, bill: Bill) -> bytes:
        """Open the HTML from a file, so that its fonts load, and print it."""
        html = self._write(lay_out(bill.view, self._house, bill.pages), self._style)
        self._file.write_text(html, "utf-8")
        self._page.goto(self._file.as_uri())
        pdf: bytes = self._page.pdf(prefer_css_page_size=True, print_background=True, tagged=True)
        return pdf


def _launch(chromium: Any, error: type[Exception]) -> Any:
    """Start Playwright's own Chromium, or else the machine's."""
    system = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    own = Path(chromium.executable_path)
    if not own.exists() and system is None:
        raise Missing("no Chromium; Playwright's own comes by: playwright install chromium")
    try:
        return chromium.launch(executable_path=None if own.exists() else system)
    except error as problem:
        raise Missing(f"Chromium does not start: {str(problem).splitlines()[0]}") from problem


def _sealer(place: Workplace) -> Sealer:
    return Sealer(load_identity(place.identity, None), reason=_REASON)


def _module(name: str) -> Any:
    """Import a library that only the benchmark needs."""
    try:
        return import_module(name)
    except ImportError:
        raise Missing(
            f"{name.partition('.')[0]} is not installed: make bench installs it"
        ) from None
    except OSError as error:  # WeasyPrint without Pango
        raise Missing(f"{name} lacks a library of the system: {error}") from error


def _floor(place: Workplace) -> Composer:
    from bench.floor import Floor

    return Floor(place)


COMPOSERS: Mapping[str, tuple[str, Callable[[Workplace], Composer]]] = {
    "floor": ("Floor", _floor),
    "press": ("Press", PressComposer),
    "typst": ("Typst + our seal", ReferenceComposer),
    "pyhanko": ("Typst + pyHanko", PyHankoComposer),
    "weasyprint": ("WeasyPrint", WeasyPrintComposer),
    "reportlab": ("ReportLab", ReportLabComposer),
    "fop": ("Apache FOP", FopComposer),
    "chromium": ("Chromium", ChromiumComposer),
}
"""Each composer by its short name: its title, and what sets it up."""


def describe(pdf: bytes) -> tuple[bool, bool]:
    """Tell whether a document is tagged, and whether it is signed."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        marked = "/MarkInfo" in root and bool(root.MarkInfo.get("/Marked", False))
        fields: Any = root.AcroForm.get("/Fields", []) if "/AcroForm" in root else []
        signed = any(field.get("/FT") == "/Sig" and "/V" in field for field in fields)
        return marked and "/StructTreeRoot" in root, signed
