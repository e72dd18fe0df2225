"""What customers can choose and tell us, and where what they told us stands."""

from enum import StrEnum

from bustia.errors import ChangeError

__all__ = [
    "OPEN",
    "UNSEEN",
    "AlertKind",
    "ChangeKind",
    "ChangeState",
    "Channel",
    "Communication",
    "check_move",
]


class AlertKind(StrEnum):
    """What an alert tells."""

    OVER_THRESHOLD = "over_threshold"
    LEAK = "leak"
    NO_CONSUMPTION = "no_consumption"
    INVOICE_ISSUED = "invoice_issued"
    DEBIT_COMING = "debit_coming"
    DEBIT_RETURNED = "debit_returned"


class Communication(StrEnum):
    """The kinds of communication that a customer can have a say in."""

    INVOICE = "invoice"
    NOTICES = "notices"
    """The SMS ahead of the next invoice."""
    ALERTS = "alerts"
    PROMOTION = "promotion"


class Channel(StrEnum):
    """Over what a communication comes."""

    EMAIL = "email"
    SMS = "sms"
    POST = "post"
    OFFICE = "office"
    NONE = "none"


class ChangeKind(StrEnum):
    """What a change on its way to the billing system is about."""

    EMAIL = "email"
    MOBILE = "mobile"
    LANGUAGE = "language"
    INVOICE_CHANNEL = "invoice_channel"
    CONSENT = "consent"
    MANDATE = "mandate"
    ALERTS = "alerts"
    OFFICE = "office_since"
    ERASURE = "erasure"
    READING = "reading"
    PAYMENT = "payment"


class ChangeState(StrEnum):
    """Where a change stands on its way to the billing system.

    ::

        waiting ──▶ exported ──▶ confirmed
           │ │          │            ▲
           │ └──────────┼────────────┘  waiting: an export says the same already
           │            ▼
           └──────▶ superseded

    *Waiting*: for ``bustia export`` or the feed. *Exported*: handed to the billing system, whose
    own exports don't show it yet. *Confirmed*: an export says the same as the customer; what no
    export can show is confirmed when it is handed over. *Superseded*: the customer, or the billing
    system, said something newer.
    """

    WAITING = "waiting"
    EXPORTED = "exported"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


UNSEEN = frozenset({ChangeKind.ERASURE, ChangeKind.READING})
"""The kinds that no export of the billing system can show: confirmed when they are handed over."""

_S = ChangeState
OPEN = frozenset({_S.WAITING, _S.EXPORTED})
"""The states in which a change is held against what older exports say."""
_MOVES = {
    _S.WAITING: frozenset({_S.EXPORTED, _S.CONFIRMED, _S.SUPERSEDED}),
    _S.EXPORTED: frozenset({_S.CONFIRMED, _S.SUPERSEDED}),
    _S.CONFIRMED: frozenset[ChangeState](),
    _S.SUPERSEDED: frozenset[ChangeState](),
}


def check_move(change: int, old: ChangeState, new: ChangeState) -> None:
    """Raise ``ChangeError`` unless a change may go from one state to the other."""
    if new not in _MOVES[old]:
        raise ChangeError(f"a change that is {old} can't become {new}.", where=f"change {change}")
