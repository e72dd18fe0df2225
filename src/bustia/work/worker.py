"""One worker process: does the jobs of the queues it is given, one at a time.

Started by the supervisor as ``python -m bustia.work.worker``. Its standard input is a pipe from
the supervisor: when that closes, for whatever reason, the worker ends at once. It may, because a
job's effects are one transaction.
"""

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["COLLECTED_EVERY", "main"]


COLLECTED_EVERY = (50_000, 20, 50)
"""New objects until the cyclic garbage collector looks, by generation. A worker keeps many objects
for good, and makes few cycles: at the usual 700 it spent a fifth of its time looking for them."""


_TRIMMED_EVERY = 0.5
"""Seconds between two times that free memory is given back; each takes some milliseconds."""


class _Trimmer:
    """Gives memory that a job has freed back to the system: glibc would keep it, a tenth of all."""

    def __init__(self) -> None:
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        self._next = 0.0

    def __call__(self, job: Callable[[], Any], *_: object) -> Any:  # noqa: ANN401
        """Do a job, and tidy up after it."""
        try:
            return job()
        finally:
            if self._trim is not None and time.monotonic() >= self._next:
                self._trim(0)
                self._next = time.monotonic() + _TRIMMED_EVERY


def _end_with_the_supervisor() -> None:
    """Wait for the end of standard input, then end the process without ado."""
    sys.stdin.buffer.read()
    os._exit(0)


@click.command()
@click.option("--instance", "path", type=click.Path(path_type=Path), required=True)
@click.option("--queue", "queues", multiple=True, required=True)
@click.option("--name", required=True)
def main(path: Path, queues: tuple[str, ...], name: str) -> None:
    """Do the jobs of some queues, in the order of these, until the supervisor ends."""
    threading.Thread(target=_end_with_the_supervisor, daemon=True).start()
    gc.set_threshold(*COLLECTED_EVERY)

    from bustia.instance import open_instance  # noqa: PLC0415 (Django is set up by it)

    with open_instance(path):
        from procrastinate.contrib.django import app  # noqa: PLC0415

        from bustia.work.jobs import (  # noqa: PLC0415
            HEARTBEAT_SECONDS,
            STALLED_SECONDS,
            QueuesInOrder,
        )

        with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
            working.job_manager = QueuesInOrder(working.connector)
            working.run_worker(
                queues=list(queues),
                name=name,
                concurrency=1,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                fetch_job_polling_interval=1.0,
                delete_jobs="successful",
                task_middleware=[_Trimmer()],
            )


if __name__ == "__main__":
    main()
