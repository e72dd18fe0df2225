"""The judge: says whether a pressed document is what Typst would have made of the same bill.

It reads both files by itself, operator by operator, and compares what a reader gets: every glyph
with its font, size, colour and place, every path, the structure tree, links, bookmarks and
metadata. Nothing in what it says comes from the bill.
"""

import io
import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pikepdf

__all__ = ["differences"]

_NEAR = 0.01
"""Points by which two places may differ."""
_INK = 3.0
"""Points by which a table's BBox may: it reaches to the ink of the lowest letters in it."""
_MOST_TOLD = 12
_SILENT = frozenset({"cs", "CS", "Tr", "ET", "M", "J", "j", "d"})
"""Operators that show nothing, and change nothing of what is compared."""
_CODES = struct.Struct(">H")

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]


_Glyph = tuple[str, str, float, tuple[float, ...], float, float]
"""What a glyph says, its font, size, colour, and place on the page (x, y)."""


@dataclass(frozen=True, slots=True)
class _Path:
    """A path as it was painted."""

    how: str
    colour: tuple[float, ...]
    width: float
    kinds: str
    points: tuple[Point, ...]


@dataclass(slots=True)
class _Page:
    """What a page shows, by marked content; None for artifacts."""

    glyphs: dict[int | None, list[_Glyph]] = field(default_factory=lambda: defaultdict(list))
    paths: dict[int | None, list[_Path]] = field(default_factory=lambda: defaultdict(list))
    alts: dict[int, str] = field(default_factory=dict)


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
    ours, theirs = map(_shown, (one, other))
    for number, (a, b) in enumerate(zip(one.pages, other.pages, strict=True), 1):
        if not _near(_floats(a.obj.MediaBox), _floats(b.obj.MediaBox)):
            yield f"page {number} has another size"
        yield from _compare_artifacts(ours[number - 1], theirs[number - 1], number)
        yield from _compare_links(a, b, number)
    yield from _compare_elements(_Tree(one, ours).root(), _Tree(other, theirs).root(), "Document")
    if not _near_bookmarks(list(_bookmarks(one)), list(_bookmarks(other))):
        yield "the bookmarks differ"
    for key in ("/Lang", "/ViewerPreferences", "/MarkInfo"):
        if _plain(one.Root.get(key)) != _plain(other.Root.get(key)):
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
    if list(_files(one)) != list(_files(other)):
        yield "the files attached to it differ"
    ours, theirs = ([str(file.obj.UF) for file in pdf.attachments.values()] for pdf in (one, other))
    if sorted(ours) != sorted(theirs):
        yield "the names of the files attached to it differ"


def _files(pdf: pikepdf.Pdf) -> Iterator[tuple[Any, ...]]:
    """Give what is said of the files that go along, and what is in them."""
    for one in pdf.Root.get("/AF", []):
        file = one.EF.UF
        says = (one.UF, one.Desc, one.AFRelationship, file.Subtype, file.Params.ModDate)
        yield *map(str, says), int(file.Params.Size), file.read_bytes()


# Content


def _shown(pdf: pikepdf.Pdf) -> list[_Page]:
    fonts: dict[tuple[int, int], _Font] = {}
    return [_Reader(page, fonts).read() for page in pdf.pages]


