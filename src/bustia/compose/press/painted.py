"""Reads what the content of a page paints, for the judge: glyphs and paths, by their marks."""

import struct
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pikepdf

__all__ = ["Glyph", "Page", "Path", "floats", "shown"]

_SILENT = frozenset({"cs", "CS", "Tr", "ET", "M", "J", "j", "d"})
"""Operators that show nothing, and change nothing of what is compared."""
_CODES = struct.Struct(">H")

Point = tuple[float, float]
Matrix = tuple[float, float, float, float, float, float]


Glyph = tuple[str, str, float, tuple[float, ...], float, float]
"""What a glyph says, its font, size, colour, and place on the page (x, y)."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path as it was painted."""

    how: str
    colour: tuple[float, ...]
    width: float
    kinds: str
    points: tuple[Point, ...]


@dataclass(slots=True)
class Page:
    """What a page shows, by marked content; None for artifacts."""

    glyphs: dict[int | None, list[Glyph]] = field(default_factory=lambda: defaultdict(list))
    paths: dict[int | None, list[Path]] = field(default_factory=lambda: defaultdict(list))
    alts: dict[int, str] = field(default_factory=dict)


def shown(pdf: pikepdf.Pdf) -> list[Page]:
    fonts: dict[tuple[int, int], _Font] = {}
    return [_Reader(page, fonts).read() for page in pdf.pages]


class _Reader:
    """Follows the operators of a page's content."""

    def __init__(self, page: pikepdf.Page, fonts: dict[tuple[int, int], "_Font"]) -> None:
        """Take a page, and the fonts of the file that are read already."""
        self._page = page
        self._fonts = {}
        for name, font in page.obj.Resources.get("/Font", {}).items():
            if font.objgen not in fonts:
                fonts[font.objgen] = _Font(font)
            self._fonts[name] = fonts[font.objgen]
        self._state: dict[str, Any] = {
            "ctm": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), "fill": (), "stroke": (), "width": 1.0,
            "font": None, "size": 0.0,
        }  # fmt: skip
        self._stack: list[dict[str, Any]] = []
        self._mark: list[int | None] = []
        self._kinds: list[str] = []
        self._points: list[Point] = []
        self._clips = False
        self._line: Matrix = (1, 0, 0, 1, 0, 0)
        self._text: Matrix = self._line
        self._found = Page()

    def read(self) -> Page:
        for one in pikepdf.parse_content_stream(self._page):
            self._do(str(one.operator), one.operands)
        return self._found

    def _do(self, operator: str, operands: Any) -> None:  # noqa: ANN401, C901, PLR0912
        state = self._state
        if operator in _SILENT:
            return
        if operator == "q":
            self._stack.append(dict(state))
        elif operator == "Q":
            self._state = self._stack.pop()
        elif operator == "cm":
            state["ctm"] = _times(floats(operands), state["ctm"])
        elif operator in ("BDC", "BMC"):
            self._begin(operands)
        elif operator == "EMC":
            self._mark.pop()
        elif operator == "scn":
            state["fill"] = _colour(operands)
        elif operator == "SCN":
            state["stroke"] = _colour(operands)
        elif operator == "w":
            state["width"] = float(operands[0])
        elif operator == "BT":
            self._line = self._text = (1, 0, 0, 1, 0, 0)
        elif operator == "Tf":
            state["font"], state["size"] = self._fonts[str(operands[0])], float(operands[1])
        elif operator == "Tm":
            a, b, c, d, e, f = floats(operands)
            self._line = self._text = (a, b, c, d, e, f)
        elif operator == "Td":
            x, y = floats(operands)
            self._line = self._text = _times((1, 0, 0, 1, x, y), self._line)
        elif operator in ("TJ", "Tj"):
            self._show(operands[0] if operator == "TJ" else [operands[0]])
        elif operator == "re":
            x, y, w, h = floats(operands)
            for kind, corner in zip(
                "mlll", ((x, y), (x + w, y), (x + w, y + h), (x, y + h)), strict=True
            ):
                self._add(kind, corner)
            self._kinds.append("h")
        elif operator in ("m", "l", "c"):
            self._add(operator, floats(operands))
        elif operator == "h":
            self._kinds.append("h")
        elif operator == "W":
            self._clips = True
        else:
            self._paint(operator)

    def _begin(self, operands: Any) -> None:  # noqa: ANN401
        properties = operands[1] if len(operands) > 1 else None
        mcid = None
        if isinstance(properties, pikepdf.Dictionary) and "/MCID" in properties:
            mcid = int(properties.MCID)
            if "/Alt" in properties:
                self._found.alts[mcid] = str(properties.Alt)
        self._mark.append(mcid)

    def _add(self, kind: str, numbers: Sequence[float]) -> None:
        a, b, c, d, e, f = self._state["ctm"]
        self._kinds.append(kind)
        for x, y in zip(numbers[::2], numbers[1::2], strict=True):
            self._points.append((a * x + c * y + e, b * x + d * y + f))

    def _paint(self, how: str) -> None:
        if how != "n":
            state, stroked = self._state, how == "S"
            path = Path(
                how,
                state["stroke"] if stroked else state["fill"],
                state["width"] * abs(state["ctm"][0]) if stroked else 0.0,
                "".join(self._kinds),
                tuple(self._points),
            )
            self._found.paths[self._mark[-1] if self._mark else None].append(path)
        self._kinds, self._points, self._clips = [], [], False

    def _show(self, parts: Any) -> None:  # noqa: ANN401
        state = self._state
        font, size, colour = state["font"], state["size"], state["fill"]
        a, b, _, _, left, base = _times(self._text, state["ctm"])
        shown_size = size * (a * a + b * b) ** 0.5
        says, widths, default, name = font.says, font.widths, font.default, font.name
        found = self._found.glyphs[self._mark[-1] if self._mark else None]
        across = 0.0
        for part in parts:
            if not isinstance(part, pikepdf.String):
                across -= float(part) / 1000 * size
                continue
            for (code,) in _CODES.iter_unpack(bytes(part)):
                told = says.get(code) or f"#{code}"
                x, y = left + across * a, base + across * b
                found.append((told, name, shown_size, colour, x, y))
                across += widths.get(code, default) / 1000 * size
        self._text = _times((1, 0, 0, 1, across, 0), self._text)


