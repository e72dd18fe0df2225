"""The pieces that were laid out already, in this process or on the disk."""

from collections.abc import Callable, Hashable, Sequence
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

__all__ = ["Known", "Pieces"]

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
    proven: bool
    """The judge saw a document with it, and found nothing."""

    def too_long(self, leaves: Sequence[Any]) -> int | None:
        """Give the first text that may not fit on its line; None if each surely does."""
        for leaf, setter, limit in self.limits:
            if setter[leaves[leaf]][1] > limit:
                return leaf
        return None


class Pieces:
    """Frames and parts by structure and number of lines."""

    def __init__(self, store: PieceStore) -> None:
        self._known: dict[Hashable, Known | UnpressableError] = {}
        self._versions = count()
        self._store = store

    def __len__(self) -> int:
        return len(self._known)

    def find(
        self,
        kit: Kit,
        base: Hashable,
        kind: Any,  # noqa: ANN401 (any type of data)
        data: Any,  # noqa: ANN401
        leaves: Sequence[Any],
        probe: Probe,
    ) -> Known:
        """Give the piece of this structure, for these leaves; laid out now if it must be.

        How many lines a paragraph has is told by the piece in which each has one. Raises
        ``UnpressableError`` where the piece can't be pressed, or a text is too long for it.
        """
        known = self._get(kit, (base, None), kind, data, (1,) * len(leaves), probe)
        if known.breakers:
            lines = [1] * len(leaves)
            for leaf, breaker in known.breakers.items():
                lines[leaf] = len(breaker.lines(leaves[leaf]))
            if max(lines) > 1:
                known = self._get(kit, (base, tuple(lines)), kind, data, lines, probe)
        long = known.too_long(leaves)
        if long is not None:
            path = leaves_of(kind, data)[long].path
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
        self._known[known.key] = UnpressableError(why)
        self._store.save(known.key, {"error": why})

    def _get(
        self,
        kit: Kit,
        key: Hashable,
        kind: Any,  # noqa: ANN401
        data: Any,  # noqa: ANN401
        lines: Sequence[int],
        probe: Probe,
    ) -> Known:
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(kit, key, kind, data, lines, probe)
        if isinstance(found, UnpressableError):
            raise UnpressableError(found.what, where=found.where)
        return found

    def _made(
        self,
        kit: Kit,
        key: Hashable,
        kind: Any,  # noqa: ANN401
        data: Any,  # noqa: ANN401
        lines: Sequence[int],
        probe: Probe,
    ) -> Known | UnpressableError:
        """Take a piece from the disk, or lay it out."""
        kept = self._store.load(key)
        if kept is None:
            try:
                kept = {"piece": probe(Placeholders(leaves_of(kind, data), lines))}
            except UnpressableError as error:
                kept = {"error": error.what, "where": error.where}
            self._store.save(key, kept)
        if "error" in kept:
            return UnpressableError(kept["error"], where=kept.get("where"))
        piece: Piece = kept["piece"]
        limits = [(leaf, kit.setter(style), width - _KERNING) for leaf, style, width in piece.lines]
        breakers = breakers_of(kit, piece)
        proven = self._store.is_proven(key)
        return Known(piece, breakers, limits, next(self._versions), key, proven)
