"""Sets texts as Typst would: the same glyphs, the same kerning, the same ends of lines.

Texts are shaped by HarfBuzz, with the features that Typst asks for. Paragraphs are broken where
the next word doesn't fit any more (Typst's ``linebreaks: "simple"``). What may break in ways that
this does not know for sure is left to Typst.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import uharfbuzz
from fontTools.ttLib import TTFont

from bustia.compose.characters import FONT_FOLDERS
from bustia.compose.characters import writable as as_written
from bustia.compose.press.pdf import escaped, number
from bustia.errors import UnpressableError

__all__ = ["Breaker", "Face", "Setter", "Words", "face_named", "shown"]

_FEATURES = {"kern": True, "liga": True, "tnum": True}
_ONE = int(uharfbuzz.GlyphFlags.UNSAFE_TO_BREAK)
"""Marks a glyph that is shaped as one with the glyph before it."""
_DIGITS = "0123456789"
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])(?=[0-9])")
_MOST_KEPT = 2_000
"""Texts whose setting is remembered, for each style: a bound on memory."""
_MOST_WORDS = 20_000
_MOST_PARAGRAPHS = 1_000
_AMBIGUOUS_POINTS = 0.0005
"""A line that fits or not by so little is left to Typst. What is known of a paragraph's width was
read from places in single precision, which may be off by half of it."""


@cache
def _font_files() -> Mapping[str, Path]:
    """Give the fonts' files by PostScript name."""
    found = {}
    for folder in FONT_FOLDERS:
        for file in sorted(folder.iterdir()):
            if file.suffix in {".otf", ".ttf"}:
                with TTFont(str(file), lazy=True) as font:
                    found[str(font["name"].getDebugName(6))] = file
    return found


@cache
def face_named(name: str) -> "Face":
    """Give a font by its PostScript name; raise ``UnpressableError`` if there is none."""
    file = _font_files().get(name)
    if file is None:
        raise UnpressableError(f"there is no file of the font {name}")
    return Face(name, file)


class _Widths(dict[int, int]):
    """How wide the glyphs of a font are, in its units. It fills itself."""

    def __init__(self, font: uharfbuzz.Font) -> None:
        super().__init__()
        self._font = font

    def __missing__(self, glyph: int) -> int:
        width = self[glyph] = int(self._font.get_glyph_h_advance(glyph))
        return width


class Face:
    """A font file, ready to shape with."""

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self._font = uharfbuzz.Font(uharfbuzz.Face(file.read_bytes()))
        self.em = self._font.face.upem
        self.widths = _Widths(self._font)
        self.characters = frozenset(self._font.face.unicodes)
        self.space, unbroken = (self._font.get_nominal_glyph(ord(one)) or 0 for one in " \xa0")
        self._wider_space = self.widths[self.space] - self.widths[unbroken]

    def shape(self, text: str, language: str) -> tuple[list[int], list[int]]:
        """Give the glyphs of a text, and how far each one moves on, in the font's units."""
        buffer = self._shaped(text, language)
        glyphs = [one.codepoint for one in buffer.glyph_infos]
        return glyphs, self._advances(text, buffer)

    def shape_between_spaces(
        self, word: str, language: str, script: str = ""
    ) -> tuple[list[int], list[int]] | None:
        """Give the same of a word; None if it would be shaped otherwise beside spaces."""
        text = f" {word} "
        buffer = self._shaped(text, language, script)
        infos, advances = buffer.glyph_infos, self._advances(text, buffer)
        glyphs, usual = [one.codepoint for one in infos], self.widths[self.space]
        if not (glyphs[0] == glyphs[-1] == self.space and advances[0] == advances[-1] == usual):
            return None
        if infos[1].flags & _ONE or infos[-1].flags & _ONE:
            return None
        return glyphs[1:-1], advances[1:-1]

    @cache  # noqa: B019 (faces are few, and stay)
    def digits_stand_alone(self, language: str, script: str) -> bool:
        """Say whether a text may be cut between two digits, and each piece shaped by itself.

        It may where HarfBuzz says of every digit that no rule of the font looks beyond it
        (``UNSAFE_TO_CONCAT``), neither to what follows nor to what is before.
        """
        for digit in _DIGITS:
            buffer = uharfbuzz.Buffer()
            buffer.flags = uharfbuzz.BufferFlags.PRODUCE_UNSAFE_TO_CONCAT
            self._shape(buffer, digit, language, script)
            if len(buffer.glyph_infos) != 1 or buffer.glyph_infos[0].flags:
                return False
        return True

    def _shaped(self, text: str, language: str, script: str = "") -> uharfbuzz.Buffer:
        buffer = uharfbuzz.Buffer()
        self._shape(buffer, text, language, script)
        return buffer

    def _shape(self, buffer: uharfbuzz.Buffer, text: str, language: str, script: str) -> None:
        """Shape a text of a script, by default of that which its letters tell."""
        buffer.add_str(text)
        if script:
            buffer.script = script
        buffer.guess_segment_properties()
        buffer.language = language
        uharfbuzz.shape(self._font, buffer, _FEATURES)

    def _advances(self, text: str, buffer: uharfbuzz.Buffer) -> list[int]:
        positions = [one.position for one in buffer.glyph_positions]
        if any(x or y for x, y, _, _ in positions):
            raise UnpressableError(f"the font {self.name} moves glyphs of this text off the line")
        advances = [x for _, _, x, _ in positions]
        if "\xa0" in text:  # Typst makes it as wide as a space
            for place, one in enumerate(buffer.glyph_infos):
                if text[one.cluster] == "\xa0":
                    advances[place] += self._wider_space
        return advances


