"""Reads what the codes of a document's fonts mean, for the judge: one sign for each glyph.

Two documents number their glyphs each in its own way. Here a glyph is what it says, its font and
its width; each such glyph, and each move between glyphs, has one letter for its sign, the same in
all documents. So a run is a string: two runs that show the same are the same string, and only
where they aren't has anybody to look at their glyphs.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from bustia.compose.press.judge.objects import Objects
from bustia.errors import UnpressableError

__all__ = ["Font", "Glyph", "font_of", "forget", "spread", "width_of"]

_MOST_SIGNS = 50_000
_MOST_FONTS = 64
_MOST_READ = 10_000
_WRITTEN = re.compile(
    rb"\\000(?:\\[0-7]{3}|[^()\\])|[^()\\]{2}|(?:[^()\\]|\\[0-7]{1,3}+|\\[^0-7]){2}"
    rb"|\)[^(]*+(?:\(|\Z)|.",
    re.DOTALL,
)
"""Inside of strings: a code of two bytes, or what stands from the end of one string to the next."""
_BRACKET = re.compile(rb"\\.|[()]", re.DOTALL)
_BETWEEN = re.compile(rb"<([^>]*)>|([-+.\d]+)")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_MEANINGS = re.compile(r"beginbfchar(.*?)endbfchar", re.DOTALL)
_MEANING = re.compile(r"<(\w+)>\s*<(\w*)>")


class Glyph(NamedTuple):
    """A glyph, however it is numbered."""

    says: str
    font: str
    width: float
    """In thousandths of the size."""


_meanings: list[Glyph | float] = []
"""What signs mean, by the numbers of their letters: a glyph, or how far the next one is moved to
the left, in thousandths of the size."""
_letters: dict[Glyph | float, str] = {}
_moves: dict[bytes, str] = {}
"""The signs of what stands between strings, where that is only moves: the same in all fonts."""
_fonts: dict[tuple[str, bytes], tuple[list[Any], float, "Font"]] = {}
"""The fonts used last, by name and meanings, with their widths."""


def _sign(meaning: Glyph | float) -> str:
    letter = _letters.get(meaning)
    if letter is None:
        letter = _letters[meaning] = chr(len(_meanings))
        _meanings.append(meaning)
    return letter


def forget() -> None:
    """Begin anew if there are many signs: not while runs are in use."""
    if len(_meanings) > _MOST_SIGNS or len(_moves) > _MOST_SIGNS:
        _meanings.clear()
        _letters.clear()
        _moves.clear()
        _fonts.clear()


def spread(signs: str) -> Iterator[tuple[Glyph, float]]:
    """Give each glyph of a run, and how far it is from the run's beginning (thousandths)."""
    across = 0.0
    for sign in signs:
        meaning = _meanings[ord(sign)]
        if isinstance(meaning, Glyph):
            yield meaning, across
            across += meaning.width
        else:
            across -= meaning


def width_of(signs: str) -> float:
    """Give how far a run moves on, in thousandths of its size."""
    meanings = [_meanings[ord(sign)] for sign in signs]
    return sum(one.width if isinstance(one, Glyph) else -one for one in meanings)