class _Reader:
    """Follows the operators of a page's content."""

    def __init__(self, page: pikepdf.Page, fonts: dict[tuple[int, int], "_Font"]) -> None:
        """Take a page, and the fonts of the file that are read already."""
        self._page = page
        self._fonts = {}
        for name, font in page.obj.Resources.get("/Font", {}).items():
            if font.objgen not in fonts:
                fonts[font.objgen] = _Font(font)
            self._fonts[name] = fonts[font.objgen]
        self._state: dict[str, Any] = {
            "ctm": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), "fill": (), "stroke": (), "width": 1.0,
            "font": None, "size": 0.0,
        }  # fmt: skip
        self._stack: list[dict[str, Any]] = []
        self._mark: list[int | None] = []
        self._kinds: list[str] = []
        self._points: list[Point] = []
        self._clips = False
        self._line: Matrix = (1, 0, 0, 1, 0, 0)
        self._text: Matrix = self._line
        self._found = _Page()

    def read(self) -> _Page:
        for one in pikepdf.parse_content_stream(self._page):
            self._do(str(one.operator), one.operands)
        return self._found

    def _do(self, operator: str, operands: Any) -> None:  # noqa: ANN401, C901, PLR0912
        state = self._state
        if operator in _SILENT:
            return
        if operator == "q":
            self._stack.append(dict(state))
        elif operator == "Q":
            self._state = self._stack.pop()
        elif operator == "cm":
            state["ctm"] = _times(_floats(operands), state["ctm"])
        elif operator in ("BDC", "BMC"):
            self._begin(operands)
        elif operator == "EMC":
            self._mark.pop()
        elif operator == "scn":
            state["fill"] = _colour(operands)
        elif operator == "SCN":
            state["stroke"] = _colour(operands)
        elif operator == "w":
            state["width"] = float(operands[0])
        elif operator == "BT":
            self._line = self._text = (1, 0, 0, 1, 0, 0)
        elif operator == "Tf":
            state["font"], state["size"] = self._fonts[str(operands[0])], float(operands[1])
        elif operator == "Tm":
            a, b, c, d, e, f = _floats(operands)
            self._line = self._text = (a, b, c, d, e, f)
        elif operator == "Td":
            x, y = _floats(operands)
            self._line = self._text = _times((1, 0, 0, 1, x, y), self._line)
        elif operator in ("TJ", "Tj"):
            self._show(operands[0] if operator == "TJ" else [operands[0]])
        elif operator == "re":
            x, y, w, h = _floats(operands)
            for kind, corner in zip(
                "mlll", ((x, y), (x + w, y), (x + w, y + h), (x, y + h)), strict=True
            ):
                self._add(kind, corner)
            self._kinds.append("h")
        elif operator in ("m", "l", "c"):
            self._add(operator, _floats(operands))
        elif operator == "h":
            self._kinds.append("h")
        elif operator == "W":
            self._clips = True
        else:
            self._paint(operator)

    def _begin(self, operands: Any) -> None:  # noqa: ANN401
        properties = operands[1] if len(operands) > 1 else None
        mcid = None
        if isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties:
            mcid = int(properties.MCID)
            if "/Alt" in properties:
                self._found.alts[mcid] = str(properties.Alt)
        self._mark.append(mcid)

    def _add(self, kind: str, numbers: Sequence[float]) -> None:
        a, b, c, d, e, f = self._state["ctm"]
        self._kinds.append(kind)
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            self._points.append((a * x + c * y + e, b * x + d * y + f))

    def _paint(self, how: str) -> None:
        if how != "n":
            state, stroked = self._state, how == "S"
            path = _Path(
                how,
                state["stroke"] if stroked else state["fill"],
                state["width"] * abs(state["ctm"][0]) if stroked else 0.0,
                "".join(self._kinds),
                tuple(self._points),
            )
            self._found.paths[self._mark[-1] if self._mark else None].append(path)
        self._kinds, self._points, self._clips = [], [], False

    def _show(self, parts: Any) -> None:  # noqa: ANN401
        state = self._state
        font, size, colour = state["font"], state["size"], state["fill"]
        a, b, _, _, left, base = _times(self._text, state["ctm"])
        shown_size = size * (a * a + b * b) ** 0.5
        says, widths, default, name = font.says, font.widths, font.default, font.name
        found = self._found.glyphs[self._mark[-1] if self._mark else None]
        across = 0.0
        for part in parts:
            if not isinstance(part, pikepdf.String):
                across -= float(part) / 1000 * size
                continue
            for (code,) in _CODES.iter_unpack(bytes(part)):
                told = says.get(code) or f"#{code}"
                x, y = left + across * a, base + across * b
                found.append((told, name, shown_size, colour, x, y))
                across += widths.get(code, default) / 1000 * size
        self._text = _times((1, 0, 0, 1, across, 0), self._text)


