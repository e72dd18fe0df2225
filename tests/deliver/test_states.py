"""The states of a delivery."""

from itertools import product

import pytest

from bustia.deliver.states import FINAL, DeliveryState, check_move, sources_of
from bustia.errors import DeliverError

DRAWN = {
    "scheduled": "due expired suppressed superseded",
    "due": "claimed expired suppressed superseded",
    "deferred": "due expired suppressed superseded",
    "claimed": "handed_over due deferred uncertain failed expired suppressed superseded",
    "uncertain": "due handed_over failed",
    "handed_over": "delivered returned failed",
    "delivered": "returned",
    "returned": "superseded",
    "failed": "superseded",
    "superseded": "",
    "suppressed": "",
    "expired": "",
}


@pytest.mark.parametrize(("old", "new"), list(product(DeliveryState, DeliveryState)))
def test_a_delivery_makes_only_the_moves_that_are_drawn(old, new):
    """Every move that is not in the drawing is refused, and the error names the delivery."""
    allowed = new.value in DRAWN[old.value].split()
    if allowed:
        check_move("2026-03/A26-1/email", old, new)
    else:
        with pytest.raises(DeliverError, match=r"2026-03/A26-1/email: a delivery that is"):
            check_move("2026-03/A26-1/email", old, new)
    assert (old in sources_of(new)) == allowed


def test_no_final_state_leads_back_to_sending():
    """Out of a final state nothing is ever sent again over the same channel."""
    ways = {new for old in FINAL for new in DeliveryState if old in sources_of(new)}

    assert ways <= FINAL


def test_the_drawing_names_every_state():
    """Whoever adds a state finds it missing in the drawing."""
    drawing = (DeliveryState.__doc__ or "").replace("_", " ")

    assert [state for state in DeliveryState if state.replace("_", " ") not in drawing] == []
