"""Puts the content of a page together: what stays, and what each document says."""

from collections.abc import Sequence
from typing import Any

from bustia.compose.press.form import (
    ContentHole,
    PageContent,
    SetOf,
    TextHole,
    drawing_operators,
)
from bustia.compose.press.kit import Kit
from bustia.compose.press.lines import Breaker
from bustia.compose.press.pdf import number, text
from bustia.compose.press.pieces import BlockForm, DrawingField, Static, TextField, opened
from bustia.compose.press.placed import Placed, said_by, told
from bustia.compose.press.typography import Setter
from bustia.errors import UnpressableError

__all__ = ["Content", "run_of"]

_SHARES = {"left": 0.0, "centre": 0.5, "right": 1.0}


class Content:
    """The content of a page: what stays, and what each document says.

    Its marked content is numbered from ``first`` on.
    """

    def __init__(self, kit: Kit, first: int) -> None:
        self._kit = kit
        self._still: list[bytes] = []
        self._chunks: list[bytes] = []
        self._left: list[tuple[int, int, Setter]] = []
        self._aligned: list[tuple[int, tuple[int, Setter, float, float, bytes]]] = []
        self._paragraphs: dict[int, tuple[Breaker, list[tuple[int, int]]]] = {}
        self._holes: list[TextHole | ContentHole] = []
        self._style: bytes = b""
        self.marks = range(first, first)
        """The numbers of its marked content."""

    def add(self, block: BlockForm, placed: Placed) -> None:
        """Add a block of a piece."""
        head = block.head
        if block.mcid is not None:
            alt = told(block.alt)
            head = b"/Span<</MCID %d" % self.marks.stop
            self.marks = range(self.marks.start, self.marks.stop + 1)
            if callable(alt):
                self._chunks += [head + b"/Alt", b""]
                leaf = next(part[0] for part in block.alt.parts if not isinstance(part, str))
                self._holes.append(ContentHole(len(self._chunks) - 1, leaf, _alt))
                head = b">>BDC\n"
            else:
                head += (b"/Alt" + alt if block.alt.parts else b"") + b">>BDC\n"
        else:
            head += b"\n"
        still = [item for item in block.items if isinstance(item, Static)]
        if len(still) == len(block.items) and not callable(told(block.alt)):
            self._still += [head, *(_shifted(item, placed) for item in still), b"EMC\n"]
            return
        self._chunks.append(head)
        for item in block.items:
            if isinstance(item, Static):
                self._chunks.append(b"q " + _shifted(item, placed) + b"Q\n")
            elif isinstance(item, DrawingField):
                self._drawing(item, placed)
            elif isinstance(item, TextField):
                self._text(item, placed)
        self._chunks.append(b"EMC\n")

    def _drawing(self, item: DrawingField, placed: Placed) -> None:
        a, b, c, d, e, f = item.matrix
        scaled = b" ".join(map(number, (a, b, c, d, e + placed.dx)))
        matrix = scaled + b" " + placed.height(f, item.moves)
        self._chunks.append(b"")
        self._holes.append(
            ContentHole(
                len(self._chunks) - 1,
                item.leaf,
                lambda drawing: drawing_operators(drawing, matrix),
            )
        )

    def _text(self, item: TextField, placed: Placed) -> None:
        setter = self._kit.setter(item.style)
        style = opened(self._kit, item.style.font, item.style.size, item.colour)
        x, y = item.x + placed.dx, placed.height(item.y, item.moves)
        begin = style if style != self._style else b"BT "
        self._style = style
        parts = item.pattern.parts
        alone = parts[0] if len(parts) == 1 and not isinstance(parts[0], str) else None
        if alone is not None and item.align == "left":
            leaf, line = alone
            self._chunks += [begin + b"1 0 0 1 %s %s Tm" % (number(x), y), b"", b" ET\n"]
            place, breaker = len(self._chunks) - 2, placed.breakers.get(leaf)
            if breaker is None:
                self._left.append((place, leaf, setter))
            else:
                self._paragraphs.setdefault(leaf, (breaker, []))[1].append((place, line))
            return
        self._chunks += [begin, b"", b" ET\n"]
        place, share = len(self._chunks) - 2, _SHARES[item.align]
        if alone is not None and alone[0] not in placed.breakers:
            self._aligned.append((place, (alone[0], setter, share, x, y)))
        else:
            self._holes.append(TextHole(place, run_of(self._kit, item, placed), share, x, y))

    def still(self) -> bytes:
        """Give the content that all documents have in common."""
        return b"".join(self._still)

    def told(self) -> PageContent:
        """Give what each document writes."""
        chunks, moved = _merged(self._chunks, self._hole_places())
        return PageContent(
            tuple([self._kit.same(chunk) for chunk in chunks]),
            tuple((moved[at], leaf, setter) for at, leaf, setter in self._left),
            tuple((moved[at], *others) for at, others in self._aligned),
            tuple(
                (leaf, breaker, tuple((moved[at], line) for at, line in places))
                for leaf, (breaker, places) in self._paragraphs.items()
            ),
            tuple(hole.at(moved[hole.place]) for hole in self._holes),
        )

    def _hole_places(self) -> set[int]:
        places = {one[0] for one in self._left} | {one[0] for one in self._aligned}
        places |= {at for _, lines in self._paragraphs.values() for at, _ in lines}
        return places | {hole.place for hole in self._holes}


def _merged(chunks: Sequence[bytes], holes: set[int]) -> tuple[tuple[bytes, ...], dict[int, int]]:
    """Join neighbouring bytes; give also where each hole has come to."""
    merged: list[bytes] = []
    moved: dict[int, int] = {}
    last_is_hole = True
    for place, chunk in enumerate(chunks):
        if place in holes:
            moved[place] = len(merged)
            merged.append(b"")
            last_is_hole = True
        elif last_is_hole:
            merged.append(chunk)
            last_is_hole = False
        else:
            merged[-1] += chunk
    return tuple(merged), moved


def _alt(leaf: Any) -> bytes:  # noqa: ANN401 (a drawing, or a text)
    return text(leaf if isinstance(leaf, str) else leaf.alt)


def _shifted(item: Static, placed: Placed) -> bytes:
    x, y = number(item.x + placed.dx), placed.height(item.y, item.moves)
    return b"%s%s %s%s\n" % (item.before, x, y, item.after)


def run_of(kit: Kit, item: TextField, placed: Placed) -> SetOf:
    """Give what sets the run of a field for a document."""
    setter = kit.setter(item.style)
    parts = item.pattern.parts
    if len(parts) == 1 and not isinstance(parts[0], str):
        leaf, line = parts[0]
        breaker = placed.breakers.get(leaf)
        if breaker is None:
            return lambda leaves: setter[leaves[leaf]]
        return lambda leaves: breaker[leaves[leaf]][line]
    if any(not isinstance(part, str) and part[0] in placed.breakers for part in parts):
        raise UnpressableError("a paragraph shares its line with other text")
    givers = [said_by(part if isinstance(part, str) else part[0]) for part in parts]
    return lambda leaves: setter.set("".join([give(leaves) for give in givers]))
