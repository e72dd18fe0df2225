"""The arithmetic of a water bill."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.billing.tariffs import Price, bill

D = Decimal
SINCE = date(2017, 1, 1)
CHANGE = date(2026, 3, 23)  # any day from 20 to 24 March splits 12 m³ into 8 and 4


def reus_prices():
    """The prices of the bill: water, sewerage, and the cànon with its change of rate."""
    vat, none = D(10), D(0)
    return [
        Price("water", "fixed", 1, None, D("0.2640"), vat, SINCE),
        Price("water", "variable", 1, None, D("0.4384"), vat, SINCE),
        Price("sewerage", "fixed", 1, None, D("0.1340"), vat, SINCE),
        Price("sewerage", "variable", 1, None, D("0.0755"), vat, SINCE),
        Price("canon", "fixed", 1, None, D("0.0329"), none, SINCE),
        *canon_blocks("0.4936", "1.137", "2.8425", "4.548", SINCE),
        *canon_blocks("0.5232", "1.2052", "3.0131", "4.8209", CHANGE),
    ]


def canon_blocks(first, second, third, fourth, since):
    """The four blocks of the cànon from a day on."""
    limits = (D(9), D(15), D(18), None)
    return [
        Price("canon", "variable", block, limit, D(price), D(0), since)
        for block, (limit, price) in enumerate(
            zip(limits, (first, second, third, fourth), strict=True), 1
        )
    ]


def test_a_real_bill_is_reproduced_to_the_cent():
    """12 m³ in 59 days, with the cànon's change of rate, cost 40.61 €, line by line."""
    made = bill(D(12), date(2026, 2, 11), date(2026, 4, 10), reus_prices())
    lines = [(one.concept, one.kind, one.quantity, one.amount) for one in made.lines]
    assert [
        ("water", "fixed", D(59), D("15.58")),
        ("water", "variable", D(12), D("5.26")),
        ("sewerage", "fixed", D(59), D("7.91")),
        ("sewerage", "variable", D(12), D("0.91")),
        ("canon", "fixed", D(59), D("1.94")),
        ("canon", "variable", D(8), D("3.95")),
        ("canon", "variable", D(4), D("2.09")),
    ] == lines
    assert D("6.04") == sum(one.amount for one in made.lines[-2:])
    assert [(D(10), D("29.66"), D("2.97")), (D(0), D("7.98"), D("0.00"))] == [
        (tax.rate, tax.base, tax.amount) for tax in made.taxes
    ]
    assert D("40.61") == made.total


def test_the_blocks_of_the_canon_grow_with_the_household():
    """Six people have 18, 30 and 36 m³ a month; three or fewer have 9, 15 and 18."""
    prices = canon_blocks("1", "2", "3", "4", SINCE)
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    for persons, limits in ((1, (108, 72, 36)), (3, (108, 72, 36)), (6, (216, 144, 72))):
        made = bill(D(500), first, last, prices, persons=persons)
        assert [*map(D, limits), D(500 - sum(limits))] == [one.quantity for one in made.lines]


def test_the_social_tariff_halves_quotas_and_the_first_two_blocks():
    """Fixed quotas and blocks 1 and 2 cost half; block 3 does not."""
    prices = [
        Price("water", "fixed", 1, None, D("0.20"), D(10), SINCE),
        *canon_blocks("1", "2", "3", "4", SINCE),
    ]
    made = bill(D(200), date(2026, 1, 1), date(2026, 12, 31), prices, social=True)
    assert [D("0.10"), D("0.5"), D(1), D(3)] == [one.unit_price for one in made.lines]


days = st.integers(1, 130)
m3s = st.integers(0, 400).map(D)


@settings(max_examples=150, deadline=None)
@given(m3s, days, st.integers(0, 140), st.integers(1, 9), st.booleans())
def test_no_cubic_metre_and_no_cent_is_lost(m3, length, offset, persons, social):
    """However prices split a period, each concept's blocks add up to the consumption."""
    first = CHANGE - timedelta(days=offset)
    last = first + timedelta(days=length - 1)
    made = bill(m3, first, last, reus_prices(), persons=persons, social=social)
    for concept in ("water", "sewerage", "canon"):
        variable = [one for one in made.lines if (one.concept, one.kind) == (concept, "variable")]
        fixed = [one for one in made.lines if (one.concept, one.kind) == (concept, "fixed")]
        assert m3 == sum(one.quantity for one in variable)
        assert length == sum(one.quantity for one in fixed)
    assert made.net == sum(one.amount for one in made.lines)
    assert made.net == sum(tax.base for tax in made.taxes)
    assert made.total == made.net + sum(tax.amount for tax in made.taxes)


@settings(max_examples=80, deadline=None)
@given(m3s, days, st.integers(1, 9))
def test_using_more_never_costs_less(m3, length, persons):
    """One more cubic metre never makes a bill cheaper."""
    first = date(2026, 1, 1)
    last = first + timedelta(days=length - 1)
    prices = reus_prices()
    less = bill(m3, first, last, prices, persons=persons).total
    assert less <= bill(m3 + 1, first, last, prices, persons=persons).total
