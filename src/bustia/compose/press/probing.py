"""Asks Typst where the fields of a template stand: lays it out with placeholders, in two widths."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from bustia.compose.characters import FONT_FOLDERS
from bustia.compose.drawing import Drawing
from bustia.compose.press.reading import Probe, read_probe
from bustia.compose.press.structure import Leaf
from bustia.errors import UnpressableError

__all__ = ["EDGE", "PLACEHOLDERS", "WIDER", "Placeholders", "Prober", "placeholder"]

PLACEHOLDERS = "ÄÅÆÐÖØÞßäåæðöøþŁłŒœŠšŽžŸ"
"""Letters of which two stand for a field: no text of a template in our languages has two of them
together, and every font that can write names has them all."""
EDGE = "ÿ"
"""What stands at the right edge of a paragraph while its width is asked for."""
WIDER = "Ñ"
"""What widens a placeholder, after a space: a text that is too wide for its line then breaks."""


def placeholder(number: int) -> str:
    """Give the two letters that stand for the field of this number."""
    high, low = divmod(number, len(PLACEHOLDERS))
    if high >= len(PLACEHOLDERS):
        raise UnpressableError("it has more fields than there are placeholders")
    return PLACEHOLDERS[high] + PLACEHOLDERS[low]


@dataclass(frozen=True, slots=True)
class Placeholders:
    """What is put in place of the leaves of one piece: one placeholder a line or drawing."""

    leaves: Sequence[Leaf]
    lines: Sequence[int]
    """How many lines each leaf has; 1 but for paragraphs."""
    widths: Sequence[int]
    """By how many letters the wide placeholder of each text is longer."""

    def owners(self) -> list[tuple[int, int]]:
        """Give for each placeholder, from the first, its leaf and line."""
        return [
            (leaf, line) for leaf, lines in enumerate(self.lines) for line in range(lines)
        ]

    @staticmethod
    def wide(word: str, width: int) -> str:
        """Give the wide placeholder of a text."""
        return f"{word} {WIDER * width}"

    def values(self, values: Sequence[Any], *, wide: bool) -> Iterator[Any]:
        """Give what replaces each leaf, in their order, narrow or wide."""
        number = 0
        for leaf, lines, width, value in zip(
            self.leaves, self.lines, self.widths, values, strict=True
        ):
            words = [placeholder(number + line) for line in range(lines)]
            if leaf.kind == "text":
                yield self.wide(words[0], width) if wide else words[0]
            elif leaf.kind == "prose":
                longer = [word + WIDER for word in words] if wide else words
                yield {"lines": longer, "edge": EDGE if wide else ""}
            else:
                yield _drawn(value, words[0], number)
            number += lines


def _drawn(drawing: Drawing, word: str, number: int) -> dict[str, Any]:
    """Give a drawing of one rectangle over its whole box, in a colour that tells its number."""
    w, h = drawing.width, drawing.height
    path = f'<path fill="#fd{number >> 8:02x}{number & 255:02x}" d="M0 0h{w}v{h}h-{w}z"/>'
    size = f'width="{w}pt" height="{h}pt" viewBox="0 0 {w} {h}"'
    return {
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{path}</svg>',
        "alt": word if drawing.alt else "",
        "width": w,
        "height": h,
    }


class Prober:
    """Lays out the templates of one stationery folder with placeholders."""

    def __init__(self, stationery: Path, characters: Sequence[str]) -> None:
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(folder) for folder in FONT_FOLDERS],
        )
        self._characters = list(characters)
        self._compiler = typst.Compiler(
            str(stationery / "templates" / "bill.typ"),
            root=str(stationery),
            font_paths=fonts,
            ignore_system_fonts=True,
        )

    def frame(self, bill: Mapping[str, Any], places: Mapping[str, Any]) -> Probe:
        """Lay out a frame; ``places`` has for each part a height (points), index and word."""
        return self._compile(bill, {"mode": "frame", "places": places})

    def parts(self, language: str, parts: Sequence[Mapping[str, Any]]) -> Probe:
        """Lay out parts, each on a page of its own after the page of characters."""
        bill = _EMPTY_BILL | {"language": language}
        return self._compile(bill, {"mode": "parts", "parts": parts})

    def _compile(self, bill: Mapping[str, Any], job: Mapping[str, Any]) -> Probe:
        try:
            pdf = self._compiler.compile(
                format="pdf",
                sys_inputs={
                    "bill": json.dumps(bill, ensure_ascii=False),
                    "press": json.dumps({**job, "characters": self._characters}),
                },
                pdf_standards=["a-3a"],
                timestamp=0,
            )
        except typst.TypstError as error:
            raise UnpressableError(f"Typst can't lay it out in parts: {error.message}") from None
        if not isinstance(pdf, bytes):
            raise UnpressableError("Typst gave no PDF")
        open("/tmp/w/probe.pdf","wb").write(pdf)
        return read_probe(pdf)


_EMPTY_BILL: dict[str, Any] = {
    "title": "", "sender": {"name": "", "own": True, "legal": "", "post": ""}, "keywords": [],
    "pages": 1, "running": "", "recipient": [],
}  # fmt: skip
