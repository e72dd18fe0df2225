"""A piece of a form: what Typst laid out once, with the fields that each document fills in.

A piece is found out by two probes, with narrow and with wide placeholders. A run that stays put
is static. A field that keeps its left edge, its right edge or its middle is left-, right- or
centre-aligned. Whatever else moves depends on what a field says, and can't be pressed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bustia.compose.press.kit import Kit, Style
from bustia.compose.press.pdf import number, value
from bustia.compose.press.probing import EDGE, PLACEHOLDERS, Placeholders, placeholder
from bustia.compose.press.reading import Block, Bookmark, Element, Graphic, Page, Probe, Run
from bustia.compose.press.words import shown
from bustia.errors import UnpressableError

__all__ = [
    "STEP",
    "BlockForm",
    "BookmarkForm",
    "Box",
    "DrawingField",
    "LinkForm",
    "Pattern",
    "Piece",
    "PieceMaker",
    "Slot",
    "Static",
    "TextField",
]

STEP = 0.5
"""Points by which the first slot grows between the probes; the next by twice that, and so on."""
_CLOSE = 0.004
"""Points that two positions may differ by and be the same: Typst counts in single precision."""
_INK = 3.0
"""Points by which the box of a table may differ, which reaches to the ink of its lowest letters."""
_WORD = re.compile(f"[{PLACEHOLDERS}]{{2}}")
_PLACED = re.compile(rb"(q\s+1 0 0 -1 )(\S+) (\S+)(?= cm)")
_MARK_RED, _DRAWING_RED = 254, 253


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text with fields in it: strings and placeholders' (leaf, line), in order."""

    parts: tuple[str | tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A number of the structure tree, or of a link, that moves up and down with the slots."""

    y: float
    moves: int


@dataclass(frozen=True, slots=True)
class Static:
    """Operators that are the same in every document, around the place where they draw."""

    before: bytes
    x: float
    y: float
    after: bytes
    moves: int
    """The slots above it, as bits: it moves down as these grow."""


@dataclass(frozen=True, slots=True)
class TextField:
    """A run that a document fills in."""

    pattern: Pattern
    style: Style
    colour: tuple[float, ...]
    align: Literal["left", "centre", "right"]
    x: float
    """Of its left edge, middle, or right edge."""
    y: float
    moves: int


@dataclass(frozen=True, slots=True)
class DrawingField:
    """Where a document's drawing goes."""

    leaf: int
    matrix: tuple[float, ...]
    moves: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a part, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class BlockForm:
    """A piece of content under one mark."""

    mcid: int | None
    head: bytes
    alt: Pattern
    items: tuple[Static | TextField | DrawingField | Slot, ...]


@dataclass(frozen=True, slots=True)
class LinkForm:
    """A link on a page."""

    left: float
    bottom: Box
    right: "float | TextField"
    """A field where the link is as wide as what that says."""
    top: Box
    uri: Pattern
    contents: Pattern


@dataclass(frozen=True, slots=True)
class BookmarkForm:
    """An entry of the outline: it belongs to the heading of the same place in the tree."""

    title: Pattern
    page: int
    left: float
    top: Box


@dataclass(frozen=True, slots=True)
class SlotPlace:
    """Where a slot is: its left top corner at the probe's heights, its width, and what it moves
    with."""

    page: int
    left: float
    top: Box
    width: float


@dataclass(slots=True)
class Piece:
    """A frame or a part, ready to be put together with others."""

    pages: list[tuple[float, float, list[BlockForm], list[LinkForm]]]
    """For each page its width, height, content and links."""
    elements: list[Any]
    """Its elements of the structure tree; numbers of slots stand among their kids."""
    bookmarks: list[BookmarkForm]
    paragraphs: dict[int, tuple[Style, float]]
    """For each leaf that is a paragraph its style and width."""
    lines: list[tuple[int, Style, float]]
    """Each leaf that stays on one line, its style, and the width that surely fits there."""
    leaves: int = 0
    top: float = 0.0
    left: float = 0.0
    height: float = 0.0
    slots: dict[int, SlotPlace] = field(default_factory=dict)
    rooms: dict[int, tuple[float, int]] = field(default_factory=dict)
    """The points left on each page at the probe's heights, and the slots that take them up."""


class PieceMaker:
    """Compares two probes of the same pages, and makes a piece of what they have in common."""

    def __init__(
        self, kit: Kit, placeholders: Placeholders, slots: dict[str, int], where: str
    ) -> None:
        self._kit = kit
        self._characters = kit.characters
        self._words = {
            placeholder(place): owner for place, owner in enumerate(placeholders.owners())
        }
        self._leaves = placeholders.leaves
        self._owners = placeholders.owners()
        self._slots = slots
        self._where = where
        self._lefts: dict[int, float] = {}
        self._fields: list[tuple[TextField, float]] = []
        self._afters: dict[tuple[int, Style], str] = {}
        """What stands after a text on its line."""

    def make(self, narrow: Probe, first: int, wide: Probe, wide_first: int, count: int) -> Piece:
        """Make a piece of ``count`` pages, from these pages of the two probes on."""
        piece = Piece([], [], [], {}, [], len(self._leaves))
        for place in range(count):
            page, other = narrow.pages[first + place], wide.pages[wide_first + place]
            blocks = list(self._blocks(page, other, piece, place))
            links = [
                self._link(a, b) for a, b in zip(page.annotations, other.annotations, strict=True)
            ]
            piece.pages.append((page.width, page.height, blocks, links))
        tops = _elements(narrow, first, count), _elements(wide, wide_first, count)
        if len(tops[0]) != len(tops[1]):
            raise UnpressableError("the structure depends on a field", where=self._where)
        for one, twin in zip(*tops, strict=True):
            piece.elements.append(self._element(one, twin, first, piece))
        for a, b in zip(
            _bookmarks(narrow, first, count), _bookmarks(wide, wide_first, count), strict=True
        ):
            top = self._box(a.top, b.top)
            piece.bookmarks.append(
                BookmarkForm(self._pattern(a.title), a.page - first, a.left, top)
            )
        return piece

    def measure(self, piece: Piece, full: Probe, first: int) -> None:
        """Note from full placeholders, on the pages from ``first`` on, how wide a text may be."""
        for page in full.pages[first:]:
            for block in page.blocks:
                for run in block.pieces:
                    if isinstance(run, Run):
                        self._measure(piece, run)

    def _measure(self, piece: Piece, run: Run) -> None:
        said = self._read(run)
        words = _WORD.findall(said)
        if len(words) != 1 or words[0] not in self._words:
            return
        leaf, _ = self._words[words[0]]
        if self._leaves[leaf].kind == "text":
            style = self._style(run)
            before = said[: said.index(words[0])]
            # What stands after the field on its line has to fit there, too.
            after = self._afters.get((leaf, style), "")
            setter = self._kit.setter(style)
            width = setter.set(said)[1] - setter.set(before + after)[1]
            piece.lines.append((leaf, style, width))

    # Content

    def _blocks(
        self, page: Page, other: Page, piece: Piece, number_of_page: int
    ) -> Iterator[BlockForm]:
        self._marks: dict[tuple[int, int], Graphic] = {}
        wide = list(self._without_edges(other, piece))
        narrow = [block.pieces for block in page.blocks]
        if len(narrow) != len(wide):
            raise UnpressableError(
                "what a field says decides how many pieces the page has",
                where=self._where,
            )
        for block, others in zip(page.blocks, wide, strict=True):
            if len(block.pieces) != len(others):
                raise UnpressableError(
                    f"{self._nearest(block)} changes what is drawn around it", where=self._where
                )
            items = [
                item
                for a, b in zip(block.pieces, others, strict=True)
                for item in self._items(a, b, piece)
            ]
            if items or block.mcid is not None:
                yield BlockForm(block.mcid, block.head, self._pattern(block.alt), tuple(items))
        self._settle(piece, number_of_page)

    def _without_edges(self, page: Page, piece: Piece) -> Iterator[list[Run | Graphic]]:
        """Give the pieces of each wide block without edge marks, whose places are noted."""
        before: list[Run] = []
        for block in page.blocks:
            kept: list[Run | Graphic] = []
            for one in block.pieces:
                if isinstance(one, Run) and self._read(one) == EDGE:
                    self._edge(one, before, piece)
                else:
                    kept.append(one)
                    before += [one] if isinstance(one, Run) else []
            if kept or not block.pieces:
                yield kept

    def _edge(self, edge: Run, before: Sequence[Run], piece: Piece) -> None:
        """Note the width of the paragraph whose last run the edge follows."""
        run = next(one for one in reversed(before) if abs(one.y - edge.y) < _CLOSE)
        owners = [self._words[word] for word in _WORD.findall(self._read(run))]
        if len(owners) != 1:
            raise UnpressableError("a paragraph holds several fields", where=self._where)
        leaf = owners[0][0]
        style = self._style(run)
        width = edge.x + self._width(edge, Style(edge.font, edge.size, style.tracking)) - run.x
        piece.paragraphs[leaf] = (style, width)
        self._lefts[leaf] = run.x

    def _items(
        self, one: Run | Graphic, other: Run | Graphic, piece: Piece
    ) -> Iterator[Static | TextField | DrawingField | Slot]:
        if isinstance(one, Run) and isinstance(other, Run):
            text = self._read(one)
            if text in self._slots:
                yield Slot(self._slots[text])
            elif _WORD.search(text):
                yield self._field(one, other, text, piece)
            else:
                yield self._static_run(one, other)
        elif isinstance(one, Graphic) and isinstance(other, Graphic):
            yield from self._graphic(one, other)
        else:
            raise UnpressableError("text and drawings change places", where=self._where)

    def _static_run(self, one: Run, other: Run) -> Static:
        if one.codes != other.codes or abs(one.x - other.x) > _CLOSE:
            raise UnpressableError(
                f"a field moves the text {self._read(one)!r} after it:"
                " put the field in a box of fixed width",
                where=self._where,
            )
        return _written(one, self._kit, self._moves(one.y, other.y))

    def _field(self, one: Run, other: Run, text: str, piece: Piece) -> TextField:
        pattern = self._pattern(text)
        style = self._style(one)
        narrow, wide = self._width(one, style), self._width(other, style)
        leaf = next(part[0] for part in pattern.parts if not isinstance(part, str))
        anchors = [
            ("left", one.x, other.x),
            ("right", one.x + narrow, other.x + wide),
            ("centre", one.x + narrow / 2, other.x + wide / 2),
        ]
        if self._leaves[leaf].kind == "prose":
            anchors = self._paragraph_anchors(leaf, one.x, narrow, piece)
        for name, x, stays in anchors:
            if abs(x - stays) < _CLOSE:
                align: Any = name
                break
        else:
            raise UnpressableError(
                f"{self._name(leaf)} moves with what stands before it: put that in a box of"
                " fixed width",
                where=self._where,
            )
        moves = self._moves(one.y, other.y)
        made = TextField(pattern, style, one.colour, align, x, one.y, moves)
        self._fields.append((made, narrow))
        if isinstance(pattern.parts[-1], str):
            self._afters[leaf, style] = pattern.parts[-1]
        return made

    def _paragraph_anchors(
        self, leaf: int, x: float, width: float, piece: Piece
    ) -> list[tuple[str, float, float]]:
        """Give where a line of a paragraph would have to be, were it left, right or centred."""
        if leaf not in piece.paragraphs:
            raise UnpressableError(
                f"{self._name(leaf)} is a paragraph: show it by #prose(…)", where=self._where
            )
        left, (_, whole) = self._lefts[leaf], piece.paragraphs[leaf]
        return [
            ("left", x, left),
            ("right", x + width, left + whole),
            ("centre", x + width / 2, left + whole / 2),
        ]

    def _graphic(self, one: Graphic, other: Graphic) -> Iterator[Static | DrawingField]:
        red, green, blue = (round(255 * part) for part in (*one.colour, 0, 0, 0)[:3])
        if red == _MARK_RED and green <= 5:
            self._marks[green, blue] = one
            self._marks[green + 100, blue] = other
            return
        moves = self._moves(one.box[1], other.box[1])
        sides = [abs(one.box[side] - other.box[side]) < _CLOSE for side in (0, 2)]
        shift = moves and moves == self._moves(one.box[3], other.box[3]) and all(sides)
        if red == _DRAWING_RED:
            leaf, _ = self._owners[green << 8 | blue]
            yield DrawingField(leaf, one.matrix, moves)
        elif one.operators == other.operators or shift:
            yield _drawn(one, moves)
        else:
            raise UnpressableError(
                "a field changes the size or place of a line or area", where=self._where
            )

    def _settle(self, piece: Piece, page: int) -> None:
        """Turn the marks of a page into slots, rooms, and the place of a part."""
        for (kind, index), mark in self._marks.items():
            if kind > 100:
                continue
            other = self._marks[kind + 100, index]
            y, moves = mark.box[3], self._moves(mark.box[3], other.box[3])
            if kind == 1:
                width = mark.box[2] - mark.box[0]
                piece.slots[index] = SlotPlace(page, mark.box[0], Box(y, moves), width)
            elif kind == 2:
                room = y - self._marks[3, index].box[3]
                piece.rooms[page] = (room, moves)
            elif kind == 4:
                piece.left, piece.top = mark.box[0], y
            elif kind == 5:
                piece.height = piece.top - y

    def _moves(self, y: float, other: float) -> int:
        """Give the slots whose growth moved something down by that much, as bits."""
        steps = (y - other) / STEP
        moves = round(steps)
        if abs(steps - moves) * STEP > _CLOSE or moves < 0 or moves >> len(self._slots):
            raise UnpressableError(
                "a field moves what stands below it: give it a place of fixed height",
                where=self._where,
            )
        return moves

    # Type

    def _read(self, run: Run) -> str:
        characters = self._characters.get(run.font)
        if characters is None:
            raise UnpressableError(
                f"the font {run.font} is not among the styles of theme.typ", where=self._where
            )
        try:
            return "".join(characters[code] for code in run.codes)
        except KeyError:
            raise UnpressableError(
                "it has a character that is not on the page of characters", where=self._where
            ) from None

    def _style(self, run: Run) -> Style:
        """Find the tracking of a run: what it has between glyphs beside kerning."""
        plain = self._kit.setter(Style(run.font, run.size, 0.0))
        codes, moves = plain.glyphs(self._read(run))
        if tuple(codes) != run.codes:
            raise UnpressableError(f"{run.font} is not shaped as Typst does it", where=self._where)
        gaps = [a - b for a, b in zip(moves[:-1], run.moves[:-1], strict=True)]
        tracking = round(gaps[0] / 1000, 4) if gaps else 0.0
        if any(abs(gap - tracking * 1000) > 0.05 for gap in gaps):
            raise UnpressableError(f"{run.font} is not kerned as Typst does it", where=self._where)
        return Style(run.font, run.size, tracking)

    def _width(self, run: Run, style: Style) -> float:
        return self._kit.setter(style).set(self._read(run))[1]

    # Structure

    def _element(self, one: Element, other: Element, first: int, piece: Piece) -> Element:
        attributes = {
            key: _settled(key, self._attribute(key, inner, other.attributes.get(key)))
            for key, inner in one.attributes.items()
        }
        kids: list[Any] = []
        twins = [kid for kid in other.kids if isinstance(kid, Element)]
        if len(twins) != sum(isinstance(kid, Element) for kid in one.kids):
            raise UnpressableError("the structure depends on a field", where=self._where)
        for kid in one.kids:
            if isinstance(kid, Element):
                kids.append(self._element(kid, twins.pop(0), first, piece))
            else:
                kids.append((kid[0] - first, *kid[1:]))
        return Element(one.role, attributes, kids)

    def _attribute(self, key: str, one: Any, other: Any) -> Any:  # noqa: ANN401
        if isinstance(one, str):
            return self._pattern(one)
        if key == "/BBox":
            left, bottom, right, top = one
            if not self._slots and max(abs(a - b) for a, b in zip(one, other, strict=True)) < _INK:
                return [left, Box(bottom, 0), right, Box(top, 0)]
            return [left, self._box(bottom, other[1]), right, self._box(top, other[3])]
        if isinstance(one, dict):
            return {k: self._attribute(k, v, other[k]) for k, v in one.items()}
        if isinstance(one, list):
            return [self._attribute("", a, b) for a, b in zip(one, other, strict=True)]
        return one

    def _box(self, y: float, other: float) -> Box:
        return Box(y, self._moves(y, other))

    def _link(self, one: Any, other: Any) -> LinkForm:  # noqa: ANN401
        left, bottom, right, top = one.rect
        end: float | TextField = right
        if abs(left - other.rect[0]) > _CLOSE or abs(right - other.rect[2]) > _CLOSE:
            end = self._linked(left, right, bottom, top)
        return LinkForm(
            left, self._box(bottom, other.rect[1]), end, self._box(top, other.rect[3]),
            self._pattern(one.uri), self._pattern(one.contents),
        )  # fmt: skip

    def _linked(self, left: float, right: float, bottom: float, top: float) -> TextField:
        """Find the field that a link is as wide as."""
        for field_, width in self._fields:
            begins = field_.align == "left" and abs(field_.x - left) < _CLOSE
            if begins and bottom < field_.y < top and abs(field_.x + width - right) < 2 * _CLOSE:
                return field_
        raise UnpressableError("a link is not as wide as one field", where=self._where)

    def _pattern(self, text: str) -> Pattern:
        parts: list[str | tuple[int, int]] = []
        at = 0
        for found in _WORD.finditer(text):
            owner = self._words.get(found[0])
            if owner is None:
                raise UnpressableError("it shows a field of another piece", where=self._where)
            parts += [text[at : found.start()], owner]
            at = found.end()
        parts.append(text[at:])
        return Pattern(tuple(part for part in parts if part != ""))

    # Words for people

    def _name(self, leaf: int) -> str:
        return f"`{self._leaves[leaf].path}`"

    def _nearest(self, block: Block) -> str:
        for one in block.pieces:
            if isinstance(one, Run):
                for word in _WORD.findall(self._read(one)):
                    return self._name(self._words[word][0])
        return "a field"


def _settled(key: str, one: Any) -> Any:  # noqa: ANN401
    """Write an attribute that is the same in every document, wherever it stands."""
    return one if key == "/ID" or _unsettled(one) else value(_plain(one))


def _unsettled(one: Any) -> bool:  # noqa: ANN401
    if isinstance(one, Pattern):
        return any(not isinstance(part, str) for part in one.parts)
    if isinstance(one, dict):
        return any(map(_unsettled, one.values()))
    return any(map(_unsettled, one)) if isinstance(one, list) else isinstance(one, Box)


def _plain(one: Any) -> Any:  # noqa: ANN401
    if isinstance(one, Pattern):
        return "".join(part for part in one.parts if isinstance(part, str))
    if isinstance(one, dict):
        return {key: _plain(inner) for key, inner in one.items()}
    return [_plain(inner) for inner in one] if isinstance(one, list) else one


def _elements(probe: Probe, first: int, count: int) -> list[Element]:
    pages = range(first, first + count)
    return [one for one in probe.tree.kids if isinstance(one, Element) and _page_of(one) in pages]


def _bookmarks(probe: Probe, first: int, count: int) -> list[Bookmark]:
    return [one for one in probe.bookmarks if one.page in range(first, first + count)]


def _page_of(element: Element) -> int | None:
    for kid in element.kids:
        page = _page_of(kid) if isinstance(kid, Element) else kid[0]
        if page is not None:
            return page
    return None


def _written(run: Run, kit: Kit, moves: int) -> Static:
    """Write a run anew, as short as it can be."""
    before = opened(kit, run.font, run.size, run.colour) + b"1 0 0 1 "
    return Static(before, run.x, run.y, b" Tm%s ET" % shown(run.codes, run.moves), moves)


def _drawn(graphic: Graphic, moves: int) -> Static:
    """Take a drawing apart at the matrix that places it, or put one before it."""
    found = _PLACED.match(graphic.operators)
    if found is None:
        return Static(b"q 1 0 0 1 ", 0.0, 0.0, b" cm " + graphic.operators + b" Q", moves)
    x, y = float(found[2]), float(found[3])
    return Static(found[1], x, y, graphic.operators[found.end(3) :], moves)


def opened(kit: Kit, font: str, size: float, colour: tuple[float, ...]) -> bytes:
    """Write the operators that begin a run."""
    rgb = b" ".join(map(number, colour))
    return b"/c0 cs %s scn BT %s %s Tf " % (rgb, kit.names[font], number(size))
