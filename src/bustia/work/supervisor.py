"""Keeps a number of worker processes going: one that ends, however it ends, is started again."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["Supervisor"]

_PATIENCE_SECONDS = 10.0


class Supervisor:
    """Some worker processes, from ``with`` to the end of its block.

    Of several queues, each worker in turn has another one first, and helps with the others when
    that is empty. The workers hold one end of a pipe each; they end when this process does, even
    by a kill.
    """

    def __init__(self, instance: Path, queues: Sequence[str], workers: int) -> None:
        self._instance = instance
        self._queues = tuple(queues)
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * workers
        self.restarts = 0

    def __enter__(self) -> Self:
        for number in range(len(self._workers)):
            self._workers[number] = self._start(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            if worker is not None and worker.stdin is not None:
                worker.stdin.close()
        for worker in self._workers:
            if worker is None:
                continue
            try:
                worker.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        name = f"worker-{number + 1}"
        first = number % len(self._queues)
        in_turn = (*self._queues[first:], *self._queues[:first])
        queues = [part for queue in in_turn for part in ("--queue", queue)]
        logs = self._instance / "log"
        logs.mkdir(exist_ok=True)
        with (logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable, "-m", "bustia.work.worker",
                    "--instance", str(self._instance), "--name", name, *queues,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=os.environ,
            )  # fmt: skip

    def pids(self) -> list[int]:
        """Give the processes that are running."""
        return [one.pid for one in self._workers if one is not None and one.poll() is None]

    def restart_all(self) -> None:
        """Kill every worker and start it anew, as after the database was lost."""
        for number, worker in enumerate(self._workers):
            if worker is not None:
                worker.kill()
                worker.wait()
                if worker.stdin is not None:
                    worker.stdin.close()
                self._workers[number] = self._start(number)
        self.restarts += len(self._workers)

    def tend(self) -> int:
        """Start the workers again that have ended; give how many there were."""
        ended = 0
        for number, worker in enumerate(self._workers):
            if worker is not None and worker.poll() is not None:
                if worker.stdin is not None:
                    worker.stdin.close()
                self._workers[number] = self._start(number)
                ended += 1
        self.restarts += ended
        return ended
