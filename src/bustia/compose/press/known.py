"""The pieces that were laid out already, in this process or on the disk."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from bustia.compose.press.assembling import breakers_of
from bustia.compose.press.kit import Kit
from bustia.compose.press.pieces import Piece
from bustia.compose.press.probing import Placeholders
from bustia.compose.press.store import PieceStore
from bustia.compose.press.structure import leaves_of
from bustia.compose.press.typography import Breaker, Setter
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
    key: Hashable
    """What it is kept under on the disk."""
    proven: bool
    """The judge saw a document with it, and found nothing."""
    place: Hashable = None
    """Its place among the pieces of this process."""

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
    family: Hashable
    """What it depends on beside its structure: pieces of one family are set alike."""
    structure: Hashable
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
        self._met: dict[int, Known | UnpressableError] = {}
        """For each structure the first of its pieces: it tells how its paragraphs are set."""
        self._usual: dict[Hashable, Breaker] = {}
        """How paragraphs of a path are set in a family, as a first guess."""
        self._versions = count()
        self._store = store

    def __len__(self) -> int:
        return len(self._known)

    def find(self, wanted: Wanted) -> Known:
        """Give the piece of this structure, for these leaves; laid out now if it must be.

        How many lines a paragraph has is told by any piece of the structure. Raises
        ``UnpressableError`` where the piece can't be pressed, or a text is too long for it.
        """
        number = self._numbers.setdefault((wanted.family, wanted.structure), len(self._numbers))
        known = met = self._met.get(number) or self._first(number, wanted)
        leaves = wanted.leaves
        if isinstance(met, Known):
            heights = tuple(
                [len(breaker.lines(leaves[leaf])) for leaf, breaker in met.breakers.items()]
            )
            place = (number, heights)
            known = self._known.get(place) or self._placed(
                place, self._made(wanted, dict(zip(met.breakers, heights, strict=True)))
            )
        if isinstance(known, UnpressableError):
            raise UnpressableError(known.what, where=known.where)
        long = known.too_long(leaves)
        if long is not None:
            path = leaves_of(wanted.kind, wanted.data)[long].path
            raise UnpressableError(f"`{path}` may be too long for its line")
        return known

    def _first(self, number: int, wanted: Wanted) -> Known | UnpressableError:
        """Make the first piece of a structure, with as many lines as paragraphs usually have."""
        paths = [leaf.path for leaf in leaves_of(wanted.kind, wanted.data)]
        lines: dict[int, int] = {}
        for leaf, path in enumerate(paths):
            usual = self._usual.get((wanted.family, path))
            if usual is not None:
                with suppress(UnpressableError):
                    lines[leaf] = len(usual.lines(wanted.leaves[leaf]))
        made = self._made(wanted, lines)
        if isinstance(made, UnpressableError) and lines:
            lines = {}
            made = self._made(wanted, lines)
        if isinstance(made, Known):
            for leaf, breaker in made.breakers.items():
                self._usual[wanted.family, paths[leaf]] = breaker
            heights = tuple(lines.get(leaf, 1) for leaf in made.breakers)
            self._placed((number, heights), made)
        self._met[number] = made
        return made

    def _placed(self, place: Hashable, made: Known | UnpressableError) -> Known | UnpressableError:
        self._known[place] = made
        if isinstance(made, Known):
            made.place = place
        return made

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

    def _made(self, wanted: Wanted, lines: Mapping[int, int]) -> Known | UnpressableError:
        """Take a piece from the disk, or lay it out; ``lines`` are one where nothing is said."""
        each = tuple(lines.get(leaf, 1) for leaf in range(len(wanted.leaves)))
        key = (wanted.family, wanted.structure, each)
        kept = self._store.load(key)
        if kept is None:
            try:
                leaves = leaves_of(wanted.kind, wanted.data)
                kept = {"piece": wanted.probe(Placeholders(leaves, each))}
            except UnpressableError as error:
                kept = {"error": error.what, "where": error.where}
            self._store.save(key, kept)
        if "error" in kept:
            return UnpressableError(kept["error"], where=kept.get("where"))
        kit, piece = wanted.kit, kept["piece"]
        limits = [(leaf, kit.setter(style), width - _KERNING) for leaf, style, width in piece.lines]
        breakers, proven = breakers_of(kit, piece), self._store.is_proven(key)
        return Known(piece, breakers, limits, next(self._versions), key, proven)