def script_of(text: str) -> str:
    """Give the script that HarfBuzz takes a text to be of; empty where nothing tells."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    return buffer.script or ""


Words = dict[str, tuple[bytes, float] | None]
"""Words as the inside of TJ's operand, with their widths in ems; None for those that must not be
set by themselves."""


class Setter(dict[str, tuple[bytes, float]]):
    """Texts in one style: the operators that show them, and their width in points.

    A dictionary that fills itself. Raises ``UnpressableError`` for a text that has a glyph which
    the form does not hold. What the first font lacks is taken from the next.

    Texts are put together from words, which come up again and again. A word is shaped by itself
    where that is the same as to shape it between spaces; where it isn't, the text is shaped whole.
    """

    def __init__(
        self,
        fonts: Sequence[tuple[Face, Mapping[int, int], bytes]],
        language: str,
        size: float,
        tracking: float,
        words: Words | None = None,
    ) -> None:
        """Take each font with its glyphs' numbers in the file and its name there; ``size`` is in
        points, ``tracking`` (space after each glyph) in ems. Setters that differ in nothing but
        their size may share ``words``."""
        super().__init__()
        self._fonts = fonts
        self._language = language
        self.size = size
        self._points = number(size)
        self._tracking = tracking
        face = fonts[0][0]
        self.space: float = (face.widths[face.space] / face.em + tracking) * size
        """The width of a space, in points."""
        self._words: Words = {} if words is None else words
        self._pieces: dict[tuple[str, str], tuple[bytes, float] | None] = {}
        """Pieces of words with numbers, by their script; as with words."""
        try:
            self._gap, _ = self._inside(*face.shape(" ", language))
        except UnpressableError:
            self._gap = b""

    def __missing__(self, text: str) -> tuple[bytes, float]:
        if len(self) > _MOST_KEPT:
            self.clear()
        found = self[text] = self.set(writable(text))
        return found

    def set(self, text: str) -> tuple[bytes, float]:
        """Set a text that is written as it will be shown."""
        words = self._set_words(text)
        if words is None:
            return self._whole(text)
        return _operator(self._gap.join([inside for inside, _ in words])), self._width(words)

    def width(self, text: str) -> float:
        """Give the width of a text as it is set, in points."""
        words = self._set_words(text)
        return self._whole(text)[1] if words is None else self._width(words)

    def _width(self, words: Sequence[tuple[bytes, float]]) -> float:
        ems = sum([one for _, one in words])
        return ems * self.size + self.space * (len(words) - 1)

    def _set_words(self, text: str) -> list[tuple[bytes, float]] | None:
        """Give the words of a text; None if one of them must not be set by itself."""
        words, found = self._words, []
        for word in text.split(" "):
            try:
                one = words[word]
            except KeyError:
                one = self._word(word)
            if one is None:
                return None
            found.append(one)
        return found

    def _word(self, word: str) -> tuple[bytes, float] | None:
        """Set a word by itself; None if that is not certain to be the same among others."""
        face = self._fonts[0][0]
        found = None if word else (b"", 0.0)
        if word and self._gap and face.characters.issuperset(map(ord, word)):
            found = self._set_word(face, word)
        if len(self._words) > _MOST_WORDS:
            self._words.clear()
        self._words[word] = found
        return found

    def _set_word(self, face: Face, word: str) -> tuple[bytes, float] | None:
        """Set a word of the first font; numbers in pieces, most of which were seen before."""
        pieces = _BETWEEN_DIGITS.split(word)
        if len(pieces) > 1:
            script = script_of(word)
            if face.digits_stand_alone(self._language, script):
                return self._set_pieces(face, pieces, script)
        alone = face.shape_between_spaces(word, self._language)
        return None if alone is None else self._inside(*alone)

    def _set_pieces(
        self, face: Face, pieces: Sequence[str], script: str
    ) -> tuple[bytes, float] | None:
        """Set the pieces of a word that was cut between digits."""
        insides, ems = [], 0.0
        for piece in pieces:
            key = (piece, script)
            if key not in self._pieces:
                if len(self._pieces) > _MOST_KEPT:
                    self._pieces.clear()
                alone = face.shape_between_spaces(piece, self._language, script)
                self._pieces[key] = None if alone is None else self._inside(*alone)
            found = self._pieces[key]
            if found is None:
                return None
            insides.append(found[0])
            ems += found[1]
        return b"".join(insides), ems

    def _whole(self, text: str) -> tuple[bytes, float]:
        """Set a text whose words can't be set by themselves, or by the first font alone."""
        place, parts, begun, width = 0, [b""], 0.0, 0.0
        for place, run in self._runs(text):
            inside, ems = self._inside(*self._fonts[place][0].shape(run, self._language), place)
            if place or len(parts) > 1:
                start = number(width - begun)
                parts.append(b" %s 0 Td%s %s Tf" % (start, self._fonts[place][2], self._points))
                begun = width
            parts.append(_operator(inside))
            width += ems * self.size
        if place:
            parts.append(b"%s %s Tf" % (self._fonts[0][2], self._points))
        return b"".join(parts), width

    def _runs(self, text: str) -> Iterator[tuple[int, str]]:
        """Cut a text where another font must be taken."""
        for place, run in groupby(text, self._place):
            yield place, "".join(run)

    def _place(self, character: str) -> int:
        for place, (face, _, _) in enumerate(self._fonts):
            if ord(character) in face.characters:
                return place
        raise UnpressableError("it has a character that its form does not hold")

    def _inside(
        self, glyphs: Sequence[int], advances: Sequence[int], place: int = 0
    ) -> tuple[bytes, float]:
        """Give shaped glyphs as the inside of TJ's operand, and their width in ems."""
        numbers, moves = self._numbered(glyphs, advances, place)
        width = sum(advances) / self._fonts[place][0].em + self._tracking * len(glyphs)
        if not any(moves):  # as most words are
            return b"".join(map(_literal, numbers)), width
        return _shown(numbers, moves), width

    def glyphs(self, text: str) -> tuple[list[int], list[float]]:
        """Give the glyphs' numbers in the file, and what is taken off each advance (thousandths of
        an em)."""
        return self._numbered(*self._fonts[0][0].shape(text, self._language), 0)

    def _numbered(
        self, glyphs: Sequence[int], advances: Sequence[int], place: int
    ) -> tuple[list[int], list[float]]:
        face, codes, _ = self._fonts[place]
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
    return _operator(_shown(codes, moves))


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


def _operator(inside: bytes) -> bytes:
    """Write TJ with its operand, without the empty string after a last move."""
    if inside.endswith(b"(") and not inside.endswith(b"\\("):
        return b"[(%s]TJ" % inside[:-1]
    return b"[(%s)]TJ" % inside


def writable(text: str) -> str:
    """Give the text as the composers write it; refuse what Typst may space in its own way."""
    text = as_written(text)
    if "  " in text or text != text.strip(" "):
        raise UnpressableError("it has spaces where Typst may not show them")
    return text


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
