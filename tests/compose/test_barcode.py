"""The slip's number and its barcode."""

from datetime import date

import pytest
from barcode.codex import Gs1_128
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bustia.compose.barcode import cuaderno57, gs1_128
from bustia.compose.drawing import POINTS_A_MM
from bustia.errors import ComposeError

VECTOR = "9050722350466501000000000156830081500000053980"
MODULE = 0.495 * POINTS_A_MM
"""The width of a module, in points."""
DIGITS = st.integers(0, 9).map(str)


def number(reference: str, cents: int) -> str:
    return cuaderno57(
        issuer="22350466",
        suffix="501",
        reference=reference,
        identification="300815",
        amount_cents=cents,
    )


def test_the_booklets_vector_comes_out():
    """The published slip is reproduced, digit by digit."""
    made = cuaderno57(
        issuer="22350466",
        suffix="501",
        reference="15",
        identification=date(2015, 8, 30),
        amount_cents=5398,
    )
    assert made == VECTOR


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**11 - 1), st.integers(0, 10**10 - 1))
def test_every_slip_has_46_digits(reference: int, cents: int):
    """Whatever the reference and amount, each part is in its place."""
    made = number(str(reference), cents)
    assert (46, "90507", f"{reference:011d}", f"{cents:010d}", "0") == (
        len(made), made[:5], made[16:27], made[35:45], made[45],
    )  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**11 - 1), st.integers(0, 10), DIGITS)
def test_a_wrong_digit_changes_the_check(reference: int, place: int, digit: str):
    """Mistyping one digit of the reference is found by the check digits."""
    right = f"{reference:011d}"
    assume(right[place] != digit)
    wrong = right[:place] + digit + right[place + 1 :]
    assert number(right, 5398)[27:29] != number(wrong, 5398)[27:29]


@pytest.mark.parametrize(
    ("part", "value"),
    [("issuer", "123"), ("suffix", "5O1"), ("reference", "123456789012"), ("amount_cents", -1)],
)
def test_what_does_not_fit_is_refused(part: str, value: object):
    """A part of the wrong length or with other than digits is an error, not a wrong slip."""
    good = {"issuer": "22350466", "suffix": "501", "reference": "15", "identification": "300815"}
    with pytest.raises(ComposeError):
        cuaderno57(**(good | {"amount_cents": 5398} | {part: value}))  # type: ignore[arg-type]


def test_the_barcode_keeps_the_banks_measures():
    """It is at least 10 mm high, and with 10 mm clear at both ends fits between the margins."""
    drawing = gs1_128(VECTOR, "slip")
    width, height = drawing.width / POINTS_A_MM, drawing.height / POINTS_A_MM
    assert (height >= 10, width <= 166, width + 20 <= 170) == (True, True, True)


def test_an_odd_number_of_digits_is_refused():
    """Set C writes pairs of digits alone."""
    with pytest.raises(ComposeError):
        gs1_128("123", "odd")


@given(st.lists(st.integers(0, 99), min_size=1, max_size=30))
def test_the_bars_are_those_of_the_barcode_library(pairs: list[int]):
    """Every bar stands where python-barcode's own writer of GS1-128 puts it."""
    digits = "".join(f"{pair:02d}" for pair in pairs)
    drawing = gs1_128(digits, "slip")
    modules = ["0"] * round(drawing.width / MODULE)
    for bar in drawing.paths[0].removeprefix("M").split("M"):
        left, width = float(bar.split()[0]), float(bar.split("h")[1].split("v")[0])
        start, end = round(left / MODULE), round((left + width) / MODULE)
        modules[start:end] = "1" * (end - start)
    assert Gs1_128(digits).build()[0] == "".join(modules)
