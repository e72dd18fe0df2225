"""The press's reading of what Typst wrote: in whichever way it stands there, it says the same."""

import re
from collections.abc import Callable
from io import BytesIO

import pikepdf
import pytest

from bustia.compose.press import Press
from bustia.compose.press.reading import Page, read_probe
from bustia.errors import UnpressableError
from tests.compose.bills import STAMP, view


@pytest.fixture(scope="module")
def reference(press: Press) -> bytes:
    """A bill as Typst makes it."""
    return press.reference.compose(view(messages=4), (), STAMP).pdf


def changed(reference: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Give a file with the content of its pages written otherwise."""
    file = BytesIO()
    with pikepdf.open(BytesIO(reference)) as pdf:
        for page in pdf.pages:
            before = page.obj.Contents.read_bytes()
            after = change(before)
            assert before != after
            page.obj.Contents = pdf.make_stream(after)
        pdf.save(file)
    return file.getvalue()


def pages_of(content: bytes) -> list[Page]:
    """Read the pages of a file."""
    return read_probe(content).pages


def in_digits(content: bytes) -> bytes:
    """Write literal strings as digits."""
    return re.sub(
        rb"\((?:[^()\\]|\\.)*\)(?=[^()]*\]TJ|Tj|[-.\d]+[(<])",
        lambda one: b"<%s>" % bytes(pikepdf.Object.parse(one[0])).hex().upper().encode(),
        content,
        flags=re.DOTALL,
    )


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "step by step": lambda content: re.sub(rb"BT\s+0 Tr", b"BT 0 Tr %\n", content),
    "strings in digits": in_digits,
    "strings that go on in the next line": lambda content: content.replace(
        b"(\\000", b"(\\\n\\000"
    ),
    "marks that say more in spaces": lambda content: content.replace(b"/MCID ", b"/MCID  "),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_text_says_the_same_however_it_is_written(kind: str, reference: bytes):
    """Most blocks are read at once; those that are not as usual, step by step."""
    assert pages_of(changed(reference, CHANGES[kind])) == pages_of(reference)


def test_an_element_says_what_it_says(reference: bytes):
    """Names, texts, numbers and kids of the structure tree are those of the file."""
    tree = read_probe(reference).tree
    with pikepdf.open(BytesIO(reference)) as pdf:
        top = pdf.Root.StructTreeRoot.K[0]
        assert tree.role == str(top.S) == "/Document"
        assert len(tree.kids) == len(top.K)
    found = repr(tree)
    assert "'/Lang': " in found or "'/A': [{" in found
    assert "b'/Layout'" in found
    assert re.search(r"'/BBox': \[[\d.]+, ", found)


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "a mark without an end": lambda content: re.sub(rb"EMC\s*\Z", b"", content),
    "a block that stands in another one": lambda content: content.replace(
        b"/Artifact BMC", b"/Artifact BMC /Artifact BMC", 1
    ),
    "a block in a string": lambda content: re.sub(
        rb"(/Span<</MCID 0>>BDC.*?EMC)", rb"/Artifact BMC (\1) Tj EMC", content, flags=re.DOTALL
    ),
    "a code of one byte": lambda content: content.replace(b"Tm[(", b"Tm[(x", 1),
    "a turned text": lambda content: content.replace(b"1 0 0 -1 0 0 Tm", b"1 0 0 1 0 0 Tm", 1),
}


@pytest.mark.filterwarnings("ignore:Unexpected end of stream")
@pytest.mark.parametrize("kind", SPOILT)
def test_what_is_not_understood_is_said(kind: str, reference: bytes):
    """Nothing is skipped: such a document is left to Typst."""
    spoilt = changed(reference, lambda content: SPOILT[kind](content) + b"\n")
    with pytest.raises(UnpressableError):
        read_probe(spoilt)
