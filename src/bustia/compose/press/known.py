"""The pieces that were laid out already, and when one must be laid out anew for a longer text."""

from contextlib import suppress
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil
from typing import Any

from bustia.compose.press.assembling import breakers_of
from bustia.compose.press.kit import Kit, Style
from bustia.compose.press.pieces import Piece
from bustia.compose.press.probing import WIDER, Placeholders, placeholder
from bustia.compose.press.structure import Leaf, leaves_of
from bustia.compose.press.typography import Breaker, Setter
from bustia.errors import UnpressableError

__all__ = ["Known", "Pieces"]

_SHARES = (1.3, 1.12, 1.04)
"""How much wider than the texts at hand those may be that a line is probed with: tried in order."""
_KERNING = 0.3
"""Points by which a text may be narrower beside others than by itself."""
_TOO_LONG = "a text of it is too long for its line"

Probe = Callable[[Placeholders], Piece]


@dataclass(slots=True)
class Known:
    """A piece, with what breaks its paragraphs and what fits on its lines."""

    piece: Piece
    breakers: dict[int, Breaker]
    limits: list[tuple[int, Setter, float]]
    """For each leaf on one line what sets it, and the width in points that surely fits."""
    needed: list[float]
    """The widths in ems that it was laid out for."""
    version: int
    too_long: dict[int, float] = field(default_factory=dict)
    """For a leaf the width in ems that did not fit."""

    def fits(self, leaves: Sequence[Any]) -> bool:
        """Whether every text surely stays on its line."""
        for leaf, setter, limit in self.limits:
            if setter[leaves[leaf]][1] > limit:
                return False
        return True


class Pieces:
    """Frames and parts by structure and number of lines."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Known | UnpressableError] = {}
        self._versions = count()

    def __len__(self) -> int:
        return len(self._known)

    def find(
        self, kit: Kit, base: Hashable, kind: Any, data: Any, leaves: Sequence[Any], probe: Probe
    ) -> Known:
        """Give the piece of this structure, for these leaves; laid out now if it must be.

        How many lines a paragraph has is told by the piece in which each has one. Raises
        ``UnpressableError`` where the piece can't be pressed, or a text is too long for it.
        """
        ones = (1,) * len(leaves)
        work = _Work(self, kit, kind, data, leaves, probe)
        known = work.find((base, ones), ones)
        if known.breakers:
            lines = [1] * len(leaves)
            for leaf, breaker in known.breakers.items():
                lines[leaf] = len(breaker.lines(leaves[leaf]))
            if max(lines) > 1:
                known = work.find((base, tuple(lines)), lines)
        return known


@dataclass(slots=True)
class _Work:
    """Finding one piece."""

    pieces: Pieces
    kit: Kit
    kind: Any
    data: Any
    leaves: Sequence[Any]
    probe: Probe

    def find(self, key: Hashable, lines: Sequence[int]) -> Known:
        store = self.pieces._known  # noqa: SLF001 (of this module)
        known = store.get(key)
        if known is None:
            try:
                known = self._laid_out([0.0] * len(self.leaves), lines)
            except UnpressableError as error:
                store[key] = error
                raise
            store[key] = known
        elif isinstance(known, UnpressableError):
            raise known
        elif not known.fits(self.leaves):
            known = store[key] = self._widened(known, lines)
        if not known.fits(self.leaves):
            raise UnpressableError(_TOO_LONG)
        return known

    def _widened(self, known: Known, lines: Sequence[int]) -> Known:
        """Lay a piece out for longer texts, unless such were found to be too long."""
        ems = self._ems()
        if any(ems[leaf] >= width for leaf, width in known.too_long.items()):
            raise UnpressableError(_TOO_LONG)
        try:
            wider = self._laid_out(known.needed, lines)
        except UnpressableError:
            for leaf, setter, limit in known.limits:
                if setter[self.leaves[leaf]][1] > limit:
                    known.too_long[leaf] = min(ems[leaf], known.too_long.get(leaf, ems[leaf]))
            return known
        wider.too_long = known.too_long
        return wider

    def _laid_out(self, before: Sequence[float], lines: Sequence[int]) -> Known:
        needed = [max(old, new) for old, new in zip(before, self._ems(), strict=True)]
        leaves = leaves_of(self.kind, self.data)
        for share in _SHARES[:-1]:
            with suppress(UnpressableError):
                return self._probed(leaves, lines, needed, share)
        return self._probed(leaves, lines, needed, _SHARES[-1])

    def _probed(
        self, leaves: Sequence[Leaf], lines: Sequence[int], needed: Sequence[float], share: float
    ) -> Known:
        plain = self._plain()
        letter, rest = plain[WIDER][1], plain[Placeholders.wide(placeholder(0), 1)][1]
        widths = [max(1, 1 + ceil((ems * share - rest) / letter)) for ems in needed]
        piece = self.probe(Placeholders(leaves, lines, widths))
        limits = [
            (leaf, self.kit.setter(style), width - _KERNING) for leaf, style, width in piece.lines
        ]
        breakers = breakers_of(self.kit, piece)
        return Known(piece, breakers, limits, list(needed), next(self.pieces._versions))  # noqa: SLF001

    def _ems(self) -> list[float]:
        """Give how wide each leaf would be in the plain style, in ems; 0 for drawings."""
        plain = self._plain()
        return [plain[leaf][1] if isinstance(leaf, str) else 0.0 for leaf in self.leaves]

    def _plain(self) -> Setter:
        return self.kit.setter(Style(self.kit.plain, 1.0, 0.0))
