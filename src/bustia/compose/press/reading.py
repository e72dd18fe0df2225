"""Reads what Typst wrote into a PDF: runs of text, paths, the structure tree, links and bookmarks.

It understands what Typst writes, and says so where it finds anything else (``UnpressableError``):
then the document is left to Typst. Coordinates are in points from the lower left corner of the
page, as in the file.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from struct import unpack
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
_NUMBER = rb"-?\d+(?:\.\d+)?"
_LITERAL = rb"(?:[^()\\\r]|\\[^\r\n])*+"
_DIGITS = rb"(?:[\dA-F]{4})*+"
_PARTS = re.compile(rb"\((%b)\)|<(%b)>|(%b)" % (_LITERAL, _DIGITS, _NUMBER))
_TEXT_BLOCK = re.compile(
    rb"/\w+<</MCID (\d+)>>BDC\s+q\s+1 0 0 -1 (%b) (%b) cm\s*" % (_NUMBER, _NUMBER)
    + rb"/c0 cs (%b(?: %b)*+) scn\s+BT\s+0 Tr\s*(/\w+) (%b) Tf\s+" % ((_NUMBER,) * 3)
    + rb"1 0 0 -1 0 0 Tm\s*(\[(?:\(%b\)|<%b>|%b)*+\]|" % (_LITERAL, _DIGITS, _NUMBER)
    + rb"\(%b\)|<%b>)\s*T[Jj]\s+ET\s+Q\s+EMC\b" % (_LITERAL, _DIGITS)
)
"""A block with one run in it, as most are: its number, x, y, colour, font, size and glyphs. No line
ends in its strings, for those would mean something else than they are."""
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
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
    numbers = {_reference(page.obj): number for number, page in enumerate(pdf.pages)}
    places: dict[str, tuple[int, int]] = {}
    pages = []
    for number, page in enumerate(pdf.pages):
        annotations = []
        for place, one in enumerate(page.obj.get("/Annots", ())):
            places[_reference(one)] = (number, place)
            annotations.append(_annotation(one))
        names = {
            name: _font(font, fonts) for name, font in page.obj.Resources.get("/Font", {}).items()
        }
        *_, width, height = (float(side) for side in page.obj.MediaBox)
        pages.append(Page(width, height, _known_blocks(pdf, page, names), annotations))
    return Probe(
        pdf,
        pages,
        fonts,
        _tree(pdf, numbers, places),
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


def _known_blocks(pdf: pikepdf.Pdf, page: pikepdf.Page, fonts: dict[str, str]) -> list[Block]:
    """Give the blocks of a page, which nobody may change: they may be those of another probe."""
    content = page.obj.Contents
    streams = content if isinstance(content, pikepdf.Array) else [content]
    key = (b"\n".join([one.read_bytes() for one in streams]), tuple(fonts.items()))
    found = _known.pop(key, None)
    if found is None:
        found = list(_blocks(pdf, key[0], fonts))
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


def _blocks(pdf: pikepdf.Pdf, content: bytes, fonts: dict[str, str]) -> Iterator[Block]:
    """Cut out the blocks with one run in them, and read what is between them step by step.

    What only looks like a block, as inside of a string, would leave that cut in two: an error.
    """
    at = 0
    for found in _TEXT_BLOCK.finditer(content):
        yield from _other_blocks(pdf, content[at : found.start()], fonts)
        yield Block(int(found[1]), b"", "", [_simple_run(found, fonts)])
        at = found.end()
    yield from _other_blocks(pdf, content[at:], fonts)


def _simple_run(found: re.Match[bytes], fonts: dict[str, str]) -> Run:
    _, x, y, colour, font, size, shown = found.groups()
    rgb = tuple(map(float, colour.split()))
    return Run(float(x), float(y), fonts[font.decode("ascii")], float(size), rgb, *_glyphs(shown))


@lru_cache(maxsize=4096)
def _glyphs(shown: bytes) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Read the codes and moves of a run; placeholders and labels come again and again."""
    parts = [
        float(move) if move else bytes.fromhex(digits.decode("ascii")) or _literal(written)
        for written, digits, move in _PARTS.findall(shown)
    ]
    return _codes_and_moves(parts)


def _literal(written: bytes) -> bytes:
    """Read a string (ISO 32000-1, 7.3.4.2)."""
    return _ESCAPE.sub(_unescaped, written) if b"\\" in written else written


def _unescaped(escape: re.Match[bytes]) -> bytes:
    one = escape[1]
    return bytes([int(one, 8) & 255]) if one.isdigit() else _ESCAPED.get(one, one)