class Font(dict[bytes, str]):
    """The signs of a composite font, by how its codes, and moves, are written in a content stream.

    A dictionary that fills itself (ISO 32000-1, 7.3.4 and 9.4.3). Raises ``UnpressableError`` for
    what isn't a code of two bytes.
    """

    def __init__(
        self, name: str, widths: dict[int, float], default: float, says: dict[int, str]
    ) -> None:
        super().__init__()
        self._name = name
        self._widths = widths
        self._default = default
        self._says = says
        self._read: dict[bytes, str] = {}
        """Operands with their signs: pressed documents say much in the same way."""

    def signs(self, operand: bytes) -> str:
        """Read the operand of Tj or TJ."""
        found = self._read.get(operand)
        if found is None:
            try:
                found = self._signs(operand)
            except UnpressableError:
                found = self._signs(_flat(operand))
            if len(self._read) < _MOST_READ:
                self._read[operand] = found
        return found

    def _signs(self, operand: bytes) -> str:
        before, _, rest = operand.partition(b"(")
        signs = "".join(map(self.__getitem__, _WRITTEN.findall(rest)))
        return signs if before == b"[" else self._between(before) + signs

    def __missing__(self, written: bytes) -> str:
        if written in _moves:
            found = _moves[written]
        elif written.startswith(b")"):
            found = self._between(written)
            if b"<" not in written:
                _moves[written] = found
        else:
            found = self._coded(_ESCAPE.sub(_unescaped, written), written)
        if len(self) < _MOST_SIGNS:
            self[written] = found
        return found

    def _between(self, written: bytes) -> str:
        """Read what stands outside of literal strings: moves, and hexadecimal strings."""
        found = []
        for digits, move in _BETWEEN.findall(written):
            if move:
                found.append(_sign(round(float(move), 3)))
            else:
                raw = bytes.fromhex(digits.decode("ascii"))
                found += [self._coded(raw[at : at + 2]) for at in range(0, len(raw), 2)]
        return "".join(found)

    def _coded(self, raw: bytes, written: bytes = b"") -> str:
        # A line's end in a string means another one than it is; nobody writes it so.
        if len(raw) != 2 or b"\r" in written:
            raise UnpressableError("its text is written in a way that the judge does not know")
        code = int.from_bytes(raw, "big")
        says = self._says.get(code) or f"#{code}"
        width = self._widths.get(code, self._default)
        return _sign(Glyph(says, self._name, round(width, 3)))


def _flat(operand: bytes) -> bytes:
    """Escape the brackets that stand in strings as they are, for they close each other."""
    depth = 0

    def escaped(found: re.Match[bytes]) -> bytes:
        nonlocal depth
        one = found[0]
        depth -= one == b")"
        inner = depth > 0 and len(one) == 1
        depth += one == b"("
        return b"\\" + one if inner else one

    return _BRACKET.sub(escaped, operand)


def _unescaped(escape: re.Match[bytes]) -> bytes:
    one = escape[1]
    return bytes([int(one, 8) & 255]) if one.isdigit() else _ESCAPED.get(one, one)


def font_of(objects: Objects, reference: str) -> Font:
    """Read a font of a document; remembered by what it says, for pressed documents share theirs."""
    font = objects.get(reference)
    if font["/Subtype"] != "/Type0" or font["/Encoding"] != "/Identity-H":
        raise UnpressableError("it has a font of a kind that the judge does not know")
    inner = objects.get(objects.array(font["/DescendantFonts"])[0])
    name = font["/BaseFont"].partition("+")[2]
    spans, default = objects.array(inner.get("/W")), inner.get("/DW", 1000)
    meanings = objects.stream(font["/ToUnicode"])
    known = _fonts.pop((name, meanings), None)
    if known is None or (known[0], known[1]) != (spans, default):
        made = Font(name, dict(_widths(spans)), default, dict(_mapped(meanings)))
        known = (spans, default, made)
    if len(_fonts) >= _MOST_FONTS:
        del _fonts[next(iter(_fonts))]
    _fonts[name, meanings] = known  # as the last one
    return known[2]


def _widths(spans: list[Any]) -> Iterator[tuple[int, float]]:
    """Read widths by code (ISO 32000-1, 9.7.4.3)."""
    rest = iter(spans)
    for first in rest:
        second = next(rest)
        if isinstance(second, list):
            yield from ((first + place, width) for place, width in enumerate(second))
        else:
            width = next(rest)
            yield from ((code, width) for code in range(first, second + 1))


def _mapped(cmap: bytes) -> Iterator[tuple[int, str]]:
    """Read what codes mean from a ToUnicode map (ISO 32000-1, 9.10.3)."""
    text = cmap.decode("ascii", "replace")
    if "beginbfrange" in text:
        raise UnpressableError("its fonts say what they mean in a way that the judge does not know")
    for part in _MEANINGS.findall(text):
        for code, said in _MEANING.findall(part):
            yield int(code, 16), bytes.fromhex(said).decode("utf-16-be")
