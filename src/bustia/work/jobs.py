"""Puts jobs into the queue, and takes back those whose worker died.

Procrastinate keeps the queue in PostgreSQL. Two things it leaves to us are here: a job that is
deferred within a transaction of Django comes and goes with it, even from inside a worker (there,
the stock call uses a connection of its own); and jobs of dead workers are retaken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import OperationalError, connection
from procrastinate import exceptions, jobs, manager, sql
from procrastinate.contrib.django.django_connector import DjangoConnector

__all__ = [
    "HEARTBEAT_SECONDS",
    "STALLED_SECONDS",
    "NewJob",
    "QueuesInOrder",
    "defer",
    "live_locks",
    "retake_stalled",
]

HEARTBEAT_SECONDS = 1.0
"""How often a worker says that it is alive."""

STALLED_SECONDS = 5.0
"""A worker that was silent for this long is taken for dead, and its jobs are retaken."""

_AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
"""A time that is past on every clock: the job needn't wait."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be done: its task, what to give it, and a name that no two waiting jobs share."""

    task: str
    arguments: Mapping[str, int | str]
    lock: str
    queue: str
    run_at: datetime | None = None


class QueuesInOrder(manager.JobManager):
    """Fetches a job of a queue when no job waits in those named before it.

    Procrastinate itself knows no order of queues.
    """

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> jobs.Job | None:
        """Give the next job, and mark it as being done by this worker; None if none waits."""
        for queue in queues or ():
            job = await super().fetch_job([queue], worker_id)
            if job is not None:
                return job
        return None


def _jobs() -> manager.JobManager:
    return manager.JobManager(DjangoConnector())


@contextmanager
def _as_django_says() -> Iterator[None]:
    """Tell of a database that went away as Django does, for callers to know one error only."""
    try:
        yield
    except exceptions.ConnectorException as error:
        raise OperationalError(str(error)) from error


def defer(new_jobs: Sequence[NewJob]) -> None:
    """Put jobs into the queue as part of Django's current transaction.

    A job whose ``lock`` is already waiting raises ``AlreadyEnqueued``: ask ``live_locks`` first.
    """
    if not new_jobs:
        return
    with _as_django_says():
        _jobs().batch_defer_jobs(
            [
                jobs.Job(
                    queue=one.queue,
                    lock=one.lock,
                    queueing_lock=one.lock,
                    task_name=one.task,
                    task_kwargs=dict(one.arguments),
                    scheduled_at=one.run_at,
                )
                for one in new_jobs
            ]
        )


def live_locks(locks: Sequence[str]) -> set[str]:
    """Give those of the locks whose job is waiting or being done."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lock FROM procrastinate_jobs"
            " WHERE lock = ANY(%s) AND status IN ('todo', 'doing')",
            [list(locks)],
        )
        return {row[0] for row in cursor.fetchall()}


def retake_stalled() -> int:
    """Put the jobs of dead workers back into the queue; give how many there were.

    The queue goes by the database's clock, never by the instance's, which may stand still.
    """
    with _as_django_says():
        found = DjangoConnector().execute_query_all(
            query=sql.queries["select_stalled_jobs_by_heartbeat"],
            queue=None,
            task_name=None,
            seconds_since_heartbeat=STALLED_SECONDS,
        )
    retaken = 0
    for row in found:
        try:
            _jobs().retry_job_by_id(row["id"], retry_at=_AT_ONCE)
        except exceptions.UniqueViolation:
            continue  # the same work waits in another job already
        except exceptions.ConnectorException:
            continue  # finished in the meantime
        retaken += 1
    return retaken
