"""A chunk is made whole or not at all, once, and always to the same bytes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bustia.archive.models import Document, Segment
from bustia.archive.services import check, retrieve
from bustia.billing.models import Invoice, SourceDocument
from bustia.compose.press import Press, Pressed, Verdicts, press
from bustia.compose.view import BillView
from bustia.cycles import making
from bustia.cycles.ledger import invoices_in
from bustia.cycles.making import document_number, make_chunk
from bustia.cycles.models import Chunk, Cycle, Failure
from bustia.cycles.planning import plan_cycle
from bustia.cycles.running import cycle_report
from bustia.cycles.workshop import Workshop
from bustia.decide.catalogue import example_facts
from bustia.deliver.models import Delivery
from bustia.deliver.planning import plan_invoices
from bustia.errors import ComposeError
from tests.cycles.conftest import NOW, make_workshop

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def _make(chunk: Chunk, workshop: Workshop) -> bool:
    return make_chunk(chunk.pk, lambda _: workshop)


def _first(cycle: Cycle) -> Chunk:
    return cycle.chunks.get(position=0)


def _numbers(chunk: Chunk) -> list[str]:
    found = Invoice.objects.filter(pk__in=chunk.invoice_ids)
    return list(found.order_by("number").values_list("number", flat=True))


@dataclass
class _Choosy:
    """The real press, but for one invoice, at which it fails."""

    press: Press
    number: str
    error: Exception

    @property
    def verdicts(self) -> Verdicts:
        """What its judge found."""
        return self.press.verdicts

    def compose(self, view: BillView, *rest: Any) -> Pressed:
        """Compose a bill, or fail."""
        if self.number in repr(view):
            raise self.error
        return self.press.compose(view, *rest)


def test_a_chunk_becomes_documents_and_deliveries(billed: Cycle, workshop: Workshop):
    """Each invoice has its document, which the archive gives back, and one delivery of it."""
    chunk = _first(billed)
    assert make_chunk(chunk.pk, lambda _: workshop)
    numbers = _numbers(chunk)
    documents = list(Document.objects.select_related("segment").order_by("number"))

    assert numbers == [one.number for one in documents]
    assert len(numbers) == 20
    assert all(retrieve(one).startswith(b"%PDF-") for one in documents)
    assert {(workshop.release, NOW)} == {(one.release, one.sealed_at) for one in documents}
    deliveries = Delivery.objects.filter(kind="invoice").order_by("invoice__number")
    assert [(one.number, one.pk) for one in documents] == list(
        deliveries.values_list("invoice__number", "document")
    )
    chunk.refresh_from_db()
    assert (chunk.state, chunk.documents) == ("done", 20)
    assert Counter(rule for one in documents for rule in one.messages) == chunk.messages
    report = check()
    assert (report.documents, report.damaged, report.orphans) == (20, [], [])


@pytest.mark.parametrize(
    ("error", "stage", "reason"),
    [
        (ComposeError("the page is too narrow."), "compose", "the page is too narrow."),
        (ZeroDivisionError("Titular 1, 12345678Z"), "other", "ZeroDivisionError in compose:"),
    ],
)
def test_one_bad_invoice_stops_no_other(
    billed: Cycle, workshop: Workshop, error: Exception, stage: str, reason: str
):
    """Its neighbours are made; it is among the failed, with its stage and no personal data."""
    chunk = _first(billed)
    bad, *good = _numbers(chunk)
    choosy: Any = _Choosy(workshop.press, bad, error)
    assert _make(chunk, replace(workshop, press=choosy))

    assert good == list(Document.objects.order_by("number").values_list("number", flat=True))
    assert [bad] == invoices_in(billed, "failed")
    failure = Failure.objects.get()
    assert (bad, stage) == (failure.invoice.number, failure.stage)
    assert failure.reason.startswith(reason)
    assert "12345678Z" not in failure.reason
    assert not Delivery.objects.filter(invoice__number=bad).exists()

    assert billed.pk == plan_cycle(billed.billing_run, "", NOW, 20).pk
    assert _make(billed.chunks.get(invoice_ids=[failure.invoice_id]), workshop)
    assert invoices_in(billed, "failed") == []
    assert [bad, *good] == list(
        Document.objects.order_by("number").values_list("number", flat=True)
    )


def test_an_error_at_the_end_leaves_no_row_and_its_segment_is_used_again(
    billed: Cycle, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
):
    """Made anew, the chunk has the same segment, which the archive's check saw as an orphan."""
    chunk = _first(billed)

    def stumble(*arguments: Any) -> list[Delivery]:
        plan_invoices(*arguments)
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(making, "plan_invoices", stumble)
        with pytest.raises(ConnectionError):
            _make(chunk, workshop)
    left = [kind.objects.count() for kind in (Document, Segment, Delivery, Failure)]
    (orphan,) = check().orphans
    chunk.refresh_from_db()
    assert (left, chunk.state) == ([0, 0, 0, 0], "pending")

    assert _make(chunk, workshop)
    assert [orphan] == list(Segment.objects.values_list("name", flat=True))
    assert check().orphans == []


