"""Reads what the content of a page paints, for the judge: runs of glyphs and paths, by their marks.

The judge reads thousands of operators for every bill. pikepdf makes objects of each operand, and
Python numbers of these one by one, which took half of the judge's time: so operators are cut out
by one regular expression here (ISO 32000-1, 7.2 and 7.8.2). What is not understood is an error,
and never skipped: a judge that overlooks something is none.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

import pikepdf

from bustia.compose.press.judge.objects import Objects
from bustia.compose.press.judge.signs import Font, Glyph, font_of, spread, width_of
from bustia.errors import UnpressableError

__all__ = ["Mark", "Page", "Path", "Run", "glyphs_of", "painted"]

_SPACE = rb"[\0\t\n\f\r ]"
_NUMBERS = rb"[-+.\d\0\t\n\f\r ]"
_NAME = rb"/[^\0\t\n\f\r ()<>\[\]{}/%]*+"
_HEX = rb"<[0-9A-Fa-f\0\t\n\f\r ]*+>"
_LITERAL = rb"\([^()\\]*+(?:\\.[^()\\]*+)*+\)"
for _ in range(3):  # brackets that close each other may stand in a string as they are (7.3.4.2)
    _LITERAL = rb"\([^()\\]*+(?:(?:\\.|%b)[^()\\]*+)*+\)" % _LITERAL
_ARRAY = rb"\[%b*+(?:(?:%b|%b)%b*+)*+\]" % (_NUMBERS, _LITERAL, _HEX, _NUMBERS)
_INSIDE = rb"[^<>()]++|%b|%b" % (_LITERAL, _HEX)
_DICTIONARY = rb"<<(?:%b|<<(?:%b)*+>>)*+>>" % (_INSIDE, _INSIDE)
_OPERATION = re.compile(
    rb"%b*+(?:" % _SPACE
    + rb"((?:%b++[mlc]|%b++h(?![\w*]))++)(?![\w*])|" % (_NUMBERS, _SPACE)
    + rb"(?:/\w++<</MCID (\d++)>>BDC%b++)?+(q%b++)?+" % (_SPACE, _SPACE)
    + rb"(?:(%b++)cm(?![\w*])%b*+)?+(?:(%b) cs(?![\w*])(%b++)scn(?![\w*])%b++)?+"
    % (_NUMBERS, _SPACE, _NAME, _NUMBERS, _SPACE)
    + rb"BT(?:%b++0 Tr)?+%b*+(?:(%b) ([\d.]++) Tf)?+(%b++)Tm%b*+(%b|%b)%b*+T[Jj]%b++ET(?![\w*])"
    % (_SPACE, _SPACE, _NAME, _NUMBERS, _SPACE, _ARRAY, _LITERAL, _SPACE, _SPACE)
    + rb"(?(3)%b++Q(?![\w*]))(%b++EMC(?![\w*]))?+|" % (_SPACE, _SPACE)
    + rb"((?:%b++|%b|%b|%b|%b|%b)*+)([A-Za-z'\"][A-Za-z\d*]*+)|(.))"
    % (_NUMBERS, _ARRAY, _NAME, _LITERAL, _DICTIONARY, _HEX),
    re.DOTALL,
)
"""What content is cut into: the points of a path; a whole text object with one run, as its font,
size, place and glyphs, with the mark, group, matrix and colour that stand right before it, and with
the ends of that group and of a mark; any other operator, after its operands; or a byte that is none
of these."""
_NUMBERED = re.compile(rb"%b*/\w+%b*<<%b*/MCID%b+(\d+)%b*>>%b*" % ((_SPACE,) * 6))
_MARKED = re.compile(rb"%b*(/\w+)%b*(.*)" % (_SPACE, _SPACE), re.DOTALL)
_NO_LETTERS = bytes.maketrans(b"mlch\0", b"     ")
_POINTS = {"m": 1, "l": 1, "c": 3, "h": 0}
_FILLS = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_STROKES = frozenset({b"S", b"s", b"B", b"B*", b"b", b"b*"})
_EDGE = 0.05
"""Points by which things must lie over each other to count as such."""

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
Mark = int | str | None
"""A number of marked content, the kind of an artifact, or None for what has no mark."""
Colour = tuple[float, ...]
_START: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


class Run(NamedTuple):
    """Glyphs that are shown by one operator."""

    signs: str
    """Its glyphs and the moves between them, see ``signs``."""
    matrix: tuple[float, float, float, float]
    """Where an em to the right, and one up, lead to on the page (points)."""
    colour: Colour
    clips: tuple["Clip", ...]
    x: float
    y: float


class Path(NamedTuple):
    """A path as it was painted."""

    how: bytes
    kinds: str
    fill: Colour
    stroke: Colour
    pen: tuple[float, ...]
    """The width of a line (points), its cap, join, miter limit and dashes."""
    points: Sequence[float]
    """x and y of all its points on the page, one after the other."""
    clips: tuple["Clip", ...]
    over: tuple[int, int]
    """How many runs begin, and how many paths are, in the places that it is painted over."""


class Clip(NamedTuple):
    """A path that cuts off something of what is painted."""

    kinds: str
    points: tuple[float, ...]


class Page:
    """What a page paints, by its marks."""

    def __init__(self) -> None:
        self.runs: dict[Mark, list[Run]] = defaultdict(list)
        self.paths: dict[Mark, list[Path]] = defaultdict(list)
        self.properties: dict[Mark, dict[str, Any]] = {}
        """What is said with numbered marks beside their numbers, as alternative texts."""
        self.profiles: set[bytes] = set()
        """Digests of the profiles of its colours, but those of greys."""


def painted(objects: Objects) -> list[Page]:
    """Read all pages; raise ``UnpressableError`` for content that the judge doesn't know."""
    fonts: dict[str, Font] = {}
    return [_Reader(objects, page, fonts).read() for page in objects.pages]