class _Font:
    """A composite font: what its codes say, and how wide they are."""

    def __init__(self, font: pikepdf.Object) -> None:
        self.name = str(font.BaseFont).partition("+")[2]
        inner = font.DescendantFonts[0]
        self.default = float(inner.get("/DW", 1000))
        self.widths: dict[int, float] = {}
        spans = list(inner.get("/W", []))
        while spans:
            first, second = int(spans.pop(0)), spans.pop(0)
            if isinstance(second, pikepdf.Array):
                self.widths.update({first + k: float(one) for k, one in enumerate(second)})
            else:
                width = float(spans.pop(0))
                self.widths.update(dict.fromkeys(range(first, int(second) + 1), width))
        self.says = dict(_mapped(font.ToUnicode.read_bytes()))


def _mapped(cmap: bytes) -> Iterator[tuple[int, str]]:
    """Read what codes mean from a ToUnicode map, as Typst writes it (one code a line)."""
    inside = False
    for line in cmap.decode("ascii", "replace").splitlines():
        if line.endswith("beginbfchar"):
            inside = True
        elif line == "endbfchar":
            inside = False
        elif inside:
            code, _, text = line.partition(" ")
            yield int(code.strip("<>"), 16), bytes.fromhex(text.strip("<> ")).decode("utf-16-be")


def _compare_artifacts(ours: _Page, theirs: _Page, number: int) -> Iterator[str]:
    yield from _compare_glyphs(ours.glyphs[None], theirs.glyphs[None], f"page {number}, artifacts")
    yield from _compare_paths(ours.paths[None], theirs.paths[None], f"page {number}, artifacts")


def _compare_glyphs(ours: Sequence[_Glyph], theirs: Sequence[_Glyph], where: str) -> Iterator[str]:
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


def _compare_paths(ours: Sequence[_Path], theirs: Sequence[_Path], where: str) -> Iterator[str]:
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


def _same_path(one: _Path, other: _Path) -> bool:
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


# Structure


@dataclass(slots=True)
class _Element:
    """An element with its content read in."""

    role: str
    attributes: Any
    glyphs: list[_Glyph]
    paths: list[_Path]
    links: list[tuple[Any, ...]]
    kids: list["_Element"]
    pages: set[int]


class _Tree:
    """Reads the structure tree of a file."""

    def __init__(self, pdf: pikepdf.Pdf, pages: Sequence[_Page]) -> None:
        self._pages = pages
        self._numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
        root = pdf.Root.StructTreeRoot.K
        self._root = root[0] if isinstance(root, pikepdf.Array) else root
        self._parents = _parents(pdf)

    def root(self) -> _Element:
        """Give the document's element."""
        return self._element(self._root, None)

    def _element(self, node: pikepdf.Object, page: int | None) -> _Element:
        here = self._numbers[node.Pg.objgen] if "/Pg" in node else page
        attributes = {
            key: _plain(value)
            for key, value in node.items()
            if key not in ("/Type", "/S", "/P", "/K", "/Pg")
        }
        found = _Element(str(node.S), attributes, [], [], [], [], set())
        inner = node.get("/K", pikepdf.Array())
        for kid in inner if isinstance(inner, pikepdf.Array) else [inner]:
            self._kid(found, node, kid, here)
        return found

    def _kid(self, found: _Element, node: pikepdf.Object, kid: Any, here: int | None) -> None:  # noqa: ANN401
        if isinstance(kid, int) or kid.get("/Type") == "/MCR":
            mcid = int(kid) if isinstance(kid, int) else int(kid.MCID)
            page = (
                here if isinstance(kid, int) or "/Pg" not in kid else self._numbers[kid.Pg.objgen]
            )
            if page is None:
                return
            shown = self._pages[page]
            found.glyphs += shown.glyphs.pop(mcid, [])
            found.paths += shown.paths.pop(mcid, [])
            found.pages.add(page)
            if mcid in shown.alts:
                found.links.append(("alt", shown.alts[mcid]))
            if self._parents.get((page, mcid)) != node.objgen:
                found.links.append(("content whose parent is another element",))
        elif kid.get("/Type") == "/OBJR":
            found.links.append(("link", str(kid.Obj.get("/Contents", ""))))
        else:
            found.kids.append(self._element(kid, here))


