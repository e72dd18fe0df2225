"""Reads what Typst wrote into a PDF: runs of text, paths, the structure tree, links and bookmarks.

It understands what Typst writes, and says so where it finds anything else (``UnpressableError``):
then the document is left to Typst. Coordinates are in points from the lower left corner of the
page, as in the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

import pikepdf

from bustia.errors import UnpressableError

__all__ = [
    "Annotation",
    "Block",
    "Bookmark",
    "Element",
    "FontObject",
    "Graphic",
    "Page",
    "Probe",
    "Run",
    "read_probe",
]

_RUN = ("q", "cm", "cs", "scn", "BT", "Tr", "Tf", "Tm")
_CLIP = frozenset({"q", "m", "l", "h", "W", "n", "Q"})
"""Typst clips an image to its box once more, around the mark: nothing of ours is outside of it."""
_TREE = frozenset({"/Type", "/S", "/P", "/K", "/Pg"})
_MOST_KNOWN = 16
_SHOWN = (("TJ", "ET", "Q"), ("Tj", "ET", "Q"))


@dataclass(frozen=True, slots=True)
class FontObject:
    """A font of the file: its name without the tag of the subset, and its objects."""

    name: str
    objgen: tuple[int, int]


@dataclass(slots=True)
class Run:
    """A run of glyphs in one style on one baseline."""

    x: float
    y: float
    font: str
    size: float
    colour: tuple[float, ...]
    codes: tuple[int, ...]
    """Glyphs as numbered in the file's subset."""
    moves: tuple[float, ...]
    """What is taken off each glyph's advance, in thousandths of the size."""


@dataclass(slots=True)
class Graphic:
    """Paths, as the operators that draw them."""

    operators: bytes
    colour: tuple[float, ...]
    """The last colour set."""
    matrix: tuple[float, ...]
    """Where its own coordinates are on the page (a b c d e f)."""
    box: tuple[float, float, float, float]
    """Left, bottom, right and top on the page of what the paths touch."""


@dataclass(slots=True)
class Block:
    """A piece of content under one mark: a numbered one of the structure tree, or an artifact."""

    mcid: int | None
    head: bytes
    """The operator that opens an artifact."""
    alt: str
    """What a drawing says, where that stands in its mark."""
    pieces: list[Run | Graphic]


@dataclass(slots=True)
class Annotation:
    """A link: its box on the page, and where it leads."""

    rect: tuple[float, float, float, float]
    uri: str
    contents: str


@dataclass(slots=True)
class Page:
    """A page: its content in order, and its links."""

    width: float
    height: float
    blocks: list[Block]
    annotations: list[Annotation]


@dataclass(slots=True)
class Element:
    """An element of the structure tree.

    ``kids`` are elements, pairs (page, number of marked content), or annotations (page, place in
    the page's list, None).
    """

    role: str
    attributes: dict[str, Any]
    """All entries but the tree's own links, as plain values (see ``_plain``)."""
    kids: list["Element | tuple[int, int] | tuple[int, int, None]"]


@dataclass(slots=True)
class Bookmark:
    """An entry of the outline, in reading order."""

    level: int
    title: str
    page: int
    left: float
    top: float


@dataclass(slots=True)
class Probe:
    """All that was read of a file."""

    pdf: pikepdf.Pdf
    pages: list[Page]
    fonts: dict[str, FontObject]
    tree: Element
    bookmarks: list[Bookmark]


def read_probe(content: bytes) -> Probe:
    """Read a file that Typst made; raise ``UnpressableError`` for what is not understood."""
    pdf = _opened(content)
    fonts: dict[str, FontObject] = {}
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
    places: dict[tuple[int, int], tuple[int, int]] = {}
    pages = []
    for number, page in enumerate(pdf.pages):
        annotations = []
        for place, one in enumerate(page.obj.get("/Annots", ())):
            places[one.objgen] = (number, place)
            annotations.append(_annotation(one))
        names = {
            name: _font(font, fonts) for name, font in page.obj.Resources.get("/Font", {}).items()
        }
        *_, width, height = (float(side) for side in page.obj.MediaBox)
        pages.append(Page(width, height, _known_blocks(page, names), annotations))
    root = pdf.Root.StructTreeRoot.K
    roots = list(root) if isinstance(root, pikepdf.Array) else [root]
    if len(roots) != 1:
        raise UnpressableError("the structure tree has several roots")
    return Probe(
        pdf,
        pages,
        fonts,
        _element(roots[0], numbers, places, None),
        list(_bookmarks(pdf.Root.get("/Outlines"), numbers, 1)),
    )


