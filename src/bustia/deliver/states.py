"""Where a delivery stands, and the moves that are allowed."""

from enum import StrEnum

from bustia.errors import DeliverError

__all__ = [
    "DECEASED",
    "FINAL",
    "DeliveryState",
    "MessageState",
    "check_message_move",
    "check_move",
    "sources_of",
]


class DeliveryState(StrEnum):
    """Where a delivery stands.

    ::

        scheduled ──▶ due ──▶ claimed ──▶ handed_over ──▶ delivered ──▶ returned
            │          ▲ ▲       │ │  │        │ │                         ▲
            │          │ │       │ │  │        │ └─────────────────────────┘
            │          │ └───────┘ │  └──▶ failed ◀──┘
            │          │  nothing  ▼        ▲
            │          │   sent  uncertain ─┤
            │          │           │        └ the class's policy: don't repeat
            │          ├───────────┘ the class's policy: repeat
            │       deferred ◀── claimed   (try again later)
            │
            └──▶ expired (also from due, deferred, claimed): too late to be sent
                 suppressed (also from due, deferred, claimed): must not be sent
                 superseded (also from due, deferred, claimed, failed, returned):
                 another channel took over

    *Scheduled*: its time has not come. *Claimed*: one deliverer has it, on a lease. *Handed over*:
    the provider took it. *Delivered*: that is as good as we can know for the channel. *Uncertain*:
    a crash fell between hand-over and record. A ``delivered`` mail may still come back.
    """

    SCHEDULED = "scheduled"
    DUE = "due"
    CLAIMED = "claimed"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    RETURNED = "returned"
    FAILED = "failed"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"


_S = DeliveryState

_MOVES: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.SCHEDULED: frozenset({_S.DUE, _S.EXPIRED, _S.SUPPRESSED, _S.SUPERSEDED}),
    _S.DUE: frozenset({_S.CLAIMED, _S.EXPIRED, _S.SUPPRESSED, _S.SUPERSEDED}),
    _S.DEFERRED: frozenset({_S.DUE, _S.EXPIRED, _S.SUPPRESSED, _S.SUPERSEDED}),
    _S.CLAIMED: frozenset(
        {
            _S.EXPIRED,
            _S.HANDED_OVER,
            _S.DUE,
            _S.DEFERRED,
            _S.UNCERTAIN,
            _S.FAILED,
            _S.SUPPRESSED,
            _S.SUPERSEDED,
        }
    ),
    _S.UNCERTAIN: frozenset({_S.DUE, _S.HANDED_OVER, _S.FAILED}),
    _S.HANDED_OVER: frozenset({_S.DELIVERED, _S.RETURNED, _S.FAILED}),
    _S.DELIVERED: frozenset({_S.RETURNED}),
    _S.RETURNED: frozenset({_S.SUPERSEDED}),
    _S.FAILED: frozenset({_S.SUPERSEDED}),
    _S.SUPERSEDED: frozenset(),
    _S.SUPPRESSED: frozenset(),
    _S.EXPIRED: frozenset(),
}

FINAL = frozenset({_S.DELIVERED, _S.RETURNED, _S.FAILED, _S.SUPERSEDED, _S.SUPPRESSED, _S.EXPIRED})
"""The states in which nothing more is to be done by us."""

DECEASED = "the customer is reported as deceased"
"""Why nothing more is sent, found at the moment of handing over."""


def check_move(key: str, old: DeliveryState, new: DeliveryState) -> None:
    """Raise ``DeliverError`` unless a delivery may go from one state to the other."""
    if new not in _MOVES[old]:
        raise DeliverError(f"a delivery that is {old} can't become {new}.", where=key)


def sources_of(new: DeliveryState) -> frozenset[DeliveryState]:
    """Give the states from which a delivery may become ``new``; bulk moves keep to them."""
    return frozenset(old for old, allowed in _MOVES.items() if new in allowed)


class MessageState(StrEnum):
    """Where a message to the holder of an Office account stands.

    ::

        waiting ──▶ claimed ──▶ sent      the provider took it
          │  ▲        │ │ └───▶ failed    never to this recipient
          │  │        │ └─────▶ expired   its time was over before it could go
          │  └────────┘                ▲
          │    not now, or its courier died: again, while its time lasts
          └────────────────────────────┘

    A message whose courier died in the middle of a hand-over goes again, and is marked as one that
    may have gone twice: a code that comes twice is a smaller harm than one that never comes.
    """

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"


_M = MessageState

_MESSAGE_MOVES: dict[MessageState, frozenset[MessageState]] = {
    _M.WAITING: frozenset({_M.CLAIMED, _M.EXPIRED}),
    _M.CLAIMED: frozenset({_M.SENT, _M.FAILED, _M.EXPIRED, _M.WAITING}),
    _M.SENT: frozenset(),
    _M.FAILED: frozenset(),
    _M.EXPIRED: frozenset(),
}


def check_message_move(number: int, old: MessageState, new: MessageState) -> None:
    """Raise ``DeliverError`` unless a message may go from one state to the other."""
    if new not in _MESSAGE_MOVES[old]:
        raise DeliverError(
            f"a message that is {old} can't become {new}.", where=f"account message {number}"
        )
