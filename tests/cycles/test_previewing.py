"""A preview is the bill that the cycle will make, and leaves no trace."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bustia.archive.models import Document
from bustia.archive.services import retrieve
from bustia.billing.models import Invoice
from bustia.compose.press.judge import differences
from bustia.cycles.making import make_chunk
from bustia.cycles.models import Cycle
from bustia.cycles.previewing import Previewer
from bustia.cycles.workshop import Workshop
from bustia.errors import StationeryError
from tests.compose.bills import STATIONERY
from tests.cycles.conftest import NOW, Issue

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def previewer() -> Previewer:
    """One for all, as in a server."""
    return Previewer(STATIONERY)


def test_it_is_what_the_cycle_makes(billed: Cycle, workshop: Workshop, previewer: Previewer):
    """The same pages and messages, before the cycle and after it; only the seal is missing."""
    first = billed.chunks.get(position=0)
    invoices = Invoice.objects.filter(pk__in=first.invoice_ids).select_related("contract")
    contracts = {one.contract.number for one in invoices[:8]}
    before = {one: previewer.preview(one, NOW) for one in contracts}
    assert make_chunk(first.pk, lambda _: workshop)
    compared = 0
    for contract, made in before.items():
        for document in Document.objects.filter(number=made.invoice):
            compared += 1
            assert made.decision.trace_json() == document.trace
            assert differences(retrieve(document), made.pdf) == []
            assert b"/ByteRange" not in made.pdf
            assert previewer.preview(contract, NOW) == made
    assert compared > 3


def test_it_only_reads(billed: Cycle, previewer: Previewer):
    """Nothing is written, and not many queries are asked."""
    number = Invoice.objects.values_list("contract__number", flat=True).first()
    with CaptureQueriesContext(connection) as asked:
        previewer.preview(number or "", NOW)
    assert len(asked) < 25
    assert {one["sql"].split()[0] for one in asked} <= {"SELECT", "WITH"}


def test_another_language(issue: Issue, previewer: Previewer):
    """The bill comes out as a customer who reads that language would get it."""
    issue(1)
    assert previewer.preview("K0", NOW).language == "ca"
    made = previewer.preview("K0", NOW, "en")
    assert (made.language, b"/Lang (en)" in made.pdf or b"/Lang(en)" in made.pdf) == ("en", True)


@pytest.mark.parametrize(
    ("contract", "said"), [("K9", "there is no contract K9"), ("K0", "has no invoice yet")]
)
def test_what_cant_be_previewed_says_why(
    contract: str, said: str, issue: Issue, previewer: Previewer
):
    """A wrong number, and a contract that was never billed up to that day."""
    issue(1)
    with pytest.raises(StationeryError, match=said):
        previewer.preview(contract, NOW.replace(year=2021))