def _opened(content: bytes) -> pikepdf.Pdf:
    """Open a file from the disk, without a name there: from memory, qpdf would come back to Python
    for every object that it reads, which takes twice as long."""
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return pikepdf.Pdf.open(file, access_mode=pikepdf.AccessMode.mmap)


_known: dict[tuple[bytes, tuple[tuple[str, str], ...]], list[Block]] = {}
"""What was read last, by content and names of fonts: every probe has the page of characters."""


def _known_blocks(page: pikepdf.Page, fonts: dict[str, str]) -> list[Block]:
    """Give the blocks of a page, which nobody may change: they may be those of another probe."""
    content = page.obj.Contents
    streams = content if isinstance(content, pikepdf.Array) else [content]
    key = (b"\n".join([one.read_bytes() for one in streams]), tuple(fonts.items()))
    found = _known.pop(key, None)
    if found is None:
        found = list(_blocks(page, fonts))
    if len(_known) >= _MOST_KNOWN:
        _known.pop(next(iter(_known)), None)
    _known[key] = found  # as the last one
    return found


def _font(font: pikepdf.Object, fonts: dict[str, FontObject]) -> str:
    name = str(font.BaseFont).lstrip("/").partition("+")[2].removesuffix("-Identity-H")
    fonts.setdefault(name, FontObject(name, font.objgen))
    return name


def _annotation(one: pikepdf.Object) -> Annotation:
    action = one.get("/A")
    if one.get("/Subtype") != "/Link" or action is None or action.get("/S") != "/URI":
        raise UnpressableError("it has an annotation that is not a link to the web")
    left, bottom, right, top = (float(side) for side in one.Rect)
    return Annotation(
        (left, bottom, right, top), bytes(action.URI).decode(), str(one.get("/Contents", ""))
    )


def _blocks(page: pikepdf.Page, fonts: dict[str, str]) -> Iterator[Block]:
    current: list[Any] | None = None
    head: Any = None
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator in ("BDC", "BMC"):
            if current is not None:
                raise UnpressableError("marked content is nested")
            current, head = [], instruction
        elif operator == "EMC":
            if current is None:
                raise UnpressableError("marked content ends that did not begin")
            yield _block(head, current, fonts)
            current = None
        elif current is None:
            if operator not in _CLIP:
                raise UnpressableError(f"{operator} stands outside of marked content")
        else:
            current.append((operator, instruction))


def _block(head: Any, content: list[Any], fonts: dict[str, str]) -> Block:  # noqa: ANN401
    properties = head.operands[1] if len(head.operands) > 1 else None
    mcid, alt = None, ""
    if isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties:
        mcid, alt = int(properties.MCID), str(properties.get("/Alt", ""))
        if set(properties.keys()) - {"/MCID", "/Alt"}:
            raise UnpressableError("marked content has properties that are not understood")
    elif str(head.operands[0]) != "/Artifact":
        raise UnpressableError(f"content is marked as {head.operands[0]}")
    pieces: list[Run | Graphic] = []
    start = 0
    while start < len(content):
        end = _group_end(content, start)
        group = content[start:end]
        operators = tuple(operator for operator, _ in group)
        if operators[:8] == _RUN and operators[8:] in _SHOWN:
            pieces.append(_run([one.operands for _, one in group], fonts))
        elif "BT" in operators:
            raise UnpressableError("text is written in an unknown way")
        else:
            pieces.append(_graphic(group))
        start = end
    opens = pikepdf.unparse_content_stream([head]) if mcid is None else b""
    return Block(mcid, opens, alt, pieces)


def _group_end(content: list[Any], start: int) -> int:
    """Give where the group of operators ends that begins with ``q`` at ``start``."""
    if content[start][0] != "q":
        raise UnpressableError(f"{content[start][0]} stands outside of a group")
    depth = 0
    for place in range(start, len(content)):
        operator = content[place][0]
        depth += (operator == "q") - (operator == "Q")
        if depth == 0:
            return place + 1
    raise UnpressableError("a group of operators has no end")


