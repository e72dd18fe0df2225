"""What customers were told before counts, as far back as messages are capped."""

from datetime import UTC, date, datetime

import pytest

from bustia.archive.models import Document
from bustia.cycles.making import messages_before
from tests.deliver.town import Town

CUTOFF = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_history_is_what_other_cycles_told_in_the_last_year() -> None:
    """Each message counts on the day it was sealed; this cycle, old and later ones don't."""
    town = Town()
    contracts = [town.contract(place) for place in range(3)]
    told = [
        (0, "2026-01", datetime(2026, 1, 12, 23, 30, tzinfo=UTC), ["save-water", "e-invoice"]),
        (0, "2025-06", datetime(2025, 6, 12, 8, 0, tzinfo=UTC), ["e-invoice"]),
        (0, "2025-01", datetime(2025, 4, 7, 7, 59, tzinfo=UTC), ["too-old"]),
        (0, "2026-03", datetime(2026, 5, 11, 8, 0, tzinfo=UTC), ["this-cycle"]),
        (0, "2026-02", CUTOFF, ["not-before"]),
        (1, "2026-01", datetime(2025, 4, 7, 8, 0, tzinfo=UTC), ["just-in-time"]),
        (2, "2026-01", datetime(2026, 1, 12, 8, 0, tzinfo=UTC), []),
    ]
    for other, (place, cycle, sealed_at, messages) in enumerate(told, start=len(contracts)):
        invoice = town.invoice(town.contract(other)).invoice_id
        Document.objects.filter(invoice=invoice).update(
            contract=contracts[place], cycle=cycle, sealed_at=sealed_at, messages=messages
        )
    history = messages_before([one.pk for one in contracts], CUTOFF, "2026-03")
    assert {
        contracts[0].pk: {
            "save-water": [date(2026, 1, 12)],
            "e-invoice": [date(2026, 1, 12), date(2025, 6, 12)],
        },
        contracts[1].pk: {"just-in-time": [date(2025, 4, 7)]},
    } == {
        key: {rule: sorted(days, reverse=True) for rule, days in rules.items()}
        for key, rules in history.items()
    }
    assert messages_before([], CUTOFF, "2026-03") == {}
