"""Loading facts costs the same number of queries however many invoices there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.deliver.town import NOW, Town

from bustia.billing.facts_loader import load_facts


@pytest.mark.django_db
def test_queries_do_not_grow_with_invoices() -> None:
    """One invoice and thirty take equally many queries, and each gets its facts."""
    town = Town()
    ids = [town.invoice(town.contract(place)).invoice_id for place in range(30)]
    counts = []
    for wanted in (ids[:1], ids):
        with CaptureQueriesContext(connection) as queries:
            found = load_facts(wanted, NOW)
        assert len(wanted) == len(found)
        counts.append(len(queries))
    assert counts[0] == counts[1] > 0
