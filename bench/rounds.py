"""Lets all composers take turns, so that a noisy machine is noisy for each of them alike."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from bench.composers import COMPOSERS, Workplace, describe
from bench.worker import Ended, Ready, Turn, serve

__all__ = ["Measured", "Plan", "run"]

_CORES = 2
_FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure."""

    rounds: int
    turn_seconds: float
    """How long a composer works before the next one does, about."""


@dataclass(slots=True)
class Measured:
    """What was measured of one composer; rates are documents a second, one a round."""

    name: str
    title: str
    missing: str = ""
    one_core: list[float] = field(default_factory=list)
    two_cores: list[float] = field(default_factory=list)
    packing: list[float] = field(default_factory=list)
    """Of the time on one core, the part that the archive took."""
    documents: int = 0
    warm_seconds: float = 0.0
    bytes_a_document: float = 0.0
    archive_bytes: float = 0.0
    peak_bytes: int = 0
    tagged: bool = False
    signed: bool = False
    note: str = ""
    sample: bytes = field(default=b"", repr=False)

    def times_slower_than(self, other: "Measured") -> float:
        """Give how many documents the other makes while this one makes one: the rounds' median."""
        return median(b / a for a, b in zip(self.one_core, other.one_core, strict=True))


class _Team:
    """The processes of one composer."""

    def __init__(self, name: str, place: Workplace, file: Path, probe: float) -> None:
        self.measured = Measured(name, COMPOSERS[name][0])
        self.count, self._next = 1, 0
        self._lines: list[Connection] = []
        self._processes = []
        context = multiprocessing.get_context("spawn")
        for core in range(_CORES):
            mine, theirs = context.Pipe()
            process = context.Process(
                target=serve, args=(theirs, name, place, file, core, probe), daemon=False
            )
            process.start()
            theirs.close()
            self._lines.append(mine)
            self._processes.append(process)

    def wait(self, turn_seconds: float) -> bool:
        """Wait until all are set up; False if the composer is missing or failed."""
        answers: list[Ready] = []
        for line in self._lines:
            try:
                answers.append(line.recv())
            except EOFError:
                answers.append(Ready("it failed to start; the reason stands above", 0.0, 0.0))
        self.measured.missing = next((one.missing for one in answers if one.missing), "")
        self.measured.warm_seconds = answers[0].warm_seconds
        self.count = max(1, round(min(one.rate for one in answers) * turn_seconds))
        return not self.measured.missing

    def round(self) -> None:
        """Take a turn on one core, then one on two."""
        (turn,), seconds = self._turn(self._lines[:1])
        self.measured.one_core.append(turn.documents / turn.seconds)
        self.measured.packing.append(turn.packing_seconds / turn.seconds)
        turns, seconds = self._turn(self._lines)
        documents = sum(one.documents for one in turns)
        self.measured.two_cores.append(documents / seconds)
        self.measured.documents += documents + turn.documents

    def _turn(self, lines: Sequence[Connection]) -> tuple[list[Turn], float]:
        began = time.perf_counter()
        for line in lines:
            line.send(("turn", self._next, self.count))
            self._next += self.count
        turns: list[Turn] = [line.recv() for line in lines]
        return turns, time.perf_counter() - began

    def end(self) -> None:
        """Have sizes and memory told, and let the processes go."""
        ends: list[Ended] = []
        for line in self._lines:
            line.send(("end", 0, 0))
            ends.append(line.recv())
        first, measured = ends[0], self.measured
        measured.bytes_a_document = first.bytes_a_document
        measured.archive_bytes = first.archive_bytes
        measured.peak_bytes = max(one.peak_bytes for one in ends)
        measured.note, measured.sample = first.note, first.sample
        measured.tagged, measured.signed = describe(first.sample)

    def close(self) -> None:
        """End the processes, whatever they do."""
        for line in self._lines:
            line.close()
        for process in self._processes:
            process.join(3)
            if process.is_alive():
                process.kill()
                process.join()


def run(
    names: Sequence[str],
    place: Workplace,
    file: Path,
    plan: Plan,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Measured]:
    """Measure composers by their short names, on the bills of a file."""
    with ExitStack() as ending:
        teams, there = [], []
        for name in sorted(names, key=_FLOOR.__eq__):  # which works on what the press made
            progress(f"Setting up: {COMPOSERS[name][0]}")
            team = _Team(name, place, file, plan.turn_seconds / 2)
            ending.callback(team.close)
            teams.append(team)
            if team.wait(plan.turn_seconds):  # one after the other: each has the cores to itself
                there.append(team)
        for number in range(plan.rounds):
            for team in there:
                progress(f"Round {number + 1} of {plan.rounds}: {team.measured.title}")
                team.round()
        for team in there:
            team.end()
    return sorted((team.measured for team in teams), key=lambda one: names.index(one.name))