def _parents(pdf: pikepdf.Pdf) -> dict[tuple[int, int], tuple[int, int]]:
    """Read which element each piece of marked content belongs to."""
    tree = pdf.Root.StructTreeRoot.ParentTree
    entries = dict(_numbers_of(tree))
    found = {}
    for number, page in enumerate(pdf.pages):
        for mcid, parent in enumerate(entries.get(int(page.obj.get("/StructParents", -1)), [])):
            if isinstance(parent, pikepdf.Dictionary):
                found[number, mcid] = parent.objgen
    return found


def _numbers_of(tree: pikepdf.Object) -> Iterator[tuple[int, Any]]:
    for kid in tree.get("/Kids", []):
        yield from _numbers_of(kid)
    nums = list(tree.get("/Nums", []))
    yield from ((int(key), value) for key, value in zip(nums[::2], nums[1::2], strict=True))


def _compare_elements(one: _Element, other: _Element, where: str) -> Iterator[str]:
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
    ours, theirs = list(_links(one)), list(_links(other))
    if len(ours) != len(theirs):
        yield f"page {number}: {len(ours)} links, not {len(theirs)}"
        return
    for a, b in zip(ours, theirs, strict=True):
        if a[0] != b[0] or not _near(a[1], b[1], 2 * _NEAR):
            yield f"page {number}: a link leads elsewhere, or is at another place"


def _links(page: pikepdf.Page) -> Iterator[tuple[tuple[str, str], list[float]]]:
    for one in page.obj.get("/Annots", []):
        if one.get("/Subtype") == "/Link":
            yield (str(one.A.URI), str(one.get("/Contents", ""))), _floats(one.Rect)


def _bookmarks(pdf: pikepdf.Pdf) -> Iterator[tuple[tuple[int, str, int], list[float]]]:
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}

    def under(parent: Any, level: int) -> Iterator[tuple[tuple[int, str, int], list[float]]]:  # noqa: ANN401
        node = parent.get("/First")
        while node is not None:
            place = [float(node.Dest[2]), float(node.Dest[3])]
            yield (level, str(node.Title), numbers[node.Dest[0].objgen]), place
            yield from under(node, level + 1)
            node = node.get("/Next")

    outline = pdf.Root.get("/Outlines")
    if outline is not None:
        yield from under(outline, 1)


def _near_bookmarks(ours: Sequence[Any], theirs: Sequence[Any]) -> bool:
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and _near(a[1], b[1]) for a, b in zip(ours, theirs, strict=True)
    )


# Values


def _floats(values: Any) -> list[float]:  # noqa: ANN401
    return [float(one) for one in values if isinstance(one, int | float | Decimal)]


def _colour(values: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Give a colour in RGB: greys are the same in either way of writing them."""
    numbers = _floats(values)
    return tuple(numbers * 3 if len(numbers) == 1 else numbers)


def _near(ours: Sequence[float], theirs: Sequence[float], by: float = _NEAR) -> bool:
    return len(ours) == len(theirs) and all(
        abs(a - b) <= by for a, b in zip(ours, theirs, strict=True)
    )


def _times(one: Sequence[float], other: Sequence[float]) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, pikepdf.Name | pikepdf.String):
        return str(value)
    if isinstance(value, pikepdf.Array):
        return [_plain(one) for one in value]
    if isinstance(value, pikepdf.Dictionary):
        return {key: _plain(one) for key, one in value.items()}
    return float(value) if isinstance(value, Decimal) else value
