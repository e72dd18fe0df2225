"""Where a billing cycle and each of its chunks stand, and the moves that are allowed."""

from enum import StrEnum

from bustia.errors import CycleError

__all__ = ["ChunkState", "CycleState", "check_chunk_move", "check_cycle_move"]


class CycleState(StrEnum):
    """Where a cycle stands.

    ::

        composing ──▶ composed ──▶ closed
            ▲             │
            └─────────────┘  invoices arrived late, or failed ones are tried again

    *Composing*: its chunks are being decided, composed, sealed and archived. *Composed*: all of
    them are, the evidence tree is built, and deliveries go on. *Closed*: every delivery is in a
    final state and the closing ledger adds up.
    """

    COMPOSING = "composing"
    COMPOSED = "composed"
    CLOSED = "closed"


class ChunkState(StrEnum):
    """Where a chunk stands.

    ::

        pending ──▶ done
         │   ▲
         ▼   │  somebody mended what was wrong, and ran the cycle again
        failed

    There is no *running*: a chunk is done in one transaction, and a killed one never began.
    """

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


_CYCLE_MOVES = {
    (CycleState.COMPOSING, CycleState.COMPOSED),
    (CycleState.COMPOSED, CycleState.COMPOSING),
    (CycleState.COMPOSED, CycleState.CLOSED),
}

_CHUNK_MOVES = {
    (ChunkState.PENDING, ChunkState.DONE),
    (ChunkState.PENDING, ChunkState.FAILED),
    (ChunkState.FAILED, ChunkState.PENDING),
}


def check_cycle_move(code: str, old: CycleState, new: CycleState) -> None:
    """Raise ``CycleError`` unless a cycle may go from one state to the other."""
    if (old, new) not in _CYCLE_MOVES:
        raise CycleError(f"a cycle that is {old} can't become {new}", where=f"cycle {code}")


def check_chunk_move(where: str, old: ChunkState, new: ChunkState) -> None:
    """Raise ``CycleError`` unless a chunk may go from one state to the other."""
    if (old, new) not in _CHUNK_MOVES:
        raise CycleError(f"a chunk that is {old} can't become {new}", where=where)
