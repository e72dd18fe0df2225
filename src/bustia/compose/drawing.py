"""A drawing: vector paths in a box, for what data draws and no font can write."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["POINTS_A_MM", "Box", "Drawing", "polygons", "rectangles", "short"]

POINTS_A_MM = 72 / 25.4

Box = tuple[float, float, float, float]
"""Left, top, width and height."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Filled paths in a box; sizes in points, the origin at the top left, y downwards."""

    width: float
    height: float
    paths: tuple[str, ...]
    """SVG path data, one a colour, of ``M``, ``h``, ``v``, ``L`` and ``z`` alone."""
    fills: tuple[str, ...]
    """The colour of each path, as ``#rrggbb``."""
    alt: str
    """What it says, for those who can't see it."""

    def svg(self) -> str:
        """Give the drawing as an SVG document."""
        paths = "".join(
            f'<path fill="{fill}" d="{path}"/>'
            for fill, path in zip(self.fills, self.paths, strict=True)
            if path
        )
        size = f'width="{self.width}pt" height="{self.height}pt"'
        box = f'viewBox="0 0 {self.width} {self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>{paths}</svg>'


def rectangles(boxes: Iterable[Box], scale: float = 1.0) -> str:
    """Give boxes as one path, scaled, to a thousandth of a point."""
    return "".join(
        f"M{short(left * scale)} {short(top * scale)}h{short(width * scale)}"
        f"v{short(height * scale)}h{short(-width * scale)}z"
        for left, top, width, height in boxes
    )


def polygons(outlines: Iterable[Iterable[tuple[float, float]]]) -> str:
    """Give closed outlines (points in order) as one path, to a thousandth of a point."""
    return "".join(
        "M" + "L".join(f"{short(x)} {short(y)}" for x, y in outline) + "z" for outline in outlines
    )


def short(value: float) -> str:
    """Give a number as it stands in a path: to a thousandth, without idle zeros."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
