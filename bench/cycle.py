"""Times a whole cycle by stage: from the export on the disk to deliveries that are written.

In a fresh instance each time, in a process of its own. First some chunks are made in that one
process with its functions timed, and undone again: this tells where the time goes. Then the whole
cycle runs with all workers, as in production: this tells how long it takes.
"""

import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bench.bills import STAMP, views_of_the_newest_run
from bench.memory import MemoryWatch
from bench.stopwatch import Stopwatch, Target

if TYPE_CHECKING:
    from bustia.instance import Instance

__all__ = ["CHUNK_TARGETS", "COUNTED", "RUN_TARGETS", "CycleTimes", "growth", "time_cycle"]

T = TypeVar("T")

_MAKING, _RUNNING = "bustia.cycles.making", "bustia.cycles.running"
CHUNK_TARGETS: tuple[Target, ...] = (
    ("facts", _MAKING, "load_facts"),
    ("facts", _MAKING, "messages_before"),
    ("facts", _MAKING, "sources_of"),
    ("decide", "bustia.decide.engine", "Decider.decide"),
    ("view", _MAKING, "bill_view"),
    ("compose and seal in the press", "bustia.compose.press", "Press.compose"),
    ("compose by Typst", "bustia.compose.typst_composer", "TypstComposer.compose"),
    ("seal by the sealer", "bustia.seal.pades", "Sealer.seal"),
    ("archive", _MAKING, "keep"),
    ("deliveries", _MAKING, "plan_invoices"),
)
"""What a chunk is made by. What is not there takes no time; ``chunk`` is all that is left."""
RUN_TARGETS: tuple[Target, ...] = (
    ("plan", _RUNNING, "keep_release"),
    ("plan", _RUNNING, "plan_cycle"),
    ("workers", _RUNNING, "_work_off"),
    ("evidence", _RUNNING, "keep_evidence"),
)
COUNTED = frozenset({"import", "plan", "workers", "evidence", "rest of the cycle"})
"""The stages from the export on the disk to deliveries written."""

_SAMPLE_CHUNKS = 8
_SAMPLE_SECONDS = 10
_PREVIEWS = 60
_NEW_SHAPES = 1_000
"""Bills among which new shapes are looked for."""
_ISSUED = date(2026, 5, 12)


@dataclass(slots=True)
class CycleTimes:
    """What a cycle took. Seconds and bytes are by stage; ``parts`` are of the chunks' sample."""

    contracts: int
    invoices: int = 0
    failures: int = 0
    workers: int = 0
    composers: dict[str, int] = field(default_factory=dict)
    """Documents by who composed them."""
    seconds: dict[str, float] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    sampled: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    """Seconds on one core, of so many sampled documents."""
    previews: list[float] = field(default_factory=list)
    """Seconds of previews, one after the other in one process."""
    new_shapes: list[float] = field(default_factory=list)
    """Seconds of bills that needed one new piece laid out and their form put together."""

    @property
    def whole(self) -> float:
        """Seconds from the export on the disk to deliveries written."""
        return sum(seconds for stage, seconds in self.seconds.items() if stage in COUNTED)

    @property
    def each(self) -> float:
        """Seconds an invoice."""
        return self.whole / max(self.invoices, 1)

    @property
    def peak(self) -> int:
        """The most memory of these stages, of all processes and the database."""
        return max((peak for stage, peak in self.peaks.items() if stage in COUNTED), default=0)


def time_cycle(contracts: int, *, sample: bool, pieces: Path | None = None) -> CycleTimes:
    """Run a cycle of a made-up town in an instance that is thrown away afterwards.

    ``sample`` asks where a chunk's time goes, too. ``pieces`` is a folder for what the press has
    laid out: it is taken from there, and left there for a later cycle.
    """
    place = Path(tempfile.mkdtemp(prefix="bustia-bench-"))
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs, place, contracts, sample, pieces))
    process.start()
    theirs.close()
    roots = [process.pid or 0]
    try:
        with MemoryWatch(roots) as watch:
            while not isinstance(told := mine.recv(), CycleTimes):
                if isinstance(told, int):  # PostgreSQL, which no process of ours is the parent of
                    roots.append(told)
                else:
                    watch.stage = told
        told.peaks = watch.peaks
        process.join()
    except EOFError:
        raise RuntimeError("the cycle could not be run; the reason stands above.") from None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return told


class _Teller:
    """Times stages and tells the parent which one it is."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage."""
        self._line.send(name)
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began
        self._line.send("")


def _run(line: Connection, place: Path, contracts: int, sample: bool, pieces: Path | None) -> None:
    """Go through all stages, in a process of its own."""
    os.environ.pop("DATABASE_URL", None)
    os.environ["BUSTIA_NOW"] = STAMP.isoformat()
    from bustia.instance import create_instance, open_instance
    from bustia.instance.place import place_for
    from bustia.instance.postgres import remove_data

    teller, times = _Teller(line), CycleTimes(contracts)
    with teller.stage("synth"):
        _apart(_write_town, place / "export", contracts)
    instance_path = create_instance(place / "instance", seed="bench")
    if pieces is not None:
        shutil.copytree(pieces, instance_path / "press", dirs_exist_ok=True)
    with teller.stage("database"):
        opened = open_instance(instance_path)
        instance = opened.__enter__()
        instance.migrate()
    try:
        server = (place_for(instance_path).data / "postmaster.pid").read_text()
        line.send(int(server.splitlines()[0]))
        with teller.stage("import"):
            _apart(_import, instance_path, place / "export")
        if sample:
            with teller.stage("sample"):
                times.sampled, times.parts = _apart(_sample, instance_path)
                times.previews = _apart(_preview, instance_path)
                times.new_shapes = _apart(_new_shapes, instance_path)
        _whole_cycle(instance, teller, times)
        if pieces is not None:
            shutil.copytree(instance_path / "press", pieces, dirs_exist_ok=True)
    finally:
        opened.__exit__(None, None, None)
        remove_data(instance_path)
    times.seconds = teller.seconds
    line.send(times)


