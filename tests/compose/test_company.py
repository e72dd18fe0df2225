"""The company's file: complete, checked, and in colours that can be read."""

from pathlib import Path

import pytest
import yaml

from bustia.compose.chart import Bar, Palette, bar_chart
from bustia.compose.company import load_company
from bustia.errors import StationeryError
from tests.compose.bills import COMPANY, STATIONERY


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("name", ["ink", "muted", "brand", "alert", "info", "offer"])
def test_text_colours_stand_out(name: str):
    """Texts keep WCAG's 4.5:1 on white and on the tint."""
    colours = COMPANY["ca"].colours
    for ground in ("#FFFFFF", colours.tint):
        dark, light = luminance(getattr(colours, name)), luminance(ground)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_each_language_has_its_own_words():
    """Values given by language differ, others are the same."""
    assert "lunes" in COMPANY["es"].office_hours
    assert COMPANY["ca"].nif == COMPANY["en"].nif


@pytest.mark.parametrize(
    ("key", "value"), [("nif", "A43999128"), ("iban", "ES00"), ("office_url", "http://x")]
)
def test_a_wrong_value_is_named(key: str, value: str, tmp_path: Path):
    """A NIF, IBAN or address that can't be right is refused by its name."""
    data = yaml.safe_load((STATIONERY / "company.yaml").read_text())
    (tmp_path / "company.yaml").write_text(yaml.safe_dump(data | {key: value}))
    with pytest.raises(StationeryError, match=key):
        load_company(tmp_path)


def test_estimates_are_hatched_and_empty_periods_draw_nothing():
    """An estimated bar is many strokes, a read one a single box, a zero none."""
    palette = Palette("#111111", "#222222", "#333333")

    def past(value: float, *, estimated: bool) -> int:
        bars = [Bar(value, estimated, False), Bar(10, False, True)]
        return bar_chart(bars, 100, 50, palette, "x").paths[0].count("M")

    assert (
        past(10, estimated=False), past(0, estimated=False), past(10, estimated=True) > 8,
    ) == (1, 0, True)  # fmt: skip
