"""The charts of consumption: a bar a billing period, and daily litres against the average."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from bustia.compose.drawing import Box, Drawing, polygons, rectangles

__all__ = ["Bar", "Palette", "bar_chart", "comparison"]

_BASE = 0.6
"""Thickness of the base line, in points."""
_HATCH, _GAP = 1.1, 1.5
"""Thickness of the hatching's strokes and of the gaps between, measured upwards, in points."""
_MOST_BARS = 10_000
"""Bars remembered: in a town nine of ten were drawn before, most being of few whole m³."""


class Bar(NamedTuple):
    """One period: how much, and whether it was estimated or is the one billed."""

    value: float
    estimated: bool
    present: bool


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of the charts, as ``#rrggbb``."""

    past: str
    present: str
    line: str


def bar_chart(
    bars: Sequence[Bar], width: float, height: float, colours: Palette, alt: str
) -> Drawing:
    """Draw bars side by side on a base line, in a box of points; estimated ones are hatched.

    Each bar stands in the middle of its slot; slots share the width evenly, so that a row of
    equal columns below labels them. Negative values (a corrected estimate) draw no bar.
    """
    slot = width / max(len(bars), 1)
    highest = max((bar.value for bar in bars), default=0.0)
    scale = (height - _BASE) / highest if highest > 0 else 0.0
    paths = {True: "", False: ""}
    for position, bar in enumerate(bars):
        paths[bar.present] += _standing(bar, position, slot, height, scale)
    base = _bar((0.0, height - _BASE, width, _BASE))
    return Drawing(
        width,
        height,
        (paths[False], paths[True], base),
        (colours.past, colours.present, colours.line),
        alt,
    )


def comparison(
    values: tuple[int, int], width: float, height: float, colours: Palette, alt: str
) -> Drawing:
    """Draw two lying bars, this period's above and the average's below, in a box of points."""
    longest = max(*values, 1)
    thickness = (height - 2.0) / 2
    present, past = (max(value, 0) / longest * width for value in values)
    return Drawing(
        width,
        height,
        (
            _bar((0.0, 0.0, present, thickness)) if present else "",
            _bar((0.0, height - thickness, past, thickness)) if past else "",
        ),
        (colours.present, colours.past),
        alt,
    )


@lru_cache(maxsize=_MOST_BARS)
def _standing(bar: Bar, position: int, slot: float, height: float, scale: float) -> str:
    """Give the bar of a slot as a path; ``scale`` is in points for one unit of its value."""
    tall = max(bar.value * scale, 0.0)
    if not tall:
        return ""
    thickness = min(slot * 0.64, 16.0)
    left = position * slot + (slot - thickness) / 2
    return _bar((left, height - _BASE - tall, thickness, tall), hatched=bar.estimated)


@lru_cache(maxsize=_MOST_BARS)
def _bar(box: Box, *, hatched: bool = False) -> str:
    """Give a bar as a path."""
    return _hatched(*box) if hatched else rectangles([box])


def _hatched(left: float, top: float, width: float, height: float) -> str:
    """Give a bar as an outline with strokes rising to the right at 45°, cut at its edges."""
    line = min(0.6, width / 4, height / 2)
    right, bottom = left + width, top + height
    frame = [
        (left, top, width, line),
        (left, bottom - line, width, line),
        (left, top, line, height),
        (right - line, top, line, height),
    ]
    strokes = []
    start = bottom + width - _GAP
    while start > top:
        stroke = _band(left, right, top, bottom, start, start - _HATCH)
        if len(stroke) > 2:
            strokes.append(stroke)
        start -= _HATCH + _GAP
    return rectangles(frame) + polygons(strokes)


def _band(
    left: float, right: float, top: float, bottom: float, low: float, high: float
) -> list[tuple[float, float]]:
    """Cut the band between two rising lines, given by their height at the left edge, to a box."""
    width = right - left
    outline = [(left, low), (right, low - width), (right, high - width), (left, high)]
    return _cut(_cut(outline, top, above=False), bottom, above=True)


def _cut(
    outline: list[tuple[float, float]], at: float, *, above: bool
) -> list[tuple[float, float]]:
    """Keep the part of an outline above or below a height (Sutherland and Hodgman's way)."""
    kept: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise([*outline, *outline[:1]]):
        inside, next_inside = (y <= at, next_y <= at) if above else (y >= at, next_y >= at)
        if inside:
            kept.append((x, y))
        if inside != next_inside:
            part = (at - y) / (next_y - y)
            kept.append((x + part * (next_x - x), at))
    return kept
