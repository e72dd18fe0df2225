"""Compares two documents, piece by piece: what a reader gets of the one with what of the other.

Every glyph with its font, size, colour and place, every path, the structure tree, links, bookmarks
and metadata. Nothing in what it says comes from the bill.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from threading import Lock
from typing import Any

import pikepdf

from bustia.compose.press.judge.document import Content, Document, Element
from bustia.compose.press.judge.painted import Clip, Mark, Page, Path, Run, glyphs_of
from bustia.compose.press.judge.signs import forget
from bustia.errors import UnpressableError

__all__ = ["differences"]

_NEAR = 0.01
"""Points by which two places may differ."""
_INK = 3.0
"""Points by which a table's BBox may: it reaches to the ink of the lowest letters in it."""
_MOST_TOLD = 12
_ONE_AT_A_TIME = Lock()
"""What the signs of glyphs mean is kept between comparisons, and forgotten between two of them."""


def differences(pressed: bytes, reference: bytes) -> list[str]:
    """Give what differs between two documents, for people; empty if they are the same."""
    found: list[str] = []
    with _ONE_AT_A_TIME, _opened(pressed) as one, _opened(reference) as other:
        forget()
        try:
            for difference in _differences(one, other):
                found.append(difference)
                if len(found) == _MOST_TOLD:
                    break
        except UnpressableError as error:
            found.append(str(error))
    return found


@contextmanager
def _opened(content: bytes) -> Iterator[pikepdf.Pdf]:
    """Open a document from a file without a name: from memory, qpdf would come back to Python for
    every object that it reads, which takes twice as long."""
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        with pikepdf.Pdf.open(file, access_mode=pikepdf.AccessMode.mmap) as pdf:
            yield pdf


def _differences(one: pikepdf.Pdf, other: pikepdf.Pdf) -> Iterator[str]:
    if len(one.pages) != len(other.pages):
        yield f"it has {len(one.pages)} pages, not {len(other.pages)}"
        return
    ours, theirs = Document(one), Document(other)
    for number, (a, b) in enumerate(zip(ours.painted, theirs.painted, strict=True)):
        yield from _compare_pages(ours, theirs, number)
        yield from _compare_artifacts(a, b, f"page {number + 1}, artifacts")
    yield from _compare_elements(ours.structure(), theirs.structure(), "Document")
    if ours.unclaimed() != theirs.unclaimed():
        yield "it has content that belongs to no element"
    if not _near_bookmarks(ours.bookmarks(), theirs.bookmarks()):
        yield "the bookmarks differ"
    for (name, a_says), (_, b_says) in zip(ours.said(), theirs.said(), strict=True):
        if a_says != b_says:
            yield f"the {name} differs"
    profiles, others = ours.profiles(), theirs.profiles()
    if profiles and others and profiles != others:  # a document may be in greys alone
        yield "the colours mean other ones"
    if ours.files() != theirs.files():
        yield "the files attached to it differ"
    if ours.names_of_files() != theirs.names_of_files():
        yield "the names of the files attached to it differ"


def _compare_pages(ours: Document, theirs: Document, number: int) -> Iterator[str]:
    if not _near(ours.size(number), theirs.size(number)):
        yield f"page {number + 1} has another size"
    if not _alike(ours.page_says(number), theirs.page_says(number)):
        yield f"page {number + 1} is shown in another way"
    links, others = list(ours.links(number)), list(theirs.links(number))
    if len(links) != len(others):
        yield f"page {number + 1}: {len(links)} links, not {len(others)}"
        return
    for a, b in zip(links, others, strict=True):
        if a.says != b.says or not _near(a.box, b.box, 2 * _NEAR):
            yield f"page {number + 1}: a link leads elsewhere, or is at another place"


def _compare_artifacts(ours: Page, theirs: Page, where: str) -> Iterator[str]:
    """Compare what is no part of the structure, kind by kind."""
    marks: set[Mark] = {
        mark
        for page in (ours, theirs)
        for kept in (page.runs, page.paths)
        for mark in kept
        if not isinstance(mark, int)
    }
    for mark in sorted(marks, key=str):
        yield from _compare_runs(ours.runs.get(mark, ()), theirs.runs.get(mark, ()), where)
        yield from _compare_paths(ours.paths.get(mark, ()), theirs.paths.get(mark, ()), where)


# Text


def _compare_runs(ours: Sequence[Run], theirs: Sequence[Run], where: str) -> Iterator[str]:
    if len(ours) != len(theirs) or not all(map(_same_run, ours, theirs)):
        yield from _compare_glyphs(list(_glyphs(ours)), list(_glyphs(theirs)), where)


