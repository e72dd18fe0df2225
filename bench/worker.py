"""One process of one composer: it waits, composes a batch when told, and says how long it took."""

import gc
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

import psutil

from bench.bills import read_bills
from bench.composers import COMPOSERS, Composer, Missing, Workplace
from bustia.archive.segments import Packable, pack
from bustia.work.worker import COLLECTED_EVERY

__all__ = ["CHUNK", "Ended", "Ready", "Turn", "serve"]

CHUNK = 250
"""Documents that the archive packs together, as a cycle's chunk does."""
_KEPT = 60
"""Documents that are kept to measure their sizes."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The composer is set up, or is missing; and how many documents it makes in a second."""

    missing: str
    rate: float
    warm_seconds: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A batch was made."""

    documents: int
    seconds: float
    packing_seconds: float
    """Of these, for the archive."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What is to be said at the end."""

    sample: bytes
    bytes_a_document: float
    archive_bytes: float
    """A document's part of a chunk of the archive."""
    peak_bytes: int
    note: str


Order = tuple[Literal["turn"], int, int] | tuple[Literal["end"], int, int]


def serve(
    line: Connection, name: str, place: Workplace, file: Path, core: int, probe: float
) -> None:
    """Set up a composer on one core and make batches as told over ``line``.

    ``probe`` is for how many seconds the speed is tried out.
    """
    _stay_on(core)
    gc.set_threshold(*COLLECTED_EVERY)  # as the product's own workers do
    try:
        worker = _Worker(name, place, file)
        line.send(worker.warm(probe))
    except Missing as reason:
        line.send(Ready(str(reason), 0.0, 0.0))
        return
    with worker.composer.ending:
        while True:
            order: Order = line.recv()
            if order[0] == "end":
                line.send(worker.end())
                return
            line.send(worker.turn(order[1], order[2]))


def _stay_on(core: int) -> None:
    """Keep this process and what it starts on one core, where the system knows how."""
    if sys.platform == "linux":
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})


class _Worker:
    """A composer with the bills that it works on."""

    def __init__(self, name: str, place: Workplace, file: Path) -> None:
        factory: Callable[[Workplace], Composer] = COMPOSERS[name][1]
        self.composer = factory(place)
        self._bills = read_bills(file)
        self._kept: list[Packable] = []
        self._children = 0

    def warm(self, probe: float) -> Ready:
        """Do what is done once, then try out how fast it goes."""
        began = time.perf_counter()
        self.composer.warm(self._bills)
        warm = time.perf_counter() - began
        documents, began = 0, time.perf_counter()
        while time.perf_counter() - began < probe:
            self.turn(documents, 1 + documents)
            documents += 1 + documents
        return Ready("", documents / (time.perf_counter() - began), warm)

    def turn(self, start: int, count: int) -> Turn:
        """Compose, seal and pack so many bills, from a place in the list onwards."""
        packing, began = 0.0, time.perf_counter()
        for first in range(0, count, CHUNK):
            places = range(start + first, start + min(first + CHUNK, count))
            chosen = [self._bills[place % len(self._bills)] for place in places]
            made = [self.composer.packable(bill) for bill in chosen]
            packed = time.perf_counter()
            pack(made)
            packing += time.perf_counter() - packed
            if len(self._kept) < _KEPT:
                self._kept += made[: _KEPT - len(self._kept)]
            del made
        seconds = time.perf_counter() - began
        self._look_at_children()
        return Turn(count, seconds, packing)

    def end(self) -> Ended:
        """Weigh what was made."""
        places = pack(self._kept).places
        first, others = places[0].length, [place.length for place in places[1:]]
        share = first
        if others:
            share = round((first + (CHUNK - 1) * sum(others) / len(others)) / CHUNK)
        return Ended(
            sample=self._kept[0].content,
            bytes_a_document=sum(len(one.content) for one in self._kept) / len(self._kept),
            archive_bytes=share,
            peak_bytes=_own_peak() + self._children,
            note=self.composer.note(),
        )

    def _look_at_children(self) -> None:
        """Remember the most that processes started by this one took together."""
        found = 0
        for child in psutil.Process().children(recursive=True):
            try:
                memory = child.memory_full_info()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            found += getattr(memory, "pss", memory.uss)
        self._children = max(self._children, found)


def _own_peak() -> int:
    """Give the most memory that this process had; not what its parent had when it began."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
