"""Where the bars of a chart stand; templates draw them, style sheets colour them."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Bar", "bars"]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in the chart's own units: place and size, and the middle for its label."""

    x: float
    y: float
    width: float
    height: float
    middle: float


def bars(values: Sequence[float], *, width: float, height: float, gap: float = 0.35) -> list[Bar]:
    """Give a bar for each value, side by side, as high as its share of the largest.

    ``gap`` is the share of a column that stays empty. A value above zero is never invisible.
    """
    column = width / max(len(values), 1)
    largest = max(values, default=0) or 1
    found = []
    for place, value in enumerate(values):
        size = round(max(value / largest * height, 1.5 if value > 0 else 0), 2)
        left = round(column * (place + gap / 2), 2)
        found.append(
            Bar(
                left,
                round(height - size, 2),
                round(column * (1 - gap), 2),
                size,
                round(column * (place + 0.5), 2),
            )
        )
    return found
