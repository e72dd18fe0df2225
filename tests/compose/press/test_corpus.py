"""More than 300 varied bills: pressed as Typst would have made them, or left to Typst."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import ImageChops
from PIL.Image import Image

from bustia.compose.press import Press
from bustia.compose.press.judge import differences
from bustia.compose.view import BillView
from bustia.seal import Sealer
from tests.compose.bills import STAMP
from tests.compose.press.corpus import LEFT_TO_TYPST, files_of
from tests.tools.verapdf import Judgement, judge

BATCHES = 12
ROUNDING = 2
"""Levels of 255 by which a pixel may differ: Typst rounds coordinates to single precision in other
places than the press does, which the edges of hatched bars and hairlines can show."""


def pictures(pdf: bytes) -> list[Image]:
    """Draw the pages at 150 dots an inch."""
    return [page.render(scale=150 / 72).to_pil() for page in pypdfium2.PdfDocument(pdf)]


def most_different(one: bytes, other: bytes) -> int:
    """Give by how many levels the most different pixels of two documents differ."""
    pairs = zip(pictures(one), pictures(other), strict=True)
    found: list[Any] = [ImageChops.difference(a, b).getextrema() for a, b in pairs]
    return int(max(high for bands in found for _, high in bands))


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_pressed_page_is_the_references(
    batch: int, bills: Mapping[str, BillView], press: Press, sealer: Sealer
):
    """The judge and pictures of the pages find no difference, and few are left to Typst."""
    pressed = 0
    names = sorted(bills)[batch::BATCHES]
    for name in names:
        made = press.compose(bills[name], files_of(name), STAMP, sealer)
        assert name not in LEFT_TO_TYPST or made.composer == "typst", name
        if made.composer == "typst":
            assert made.why, name
            continue
        pressed += 1
        reference = press.reference.compose(bills[name], files_of(name), STAMP).pdf
        assert (name, []) == (name, differences(made.pdf, reference))
        assert most_different(made.pdf, reference) <= ROUNDING, name
    assert pressed >= 0.85 * len(names)


def test_the_corpus_is_large_and_its_oddities_are_left_to_typst(bills: Mapping[str, BillView]):
    """There are more than 300 bills, the odd ones among them."""
    assert len(bills) > 300
    assert set(bills) >= LEFT_TO_TYPST


@pytest.mark.slow
def test_verapdf_passes_whatever_is_pressed(
    bills: Mapping[str, BillView], press: Press, sealer: Sealer, tmp_path: Path
):
    """At least 300 sealed documents of all shapes are PDF/A-3a and PDF/UA-1."""
    paths = []
    for name, view in bills.items():
        made = press.compose(view, files_of(name), STAMP, sealer)
        if made.composer == "press":
            paths.append(tmp_path / f"{name}.pdf")
            paths[-1].write_bytes(made.pdf)
    assert len(paths) >= 300
    passed = Judgement(frozenset({"3a", "ua1"}), ())
    assert {path.name: found for path, found in judge(paths).items() if found != passed} == {}
