"""Sets texts as Typst would: the same glyphs, the same kerning.

Texts are shaped by HarfBuzz, with the features that Typst asks for. What may be set in ways that
this does not know for sure is left to Typst.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

from bustia.compose.characters import writable as as_written
from bustia.compose.press.pdf import number
from bustia.compose.press.words import Words, operator
from bustia.errors import UnpressableError

__all__ = ["Setter", "writable"]

_MOST_KEPT = 2_000
"""Texts whose setting is remembered, for each style: a bound on memory."""


class Setter(dict[str, tuple[bytes, float]]):
    """Texts in one style: the operators that show them, and their width in points.

    A dictionary that fills itself. Raises ``UnpressableError`` for a text that has a glyph which
    the form does not hold. Texts are put together from words; one with a word that must not be set
    by itself is shaped whole.
    """

    def __init__(self, words: Words, size: float) -> None:
        """``size`` is in points. Setters that differ in nothing else share their words."""
        super().__init__()
        self.size = size
        self._words = words
        self._points = number(size)
        self.space: float = words.space * size
        """The width of a space, in points."""

    def __missing__(self, text: str) -> tuple[bytes, float]:
        if len(self) > _MOST_KEPT:
            self.clear()
        found = self[text] = self.set(writable(text))
        return found

    def set(self, text: str) -> tuple[bytes, float]:
        """Set a text that is written as it will be shown."""
        words = self._words.of(text)
        if words is None:
            return self._whole(text)
        insides, ems = zip(*words, strict=True)
        return operator(self._words.gap.join(insides)), self._width(ems)

    def width(self, text: str) -> float:
        """Give the width of a text as it is set, in points."""
        words = self._words.of(text)
        return self._whole(text)[1] if words is None else self._width([ems for _, ems in words])

    def _width(self, ems: Sequence[float]) -> float:
        ems_of_all: float = sum(ems)
        return ems_of_all * self.size + self.space * (len(ems) - 1)

    def glyphs(self, text: str) -> tuple[list[int], list[float]]:
        """Give the glyphs' numbers in the file, and what is taken off each advance (thousandths of
        an em)."""
        words = self._words
        return words.numbered(*words.fonts[0].face.shape(text, words.language))

    def _whole(self, text: str) -> tuple[bytes, float]:
        """Set a text whose words can't be set by themselves, or by the first font alone."""
        words, place, parts, begun, width = self._words, 0, [b""], 0.0, 0.0
        for place, run in self._runs(text):
            font = words.fonts[place]
            inside, ems = words.inside(*font.face.shape(run, words.language), place)
            if place or len(parts) > 1:
                start = number(width - begun)
                parts.append(b" %s 0 Td%s %s Tf" % (start, font.name, self._points))
                begun = width
            parts.append(operator(inside))
            width += ems * self.size
        if place:
            parts.append(b"%s %s Tf" % (words.fonts[0].name, self._points))
        return b"".join(parts), width

    def _runs(self, text: str) -> Iterator[tuple[int, str]]:
        """Cut a text where another font must be taken."""
        for place, run in groupby(text, self._place):
            yield place, "".join(run)

    def _place(self, character: str) -> int:
        for place, font in enumerate(self._words.fonts):
            if ord(character) in font.face.characters:
                return place
        raise UnpressableError("it has a character that its form does not hold")


def writable(text: str) -> str:
    """Give the text as the composers write it; refuse what Typst may space in its own way."""
    text = as_written(text)
    if "  " in text or text != text.strip(" "):
        raise UnpressableError("it has spaces where Typst may not show them")
    return text
