"""The state machines of cycles and chunks."""

from itertools import product

import pytest

from bustia.cycles.states import ChunkState, CycleState, check_chunk_move, check_cycle_move
from bustia.errors import CycleError

CYCLE_MOVES = {("composing", "composed"), ("composed", "composing"), ("composed", "closed")}
CHUNK_MOVES = {("pending", "done"), ("pending", "failed"), ("failed", "pending")}


@pytest.mark.parametrize(("old", "new"), list(product(CycleState, CycleState)))
def test_a_cycle_makes_only_the_moves_that_are_drawn(old, new):
    """Every move of a cycle that is not in its drawing is refused, and names the cycle."""
    if (old.value, new.value) in CYCLE_MOVES:
        check_cycle_move("2026-03", old, new)
    else:
        with pytest.raises(CycleError, match="cycle 2026-03"):
            check_cycle_move("2026-03", old, new)


@pytest.mark.parametrize(("old", "new"), list(product(ChunkState, ChunkState)))
def test_a_chunk_makes_only_the_moves_that_are_drawn(old, new):
    """Every move of a chunk that is not in its drawing is refused, and says where."""
    if (old.value, new.value) in CHUNK_MOVES:
        check_chunk_move("chunk 3", old, new)
    else:
        with pytest.raises(CycleError, match="chunk 3"):
            check_chunk_move("chunk 3", old, new)
