"""Runs a cycle on all cores, and takes it up again where it was interrupted."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, F, Sum

from bustia.archive.models import Document
from bustia.archive.services import keep_evidence
from bustia.billing.models import Invoice
from bustia.cycles.ledger import closing_ledger
from bustia.cycles.models import Cycle
from bustia.cycles.planning import (
    COMPOSE_QUEUES,
    newest_billing_run,
    plan_cycle,
    queue_pending,
)
from bustia.cycles.states import ChunkState, CycleState
from bustia.cycles.workshop import keep_release, try_seal
from bustia.errors import CycleError
from bustia.instance import Instance
from bustia.rows import take_statistics
from bustia.work.jobs import retake_stalled
from bustia.work.supervisor import Supervisor

__all__ = ["cycle_report", "cycles_and_runs", "find_cycle", "run_cycle"]

T = TypeVar("T")

_LOOK_SECONDS = 0.25
_TEND_SECONDS = 2.0
_MOST_ATTEMPTS = 5
"""How often a step is tried again when the database goes away during it."""
_MOST_RESTARTS = 50
"""Restarts without a single chunk done, after which something is wrong for good."""


def find_cycle(code: str | None) -> Cycle:
    """Find a cycle by its code, or the newest one; raise ``CycleError`` if there is none."""
    cycles = Cycle.objects.order_by("-pk")
    cycle = cycles.filter(code=code).first() if code else cycles.first()
    if cycle is None:
        raise CycleError(
            f"there is no cycle {code!r}." if code else "no cycle was run yet.",
            hint="bustia cycle list shows what there is.",
        )
    return cycle


def run_cycle(
    instance: Instance,
    billing_run: str | None = None,
    *,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Cycle:
    """Compose, seal and archive the invoices of a billing run, and write their deliveries.

    ``advance`` is told how many invoices were done since the last call. Raises ``SealError`` if
    the seal can't be set, and ``CycleError`` where a chunk could not be done at all; single bad
    invoices are failures of the ledger.
    """
    release, now = keep_release(instance), instance.now()
    cycle = _persistently(
        instance,
        lambda: plan_cycle(
            billing_run or newest_billing_run(), release, now, instance.config.work.chunk
        ),
    )
    if cycle.state == CycleState.CLOSED:
        return cycle
    began = time.monotonic()
    if _persistently(instance, lambda: _progress(cycle))[0]:
        try_seal(instance)
        _work_off(instance, cycle, workers or instance.config.work.workers, advance)
    seconds = time.monotonic() - began
    return _persistently(instance, lambda: _finish(cycle.pk, now, seconds))


def _persistently(instance: Instance, step: Callable[[], T]) -> T:
    """Do a step that may be done twice, again if the database goes away meanwhile."""
    for _ in range(_MOST_ATTEMPTS):
        try:
            return step()
        except (OperationalError, InterfaceError):
            _bring_the_database_back(instance)
    return step()


def _finish(cycle_id: int, now: datetime, seconds: float) -> Cycle:
    """Keep the evidence over a cycle whose chunks are all done; raise ``CycleError`` if not."""
    Cycle.objects.filter(pk=cycle_id).update(compose_seconds=F("compose_seconds") + seconds)
    with transaction.atomic():
        cycle = Cycle.objects.select_for_update().get(pk=cycle_id)
        failed = cycle.chunks.filter(state=ChunkState.FAILED).order_by("position").first()
        if failed is not None:
            raise CycleError(
                f"chunk {failed.position} could not be done: {failed.error}",
                where=f"cycle {cycle.code}",
                hint="Mend the cause and run the cycle again: what is done stays done.",
            )
        if cycle.state == CycleState.COMPOSING:
            # Tables that were empty a minute ago: planned as such, the ledger took 80 s, not 0.2.
            # A third of the usual sample does, as in an import; all of it took four times as long.
            with connection.cursor() as cursor:
                tables = "cycles_chunk, cycles_failure, deliver_delivery, archive_document"
                take_statistics(cursor, tables, 30)
            if Document.objects.filter(cycle=cycle.code).exists():
                keep_evidence(cycle.code, cycle.cutoff)
            cycle.move(CycleState.COMPOSED)
            cycle.composed_at = now
            cycle.save(update_fields=["state", "composed_at"])
    return cycle


def _work_off(
    instance: Instance, cycle: Cycle, workers: int, advance: Callable[[int], None]
) -> None:
    """Keep workers going until no chunk of the cycle waits any more."""
    done, restarts_at_last_step, tended = 0, 0, time.monotonic()
    with Supervisor(instance.path, COMPOSE_QUEUES, workers) as supervisor:
        while True:
            try:
                waiting, finished = _progress(cycle)
                if time.monotonic() - tended > _TEND_SECONDS:
                    tended = time.monotonic()
                    retake_stalled()
                    queue_pending(cycle)
            except (DatabaseError, InterfaceError):
                _bring_the_database_back(instance)
                supervisor.restart_all()  # so that no job is half theirs
                continue
            if finished > done:
                advance(finished - done)
                done, restarts_at_last_step = finished, supervisor.restarts
            if not waiting:
                return
            supervisor.tend()
            if supervisor.restarts - restarts_at_last_step > _MOST_RESTARTS:
                raise CycleError(
                    "workers end as soon as they start.",
                    where=f"cycle {cycle.code}",
                    hint=f"Their last words are in {instance.path / 'log'}; see bustia doctor.",
                )
            time.sleep(_LOOK_SECONDS)


def _progress(cycle: Cycle) -> tuple[int, int]:
    """Give how many chunks wait, and how many invoices were finished."""
    waiting = cycle.chunks.filter(state=ChunkState.PENDING).count()
    finished = cycle.chunks.filter(state=ChunkState.DONE).aggregate(n=Sum("documents"))["n"]
    return waiting, finished or 0


def _bring_the_database_back(instance: Instance) -> None:
    """Start a database that went away."""
    connection.close()
    instance.ensure_running()


def cycle_report(cycle: Cycle) -> dict[str, Any]:
    """Say where a cycle stands: its ledger, documents, messages by rule, and failures."""
    ledger = closing_ledger(cycle)
    messages: Counter[str] = Counter()
    for counted in cycle.chunks.values_list("messages", flat=True):
        messages.update(counted)
    documents = Document.objects.filter(cycle=cycle.code).count()
    seconds = cycle.compose_seconds
    return {
        "cycle": cycle.code,
        "billing_run": cycle.billing_run,
        "state": cycle.state,
        "release": cycle.release,
        "cutoff": cycle.cutoff,
        "ledger": ledger.as_dict() | {"adds_up": ledger.adds_up},
        "documents": documents,
        "compose_seconds": round(seconds, 3),
        "documents_per_second": round(documents / seconds, 1) if seconds else 0.0,
        "messages": dict(sorted(messages.items())),
        "composed": _composed(cycle),
        "failures": [
            {"invoice": number, "stage": stage, "reason": reason}
            for number, stage, reason in cycle.failures.order_by("invoice__number").values_list(
                "invoice__number", "stage", "reason"
            )
        ],
    }


def _composed(cycle: Cycle) -> dict[str, Any]:
    """Sum up who composed the documents, and what the judge found, over the chunks."""
    press, compared = 0, 0
    typst: Counter[str] = Counter()
    differences: Counter[str] = Counter()
    for one in cycle.chunks.exclude(composed={}).values_list("composed", flat=True):
        press += one["press"]
        compared += one["compared"]
        typst.update(one["typst"])
        differences.update(one["differences"])
    return {
        "press": press,
        "typst": typst.total(),
        "why_typst": dict(typst.most_common()),
        "compared": compared,
        "differences": dict(differences),
    }


def cycles_and_runs() -> list[dict[str, Any]]:
    """List the cycles, the newest first, then the billing runs that have none yet."""
    documents = dict(
        Document.objects.values_list("cycle").annotate(n=Count("pk")).values_list("cycle", "n")
    )
    rows: list[dict[str, Any]] = [
        {
            "cycle": cycle.code,
            "billing_run": cycle.billing_run,
            "state": cycle.state,
            "invoices": sum(map(len, cycle.chunks.values_list("invoice_ids", flat=True))),
            "documents": documents.get(cycle.code, 0),
        }
        for cycle in Cycle.objects.order_by("-pk")
    ]
    known = {row["billing_run"] for row in rows}
    waiting = Invoice.objects.exclude(billing_run__in=known).values_list("billing_run")
    for billing_run, invoices in waiting.annotate(n=Count("pk")).order_by("-billing_run"):
        rows.append(
            {
                "cycle": "",
                "billing_run": billing_run,
                "state": "not run",
                "invoices": invoices,
                "documents": 0,
            }
        )
    return rows