def _codes_and_moves(parts: Sequence[bytes | float]) -> tuple[tuple[int, ...], tuple[float, ...]]:
    codes: list[int] = []
    moves: list[float] = []
    for part in parts:
        if isinstance(part, bytes):
            if len(part) % 2:
                raise UnpressableError("text is not written in codes of two bytes")
            codes += unpack(f">{len(part) // 2}H", part)
            moves += [0.0] * (len(part) // 2)
        elif not moves:
            raise UnpressableError("a run begins with a move")
        else:
            moves[-1] += part
    return tuple(codes), tuple(moves)


def _other_blocks(pdf: pikepdf.Pdf, content: bytes, fonts: dict[str, str]) -> Iterator[Block]:
    """Read content step by step."""
    if not content.strip():
        return
    current: list[Any] | None = None
    head: Any = None
    for instruction in pikepdf.parse_content_stream(pikepdf.Stream(pdf, content)):
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
    if current is not None:
        raise UnpressableError("marked content is nested, or has no end")


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
    parts = [
        bytes(part) if isinstance(part, pikepdf.String) else float(part)
        for part in ([shown] if isinstance(shown, pikepdf.String) else shown)
    ]
    rgb = tuple(float(value) for value in colour)
    return Run(x, y, fonts[str(font[0])], float(font[1]), rgb, *_codes_and_moves(parts))


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


def _reference(one: pikepdf.Object) -> str:
    """Name an object as qpdf's JSON does."""
    number, generation = one.objgen
    return f"{number} {generation} R"


def _tree(pdf: pikepdf.Pdf, numbers: dict[str, int], places: dict[str, tuple[int, int]]) -> Element:
    """Read the structure tree, floor by floor, as JSON: each question to pikepdf costs."""
    root = pdf.Root.StructTreeRoot.K
    roots = list(root) if isinstance(root, pikepdf.Array) else [root]
    if len(roots) != 1:
        raise UnpressableError("the structure tree has several roots")
    top = _reference(roots[0])
    nodes: dict[str, Any] = {}
    floor = [top]
    while floor:
        found = _values(pdf, floor)
        nodes.update(zip(floor, found, strict=True))
        floor = [kid for node in found for kid in _kids(node) if isinstance(kid, str)]
    return _element(top, nodes, numbers, places, None)


def _values(pdf: pikepdf.Pdf, references: Sequence[str]) -> list[Any]:
    """Read objects as qpdf's JSON has them: texts begin with ``u:``, names with a slash."""
    objects = [pdf.get_object(*map(int, one.split()[:2])) for one in references]
    found: list[Any] = json.loads(
        b"[%b]" % b",".join([one.to_json(dereference=True) for one in objects])
    )
    return found


def _kids(node: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(node, dict):
        raise UnpressableError("an element of the structure tree is not understood")
    kids = node.get("/K", [])
    return kids if isinstance(kids, list) else [kids]


def _element(
    reference: str,
    nodes: dict[str, Any],
    numbers: dict[str, int],
    places: dict[str, tuple[int, int]],
    page: int | None,
) -> Element:
    entries = nodes[reference]
    here = numbers[entries["/Pg"]] if "/Pg" in entries else page
    kids: list[Any] = []
    for one in _kids(entries):
        if isinstance(one, int):
            if here is None:
                raise UnpressableError("content belongs to no page")
            kids.append((here, one))
            continue
        kid = nodes[one] if isinstance(one, str) else one
        kind = kid.get("/Type")
        if kind == "/OBJR":
            kids.append((*places[kid["/Obj"]], None))
        elif kind == "/MCR":
            kids.append((numbers[kid["/Pg"]] if "/Pg" in kid else here, kid["/MCID"]))
        else:
            kids.append(_element(one, nodes, numbers, places, here))
    attributes = {key: _plain(value) for key, value in entries.items() if key not in _TREE}
    return Element(entries["/S"], attributes, kids)


def _plain(value: Any) -> Any:  # noqa: ANN401 (any value of qpdf's JSON)
    """Turn a value into plain Python: names as bytes, texts as str, numbers as float or int."""
    if isinstance(value, str):
        if value.startswith("/"):
            return value.encode()
        if value.startswith("u:"):
            return value[2:]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, bool | int | float):
        return value
    raise UnpressableError("an attribute of the structure tree is not understood")


def _bookmarks(
    parent: pikepdf.Object | None, numbers: dict[str, int], level: int
) -> Iterator[Bookmark]:
    node = parent.get("/First") if parent is not None else None
    while node is not None:
        target, kind, left, top, _ = node.Dest
        if str(kind) != "/XYZ":
            raise UnpressableError("a bookmark leads to an unknown kind of place")
        yield Bookmark(level, str(node.Title), numbers[_reference(target)], float(left), float(top))
        yield from _bookmarks(node, numbers, level + 1)
        node = node.get("/Next")