def test_who_composed_is_in_the_report(billed: Cycle, workshop: Workshop):
    """The press makes what it can, the judge looks at each part once, and the cycle tells."""
    assert _make(_first(billed), workshop)

    composed = cycle_report(billed)["composed"]
    assert composed["press"] + composed["typst"] == 20
    assert composed["press"] >= 18
    assert composed["differences"] == {}
    assert {"press": composed["press"], "typst": composed["typst"]} == {
        "press": Document.objects.filter(composer="press").count(),
        "typst": Document.objects.filter(composer="typst").count(),
    }


def test_what_was_pressed_before_the_judge_found_fault_is_composed_anew(
    billed: Cycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A difference found at the last document takes its parts off the press for the whole chunk."""
    chunk, workshop = _first(billed), make_workshop(tmp_path / "doubtful")
    last = _numbers(chunk)[-1]

    def judged(self: Press, view: BillView, *rest: Any) -> None:
        if view.number == last:
            find_fault(self, view, *rest)

    find_fault = Press._judge
    monkeypatch.setattr(Press, "_is_judged", lambda *_: True)
    monkeypatch.setattr(Press, "_judge", judged)
    monkeypatch.setattr(press, "differences", lambda *_: ["page 1: a glyph is off by 3 pt"])
    assert _make(chunk, workshop)

    composed = cycle_report(billed)["composed"]
    assert composed["differences"] == {"page 1: a glyph is off by 3 pt": 1}
    again = composed["why_typst"]["a part of it was taken off the press"]
    assert again >= 1
    assert again + 1 == composed["typst"] == Document.objects.filter(composer="typst").count()
    assert composed["press"] == 20 - composed["typst"]


def test_a_chunk_that_is_done_is_not_done_again(billed: Cycle, workshop: Workshop):
    """The job of a chunk that another worker finished does nothing; nor does that of no chunk."""
    chunk = _first(billed)
    assert _make(chunk, workshop)
    before = list(Document.objects.values_list("pk", "sha256"))

    assert not _make(chunk, workshop)
    assert not make_chunk(0, lambda _: workshop)
    assert before == list(Document.objects.values_list("pk", "sha256"))


def test_the_number_of_queries_does_not_grow_with_the_chunk(billed: Cycle, workshop: Workshop):
    """Five invoices take as many queries as fifty, whatever is known of their customers."""

    def queries(count: int) -> int:
        chunk = _first(billed)
        with CaptureQueriesContext(connection) as captured:
            Chunk.objects.filter(pk=chunk.pk).update(invoice_ids=everything[:count])
            assert _make(chunk, workshop)
        assert count == Document.objects.count()
        return len(captured)

    everything = [one for chunk in billed.chunks.order_by("position") for one in chunk.invoice_ids]
    found = []
    for count in (5, 50):
        mark = transaction.savepoint()
        found.append(queries(count))
        transaction.savepoint_rollback(mark)

    assert found[0] == found[1] < 40


def test_another_instance_makes_the_same_bytes(billed: Cycle, workshop: Workshop, tmp_path: Path):
    """The same chunk, made by engines that were set up anew elsewhere, is the same to the byte."""
    made = []
    makers: list[Callable[[], Workshop]] = [
        lambda: workshop,
        lambda: make_workshop(tmp_path / "elsewhere"),
    ]
    for maker in makers:
        mark = transaction.savepoint()
        assert _make(_first(billed), maker())
        made.append([(one.number, retrieve(one)) for one in Document.objects.order_by("number")])
        transaction.savepoint_rollback(mark)

    assert len(made[0]) == 20
    assert made[0] == made[1]


def test_e_invoices_go_along_in_pressed_bills(billed: Cycle, workshop: Workshop):
    """The file that an invoice was received as is in its bill, to the byte."""
    chunk = _first(billed)
    content = {}
    for place, invoice in enumerate(Invoice.objects.filter(pk__in=chunk.invoice_ids[:3])):
        content[invoice.number] = f"<Invoice>ñ {place}</Invoice>".encode()
        invoice.source = SourceDocument.objects.create(
            sha256=f"{place:064}",
            name=f"{invoice.number}.xml",
            media_type="application/xml",
            format="ubl",
            content=content[invoice.number],
            received_at=NOW,
        )
        invoice.save()
    assert _make(chunk, workshop)
    for document in Document.objects.filter(number__in=content):
        with pikepdf.open(BytesIO(retrieve(document))) as pdf:
            found = {name: one.get_file().read_bytes() for name, one in pdf.attachments.items()}
        assert found == {f"{document.number}.xml": content[document.number]}
        assert document.composer == "press"


@pytest.mark.parametrize(
    ("seller_nif", "seller_name", "number"),
    [
        ("", "", "A26-000123"),
        ("A43999127", "Aigües de Vallserena", "A26-000123"),
        ("ESA43999127", "Aigües de Vallserena", "A26-000123"),
        ("NL123456789B01", "De Koksmaat", "NL123456789B01/A26-000123"),
        ("", "De Koksmaat", "De Koksmaat/A26-000123"),
    ],
)
def test_two_sellers_may_use_the_same_number(seller_nif, seller_name, number):
    """A document has its invoice's number, with the seller before it where that is another."""
    facts = example_facts(complete=True)
    invoice = replace(
        facts.invoice, number="A26-000123", seller_nif=seller_nif, seller_name=seller_name
    )
    made = document_number(replace(facts, invoice=invoice), "A43999127")
    assert number == made
