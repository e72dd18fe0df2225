"""Words as they are written into a file: glyphs by their numbers there, and the moves between."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from bustia.compose.press.faces import Face, script_of
from bustia.compose.press.pdf import escaped
from bustia.errors import UnpressableError

__all__ = ["Cast", "Words", "operator", "shown"]

_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])(?=[0-9])")
_MOST_WORDS = 20_000
_MOST_PIECES = 2_000
"""Words, and pieces of them, that are remembered for each font: a bound on memory."""


@dataclass(frozen=True, slots=True)
class Cast:
    """A font as it is in a file."""

    face: Face
    codes: Mapping[int, int]
    """The numbers that its glyphs have there."""
    name: bytes
    """Its name among a page's resources."""


Inside = tuple[bytes, float]
"""Glyphs as the inside of TJ's operand, and their width in ems."""


class Words(dict[str, Inside | None]):
    """Words in one font and tracking. A dictionary that fills itself.

    Words come up again and again. Each is shaped by itself where that is the same as to shape it
    between spaces; None stands for one of which that is not certain, and for one that the font
    can't write. Raises ``UnpressableError`` for a glyph that the file does not hold.
    """

    def __init__(self, fonts: Sequence[Cast], language: str, tracking: float) -> None:
        """``tracking`` is space after each glyph, in ems. What the first font lacks is taken from
        the next."""
        super().__init__()
        self.fonts = fonts
        self.language = language
        self._tracking = tracking
        face = self._face = fonts[0].face
        self.space: float = face.widths[face.space] / face.em + tracking
        """The width of a space, in ems."""
        self._pieces: dict[tuple[str, str], Inside | None] = {}
        """Pieces of words with numbers, by their script; as with words."""
        try:
            self.gap, _ = self.inside(*face.shape(" ", language))
        except UnpressableError:
            self.gap = b""

    def __missing__(self, word: str) -> Inside | None:
        found = None if word else (b"", 0.0)
        if word and self.gap and self._face.characters.issuperset(map(ord, word)):
            found = self._set(word)
        if len(self) > _MOST_WORDS:
            self.clear()
        self[word] = found
        return found

    def of(self, text: str) -> list[Inside] | None:
        """Give the words of a text; None if one of them must not be set by itself."""
        found = [*map(self.__getitem__, text.split(" "))]
        return None if None in found else cast("list[Inside]", found)

    def _set(self, word: str) -> Inside | None:
        """Set a word of the first font; numbers in pieces, most of which were seen before."""
        pieces = _BETWEEN_DIGITS.split(word)
        if len(pieces) > 1:
            script = script_of(word)
            if self._face.digits_stand_alone(self.language, script):
                return self._set_pieces(pieces, script)
        alone = self._face.shape_between_spaces(word, self.language)
        return None if alone is None else self.inside(*alone)

    def _set_pieces(self, pieces: Sequence[str], script: str) -> Inside | None:
        """Set the pieces of a word that was cut between digits."""
        insides, ems = [], 0.0
        for piece in pieces:
            found = self._piece(piece, script)
            if found is None:
                return None
            insides.append(found[0])
            ems += found[1]
        return b"".join(insides), ems

    def _piece(self, piece: str, script: str) -> Inside | None:
        key = (piece, script)
        if key not in self._pieces:
            if len(self._pieces) > _MOST_PIECES:
                self._pieces.clear()
            alone = self._face.shape_between_spaces(piece, self.language, script)
            self._pieces[key] = None if alone is None else self.inside(*alone)
        return self._pieces[key]

    def inside(self, glyphs: Sequence[int], advances: Sequence[int], place: int = 0) -> Inside:
        """Give shaped glyphs of the font at this place as they are written."""
        numbers, moves = self.numbered(glyphs, advances, place)
        width = sum(advances) / self.fonts[place].face.em + self._tracking * len(glyphs)
        if not any(moves):  # as most words are
            return b"".join(map(_literal, numbers)), width
        return _shown(numbers, moves), width

    def numbered(
        self, glyphs: Sequence[int], advances: Sequence[int], place: int = 0
    ) -> tuple[list[int], list[float]]:
        """Give the numbers of shaped glyphs in the file, and what is taken off each advance, in
        thousandths of an em."""
        face, codes = self.fonts[place].face, self.fonts[place].codes
        try:
            numbers = [codes[glyph] for glyph in glyphs]
        except KeyError:
            raise UnpressableError("it has a character that its form does not hold") from None
        per_em, tracking = 1000 / face.em, self._tracking * 1000
        widths = face.widths
        moves = [
            (widths[glyph] - advance) * per_em - tracking
            for glyph, advance in zip(glyphs, advances, strict=True)
        ]
        return numbers, moves


def shown(codes: Sequence[int], moves: Sequence[float]) -> bytes:
    """Write glyphs and the operator that shows them, with the move after each."""
    return operator(_shown(codes, moves))


def _shown(codes: Sequence[int], moves: Sequence[float]) -> bytes:
    """Write glyphs as the inside of TJ's operand, with the moves after each (ISO 32000-1, 9.4.3):
    the operand without its ``[(`` and ``)]``."""
    return b"".join(
        [
            _literal(code) if -1e-4 < move < 1e-4 else b"%s)%.8g(" % (_literal(code), move)
            for code, move in zip(codes, moves, strict=True)
        ]
    )


@cache
def _literal(code: int) -> bytes:
    """Write a glyph's number in a literal string, which takes half the room of hexadecimal
    digits."""
    return escaped(code.to_bytes(2, "big"))


def operator(inside: bytes) -> bytes:
    """Write TJ with its operand, without the empty string after a last move."""
    if inside.endswith(b"(") and not inside.endswith(b"\\("):
        return b"[(%s]TJ" % inside[:-1]
    return b"[(%s)]TJ" % inside
