"""How a contract stands today: its newest invoice, what is left to pay, and all that is known."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.db import connection
from django.utils.timezone import localdate

from bustia.billing.facts import Facts
from bustia.billing.facts_loader import load_facts
from bustia.billing.facts_queries import PAID
from bustia.money import ZERO

__all__ = ["Standing", "standing_of"]

# The newest invoice of a contract, and what is left to pay of it.
_NEWEST = f"""
SELECT i.id, CASE WHEN i.kind = 'invoice' AND i.status IN ('open', 'returned')
                  THEN greatest(i.payable_amount - coalesce(p.paid, 0), 0) ELSE 0 END, i.status
  FROM billing_invoice i
  LEFT JOIN {PAID} p ON true
 WHERE i.contract_id = %s AND i.issue_date <= %s
 ORDER BY i.issue_date DESC, (i.kind = 'invoice') DESC, i.id DESC LIMIT 1
"""  # noqa: S608 (a fragment of our own)

State = Literal["paid", "charge", "pay", "late", "refund", "nothing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A contract as it stands: the facts with its newest invoice, and what is left of that."""

    facts: Facts
    rest: Decimal
    """What is left to pay of the newest invoice, in euros."""
    status: str

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
    def day(self) -> date | None:
        """When the newest invoice is charged, or the last day to pay it."""
        invoice = self.facts.invoice
        if invoice.payment_means == "direct_debit" and invoice.charge_date:
            return invoice.charge_date
        return invoice.due_date or invoice.charge_date

    @property
    def state(self) -> State:
        """How the newest invoice stands."""
        invoice = self.facts.invoice
        if invoice.kind == "credit_note" or invoice.payable < 0:
            return "refund"
        if not self.rest:
            return "paid" if invoice.payable else "nothing"
        if self.status == "returned" or (self.day is not None and self.day < self.facts.today):
            return "late"
        return "charge" if invoice.payment_means == "direct_debit" else "pay"


def standing_of(contract_id: int, now: datetime) -> Standing | None:
    """Give how a contract stands at an instant; None before its first invoice."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [contract_id, localdate(now)])
        row = cursor.fetchone()
    if row is None:
        return None
    return Standing(load_facts([row[0]], now)[0], row[1], row[2])
