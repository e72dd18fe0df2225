"""A billing run is cut into chunks: each invoice once, each chunk with a job, whatever happens."""

from collections import Counter
from itertools import chain

import pytest
from django.db import connection, transaction

from bustia.billing.models import Invoice
from bustia.cycles.models import Chunk, Cycle, Failure
from bustia.cycles.planning import newest_billing_run, plan_cycle, queue_pending
from bustia.cycles.states import ChunkState, CycleState
from bustia.errors import CycleError
from tests.cycles.conftest import NOW, RUN, Issue, jobs

pytestmark = pytest.mark.django_db


def _plan(run: str = RUN) -> Cycle:
    return plan_cycle(run, "release", NOW, 4)


def _chunks(cycle: Cycle) -> list[list[int]]:
    return list(cycle.chunks.order_by("position").values_list("invoice_ids", flat=True))


def _finish(cycle: Cycle) -> None:
    cycle.chunks.update(state=ChunkState.DONE)
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.COMPOSED)


def test_chunks_cover_each_invoice_once(issue: Issue):
    """Chunks are cut in order, taken from both ends, the last may be smaller; each has one job."""
    invoices = issue(10)
    issue(3, "2026-02")
    cycle = _plan()

    assert [invoices[:4], invoices[8:], invoices[4:8]] == _chunks(cycle)
    assert list(cycle.chunks.order_by("position").values_list("position", flat=True)) == [0, 1, 2]
    assert [chunk.lock for chunk in cycle.chunks.order_by("position")] == jobs()
    assert (
        cycle.code, cycle.release, cycle.cutoff, cycle.state
    ) == (RUN, "release", NOW, CycleState.COMPOSING)  # fmt: skip


def test_the_ends_of_a_run_are_two_queues(issue: Issue):
    """The chunks from the front are in one queue, those from the back in the other."""
    issue(14)
    _plan()
    with connection.cursor() as cursor:
        cursor.execute("SELECT queue_name FROM procrastinate_jobs ORDER BY id")
        queues = [name for (name,) in cursor.fetchall()]

    assert queues == ["compose", "compose-back", "compose", "compose-back"]


def test_planning_twice_adds_nothing(issue: Issue):
    """A cycle that is taken up again has the same chunks and jobs, and keeps its release."""
    issue(10)
    first = _plan()
    before = (_chunks(first), jobs())
    second = plan_cycle(RUN, "another release", NOW, 3)

    assert (first.pk, "release") == (second.pk, second.release)
    assert before == (_chunks(second), jobs())


def test_a_chunk_whose_job_was_lost_gets_another(issue: Issue):
    """Only chunks that wait and have no job are put into the queue."""
    issue(10)
    cycle = _plan()
    done, *waiting = cycle.chunks.order_by("position")
    Chunk.objects.filter(pk=done.pk).update(state=ChunkState.DONE)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    queue_pending(cycle)

    assert [chunk.lock for chunk in waiting] == jobs()


def test_late_invoices_become_new_chunks_and_the_cycle_composes_again(issue: Issue):
    """The chunks that are there stay as they are; a composed cycle composes again."""
    early = issue(5)
    cycle = _plan()
    _finish(cycle)
    late = issue(6)
    again = _plan()

    assert cycle.pk == again.pk
    assert Cycle.objects.get().state == CycleState.COMPOSING
    assert [early[:4], early[4:], late[:4], late[4:]] == _chunks(again)
    assert list(again.chunks.order_by("position").values_list("state", flat=True)) == [
        "done",
        "done",
        "pending",
        "pending",
    ]


def test_invoices_after_closing_become_a_further_cycle(issue: Issue):
    """A closed cycle is never touched; planning it without new invoices gives it back."""
    issue(5)
    first = _plan()
    _finish(first)
    Cycle.objects.update(state=CycleState.CLOSED)
    assert first.pk == _plan().pk
    late = issue(2)
    second = _plan()
    later = issue(1)
    Cycle.objects.update(state=CycleState.CLOSED)
    third = _plan()

    assert [first.code, second.code, third.code] == ["2026-03", "2026-03-2", "2026-03-3"]
    assert ([late], [later]) == (_chunks(second), _chunks(third))
    assert first.chunks.count() == 2


def test_what_failed_gets_another_chance(issue: Issue):
    """Failed chunks wait again; failed invoices leave their chunk for a new one."""
    invoices = issue(8)
    cycle = _plan()
    first, second = cycle.chunks.order_by("position")
    Chunk.objects.filter(pk=first.pk).update(state=ChunkState.DONE)
    Chunk.objects.filter(pk=second.pk).update(state=ChunkState.FAILED, error="it broke")
    Failure.objects.create(cycle=cycle, invoice_id=invoices[1], stage="compose", reason="too wide")
    again = _plan()

    assert [[invoices[0], *invoices[2:4]], invoices[4:], [invoices[1]]] == _chunks(again)
    assert list(again.chunks.order_by("position").values_list("state", "error")) == [
        ("done", ""),
        ("pending", ""),
        ("pending", ""),
    ]
    assert Failure.objects.count() == 0
    assert {1} == set(Counter(chain.from_iterable(_chunks(again))).values())


def test_planning_that_is_rolled_back_leaves_nothing(issue: Issue):
    """Neither cycle nor chunk nor job of a plan is there, if its transaction failed."""
    issue(10)
    with transaction.atomic():
        _plan()
        transaction.set_rollback(True)

    assert (Cycle.objects.count(), Chunk.objects.count(), jobs()) == (0, 0, [])


def test_cancelled_invoices_are_left_out(issue: Issue):
    """An invoice that was cancelled before the cycle is in no chunk."""
    invoices = issue(3)
    Invoice.objects.filter(pk=invoices[1]).update(status="cancelled")

    assert [[invoices[0], invoices[2]]] == _chunks(_plan())


def test_without_invoices_there_is_nothing_to_plan(issue: Issue):
    """The error names the billing run, and what to do."""
    with pytest.raises(CycleError, match="no invoices yet") as error:
        newest_billing_run()
    assert "bustia import" in str(error.value.hint)
    issue(1, "2026-02")
    issue(1)

    assert newest_billing_run() == RUN
    with pytest.raises(CycleError, match="billing run 2031-01"):
        _plan("2031-01")
