"""Texts are set as HarfBuzz shapes them whole, and paragraphs broken as Typst breaks them."""

import json
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from random import Random

import pikepdf
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from bustia.compose.characters import FONT_FOLDERS
from bustia.compose.press import Press
from bustia.compose.press.faces import face_named
from bustia.compose.press.judge.objects import Objects
from bustia.compose.press.judge.painted import glyphs_of, painted
from bustia.compose.press.kit import Kit, Style
from bustia.compose.press.lines import Breaker
from bustia.compose.press.words import shown
from bustia.errors import UnpressableError
from tests.compose.bills import STATIONERY

_PARAGRAPHS = 250
_TEXT = (
    "l’aigua de la factura Font-Rius s/n 12-14 1/2 C/Major 45,60\xa0€ (NIF). «El Pla», 3r 2a"
    " 31/12/2026 – — parcel·la d’Òrrius 977\xa0000\xa0100. www.vallserena.example/privacitat"
    " clients@x.example AVTO Wayne 100% què? sí! (sense cost) núm. 7; a.b: i/o e-mail re-vi-sar"
    ' 5-6 -7 B-7 x-3y 10% 3 m³ "cita" O’Brien l\'hora'
)
_SOURCE = """
#set page(width: 600pt, height: 800pt, margin: 20pt)
#set document(title: "x")
#set text(font: "Source Sans Pro", fallback: false, size: 9pt, lang: "ca",
  number-width: "tabular", hyphenate: false)
#set par(linebreaks: "simple")
#let data = json(bytes(sys.inputs.paragraphs))
#for (words, width) in data { block(width: width * 1pt, par(words)); pagebreak(weak: true) }
"""


@cache
def _kit() -> Kit:
    """Give the fonts of the shipped stationery."""
    return Press(STATIONERY, judged_every=0)._kit("ca")


def _lines_by_typst(paragraphs: list[tuple[str, float]], folder: Path) -> Iterator[list[str]]:
    """Give the lines of each paragraph as Typst breaks it."""
    source = folder / "paragraphs.typ"
    source.write_text(_SOURCE, encoding="utf-8")
    pdf = typst.compile(
        str(source),
        sys_inputs={"paragraphs": json.dumps(paragraphs)},
        font_paths=[str(one) for one in FONT_FOLDERS],
        ignore_system_fonts=True,
        pdf_standards=["a-3a"],
        timestamp=0,
    )
    assert isinstance(pdf, bytes)
    with pikepdf.Pdf.open(BytesIO(pdf)) as file:
        pages = painted(Objects(file))
    for page in pages:
        lines: dict[float, list[tuple[float, str]]] = {}
        for run in chain.from_iterable(page.runs.values()):
            for glyph, x, y in glyphs_of(run):
                lines.setdefault(round(y, 2), []).append((x, glyph.says))
        yield ["".join(says for _, says in sorted(line)) for _, line in sorted(lines.items())[::-1]]


@pytest.mark.parametrize("seed", range(3))
def test_paragraphs_are_broken_as_typst_does_or_not_at_all(seed: int, tmp_path: Path):
    """Of 250 nasty paragraphs, many are left to Typst; of the others no line ends elsewhere."""
    draw = Random(seed)
    paragraphs = [
        (
            " ".join(draw.choice(_TEXT.split(" ")) for _ in range(draw.randrange(3, 25))),
            round(draw.uniform(40, 300), 2),
        )
        for _ in range(_PARAGRAPHS)
    ]
    kit = _kit()
    setter = kit.setter(Style(kit.plain, 9.0, 0.0))
    broken = 0
    for (text, width), theirs in zip(
        paragraphs, _lines_by_typst(paragraphs, tmp_path), strict=True
    ):
        try:
            ours = Breaker(setter, width)._broken(text)
        except UnpressableError:
            continue
        assert [_bare(line) for line in ours] == [_bare(line) for line in theirs]
        broken += 1
    assert broken > _PARAGRAPHS / 4


def _bare(line: str) -> str:
    """Typst writes both kinds of spaces alike, and none at the end of a line."""
    return line.replace("\xa0", " ").rstrip()


_TEXTS = st.lists(
    st.text(st.sampled_from("AVTLfijlt·.,-–—&/'’0123456789€%()àçñŀ\xa0"), min_size=1, max_size=6),
    min_size=1,
    max_size=6,
).map(" ".join)


@pytest.mark.parametrize("family", ["SourceSansPro", "HankenGrotesk"])
@pytest.mark.parametrize("tracking", [0.0, 0.02])
@given(text=_TEXTS)
def test_words_set_one_by_one_are_as_if_set_together(family: str, tracking: float, text: str):
    """The operators and the width are those of the whole text, shaped at once."""
    kit = _kit()
    font = next(name for name in kit.codes if name.startswith(family))
    setter, face = kit.setter(Style(font, 9.0, tracking)), face_named(font)
    if not face.characters.issuperset(map(ord, text)):
        return
    glyphs, advances = face.shape(text, "ca")
    moves = [
        (face.widths[glyph] - advance) * 1000 / face.em - tracking * 1000
        for glyph, advance in zip(glyphs, advances, strict=True)
    ]
    operators, width = setter.set(text)
    assert operators == shown([kit.codes[font][glyph] for glyph in glyphs], moves)
    assert width == pytest.approx((sum(advances) / face.em + tracking * len(glyphs)) * 9)