def glyphs_of(run: Run) -> Iterator[tuple[Glyph, float, float]]:
    """Give the glyphs of a run, each with its x and y on the page (points)."""
    a, b, _, _ = run.matrix
    for glyph, across in spread(run.signs):
        yield glyph, run.x + across / 1000 * a, run.y + across / 1000 * b


class _Reader:
    """Follows the operators of a page's content."""

    def __init__(self, objects: Objects, page: dict[str, Any], fonts: dict[str, Font]) -> None:
        """Take a page, and the fonts of the file that are read already."""
        resources = objects.dictionary(page["/Resources"])
        self._content = b"\n".join(map(objects.stream, objects.array(page["/Contents"])))
        self._fonts = {}
        for name, font in objects.dictionary(resources.get("/Font")).items():
            if font not in fonts:
                fonts[font] = font_of(objects, font)
            self._fonts[name] = fonts[font]
        self._spaces = {
            name: _space(objects, one)
            for name, one in objects.dictionary(resources.get("/ColorSpace")).items()
        }
        self._page = Page()
        self._state: dict[str, Any] = {
            "ctm": _START, "fill": (), "stroke": (), "filled": (0, b""), "stroked": (0, b""),
            "width": 1.0, "cap": 0.0, "join": 0.0, "miter": 10.0, "dash": (), "clips": (),
            "font": None, "size": 0.0,
        }  # fmt: skip
        self._stack: list[dict[str, Any]] = []
        self._marked = False
        self._mark: Mark = None
        self._kinds: list[str] = []
        self._numbers: list[float] = []
        self._clips = False
        self._line = self._text = _START
        self._shown: tuple[str, float] | None = None
        """What the text's place must be moved on by before more is shown."""
        self._begun: list[tuple[float, float]] = []
        self._boxes: list[Box] = []

    def read(self) -> Page:
        does = self.does.get
        try:
            for path, *text, operands, operator, odd in _cut(self._content):
                do = does(operator)
                if do is not None:
                    do(self, operands, operator)
                elif operator:
                    self._paint(operator)
                elif path:
                    self._path(path)
                elif not odd:
                    self._text_object(text)
                else:
                    raise UnpressableError("it has content that the judge can't read")
        except (ValueError, LookupError):
            raise UnpressableError("it has content that the judge can't read") from None
        if self._stack or self._marked:
            raise UnpressableError("a group or a mark of its content has no end")
        return self._page

    # State

    def _save(self, _: bytes = b"", __: bytes = b"") -> None:
        self._stack.append(self._state.copy())

    def _restore(self, _: bytes = b"", __: bytes = b"") -> None:
        self._state = self._stack.pop()

    def _transform(self, operands: bytes, _: bytes = b"") -> None:
        a, b, c, d, e, f = _numbers(operands)
        self._state["ctm"] = _times((a, b, c, d, e, f), self._state["ctm"])

    def _fill_space(self, operands: bytes, _: bytes = b"") -> None:
        self._state["filled"] = self._spaces[operands.decode("ascii").strip()]

    def _stroke_space(self, operands: bytes, _: bytes) -> None:
        self._state["stroked"] = self._spaces[operands.decode("ascii").strip()]

    def _fill(self, operands: bytes, _: bytes = b"") -> None:
        self._state["fill"] = self._colour(operands, *self._state["filled"])

    def _stroke(self, operands: bytes, _: bytes) -> None:
        self._state["stroke"] = self._colour(operands, *self._state["stroked"])

    def _colour(self, operands: bytes, components: int, profile: bytes) -> Colour:
        """Give a colour in RGB: greys are the same in either way of writing them."""
        numbers = _numbers(operands)
        if len(numbers) != components:
            raise UnpressableError("a colour has not as many numbers as it should have")
        if components == 1:
            return numbers * 3
        self._page.profiles.add(profile)
        return numbers

    def _width(self, operands: bytes, _: bytes) -> None:
        self._state["width"] = float(operands)

    def _cap(self, operands: bytes, _: bytes) -> None:
        self._state["cap"] = float(operands)

    def _join(self, operands: bytes, _: bytes) -> None:
        self._state["join"] = float(operands)

    def _miter(self, operands: bytes, _: bytes) -> None:
        self._state["miter"] = float(operands)

    def _dash(self, operands: bytes, _: bytes) -> None:
        lengths, _, phase = operands.strip().removeprefix(b"[").partition(b"]")
        self._state["dash"] = (*map(float, lengths.split()), float(phase))

    # Marks

    def _begin(self, operands: bytes, _: bytes) -> None:
        numbered = _NUMBERED.fullmatch(operands)
        if numbered:
            self._begin_marked(int(numbered[1]))
            return
        mark, says = _mark(operands)
        self._begin_marked(mark)
        if says:
            self._page.properties[mark] = says

    def _begin_marked(self, mark: Mark) -> None:
        if self._marked:
            raise UnpressableError("marked content is nested")
        self._marked, self._mark = True, mark

    def _end(self, _: bytes = b"", __: bytes = b"") -> None:
        if not self._marked:
            raise UnpressableError("marked content ends that did not begin")
        self._marked, self._mark = False, None

    # Paths

    def _path(self, written: bytes) -> None:
        """Read points of a path, with the operators after them."""
        self._kinds += written.translate(None, b"+-.0123456789\0\t\n\f\r ").decode("ascii")
        self._numbers += map(float, written.translate(_NO_LETTERS).split())

    def _close(self, _: bytes, __: bytes) -> None:
        self._kinds.append("h")

    def _rectangle(self, operands: bytes, _: bytes) -> None:
        x, y, w, h = map(float, operands.split())
        self._kinds += "mlllh"
        self._numbers += (x, y, x + w, y, x + w, y + h, x, y + h)

    def _clip(self, _: bytes, __: bytes) -> None:
        self._clips = True

    def _paint(self, how: bytes) -> None:
        """Paint the path; anything that is not known otherwise must be an operator for that."""
        fills, strokes = how in _FILLS, how in _STROKES
        if not fills and not strokes and how != b"n":
            raise UnpressableError("its content has an operator that the judge does not know")
        kinds, points = "".join(self._kinds), self._points()
        if fills or strokes:
            state = self._state
            box = _box(points)
            path = Path(
                how,
                kinds,
                state["fill"] if fills else (),
                state["stroke"] if strokes else (),
                self._pen() if strokes else (),
                points,
                self._cutting(box),
                self._over(box),
            )
            self._page.paths[self._mark].append(path)
            self._boxes.append(box)
        if self._clips:
            self._state["clips"] += (Clip(kinds, tuple(points)),)
        self._kinds, self._numbers, self._clips = [], [], False

    def _points(self) -> list[float]:
        a, b, c, d, e, f = self._state["ctm"]
        xs, ys = self._numbers[::2], self._numbers[1::2]
        if len(self._numbers) != 2 * sum(map(_POINTS.__getitem__, self._kinds)):
            raise UnpressableError("its paths have points that the judge can't read")
        found = [0.0] * len(self._numbers)
        found[::2] = [a * x + c * y + e for x, y in zip(xs, ys, strict=True)]
        found[1::2] = [b * x + d * y + f for x, y in zip(xs, ys, strict=True)]
        return found

    def _pen(self) -> tuple[float, ...]:
        state = self._state
        a, b, *_ = state["ctm"]
        scale = (a * a + b * b) ** 0.5
        dash = [one * scale for one in state["dash"]]
        return (state["width"] * scale, state["cap"], state["join"], state["miter"], *dash)

    def _cutting(self, box: Box) -> tuple[Clip, ...]:
        """Give the clips that something in this box is not wholly inside of."""
        return tuple(one for one in self._state["clips"] if not _holds(one, box))

    def _over(self, box: Box) -> tuple[int, int]:
        """Count what is painted already where something is painted over it."""
        left, bottom, right, top = (
            box[0] + _EDGE, box[1] + _EDGE, box[2] - _EDGE, box[3] - _EDGE,
        )  # fmt: skip
        runs = sum(left < x < right and bottom < y < top for x, y in self._begun)
        paths = sum(
            one[0] < right and one[2] > left and one[1] < top and one[3] > bottom
            for one in self._boxes
        )
        return runs, paths

    # Text

    def _text_object(self, parts: Sequence[bytes]) -> None:
        """Read a text object that shows one run: as its operators one by one would."""
        mark, group, matrix, space, colour, font, size, place, shown, end = parts
        if mark:
            self._begin_marked(int(mark))
        if group:
            self._save()
        if matrix:
            self._transform(matrix)
        if space:
            self._fill_space(space)
            self._fill(colour)
        if font:
            self._set_font(font, size)
        self._place(place)
        self._show(shown)
        if group:
            self._restore()
        if end:
            self._end()

    def _begin_text(self, _: bytes, __: bytes) -> None:
        self._line = self._text = _START
        self._shown = None

    def _font(self, operands: bytes, _: bytes) -> None:
        self._set_font(*operands.split())

    def _set_font(self, name: bytes, size: bytes) -> None:
        self._state["font"], self._state["size"] = self._fonts[name.decode("ascii")], float(size)

    def _place(self, operands: bytes, _: bytes = b"") -> None:
        a, b, c, d, e, f = _numbers(operands)
        self._line = self._text = (a, b, c, d, e, f)
        self._shown = None

    def _go(self, operands: bytes, _: bytes) -> None:
        x, y = map(float, operands.split())
        self._line = self._text = _times((1, 0, 0, 1, x, y), self._line)
        self._shown = None

    def _show(self, operands: bytes, _: bytes = b"") -> None:
        state = self._state
        if self._shown is not None:
            signs, size = self._shown
            across = width_of(signs) / 1000 * size
            self._text = _times((1, 0, 0, 1, across, 0), self._text)
        font: Font | None = state["font"]
        if font is None:
            raise UnpressableError("it has text without a font")
        signs, size = font.signs(operands), state["size"]
        a, b, c, d, x, y = _times(self._text, state["ctm"])
        matrix = (a * size, b * size, c * size, d * size)
        clips = state["clips"] and self._cutting(_reach(signs, matrix, x, y))
        self._page.runs[self._mark].append(Run(signs, matrix, state["fill"], clips, x, y))
        self._shown = (signs, size)
        self._begun.append((x, y))

    def _mode(self, operands: bytes, _: bytes) -> None:
        if float(operands):
            raise UnpressableError("it has text that is not simply filled")

    def _nothing(self, _: bytes, __: bytes) -> None:
        pass

    does: ClassVar[dict[bytes, Callable[["_Reader", bytes, bytes], None]]] = {
        b"q": _save, b"Q": _restore, b"cm": _transform,
        b"cs": _fill_space, b"CS": _stroke_space, b"scn": _fill, b"SCN": _stroke,
        b"w": _width, b"J": _cap, b"j": _join, b"M": _miter, b"d": _dash,
        b"BDC": _begin, b"BMC": _begin, b"EMC": _end,
        b"h": _close, b"re": _rectangle, b"W": _clip,
        b"BT": _begin_text, b"ET": _nothing, b"Tf": _font, b"Tm": _place, b"Td": _go,
        b"TJ": _show, b"Tj": _show, b"Tr": _mode,
    }  # fmt: skip
    """What operators do; all others paint a path, or are unknown."""


