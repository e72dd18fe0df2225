"""The job that a worker does for a cycle: one chunk."""

from django.db import InterfaceError, OperationalError, close_old_connections
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from bustia.cycles.making import make_chunk, unforeseen
from bustia.cycles.models import Chunk
from bustia.cycles.planning import COMPOSE_QUEUES, COMPOSE_TASK
from bustia.cycles.states import ChunkState
from bustia.cycles.workshop import open_workshop
from bustia.errors import BustiaError
from bustia.instance import current_instance

__all__ = ["compose_chunk"]


@app.task(name=COMPOSE_TASK, queue=COMPOSE_QUEUES[0], retry=RetryStrategy(max_attempts=5, wait=1))
def compose_chunk(chunk: int) -> None:
    """Make the documents of a chunk; what makes the whole chunk fail is written beside it."""
    close_old_connections()
    instance = current_instance()
    try:
        make_chunk(chunk, lambda release: open_workshop(instance, release))
    except (OperationalError, InterfaceError):
        raise  # the database went away: the engine tries again
    except BustiaError as error:
        _give_up(chunk, str(error))
    except Exception as error:  # noqa: BLE001 (a chunk that fails for any reason says so)
        _give_up(chunk, unforeseen(error))


def _give_up(chunk_id: int, error: str) -> None:
    chunk = Chunk.objects.select_related("cycle").get(pk=chunk_id)
    if chunk.state == ChunkState.PENDING:
        chunk.move(ChunkState.FAILED)
        chunk.error = error[:500]
        chunk.save(update_fields=["state", "error"])
