"""The type case of a release: its fonts with all characters that a field may need.

Every piece is laid out after one page of all characters in each style, so Typst numbers the glyphs
of the fonts alike in all of them, and documents can share one set of fonts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bustia.compose.characters import covered, in_every_font
from bustia.compose.press.faces import face_named
from bustia.compose.press.lines import Breaker
from bustia.compose.press.pdf import Writer, entry, numbered_object
from bustia.compose.press.probing import Prober
from bustia.compose.press.reading import Probe, Run
from bustia.compose.press.typography import Setter
from bustia.compose.press.words import Cast, Words
from bustia.errors import UnpressableError

__all__ = ["Kit", "Style", "characters_of", "make_kit"]

_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_LETTERS = "áàäâãåæăąçćčéèëêęíìïîŀñńóòöôõøœșşțúùüûýßłšźżžðþ"
_OTHERS = "ÿŸ·¿¡ºª°€£–—−‘’“”„«»…•→²³½×±§©®"
_ASCII = "".join(map(chr, range(33, 127)))
_SEQUENCES = ("a b", "a\xa0b", "fi", "fl", "ff", "ffi", "ffl", "fj", "ft", "tt")
"""Spaces, and what fonts may draw as one glyph."""
_LINE = 50
_MOST_WRITTEN = 30_000
_HEADINGS = 2


@dataclass(frozen=True, slots=True)
class Style:
    """How a run is set."""

    font: str
    size: float
    """In points."""
    tracking: float
    """Space after each glyph, in ems."""


@dataclass
class Kit:
    """The fonts of a release, as objects of a PDF and to set texts with."""

    language: str
    codes: Mapping[str, Mapping[int, int]]
    """For each font the glyphs' numbers in the file."""
    characters: Mapping[str, Mapping[int, str]]
    """For each font what the glyphs of these numbers say."""
    fallbacks: Mapping[str, str]
    """For a font the one that has the characters which it lacks."""
    first_page: tuple[tuple[str, tuple[int, ...]], ...]
    """What the page of characters must look like in every probe."""
    names: Mapping[str, bytes]
    """For each font its name among a page's resources."""
    objects: Sequence[bytes]
    """The fonts and the colour profile, as numbered objects from 1 on."""
    font_numbers: Mapping[str, int]
    colour_space: int
    intents: int
    plain: str
    """The font of most of the text."""
    tool: str
    """What the reference composer calls itself in a file."""
    _setters: dict[Style, Setter] = field(default_factory=dict)
    _words: dict[tuple[str, float], Words] = field(default_factory=dict)
    _breakers: dict[tuple[Style, float], Breaker] = field(default_factory=dict)
    _written: dict[bytes, bytes] = field(default_factory=dict)

    def setter(self, style: Style) -> Setter:
        """Give what sets texts in a style."""
        found = self._setters.get(style)
        if found is None:
            words = self._words_of(style.font, style.tracking)
            found = self._setters[style] = Setter(words, style.size)
        return found

    def _words_of(self, font: str, tracking: float) -> Words:
        found = self._words.get((font, tracking))
        if found is None:
            fonts = [font, *filter(None, [self.fallbacks.get(font)])]
            cast = [Cast(face_named(one), self.codes[one], self.names[one]) for one in fonts]
            found = self._words[font, tracking] = Words(cast, self.language, tracking)
        return found

    @cached_property
    def beginning(self) -> tuple[bytes, tuple[bytes, ...]]:
        """The beginning of every file, with the fonts, and its cross-reference entries."""
        parts, entries = [_HEAD], [b"\0\0\0\0\0\xff\xff"]
        at = len(_HEAD)
        for place, body in enumerate(self.objects, 1):
            parts.append(numbered_object(place, body))
            entries.append(entry(at))
            at += len(parts[-1])
        return b"".join(parts), tuple(entries)

    def breaker(self, style: Style, width: float) -> Breaker:
        """Give what breaks paragraphs of a style to a width in points."""
        width = round(width, 4)  # probes differ in what follows, and who came first must not matter
        found = self._breakers.get((style, width))
        if found is None:
            found = self._breakers[style, width] = Breaker(self.setter(style), width)
        return found

    def same(self, written: bytes) -> bytes:
        """Give the one copy of what is written alike in many forms."""
        if len(self._written) > _MOST_WRITTEN:
            self._written.clear()
        return self._written.setdefault(written, written)

    def check(self, probe: Probe) -> None:
        """Raise ``UnpressableError`` unless a probe numbers its glyphs as this does."""
        if _characters(probe) != self.first_page:
            raise UnpressableError("Typst numbers the glyphs of its fonts in another way here")


def characters_of(stationery: Path) -> list[str]:
    """Give groups of all characters that the texts of a stationery, and names, may have.

    Those that one family lacks stand by themselves: there Typst takes them from the other one.
    """
    found = set(_LETTERS + _LETTERS.upper() + _OTHERS)
    for file in sorted(stationery.rglob("*")):
        if file.suffix in {".yaml", ".typ", ".txt"}:
            found.update(file.read_text(encoding="utf-8", errors="ignore"))
    more = {c for c in found if c.isprintable() and not c.isascii() and ord(c) in covered()}
    lacking = sorted(c for c in more if ord(c) not in in_every_font())
    common = _ASCII + "".join(sorted(more.difference(lacking)))
    lines = [common[at : at + _LINE] for at in range(0, len(common), _LINE)]
    return [*lines, *_SEQUENCES, *lacking]


def make_kit(prober: Prober, language: str, characters: Sequence[str]) -> Kit:
    """Lay the page of characters out, and take its fonts."""
    probe = prober.parts(language, ())
    codes: dict[str, dict[int, int]] = {}
    says: dict[str, dict[int, str]] = {}
    fallbacks: dict[str, str] = {}
    main = ""
    for place, run in enumerate(_runs(probe)):
        group = place % len(characters)
        text = characters[group]
        if group == 0:
            main = run.font
        elif run.font != main:
            fallbacks[main] = run.font
        glyphs, _ = face_named(run.font).shape(text, language)
        if len(glyphs) != len(run.codes) or 0 in glyphs:
            raise UnpressableError(f"{run.font} has not all characters of the stationery")
        codes.setdefault(run.font, {}).update(zip(glyphs, run.codes, strict=True))
        told = says.setdefault(run.font, {})
        words = text if len(glyphs) == len(text) else (text,) if len(glyphs) == 1 else ()
        for code, word in zip(run.codes, words, strict=False):
            told.setdefault(code, word)
    writer = Writer()
    pdf = probe.pdf
    numbers = {name: writer.copy(pdf.get_object(font.objgen)) for name, font in probe.fonts.items()}
    space = writer.copy(pdf.pages[0].obj.Resources.ColorSpace["/c0"])
    intents = writer.copy(pdf.Root.OutputIntents)
    return Kit(
        language,
        codes,
        says,
        fallbacks,
        _characters(probe),
        {name: b"/F%d" % place for place, name in enumerate(sorted(codes))},
        tuple(writer.bodies),
        numbers,
        space,
        intents,
        next(iter(codes)),
        str(pdf.docinfo.get("/Creator", "")),
    )


def _runs(probe: Probe) -> list[Run]:
    """Give the runs of the page of characters, without its headings."""
    runs = [
        piece for block in probe.pages[0].blocks for piece in block.pieces if isinstance(piece, Run)
    ]
    return runs[:-_HEADINGS]


def _characters(probe: Probe) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((run.font, run.codes) for run in _runs(probe))