class _Font:
    """A composite font: what its codes say, and how wide they are."""

    def __init__(self, font: pikepdf.Object) -> None:
        self.name = str(font.BaseFont).partition("+")[2]
        inner = font.DescendantFonts[0]
        self.default = float(inner.get("/DW", 1000))
        self.widths: dict[int, float] = {}
        spans = list(inner.get("/W", []))
        while spans:
            first, second = int(spans.pop(0)), spans.pop(0)
            if isinstance(second, pikepdf.Array):
                self.widths.update({first + k: float(one) for k, one in enumerate(second)})
            else:
                width = float(spans.pop(0))
                self.widths.update(dict.fromkeys(range(first, int(second) + 1), width))
        self.says = dict(_mapped(font.ToUnicode.read_bytes()))


def _mapped(cmap: bytes) -> Iterator[tuple[int, str]]:
    """Read what codes mean from a ToUnicode map, as Typst writes it (one code a line)."""
    inside = False
    for line in cmap.decode("ascii", "replace").splitlines():
        if line.endswith("beginbfchar"):
            inside = True
        elif line == "endbfchar":
            inside = False
        elif inside:
            code, _, text = line.partition(" ")
            yield int(code.strip("<>"), 16), bytes.fromhex(text.strip("<> ")).decode("utf-16-be")


def floats(values: Any) -> list[float]:  # noqa: ANN401
    return [float(one) for one in values if isinstance(one, int | float | Decimal)]


def _colour(values: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Give a colour in RGB: greys are the same in either way of writing them."""
    numbers = floats(values)
    return tuple(numbers * 3 if len(numbers) == 1 else numbers)


def _times(one: Sequence[float], other: Sequence[float]) -> Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip
