"""Breaks paragraphs as Typst would: where the next word doesn't fit any more.

That is Typst's ``linebreaks: "simple"``. What may break in ways that this does not know for sure is
left to Typst.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence

from bustia.compose.press.typography import Setter, writable
from bustia.errors import UnpressableError

__all__ = ["Breaker"]

_MOST_PARAGRAPHS = 1_000
_AMBIGUOUS_POINTS = 0.0005
"""A line that fits or not by so little is left to Typst. What is known of a paragraph's width was
read from places in single precision, which may be off by half of it."""


class Breaker(dict[str, tuple[tuple[bytes, float], ...]]):
    """The lines of paragraphs in one style, broken to one width: each as it is set, with its width
    in points.

    A dictionary that fills itself. Raises ``UnpressableError`` for a paragraph whose lines are not
    certain.
    """

    def __init__(self, setter: Setter, width: float) -> None:
        """``width`` is in points."""
        super().__init__()
        self.setter = setter
        self.width = width

    def __missing__(self, text: str) -> tuple[tuple[bytes, float], ...]:
        if len(self) > _MOST_PARAGRAPHS:
            self.clear()
        written = writable(text)
        whole = self.setter.set(written)
        lines = (whole,) if self._fits(whole[1]) else map(self._set, self._broken(written))
        found = self[text] = tuple(lines)
        return found

    def _set(self, line: str) -> tuple[bytes, float]:
        """Set a line: the space at its end keeps words apart, but counts for no width."""
        shown, width = self.setter.set(line)
        return shown, width - (self.setter.space if line.endswith(" ") else 0.0)

    def _broken(self, text: str) -> list[str]:
        """Break where the next piece doesn't fit any more."""
        pieces = _pieces(text)
        ends = self._ends(pieces)
        lines: list[str] = []
        first = 0
        while first < len(pieces):
            last = self._last(pieces, ends, first)
            lines.append("".join(pieces[first:last]))
            begins = _LINK.match(lines[-1])
            if begins and (first or not self._fits_text(lines[-1])):
                raise UnpressableError(_UNUSUAL)
            first = last
        return lines

    def _ends(self, pieces: Sequence[str]) -> list[float]:
        """Give roughly where each piece ends when all are on one line, in points."""
        at, ends = 0.0, []
        for piece in pieces:
            word = piece.rstrip(" ")
            at += self.setter.width(word) + self.setter.space * (len(piece) - len(word))
            ends.append(at)
        return ends

    def _last(self, pieces: Sequence[str], ends: Sequence[float], first: int) -> int:
        """Give the piece after the last one that fits on a line that begins with ``first``.

        What is roughly right is found by the pieces' widths; what is right by setting the line.
        """
        begin = ends[first - 1] if first else 0.0
        last = max(first + 1, bisect_right(ends, begin + self.width, first))
        while last > first + 1 and not self._fits_text("".join(pieces[first:last])):
            last -= 1
        while last < len(pieces) and self._fits_text("".join(pieces[first : last + 1])):
            last += 1
        return last

    def _fits_text(self, text: str) -> bool:
        """Say whether a text fits on a line; the space at its end needn't."""
        return self._fits(self.setter.width(text.rstrip(" ")))

    def _fits(self, width: float) -> bool:
        spare = self.width - width
        if abs(spare) < _AMBIGUOUS_POINTS:
            raise UnpressableError("a line of it just fits")
        return spare > 0


_PLAIN = re.compile(r"[\w.,;:'’·€%@&=_#*²³ºª°+\xa0•]+")
"""Words that break nowhere (UAX #14), where no two of the marks below stand together."""
_UNSURE = re.compile(r"[€%+]{2}|[.,;:][€+]|[\w][‑]")
_UNUSUAL = "a line of it may end at an unusual place"
_LINK = re.compile(r"\W*(www\.|[a-z]+://)")
"""An address of the web: Typst would have begun it on the line before."""
_AROUND = '()«»“”¿¡!?…".,;:'
"""Marks that stay with the word that they stand beside."""
_WORD = re.compile(r"[^ ]+ *")
_START_UNSURE = re.compile(r"[)\]}!?/.,;:»”’]|-[^\W\d_]")


def _pieces(text: str) -> list[str]:
    """Give the pieces that a line may end after, with the spaces after each."""
    pieces: list[str] = []
    for word in _WORD.findall(text):
        if pieces and _START_UNSURE.match(word):
            raise UnpressableError(_UNUSUAL)
        pieces += _within(word)
    return pieces


def _within(word: str) -> list[str]:
    """Break a word after hyphens and slashes between letters; refuse what is less usual."""
    bare = word.rstrip(" ").strip(_AROUND)
    if _UNSURE.search(bare):
        raise UnpressableError(_UNUSUAL)
    if _LINK.match(bare) or _PLAIN.fullmatch(bare) or bare in {"", "–", "—", "-"}:
        return [word]
    pieces = re.split(r"(?<=[^\W\d_][-/])(?=[^\W\d_])", word)
    for piece in pieces:
        inner = piece.rstrip(" ").strip(_AROUND + "-/")
        sure = _PLAIN.fullmatch(re.sub(r"(?<=\w)[-/](?=\d)", "", inner))
        if not sure or _UNSURE.search(inner):
            raise UnpressableError(_UNUSUAL)
    return pieces
