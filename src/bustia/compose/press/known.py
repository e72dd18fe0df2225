"""The pieces that were laid out already, in this process or on the disk."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from bustia.compose.press.kit import Kit
from bustia.compose.press.lines import Breaker
from bustia.compose.press.pieces import Piece
from bustia.compose.press.probing import Placeholders
from bustia.compose.press.store import PieceStore
from bustia.compose.press.structure import leaves_of
from bustia.compose.press.typography import Setter
from bustia.errors import UnpressableError

__all__ = ["Known", "Pieces", "Wanted"]

_KERNING = 0.3
"""Points by which a text may be narrower beside others than by itself."""

Probe = Callable[[Placeholders], Piece]


@dataclass(slots=True)
class Known:
    """A piece, with what breaks its paragraphs and what fits on its lines."""

    piece: Piece
    breakers: dict[int, Breaker]
    limits: list[tuple[int, Setter, float]]
    """For each leaf on one line what sets it, and the width in points that surely fits."""
    version: int
    """Its number in this process."""
    place: Hashable
    """Its place among the pieces of this process."""
    key: Hashable
    """What it is kept under on the disk."""
    proven: bool
    """The judge saw a document with it, and found nothing."""

    def too_long(self, leaves: Sequence[Any]) -> int | None:
        """Give the first text that may not fit on its line; None if each surely does."""
        for leaf, setter, limit in self.limits:
            if setter[leaves[leaf]][1] > limit:
                return leaf
        return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A piece that is asked for."""

    kit: Kit
    base: Hashable
    """Its structure, and whatever else it depends on."""
    kind: Any
    """The type of its data."""
    data: Any
    leaves: Sequence[Any]
    probe: Probe
    """Lays it out."""


class Pieces:
    """Frames and parts by structure and number of lines."""

    def __init__(self, store: PieceStore) -> None:
        self._known: dict[Hashable, Known | UnpressableError] = {}
        self._numbers: dict[Hashable, int] = {}
        """Structures, numbered: they are long, and take time to be looked up."""
        self._versions = count()
        self._store = store

    def __len__(self) -> int:
        return len(self._known)

    def find(self, wanted: Wanted) -> Known:
        """Give the piece of this structure, for these leaves; laid out now if it must be.

        How many lines a paragraph has is told by the piece in which each has one. Raises
        ``UnpressableError`` where the piece can't be pressed, or a text is too long for it.
        """
        number = self._numbers.setdefault(wanted.base, len(self._numbers))
        known = self._known.get(number) or self._made(number, wanted, None)
        leaves = wanted.leaves
        if isinstance(known, Known) and known.breakers:
            heights = tuple(
                [len(breaker[leaves[leaf]]) for leaf, breaker in known.breakers.items()]
            )
            if max(heights) > 1:
                place = (number, heights)
                known = self._known.get(place) or self._made(
                    place, wanted, dict(zip(known.breakers, heights, strict=True))
                )
        if isinstance(known, UnpressableError):
            raise UnpressableError(known.what, where=known.where)
        long = known.too_long(leaves)
        if long is not None:
            path = leaves_of(wanted.kind, wanted.data)[long].path
            raise UnpressableError(f"`{path}` may be too long for its line")
        return known

    def is_proven(self, known: Known) -> bool:
        """Say whether the judge found a piece right, here or in another process."""
        if not known.proven:
            known.proven = self._store.is_proven(known.key)
        return known.proven

    def prove(self, known: Known) -> None:
        """Note that the judge found nothing wrong with a piece."""
        known.proven = True
        self._store.prove(known.key)

    def reject(self, known: Known, why: str) -> None:
        """Take a piece off the press."""
        self._known[known.place] = UnpressableError(why)
        self._store.save(known.key, {"error": why})

    def _made(
        self, place: Hashable, wanted: Wanted, lines: Mapping[int, int] | None
    ) -> Known | UnpressableError:
        """Take a piece from the disk, or lay it out; and know it from now on.

        ``lines`` are those of paragraphs that have more than one; None where each has one.
        """
        numbers = tuple((lines or {}).get(leaf, 1) for leaf in range(len(wanted.leaves)))
        key = (wanted.base, None if lines is None else numbers)
        kept = self._store.load(key)
        if kept is None:
            try:
                leaves = leaves_of(wanted.kind, wanted.data)
                kept = {"piece": wanted.probe(Placeholders(leaves, numbers))}
            except UnpressableError as error:
                kept = {"error": error.what, "where": error.where}
            self._store.save(key, kept)
        made = self._known[place] = (
            UnpressableError(kept["error"], where=kept.get("where"))
            if "error" in kept
            else self._ready(kept["piece"], wanted.kit, place, key)
        )
        return made

    def _ready(self, piece: Piece, kit: Kit, place: Hashable, key: Hashable) -> Known:
        limits = [(leaf, kit.setter(style), width - _KERNING) for leaf, style, width in piece.lines]
        breakers = {leaf: kit.breaker(*one) for leaf, one in piece.paragraphs.items()}
        proven = self._store.is_proven(key)
        return Known(piece, breakers, limits, next(self._versions), place, key, proven)
