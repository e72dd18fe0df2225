"""A piece at its place in a form: where its content has moved to, and what its texts say there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bustia.compose.characters import writable
from bustia.compose.press.form import TextOf
from bustia.compose.press.lines import Breaker
from bustia.compose.press.pdf import number, single, text
from bustia.compose.press.pieces import Pattern
from bustia.errors import UnpressableError

__all__ = ["Placed", "moved", "said", "said_by", "told", "web_address"]


@dataclass(frozen=True, slots=True)
class Placed:
    """How far the content of a piece is moved at its place, and how its paragraphs are broken."""

    dx: float
    dy: float
    shifts: Mapping[int, float]
    """How far what moves with these slots moves, in points upwards."""
    breakers: Mapping[int, Breaker]
    top: float
    """Height of its page."""

    def up(self, moves: int) -> float:
        """Give how far something moves upwards that moves with these slots."""
        return self.dy + self.shifts.get(moves, 0.0)

    def height(self, y: float, moves: int) -> bytes:
        """Write where something stands that does so: Typst counts from the top of the page, in
        single precision."""
        if not (self.dy or moves):
            return number(y)
        return number(self.top - single(self.top - y - self.up(moves)))


def moved(one: Any, placed: Placed) -> Any:  # noqa: ANN401
    """Give an attribute at the place of its piece."""
    if isinstance(one, Pattern):
        return told(one)
    if isinstance(one, dict):
        return {
            key: _box(inner, placed) if key == "/BBox" else moved(inner, placed)
            for key, inner in one.items()
        }
    if isinstance(one, list):
        return [moved(inner, placed) for inner in one]
    return one


def _box(one: Any, placed: Placed) -> list[float]:  # noqa: ANN401
    left, bottom, right, top = one
    return [
        left + placed.dx,
        bottom.y + placed.up(bottom.moves),
        right + placed.dx,
        top.y + placed.up(top.moves),
    ]


def said(pattern: Pattern) -> str:
    """Give a text without fields."""
    return "".join(part for part in pattern.parts if isinstance(part, str))


def told(pattern: Pattern) -> bytes | TextOf:
    """Give a text of the structure: as bytes, or as what gives it from a document's leaves."""
    parts: list[str | int] = []
    for part in pattern.parts:
        leaf = part if isinstance(part, str) else part[0]
        if isinstance(leaf, int) and leaf in parts:
            while parts[-1] != leaf:  # what stands between the lines of one paragraph
                parts.pop()
        else:
            parts.append(leaf)
    if all(isinstance(part, str) for part in parts):
        return text(said(pattern))
    return _joined(parts)


def _joined(parts: Sequence[str | int]) -> TextOf:
    givers = [said_by(part) for part in parts]
    if len(givers) == 1:
        (give,) = givers
        return lambda leaves: text(give(leaves))
    return lambda leaves: text("".join([give(leaves) for give in givers]))


@lru_cache(maxsize=4096)
def said_by(part: str | int) -> Callable[[Sequence[Any]], str]:
    """Give what says a part of a text: the text itself, or the leaf of this number."""
    if isinstance(part, str):
        return lambda _: part

    def give(leaves: Sequence[Any]) -> str:
        leaf = leaves[part]
        return writable(leaf if isinstance(leaf, str) else leaf.alt)

    return give


def web_address(pattern: Pattern) -> bytes | TextOf:
    """Give the target of a link, which is written in ASCII."""
    says = told(pattern)
    if isinstance(says, bytes):
        return says

    def give(leaves: Sequence[Any]) -> bytes:
        written = says(leaves)
        if written.startswith(b"<"):
            raise UnpressableError("it has a link with letters beyond ASCII")
        return written

    return give
