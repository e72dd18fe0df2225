"""Adds up the memory of some processes with all that they started, shared pages counted once."""

from collections.abc import Iterable, Sequence
from threading import Event, Thread

import psutil

__all__ = ["MemoryWatch", "together"]

_EVERY_SECONDS = 0.4


def together(roots: Iterable[int]) -> int:
    """Give the bytes that these processes and their descendants take now (PSS, else USS)."""
    found: dict[int, psutil.Process] = {}
    for pid in roots:
        try:
            root = psutil.Process(pid)
            found |= {one.pid: one for one in [root, *root.children(recursive=True)]}
        except psutil.NoSuchProcess:
            continue
    total = 0
    for process in found.values():
        try:
            memory = process.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        total += getattr(memory, "pss", memory.uss)
    return total


class MemoryWatch:
    """Looks every moment how much memory processes take, and keeps the most by stage."""

    def __init__(self, roots: Sequence[int]) -> None:
        """Watch these processes with their descendants; ``roots`` may grow meanwhile."""
        self.stage = ""
        self.peaks: dict[str, int] = {}
        self._roots = roots
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            stage = self.stage
            self.peaks[stage] = max(self.peaks.get(stage, 0), together(tuple(self._roots)))
