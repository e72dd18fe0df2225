"""Where an online payment stands."""

from enum import StrEnum

from bustia.errors import PaymentError

__all__ = ["PaymentState", "check_payment_move"]


class PaymentState(StrEnum):
    """Where an online payment stands.

    ::

        started ──▶ authorised ◀─────────┐
           │ │                           │
           │ └────▶ refused ─────────────┤  tried again on the bank's page
           │           ▲                 │
           └────▶ expired ───────────────┘  the bank's word came late

    *Started*: the customer was sent to the bank. *Authorised*: the bank took the money; nothing
    undoes that here, whatever comes later. *Refused*: by the bank or the customer. *Expired*:
    nothing was heard in time. Who may still pay on a page that is open elsewhere does so: what the
    bank took, it took.
    """

    STARTED = "started"
    AUTHORISED = "authorised"
    REFUSED = "refused"
    EXPIRED = "expired"


_S = PaymentState
_MOVES = {
    _S.STARTED: frozenset({_S.AUTHORISED, _S.REFUSED, _S.EXPIRED}),
    _S.REFUSED: frozenset({_S.AUTHORISED}),
    _S.EXPIRED: frozenset({_S.AUTHORISED, _S.REFUSED}),
    _S.AUTHORISED: frozenset[PaymentState](),
}


def check_payment_move(order: str, old: PaymentState, new: PaymentState) -> None:
    """Raise ``PaymentError`` unless an online payment may go from one state to the other."""
    if new not in _MOVES[old]:
        raise PaymentError(f"a payment that is {old} can't become {new}.", where=f"order {order}")
