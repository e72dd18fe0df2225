"""The fonts' files, ready to shape texts with, as HarfBuzz does for Typst, too."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import uharfbuzz
from fontTools.ttLib import TTFont

from bustia.compose.characters import FONT_FOLDERS
from bustia.errors import UnpressableError

__all__ = ["Face", "face_named", "script_of"]

_FEATURES = {"kern": True, "liga": True, "tnum": True}
_ONE = int(uharfbuzz.GlyphFlags.UNSAFE_TO_BREAK)
"""Marks a glyph that is shaped as one with the glyph before it."""
_DIGITS = "0123456789"


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
