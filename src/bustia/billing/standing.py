"""How a contract stands today: its newest invoice, what is left to pay, and all that is known."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.db import connection
from django.utils.timezone import localdate

from bustia.billing.facts import Facts
from bustia.billing.facts_loader import load_facts
from bustia.billing.invoice_states import DAY, FROM, REST, STATE, InvoiceState
from bustia.money import ZERO

__all__ = ["Standing", "standing_of"]

# The newest invoice of a contract, what is left to pay of it, and how it stands.
_NEWEST = f"""
SELECT i.id, {REST}, {STATE}, {DAY}
  FROM {FROM}
 WHERE i.contract_id = %(contract)s AND i.issue_date <= %(today)s
 ORDER BY i.issue_date DESC, (i.kind = 'invoice') DESC, i.id DESC LIMIT 1
"""  # noqa: S608 (fragments of our own)

State = Literal["paid", "charge", "pay", "late", "refund", "nothing", "plan"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract as it stands: the facts with its newest invoice, and what is left of that."""

    facts: Facts
    rest: Decimal
    """What is left to pay of the newest invoice, in euros."""
    invoice_state: InvoiceState
    day: date
    """When the newest invoice is charged, or the last day to pay it."""

    @property
    def owed(self) -> Decimal:
        """All that is past its date and not paid, in euros."""
        return self.facts.debt.amount + (self.rest if self.state == "late" else ZERO)

    @property
    def owed_count(self) -> int:
        """How many invoices that is."""
        return self.facts.debt.count + (self.state == "late")

    @property
    def in_favour(self) -> Decimal:
        """What the newest invoice gives back, in euros."""
        return abs(self.facts.invoice.payable or self.facts.invoice.total)

    @property
    def state(self) -> State:
        """How the newest invoice stands, in fewer words: what was returned is late."""
        if self.invoice_state == "returned":
            return "late"
        return "nothing" if self.invoice_state == "cancelled" else self.invoice_state


def standing_of(contract_id: int, now: datetime) -> Standing | None:
    """Give how a contract stands at an instant; None before its first invoice."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"contract": contract_id, "today": localdate(now)})
        row = cursor.fetchone()
    if row is None:
        return None
    return Standing(load_facts([row[0]], now)[0], *row[1:])
