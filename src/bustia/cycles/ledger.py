"""The closing ledger of a cycle: every invoice received is in exactly one list, or it won't close.

received = e-mailed + posted + office only + suppressed + open + failed
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain

from django.db import connection, transaction

from bustia.cycles.models import Cycle
from bustia.cycles.states import CycleState
from bustia.errors import CycleError

__all__ = ["COLUMNS", "ClosingLedger", "close_cycle", "closing_ledger", "invoices_in"]

COLUMNS = ("emailed", "posted", "office_only", "suppressed", "open", "failed")
"""The lists of the ledger; each invoice of the cycle is in one of them."""

# What became of each invoice: its delivery that was not superseded by another channel counts. An
# invoice without one is open while its chunk waits, and failed where it could not be composed.
_LEDGER = """
WITH received AS (
    SELECT unnest(invoice_ids) AS id FROM cycles_chunk WHERE cycle_id = %(cycle)s),
counted AS (
    SELECT r.id,
           CASE WHEN f.id IS NOT NULL THEN 'failed'
                WHEN d.id IS NULL THEN 'open'
                WHEN d.state = 'suppressed' THEN 'suppressed'
                WHEN d.state IN ('failed', 'returned', 'expired') THEN 'failed'
                WHEN d.state <> 'delivered' THEN 'open'
                WHEN d.channel = 'email' THEN 'emailed'
                WHEN d.channel = 'post' THEN 'posted'
                WHEN d.channel = 'office' THEN 'office_only'
                ELSE 'open' END AS list
      FROM received r
      LEFT JOIN cycles_failure f ON f.invoice_id = r.id
      LEFT JOIN deliver_delivery d
             ON d.invoice_id = r.id AND d.kind = 'invoice' AND d.state <> 'superseded')
SELECT list, count(*),
       CASE WHEN list = %(wanted)s THEN array_agg(i.number ORDER BY i.number) END
  FROM counted JOIN billing_invoice i USING (id) GROUP BY list
"""


@dataclass(frozen=True, slots=True)
class ClosingLedger:
    """How many invoices a cycle received, and in which list each of them is."""

    invoices_received: int
    emailed: int
    posted: int
    office_only: int
    suppressed: int
    open: int
    failed: int

    @property
    def adds_up(self) -> bool:
        """Whether every invoice received is in exactly one list."""
        counted: int = sum(getattr(self, name) for name in COLUMNS)
        return self.invoices_received == counted

    def as_dict(self) -> dict[str, int]:
        """Give the ledger by names, in its order."""
        return asdict(self)


def closing_ledger(cycle: Cycle) -> ClosingLedger:
    """Count what became of every invoice of a cycle."""
    counts = {row[0]: row[1] for row in _lists(cycle)}
    received = set(chain.from_iterable(cycle.chunks.values_list("invoice_ids", flat=True)))
    return ClosingLedger(len(received), *(counts.get(name, 0) for name in COLUMNS))


def invoices_in(cycle: Cycle, name: str) -> list[str]:
    """Give the numbers of the invoices in one list of the ledger, in order."""
    if name not in COLUMNS:
        raise CycleError(
            f"the closing ledger has no list {name!r}.", hint=f"Its lists: {', '.join(COLUMNS)}."
        )
    return next((row[2] for row in _lists(cycle, name) if row[0] == name), [])


def _lists(cycle: Cycle, wanted: str = "") -> list[tuple[str, int, list[str]]]:
    """Give each list's name and size, and the invoices of the wanted one."""
    with connection.cursor() as cursor:
        cursor.execute(_LEDGER, {"cycle": cycle.pk, "wanted": wanted})
        rows: list[tuple[str, int, list[str]]] = cursor.fetchall()
    return rows


@transaction.atomic
def close_cycle(code: str, now: datetime) -> Cycle:
    """Close a cycle whose deliveries are all final; raise ``CycleError`` if it doesn't add up."""
    cycle = Cycle.objects.select_for_update().get(code=code)
    if cycle.state == CycleState.CLOSED:
        return cycle
    ledger = closing_ledger(cycle)
    if not ledger.adds_up:
        counted = sum(getattr(ledger, name) for name in COLUMNS)
        raise CycleError(
            f"{ledger.invoices_received} invoices were received, but the ledger counts {counted}.",
            where=f"cycle {code}",
            hint="Some invoice is in two lists or in none; bustia cycle show --list NAME tells.",
        )
    if ledger.open:
        raise CycleError(
            f"{ledger.open} invoices are still open.",
            where=f"cycle {code}",
            hint="Run bustia cycle run, then bustia deliver --until-idle.",
        )
    cycle.move(CycleState.CLOSED)
    cycle.closed_at = now
    cycle.save(update_fields=["state", "closed_at"])
    return cycle
