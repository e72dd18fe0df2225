"""The Office's colours: the company's own, and a dark set made from them that stays readable.

Contrast is counted as WCAG 2.2 does (1.4.3): text has at least 4.5:1 on what it stands on.
"""

from bustia.compose.company import Colours

__all__ = ["contrast", "dark", "light", "style"]

_TEXT = 4.5
_STEPS = 40


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(one: str, other: str, share: float) -> str:
    """Mix two colours; ``share`` of the other, 0 to 1."""
    mixed = (round(a + (b - a) * share) for a, b in zip(_parts(one), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _luminance(colour: str) -> float:
    def linear(part: int) -> float:
        value = part / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours, ``#rrggbb``: 1 to 21."""
    dark, bright = sorted((_luminance(one), _luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def _readable(colour: str, on: str, towards: str, least: float = _TEXT) -> str:
    """Move a colour towards another until it has enough contrast on a ground."""
    for step in range(_STEPS + 1):
        moved = _mix(colour, towards, step / _STEPS)
        if contrast(moved, on) >= least:
            return moved
    return towards


def light(colours: Colours) -> dict[str, str]:
    """Give the colours of the day: dark ink on white sheets over the brand's tint."""
    ground = colours.tint.lower()
    return {
        "ground": ground,
        "sheet": "#ffffff",
        "tint": ground,
        "ink": _readable(colours.ink.lower(), ground, "#000000", 7),
        "muted": _readable(colours.muted.lower(), ground, "#000000"),
        "rule": colours.rule.lower(),
        "edge": _readable(colours.muted.lower(), "#ffffff", "#000000", 3),
        "brand": _readable(colours.brand.lower(), ground, "#000000"),
        "on-brand": _readable("#ffffff", colours.brand.lower(), "#ffffff"),
        "fill": colours.brand.lower(),
        "fresh": colours.fresh.lower(),
        "past": _mix(colours.fresh.lower(), "#ffffff", 0.55),
        "alert": _readable(colours.alert.lower(), ground, "#000000"),
        "info": _readable(colours.info.lower(), ground, "#000000"),
        "offer": _readable(colours.offer.lower(), ground, "#000000"),
        "alert-tint": _mix(colours.alert.lower(), "#ffffff", 0.92),
        "offer-tint": _mix(colours.offer.lower(), "#ffffff", 0.92),
    }


def dark(colours: Colours) -> dict[str, str]:
    """Give the colours of the night, from the same ink and brand."""
    ink = colours.ink.lower()
    ground, sheet = _mix(ink, "#000000", 0.62), _mix(ink, "#000000", 0.4)
    tint = _mix(ink, "#000000", 0.18)

    def bright(colour: str, least: float = _TEXT) -> str:
        return _readable(colour.lower(), tint, "#ffffff", least)

    fill = bright(colours.brand, 5.5)
    return {
        "ground": ground,
        "sheet": sheet,
        "tint": tint,
        "ink": bright(colours.tint, 9),
        "muted": bright(colours.muted, 5),
        "rule": _mix(ink, "#ffffff", 0.16),
        "edge": bright(colours.muted, 3),
        "brand": bright(colours.brand, 5.5),
        "on-brand": _readable(ground, fill, "#000000"),
        "fill": fill,
        "fresh": bright(colours.fresh, 3),
        "past": _mix(colours.fresh.lower(), sheet, 0.45),
        "alert": bright(colours.alert, 5),
        "info": bright(colours.info, 5),
        "offer": bright(colours.offer, 5),
        "alert-tint": _mix(colours.alert.lower(), sheet, 0.8),
        "offer-tint": _mix(colours.offer.lower(), sheet, 0.8),
    }


def style(colours: Colours) -> str:
    """Write both sets as custom properties of the style sheet; the reader's system chooses."""

    def block(values: dict[str, str]) -> str:
        return "".join(f"--{name}:{value};" for name, value in values.items())

    return (
        f":root{{color-scheme:light dark;{block(light(colours))}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{block(dark(colours))}}}}}\n"
    )