def _cut(content: bytes) -> list[tuple[bytes, ...]]:
    """Cut the content of a page as ``_OPERATION`` says: all of it, byte for byte."""
    return _OPERATION.findall(content.rstrip(b"\0\t\n\f\r "))


@lru_cache(maxsize=4096)
def _numbers(operands: bytes) -> tuple[float, ...]:
    """Read colours and places; the same ones come again and again."""
    return tuple(map(float, operands.split()))


@lru_cache(maxsize=256)
def _mark(operands: bytes) -> tuple[Mark, dict[str, Any]]:
    """Read a mark, and what it says beside its number; the same ones come again and again."""
    found = _MARKED.fullmatch(operands)
    if found is None or found[2].startswith(b"/"):
        raise UnpressableError("its content has marks that the judge does not know")
    tag, written = found.groups()
    says = json.loads(pikepdf.Object.parse(written).to_json()) if written else {}
    number = says.pop("/MCID", None)
    if number is not None:
        return int(number), says
    says.pop("/BBox", None)
    return f"{tag.decode()} {json.dumps(says, sort_keys=True)}", {}


def _space(objects: Objects, space: Any) -> tuple[int, bytes]:  # noqa: ANN401
    """Give how many numbers a colour has in a space, and the digest of its profile."""
    kind, *rest = objects.array(space)
    if kind != "/ICCBased":
        raise UnpressableError("it has colours of a kind that the judge does not know")
    components = objects.get(rest[0])["/N"]
    return components, sha256(objects.stream(rest[0])).digest()