def _apart(function: Callable[..., T], *arguments: Any) -> T:
    """Do something in a process of its own, so that its memory is not ours afterwards."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(function, *arguments).result()


def _write_town(folder: Path, contracts: int) -> None:
    from bustia.synth import write_town

    write_town(folder, contracts, 1, _ISSUED)


def _import(instance_path: Path, export: Path) -> None:
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.intake.loader import import_paths

        import_paths([export], now=instance.now(), folder=instance_path / "intake")


def _sample(instance_path: Path) -> tuple[int, dict[str, float]]:
    """Make some chunks in this process, timed by what they do, and undo them."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        return _sample_chunks(instance)


def _preview(instance_path: Path) -> list[float]:
    """Compose the bills of some contracts from all over the town, as an author looks at them."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.billing.models import Contract
        from bustia.cycles.previewing import Previewer

        contracts = list(Contract.objects.order_by("number").values_list("number", flat=True))
        previewer, took = Previewer(instance.stationery), []
        for number in contracts[:: max(1, len(contracts) // _PREVIEWS)]:
            began = time.perf_counter()
            previewer.preview(number, instance.now())
            took.append(time.perf_counter() - began)
        return took


def _new_shapes(instance_path: Path) -> list[float]:
    """Press bills by a press that knows nothing; time those that have one piece of a new shape."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.compose.press import Press
        from bustia.cycles.workshop import seal_identity
        from bustia.errors import UnpressableError
        from bustia.seal import Sealer

        press = Press(instance.stationery, judged_every=0)
        slot = Sealer(seal_identity(instance)).slot(STAMP)
        took = []
        for view in views_of_the_newest_run(_NEW_SHAPES):
            known, began = press.pieces, time.perf_counter()
            with suppress(UnpressableError):
                press.press(view, STAMP, slot)
                if press.pieces == known + 1:
                    took.append(time.perf_counter() - began)
        return took


def _sample_chunks(instance: "Instance") -> tuple[int, dict[str, float]]:
    from django.db import transaction

    from bustia.cycles.making import make_chunk
    from bustia.cycles.planning import newest_billing_run, plan_cycle
    from bustia.cycles.workshop import keep_release, open_workshop

    release, watch = keep_release(instance), Stopwatch()
    chunk_size = instance.config.work.chunk
    with transaction.atomic():
        cycle = plan_cycle(newest_billing_run(), release, instance.now(), chunk_size)
        chunks = list(cycle.chunks.order_by("position").values_list("pk", flat=True))
        step = max(1, len(chunks) // (_SAMPLE_CHUNKS + 1))
        make_chunk(chunks[0], lambda name: open_workshop(instance, name))  # engines warm up
        whole, sampled = 0.0, 0
        with watch.timing(CHUNK_TARGETS):
            for chunk in chunks[1:][::step][:_SAMPLE_CHUNKS] or chunks[:1]:
                began = time.perf_counter()
                make_chunk(chunk, lambda name: open_workshop(instance, name))
                whole += time.perf_counter() - began
                sampled += cycle.chunks.get(pk=chunk).documents
                if whole > _SAMPLE_SECONDS:
                    break
        transaction.set_rollback(True)
    parts = {name: watch.seconds[name] for name, _, _ in CHUNK_TARGETS if name in watch.seconds}
    parts["all else of a chunk"] = whole - sum(parts.values())
    return sampled, parts


def _whole_cycle(instance: "Instance", teller: _Teller, times: CycleTimes) -> None:
    from django.db.models import Count

    from bustia.archive.models import Document
    from bustia.cycles.running import run_cycle

    watch, began = Stopwatch(), time.perf_counter()
    with teller.stage("workers"), watch.timing(RUN_TARGETS):
        cycle = run_cycle(instance)
    seconds = time.perf_counter() - began
    teller.seconds |= {name: watch.seconds[name] for name in ("plan", "workers", "evidence")}
    teller.seconds["rest of the cycle"] = seconds - sum(watch.seconds.values())
    times.workers = instance.config.work.workers
    documents = Document.objects.filter(cycle=cycle.code)
    times.composers = dict(
        documents.values_list("composer").annotate(n=Count("pk")).values_list("composer", "n")
    )
    times.invoices = sum(times.composers.values())
    times.failures = cycle.failures.count()


def growth(sizes: Sequence[int], first: CycleTimes | None = None) -> list[CycleTimes]:
    """Run cycles of several sizes, the smallest first; ``first`` is one that is there already."""
    there = {first.contracts: first} if first else {}
    return [there.get(size) or time_cycle(size, sample=False) for size in sorted(set(sizes))]
