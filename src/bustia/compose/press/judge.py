"""The judge: says whether a pressed document is what Typst would have made of the same bill.

It reads both files by itself, operator by operator, and compares what a reader gets: every glyph
with its font, size, colour and place, every path, the structure tree, links, bookmarks and
metadata. Nothing in what it says comes from the bill.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf

from bustia.compose.press.evidence import Element, Tree, bookmarks, files, links, plain
from bustia.compose.press.painted import Glyph, Page, Path, floats, shown

__all__ = ["differences"]

_NEAR = 0.01
"""Points by which two places may differ."""
_INK = 3.0
"""Points by which a table's BBox may: it reaches to the ink of the lowest letters in it."""
_MOST_TOLD = 12


def differences(pressed: bytes, reference: bytes) -> list[str]:
    """Give what differs between two documents, for people; empty if they are the same."""
    with (
        pikepdf.Pdf.open(io.BytesIO(pressed)) as one,
        pikepdf.Pdf.open(io.BytesIO(reference)) as other,
    ):
        found: list[str] = []
        for difference in _differences(one, other):
            found.append(difference)
            if len(found) == _MOST_TOLD:
                break
        return found


def _differences(one: pikepdf.Pdf, other: pikepdf.Pdf) -> Iterator[str]:
    if len(one.pages) != len(other.pages):
        yield f"it has {len(one.pages)} pages, not {len(other.pages)}"
        return
    ours, theirs = map(shown, (one, other))
    for number, (a, b) in enumerate(zip(one.pages, other.pages, strict=True), 1):
        if not _near(floats(a.obj.MediaBox), floats(b.obj.MediaBox)):
            yield f"page {number} has another size"
        yield from _compare_artifacts(ours[number - 1], theirs[number - 1], number)
        yield from _compare_links(a, b, number)
    yield from _compare_elements(Tree(one, ours).root(), Tree(other, theirs).root(), "Document")
    if not _near_bookmarks(list(bookmarks(one)), list(bookmarks(other))):
        yield "the bookmarks differ"
    for key in ("/Lang", "/ViewerPreferences", "/MarkInfo"):
        if plain(one.Root.get(key)) != plain(other.Root.get(key)):
            yield f"the document's {key[1:]} differs"
    for key in ("/Title", "/Author", "/Keywords", "/CreationDate", "/ModDate", "/Creator"):
        if str(one.docinfo.get(key, "")) != str(other.docinfo.get(key, "")):
            yield f"the document's {key[1:]} differs"
    yield from _compare_metadata(one, other)
    yield from _compare_files(one, other)


def _compare_metadata(one: pikepdf.Pdf, other: pikepdf.Pdf) -> Iterator[str]:
    ours, theirs = (pdf.open_metadata(set_pikepdf_as_editor=False) for pdf in (one, other))
    for key in ("dc:title", "dc:creator", "dc:language", "pdf:Keywords", "pdfaid:part",
                "pdfaid:conformance", "pdfuaid:part", "xmp:CreateDate"):  # fmt: skip
        if str(ours.get(key, "")) != str(theirs.get(key, "")):
            yield f"the metadata's {key} differs"


def _compare_files(one: pikepdf.Pdf, other: pikepdf.Pdf) -> Iterator[str]:
    if list(files(one)) != list(files(other)):
        yield "the files attached to it differ"
    ours, theirs = ([str(file.obj.UF) for file in pdf.attachments.values()] for pdf in (one, other))
    if sorted(ours) != sorted(theirs):
        yield "the names of the files attached to it differ"


def _compare_artifacts(ours: Page, theirs: Page, number: int) -> Iterator[str]:
    yield from _compare_glyphs(ours.glyphs[None], theirs.glyphs[None], f"page {number}, artifacts")
    yield from _compare_paths(ours.paths[None], theirs.paths[None], f"page {number}, artifacts")


def _compare_glyphs(ours: Sequence[Glyph], theirs: Sequence[Glyph], where: str) -> Iterator[str]:
    if len(ours) != len(theirs):
        yield f"{where}: {len(ours)} glyphs, not {len(theirs)}"
        return
    for one, other in zip(ours, theirs, strict=True):
        says, font, size, colour, x, y = one
        other_says, other_font, other_size, other_colour, other_x, other_y = other
        if says != other_says or font != other_font:
            yield f"{where}: another glyph, or of another font"
            return
        if abs(size - other_size) > 1e-3 or (
            colour != other_colour and not _near(colour, other_colour, 1e-5)
        ):
            yield f"{where}: another size or colour"
            return
        if abs(x - other_x) > _NEAR or abs(y - other_y) > _NEAR:
            yield f"{where}: text is off by {x - other_x:.3f} pt across and {y - other_y:.3f} pt up"
            return


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
        and abs(one.width - other.width) < 1e-3
        and _near(one.colour, other.colour, 1e-5)
        and all(
            abs(a - c) <= _NEAR and abs(b - d) <= _NEAR
            for (a, b), (c, d) in zip(one.points, other.points, strict=True)
        )
    )


def _compare_elements(one: Element, other: Element, where: str) -> Iterator[str]:
    if one.role != other.role:
        yield f"{where}: an element is {one.role[1:]}, not {other.role[1:]}"
        return
    if not _alike(one.attributes, other.attributes):
        yield f"{where}: its attributes differ"
    if one.pages != other.pages:
        yield f"{where}: it is on another page"
    if one.links != other.links:
        yield f"{where}: its link, alternative text or parent differs"
    yield from _compare_glyphs(one.glyphs, other.glyphs, where)
    yield from _compare_paths(one.paths, other.paths, where)
    if len(one.kids) != len(other.kids):
        yield f"{where}: {len(one.kids)} elements in it, not {len(other.kids)}"
        return
    for place, (a, b) in enumerate(zip(one.kids, other.kids, strict=True), 1):
        yield from _compare_elements(a, b, f"{where} › {a.role[1:]} {place}")


def _alike(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Compare attributes; numbers may differ by as much as places may."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            _near(one[key], other[key], _INK) if key == "/BBox" else _alike(one[key], other[key])
            for key in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= _NEAR
    return bool(one == other)


def _compare_links(one: pikepdf.Page, other: pikepdf.Page, number: int) -> Iterator[str]:
    ours, theirs = list(links(one)), list(links(other))
    if len(ours) != len(theirs):
        yield f"page {number}: {len(ours)} links, not {len(theirs)}"
        return
    for a, b in zip(ours, theirs, strict=True):
        if a[0] != b[0] or not _near(a[1], b[1], 2 * _NEAR):
            yield f"page {number}: a link leads elsewhere, or is at another place"


def _near_bookmarks(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and _near(a[1], b[1]) for a, b in zip(ours, theirs, strict=True)
    )


def _near(ours: Sequence[float], theirs: Sequence[float], by: float = _NEAR) -> bool:
    return len(ours) == len(theirs) and all(
        abs(a - b) <= by for a, b in zip(ours, theirs, strict=True)
    )