def _box(points: Sequence[float]) -> Box:
    xs, ys = points[::2], points[1::2]
    return (min(xs), min(ys), max(xs), max(ys))


def _holds(clip: Clip, box: Box) -> bool:
    """Say whether a clip is a rectangle around a box."""
    left, bottom, right, top = _box(clip.points)
    xs, ys = clip.points[::2], clip.points[1::2]
    upright = all(
        min(x - left, right - x) < _EDGE and min(y - bottom, top - y) < _EDGE
        for x, y in zip(xs, ys, strict=True)
    )
    return (
        clip.kinds == "mlllh"
        and upright
        and left - _EDGE <= box[0]
        and bottom - _EDGE <= box[1]
        and right + _EDGE >= box[2]
        and top + _EDGE >= box[3]
    )


def _reach(signs: str, matrix: tuple[float, ...], x: float, y: float) -> Box:
    """Give a box around a run: an em below and above its line."""
    a, b, c, d = matrix
    width = width_of(signs) / 1000
    xs = [x + across * a + up * c for across in (0, width) for up in (-1, 1)]
    ys = [y + across * b + up * d for across in (0, width) for up in (-1, 1)]
    return (min(xs), min(ys), max(xs), max(ys))


def _times(one: Matrix, other: Matrix) -> Matrix:
    if other is _START:
        return one
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (
        a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s,
        e * p + f * r + t, e * q + f * s + u,
    )  # fmt: skip
