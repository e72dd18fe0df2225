"""The composers that are compared: the same texts for all, taking turns, told apart honestly."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from html import unescape
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bench.bills import Bill, write_bills
from bench.composers import COMPOSERS, Missing, Workplace, describe
from bench.fop import class_path
from bench.html import page, style_sheet
from bench.keys import KeyKind, write_identity
from bench.layout import lay_out, load_house
from bench.rounds import Plan, run
from bench.xslfo import NOT_XML, FoWriter
from bustia.compose.drawing import Drawing
from bustia.seal import load_identity
from bustia.seal.keys import LoadedKey
from tests.compose.bills import KINDS, STATIONERY, view

HOUSE = load_house(STATIONERY)
CHOICES = {"language", "kind", "state", "tone", "title", "keywords", "running", "legal"}
"""What is no text on the page, or stands in its margins."""


def texts(part: object) -> Iterator[str]:
    """Give all texts that a bill has for its pages."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from texts(one)
    elif is_dataclass(part) and not isinstance(part, Drawing):
        for field in fields(part):
            if field.name not in CHOICES:
                yield from texts(getattr(part, field.name))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """Where composers work in these tests."""
    return Workplace(STATIONERY, write_identity("ecdsa", tmp_path / "key.p12"), tmp_path)


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_peers_compose_every_text_of_the_bill(kind: str, pages: int) -> None:
    """What a bill says stands in the HTML of its peers, be it on one page or on two."""
    made = KINDS[kind]()
    html = unescape(page(lay_out(made, HOUSE, pages), style_sheet(HOUSE)))
    assert [text for text in texts(made) if text not in html] == []


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_fop_is_given_every_text_too(kind: str, pages: int) -> None:
    """The XSL-FO of a bill is well-formed and has all of its texts."""
    made = KINDS[kind]()
    root = ElementTree.fromstring(FoWriter(HOUSE).document(lay_out(made, HOUSE, pages)))  # noqa: S314
    said = "\n".join(root.itertext())
    said += "\n".join(link.get("external-destination", "") for link in root.iter())
    assert [text for text in texts(made) if text.translate(NOT_XML) not in said] == []


@pytest.mark.slow
def test_composers_take_turns(place: Workplace, tmp_path: Path) -> None:
    """Two composers are measured in as many rounds as asked; one that is missing says so."""
    file = tmp_path / "bills.pickle"
    write_bills(file, [Bill(view(messages=0), 1), Bill(view(messages=1), 1)])
    floor, typst, pyhanko = run(("floor", "typst", "pyhanko"), place, file, Plan(2, 0.05))
    for row in (floor, typst, pyhanko):
        assert row.missing == ""
        assert (len(row.one_core), len(row.two_cores)) == (2, 2)
        assert row.peak_bytes > 20 * 2**20
        assert (row.tagged, row.signed) == (True, True)
    assert typst.archive_bytes < typst.bytes_a_document
    assert floor.times_slower_than(typst) < 1


def test_a_composer_that_is_missing_says_why(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be imported is told of as not installed, with what installs it."""
    for name in ("weasyprint", "reportlab"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
        with pytest.raises(Missing, match=f"{name} is not installed: make bench"):
            COMPOSERS[name][1](place)


def test_fop_is_looked_for_where_it_may_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A class path that is given is taken; without Java there is no FOP, wherever it is."""
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/java")
    monkeypatch.setenv("FOP_CLASSPATH", "fop/*")
    assert class_path() == "fop/*"
    monkeypatch.delenv("FOP_CLASSPATH")
    (tmp_path / "fop" / "build").mkdir(parents=True)
    monkeypatch.setenv("FOP_HOME", str(tmp_path))
    assert class_path() == f"{tmp_path}/fop/build/*:{tmp_path}/fop/lib/*"
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(Missing, match="no Java"):
        class_path()


@pytest.mark.parametrize(
    ("kind", "expected"), [("ecdsa", ec.EllipticCurvePrivateKey), ("rsa", rsa.RSAPrivateKey)]
)
def test_either_kind_of_key_seals(kind: KeyKind, expected: type, tmp_path: Path) -> None:
    """The key's file is one that the product itself would load."""
    identity = load_identity(write_identity(kind, tmp_path / "key.p12"), None)
    assert isinstance(identity.key, LoadedKey)
    assert isinstance(identity.key.key, expected)


def test_an_untagged_unsigned_file_is_told_as_such() -> None:
    """Whether a document is tagged and signed is read from the file, not claimed."""
    out = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    assert describe(out.getvalue()) == (False, False)