def _run(operands: list[Any], fonts: dict[str, str]) -> Run:
    _, matrix, space, colour, _, mode, font, text_matrix, (shown,), *_ = operands
    a, b, c, d, x, y = (float(value) for value in matrix)
    upside = [float(value) for value in text_matrix]
    if (a, b, c, d) != (1, 0, 0, -1) or upside != [1, 0, 0, -1, 0, 0]:
        raise UnpressableError("text is scaled or turned")
    if str(space[0]) != "/c0" or int(mode[0]) != 0:
        raise UnpressableError("text is not filled with a colour of the page")
    codes: list[int] = []
    moves: list[float] = []
    for part in [shown] if isinstance(shown, pikepdf.String) else shown:
        if isinstance(part, pikepdf.String):
            raw = bytes(part)
            codes += [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]
            moves += [0.0] * (len(raw) // 2)
        elif not moves:
            raise UnpressableError("a run begins with a move")
        else:
            moves[-1] += float(part)
    rgb = tuple(float(value) for value in colour)
    return Run(x, y, fonts[str(font[0])], float(font[1]), rgb, tuple(codes), tuple(moves))


def _graphic(group: list[Any]) -> Graphic:
    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack: list[tuple[float, ...]] = []
    colour: tuple[float, ...] = ()
    first: tuple[float, ...] | None = None
    xs: list[float] = []
    ys: list[float] = []
    for operator, one in group:
        numbers = [float(v) for v in one.operands if isinstance(v, int | Decimal | float)]
        if operator == "q":
            stack.append(matrix)
        elif operator == "Q":
            matrix = stack.pop()
        elif operator == "cm":
            matrix = _times(numbers, matrix)
            first = first or matrix
        elif operator in ("SCN", "scn"):
            colour = tuple(numbers)
        elif operator in ("m", "l", "c"):
            a, b, c, d, e, f = matrix
            for x, y in zip(numbers[::2], numbers[1::2], strict=True):
                xs.append(a * x + c * y + e)
                ys.append(b * x + d * y + f)
        elif operator in ("re", "v", "y", "Do", "sh", "gs"):
            raise UnpressableError(f"it draws with {operator}")
    raw = pikepdf.unparse_content_stream([one for _, one in group])
    box = (min(xs), min(ys), max(xs), max(ys)) if xs else (0.0, 0.0, 0.0, 0.0)
    return Graphic(raw, colour, matrix if first is None else first, box)


def _times(one: Sequence[float], other: Sequence[float]) -> tuple[float, ...]:
    """Multiply two matrices of six numbers: first ``one``, then ``other``."""
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip


def _element(
    node: pikepdf.Object,
    numbers: dict[tuple[int, int], int],
    places: dict[tuple[int, int], tuple[int, int]],
    page: int | None,
) -> Element:
    entries: dict[str, Any] = dict(node.items())  # asked for once: each question to pikepdf costs
    here = numbers[entries["/Pg"].objgen] if "/Pg" in entries else page
    inner = entries.get("/K", pikepdf.Array())
    kids: list[Any] = []
    found: list[Any] = list(inner) if isinstance(inner, pikepdf.Array) else [inner]
    for kid in found:
        if isinstance(kid, int):
            if here is None:
                raise UnpressableError("content belongs to no page")
            kids.append((here, int(kid)))
            continue
        kind = kid.get("/Type")
        if kind == "/OBJR":
            kids.append((*places[kid.Obj.objgen], None))
        elif kind == "/MCR":
            kids.append((numbers[kid.Pg.objgen] if "/Pg" in kid else here, int(kid.MCID)))
        else:
            kids.append(_element(kid, numbers, places, here))
    attributes = {key: _plain(entries[key]) for key in entries if key not in _TREE}
    return Element(str(entries["/S"]), attributes, kids)


def _plain(value: Any) -> Any:  # noqa: ANN401 (any object of a PDF)
    """Turn an object into plain Python: names as bytes, texts as str, numbers as float or int."""
    if isinstance(value, pikepdf.Name):
        return str(value).encode()
    if isinstance(value, pikepdf.String):
        return str(value)
    if isinstance(value, pikepdf.Array):
        return [_plain(one) for one in value]
    if isinstance(value, pikepdf.Dictionary):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bool | int | float):
        return value
    raise UnpressableError("an attribute of the structure tree is not understood")


def _bookmarks(
    parent: pikepdf.Object | None, numbers: dict[tuple[int, int], int], level: int
) -> Iterator[Bookmark]:
    node = parent.get("/First") if parent is not None else None
    while node is not None:
        target, kind, left, top, _ = node.Dest
        if str(kind) != "/XYZ":
            raise UnpressableError("a bookmark leads to an unknown kind of place")
        yield Bookmark(level, str(node.Title), numbers[target.objgen], float(left), float(top))
        yield from _bookmarks(node, numbers, level + 1)
        node = node.get("/Next")
