"""The characters that documents can be written with, and what replaces those that can't."""

import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from fontTools.ttLib import TTFont

__all__ = ["FONT_FOLDERS", "covered", "in_every_font", "writable"]

FONT_FOLDERS = tuple(
    Path(str(files(package) / "files"))
    for package in ("font_hanken_grotesk", "font_source_sans_pro")
)
_REGULAR = (
    FONT_FOLDERS[0] / "HankenGrotesk-Regular.otf",
    FONT_FOLDERS[1] / "SourceSansPro-Regular.otf",
)


@lru_cache(maxsize=16_384)
def writable(text: str) -> str:
    """Replace what no font can write, so that an odd character in a name costs no invoice."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", text).translate(_REPLACED)


class _Replacements(dict[int, str]):
    """What each character is written as. It fills itself."""

    def __missing__(self, number: int) -> str:
        found = self[number] = _replaced(chr(number))
        return found


_REPLACED = _Replacements()


def _replaced(character: str) -> str:
    if (ord(character) in covered() and character.isprintable()) or character == "\xa0":
        return character
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    if unicodedata.category(character) in {"Mn", "Cf"}:
        return ""
    simpler = "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return simpler if simpler and all(ord(part) in covered() for part in simpler) else "?"


@cache
def covered() -> frozenset[int]:
    """Give the characters that either family can write."""
    return frozenset().union(*(TTFont(str(file)).getBestCmap() for file in _REGULAR))


@cache
def in_every_font() -> frozenset[int]:
    """Give the characters that both families can write."""
    first, *others = (frozenset(TTFont(str(file)).getBestCmap()) for file in _REGULAR)
    return first.intersection(*others)