def _same_run(one: Run, other: Run) -> bool:
    """Say whether runs show the same for certain: where not, their glyphs have to be compared."""
    return (
        one.signs == other.signs
        and one.matrix == other.matrix
        and one.colour == other.colour
        and abs(one.x - other.x) <= _NEAR
        and abs(one.y - other.y) <= _NEAR
        and not one.clips
        and not other.clips
    )


_Glyph = tuple[str, str, Run, float, float]
"""What a glyph says, its font, its run, and its place on the page (x, y)."""


def _glyphs(runs: Sequence[Run]) -> Iterator[_Glyph]:
    for run in runs:
        for glyph, x, y in glyphs_of(run):
            yield glyph.says, glyph.font, run, x, y


def _compare_glyphs(ours: Sequence[_Glyph], theirs: Sequence[_Glyph], where: str) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{where}: {len(ours)} glyphs, not {len(theirs)}"
        return
    for (says, font, run, x, y), (says_b, font_b, run_b, x_b, y_b) in zip(
        ours, theirs, strict=True
    ):
        if says != says_b or font != font_b:
            yield f"{where}: another glyph, or of another font"
            return
        if not _near(run.matrix, run_b.matrix, 1e-3) or not _near(run.colour, run_b.colour, 1e-5):
            yield f"{where}: another size or colour"
            return
        if abs(x - x_b) > _NEAR or abs(y - y_b) > _NEAR:
            yield f"{where}: text is off by {x - x_b:.3f} pt across and {y - y_b:.3f} pt up"
            return
        if not _same_clips(run.clips, run_b.clips):
            yield f"{where}: something else of it is cut off"
            return


# Paths


def _compare_paths(ours: Sequence[Path], theirs: Sequence[Path], where: str) -> Iterator[str]:
    left = list(theirs)
    for one in ours:
        for place, other in enumerate(left):
            if _same_path(one, other):
                del left[place]
                break
        else:
            yield f"{where}: a path that should not be there, or elsewhere"
            return
    if left:
        yield f"{where}: {len(left)} paths are missing"


def _same_path(one: Path, other: Path) -> bool:
    return (
        one.how == other.how
        and one.kinds == other.kinds
        and one.over == other.over
        and _near(one.points, other.points)
        and _near(one.pen, other.pen, 1e-3)
        and _near(one.fill, other.fill, 1e-5)
        and _near(one.stroke, other.stroke, 1e-5)
        and _same_clips(one.clips, other.clips)
    )


def _same_clips(ours: Sequence[Clip], theirs: Sequence[Clip]) -> bool:
    return len(ours) == len(theirs) and all(
        one.kinds == other.kinds and _near(one.points, other.points)
        for one, other in zip(ours, theirs, strict=True)
    )


# Structure


def _compare_elements(one: Element, other: Element, where: str) -> Iterator[str]:
    if one.role != other.role:
        yield f"{where}: an element is {one.role[1:]}, not {other.role[1:]}"
        return
    if not _alike(one.attributes, other.attributes):
        yield f"{where}: its attributes differ"
    if len(one.kids) != len(other.kids):
        yield f"{where}: {len(one.kids)} elements in it, not {len(other.kids)}"
        return
    for place, (a, b) in enumerate(zip(one.kids, other.kids, strict=True), 1):
        if isinstance(a, Element) and isinstance(b, Element):
            yield from _compare_elements(a, b, f"{where} › {a.role[1:]} {place}")
        elif isinstance(a, Content) and isinstance(b, Content):
            yield from _compare_content(a, b, where)
        elif isinstance(a, Element | Content) or a != b:
            yield f"{where}: a link of it differs, or what it stands between"


def _compare_content(one: Content, other: Content, where: str) -> Iterator[str]:
    if one.page != other.page:
        yield f"{where}: it is on another page"
    if one.said != other.said or one.strange != other.strange:
        yield f"{where}: its alternative text or parent differs"
    yield from _compare_runs(one.runs, other.runs, where)
    yield from _compare_paths(one.paths, other.paths, where)


def _near_bookmarks(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and _near(a[1], b[1]) for a, b in zip(ours, theirs, strict=True)
    )


# Values


def _alike(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Compare attributes; numbers may differ by as much as places may."""
    if one == other:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _near(one[key], other[key], _INK) if key == "/BBox" else _alike(one[key], other[key])
            for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= _NEAR
    return False


def _near(ours: Sequence[float], theirs: Sequence[float], by: float = _NEAR) -> bool:
    return ours == theirs or (
        len(ours) == len(theirs)
        and all(abs(a - b) <= by for a, b in zip(ours, theirs, strict=True))
    )
