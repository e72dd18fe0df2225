"""Every invoice received is in exactly one list of the closing ledger, or the cycle stays open."""

import pytest
from django.db import connection

from bustia.archive.models import Document
from bustia.billing.models import Invoice
from bustia.cycles.ledger import COLUMNS, ClosingLedger, close_cycle, closing_ledger, invoices_in
from bustia.cycles.models import Chunk, Cycle, Failure
from bustia.cycles.planning import plan_cycle
from bustia.cycles.running import cycle_report, cycles_and_runs, find_cycle
from bustia.cycles.states import ChunkState, CycleState
from bustia.deliver.models import Delivery
from bustia.errors import CycleError
from tests.cycles.conftest import NOW, RUN, Issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(issue: Issue) -> Cycle:
    """A cycle of eight invoices whose chunks wait."""
    issue(8)
    return plan_cycle(RUN, "release", NOW, 4)


def _deliver(place: int, channel: str, state: str) -> Delivery:
    invoice = Invoice.objects.get(number=f"A26-{place:04}")
    return Delivery.objects.create(
        key=f"{RUN}/{invoice.number}/{channel}/{state}",
        kind="invoice",
        channel=channel,
        cycle=RUN,
        contract_id=invoice.contract_id,
        invoice=invoice,
        language="ca",
        state=state,
        not_before=NOW,
    )


def _compose(cycle: Cycle) -> None:
    """Write what a composed cycle of eight has, one or two invoices in each list."""
    _deliver(0, "email", "superseded")
    for place, channel, state in (
        (0, "post", "delivered"), (1, "email", "delivered"), (2, "email", "delivered"),
        (3, "office", "delivered"), (4, "post", "suppressed"), (5, "email", "returned"),
        (6, "post", "handed_over"),
    ):  # fmt: skip
        _deliver(place, channel, state)
    last = Invoice.objects.get(number="A26-0007")
    Failure.objects.create(cycle=cycle, invoice=last, stage="compose", reason="too wide")
    cycle.chunks.update(state=ChunkState.DONE)
    Cycle.objects.filter(pk=cycle.pk).update(state=CycleState.COMPOSED)
    cycle.refresh_from_db()


def test_the_sums_add_up_at_each_stage(cycle: Cycle):
    """All are open before a chunk is made, then each is where its delivery or failure puts it."""
    before = closing_ledger(cycle)
    assert ClosingLedger(8, 0, 0, 0, 0, 8, 0) == before
    _compose(cycle)
    after = closing_ledger(cycle)

    assert ClosingLedger(8, 2, 1, 1, 1, 1, 2) == after
    assert before.adds_up
    assert after.adds_up


def test_each_list_names_its_invoices(cycle: Cycle):
    """The lists are in the order of the numbers, have no invoice in common, and lack none."""
    _compose(cycle)
    lists = {name: invoices_in(cycle, name) for name in COLUMNS}

    assert lists == {
        "emailed": ["A26-0001", "A26-0002"],
        "posted": ["A26-0000"],
        "office_only": ["A26-0003"],
        "suppressed": ["A26-0004"],
        "open": ["A26-0006"],
        "failed": ["A26-0005", "A26-0007"],
    }
    with pytest.raises(CycleError, match="no list 'lost'"):
        invoices_in(cycle, "lost")


def test_notices_and_other_cycles_are_not_counted(cycle: Cycle, issue: Issue):
    """Only the deliveries of this cycle's invoices count."""
    _compose(cycle)
    before = closing_ledger(cycle)
    notice = _deliver(6, "sms", "superseded")
    Delivery.objects.filter(pk=notice.pk).update(kind="notice", state="delivered")
    issue(3, "2026-04")
    plan_cycle("2026-04", "release", NOW, 4)

    assert before == closing_ledger(cycle)


def test_an_open_cycle_is_not_closed(cycle: Cycle):
    """Closing is refused while an invoice is open or a chunk waits; then it closes, once."""
    with pytest.raises(CycleError, match="8 invoices are still open"):
        close_cycle(RUN, NOW)
    _compose(cycle)
    with pytest.raises(CycleError, match="1 invoices are still open"):
        close_cycle(RUN, NOW)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.COMPOSED
    Delivery.objects.filter(state="handed_over").update(state="delivered")

    closed = close_cycle(RUN, NOW)
    assert (closed.state, closed.closed_at) == (CycleState.CLOSED, NOW)
    assert closed.pk == close_cycle(RUN, NOW).pk


def test_an_invoice_without_delivery_stays_open(cycle: Cycle):
    """A document that nobody was to deliver keeps its cycle from closing."""
    _compose(cycle)
    Delivery.objects.filter(state__in=["handed_over", "suppressed"]).delete()

    assert invoices_in(cycle, "open") == ["A26-0004", "A26-0006"]
    with pytest.raises(CycleError, match="2 invoices are still open"):
        close_cycle(RUN, NOW)


def test_an_invoice_with_two_deliveries_does_not_add_up(cycle: Cycle):
    """Were the tables' own rule gone, the ledger would see that one is counted twice."""
    _compose(cycle)
    Delivery.objects.filter(state="handed_over").update(state="delivered")
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX delivery_one_way_an_invoice")
    _deliver(1, "post", "delivered")

    assert not closing_ledger(cycle).adds_up
    with pytest.raises(CycleError, match="8 invoices were received, but the ledger counts 9"):
        close_cycle(RUN, NOW)


def test_an_invoice_in_two_chunks_does_not_add_up(cycle: Cycle):
    """An invoice is received once, however many chunks have it."""
    _compose(cycle)
    Delivery.objects.filter(state="handed_over").update(state="delivered")
    twice = cycle.chunks.get(position=0).invoice_ids[:1]
    Chunk.objects.create(cycle=cycle, position=2, invoice_ids=twice, state=ChunkState.DONE)

    with pytest.raises(CycleError, match="8 invoices were received, but the ledger counts 9"):
        close_cycle(RUN, NOW)


def test_the_report_says_where_a_cycle_stands(cycle: Cycle):
    """It has the ledger, the messages of all chunks, and each failure with its reason."""
    _compose(cycle)
    first, second = cycle.chunks.order_by("position")
    Chunk.objects.filter(pk=first.pk).update(messages={"leak": 2, "drought": 1})
    Chunk.objects.filter(pk=second.pk).update(messages={"drought": 3})
    report = cycle_report(cycle)

    assert closing_ledger(cycle).as_dict() | {"adds_up": True} == report["ledger"]
    assert report["messages"] == {"drought": 4, "leak": 2}
    assert report["failures"] == [{"invoice": "A26-0007", "stage": "compose", "reason": "too wide"}]
    assert (
        report["cycle"], report["state"], report["documents_per_second"]
    ) == (RUN, "composed", 0.0)  # fmt: skip


def test_cycles_and_the_runs_without_one_are_listed(cycle: Cycle, issue: Issue):
    """The newest cycle is first; a billing run that waits says that it was not run."""
    issue(2, "2026-04")

    assert Document.objects.count() == 0
    assert [
        (row["cycle"], row["billing_run"], row["state"], row["invoices"])
        for row in cycles_and_runs()
    ] == [
        (RUN, RUN, "composing", 8),
        ("", "2026-04", "not run", 2),
    ]
    assert cycle.pk == find_cycle(None).pk == find_cycle(RUN).pk
    with pytest.raises(CycleError, match="no cycle '2031-01'"):
        find_cycle("2031-01")
