"""Cuts a billing run into chunks, each with a job in the queue, all in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from django.db import connection, transaction
from django.db.models import Count, F, Max
from django.db.models.expressions import RawSQL

from bustia.billing.models import Invoice
from bustia.cycles.models import Chunk, Cycle
from bustia.cycles.states import ChunkState, CycleState
from bustia.errors import CycleError
from bustia.rows import as_array, copy_rows
from bustia.work.jobs import NewJob, defer, live_locks

__all__ = [
    "COMPOSE_QUEUES",
    "COMPOSE_TASK",
    "newest_billing_run",
    "plan_cycle",
    "queue_pending",
]

COMPOSE_QUEUES = ("compose", "compose-back")
"""The chunks from the front of a billing run, and those from its back."""
COMPOSE_TASK = "bustia.cycles.compose_chunk"


def newest_billing_run() -> str:
    """Give the billing run whose invoices were issued last; raise ``CycleError`` if none were."""
    newest = (
        Invoice.objects.exclude(billing_run="")
        .order_by("-issue_date", "-billing_run")
        .values_list("billing_run", flat=True)
        .first()
    )
    if newest is None:
        raise CycleError(
            "there are no invoices yet.", hint="Import a bundle first: bustia import PATH"
        )
    return newest


@transaction.atomic
def plan_cycle(billing_run: str, release: str, cutoff: datetime, chunk_size: int) -> Cycle:
    """Plan what is left to do of a billing run, and put it into the queue.

    The first call makes the cycle, with all invoices of the run. A later one takes it up where
    it is: chunks that failed or whose job was lost go into the queue again, and invoices that
    arrived since become new chunks, in a further cycle if this one is closed.
    """
    with connection.cursor() as cursor:  # of two commands started at once, one plans
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"plan {billing_run}"])
    codes = Cycle.objects.filter(billing_run=billing_run)
    cycle = codes.order_by("-pk").first()
    if cycle is not None and cycle.state != CycleState.CLOSED:
        _give_another_chance(cycle)
    missing = _invoices_without_chunk(billing_run)
    if cycle is None or (cycle.state == CycleState.CLOSED and missing):
        if not missing:
            raise CycleError(
                "no invoice belongs to this billing run.",
                where=f"billing run {billing_run}",
                hint="bustia cycle list shows the runs that have invoices.",
            )
        number = codes.count()
        cycle = Cycle.objects.create(
            code=billing_run if not number else f"{billing_run}-{number + 1}",
            billing_run=billing_run,
            cutoff=cutoff,
            release=release,
            created_at=cutoff,
        )
    if missing:
        _add_chunks(cycle, missing, chunk_size)
    queue_pending(cycle)
    return cycle


def _invoices_without_chunk(billing_run: str) -> list[int]:
    """Give the run's invoices that no cycle has taken yet, those that look alike together.

    The press is quickest with bills of one language and length after each other.
    """
    taken = RawSQL(
        "SELECT unnest(c.invoice_ids) FROM cycles_chunk c"
        " JOIN cycles_cycle y ON y.id = c.cycle_id WHERE y.billing_run = %s",
        [billing_run],
    )
    invoices = Invoice.objects.filter(billing_run=billing_run).exclude(status="cancelled")
    language, lines = F("contract__customer__language"), Count("lines")
    alike = invoices.exclude(pk__in=taken).annotate(n=lines).order_by(language, "n", "number")
    return list(alike.values_list("pk", flat=True))


def _add_chunks(cycle: Cycle, invoices: Sequence[int], chunk_size: int) -> None:
    if cycle.state == CycleState.COMPOSED:
        cycle.move(CycleState.COMPOSING)
        cycle.save(update_fields=["state"])
    last = cycle.chunks.aggregate(last=Max("position"))["last"]
    first = 0 if last is None else last + 1
    starts = _from_both_ends(range(0, len(invoices), chunk_size))
    copy_rows(
        Chunk,
        ("cycle", "position", "invoice_ids", "state", "documents", "messages", "composed", "error"),
        [
            (
                cycle.pk,
                position,
                as_array(invoices[start : start + chunk_size]),
                ChunkState.PENDING.value,
                0,
                "{}",
                "{}",
                "",
            )
            for position, start in enumerate(starts, first)
        ],
    )


def _from_both_ends(starts: Sequence[int]) -> list[int]:
    """Give the first, the last, the second, the last but one, and so on."""
    half = (len(starts) + 1) // 2
    turns = zip_longest(starts[:half], reversed(starts[half:]))
    return [one for turn in turns for one in turn if one is not None]


def _give_another_chance(cycle: Cycle) -> None:
    """Let what failed be tried again: whole chunks, and single invoices in a new chunk."""
    for chunk in cycle.chunks.filter(state=ChunkState.FAILED).select_related("cycle"):
        chunk.move(ChunkState.PENDING)
        chunk.error = ""
        chunk.save(update_fields=["state", "error"])
    failed = set(cycle.failures.values_list("invoice_id", flat=True))
    if failed:
        for chunk in cycle.chunks.filter(invoice_ids__overlap=sorted(failed)):
            chunk.invoice_ids = [one for one in chunk.invoice_ids if one not in failed]
            chunk.save(update_fields=["invoice_ids"])
        cycle.failures.all().delete()


@transaction.atomic
def queue_pending(cycle: Cycle) -> None:
    """Give every chunk that waits a job in the queue, unless it has one."""
    # Two commands that tend the same cycle must not both find that a job is missing.
    Cycle.objects.select_for_update(no_key=True).get(pk=cycle.pk)
    pending = list(cycle.chunks.filter(state=ChunkState.PENDING).order_by("position"))
    live = live_locks([chunk.lock for chunk in pending])
    defer(
        [
            NewJob(COMPOSE_TASK, {"chunk": chunk.pk}, chunk.lock, _queue_of(chunk))
            for chunk in pending
            if chunk.lock not in live
        ]
    )


def _queue_of(chunk: Chunk) -> str:
    """Name the end of the billing run that a chunk is from, as ``_from_both_ends`` took it.

    A worker that stays at its end meets bills like those before, whose forms it has.
    """
    return COMPOSE_QUEUES[chunk.position % 2]
