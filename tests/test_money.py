"""Money: exact cents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bustia.money import cents, from_cents, round_money


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("0.015", "0.02"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("1", "1.00")],
)
def test_halves_are_rounded_away_from_zero(amount, rounded):
    """Half a cent goes up, as on Spanish invoices, not to the even neighbour."""
    assert Decimal(rounded) == round_money(Decimal(amount))


@given(st.integers(-(10**12), 10**12))
def test_cents_survive_the_way_to_euros_and_back(amount):
    """Whole cents as euros and back are the same cents."""
    assert amount == cents(from_cents(amount))


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_rounding_moves_an_amount_by_half_a_cent_at_most(amount):
    """A rounded amount has two decimals and is at most half a cent away."""
    rounded = round_money(amount)
    assert abs(rounded - amount) <= Decimal("0.005")
    assert cents(rounded) == rounded * 100


def test_fractions_of_a_cent_are_refused():
    """An amount with fractions of a cent has no whole cents."""
    with pytest.raises(ValueError, match="fractions"):
        cents(Decimal("0.001"))
