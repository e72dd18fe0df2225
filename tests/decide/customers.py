"""Customers for tests: one about whom there is nothing to say, and changes to them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from bustia.billing.facts import Facts
from bustia.decide.catalogue import example_facts

__all__ = ["TODAY", "customer"]

TODAY = date(2026, 5, 12)

_QUIET: dict[str, Any] = {
    "today": TODAY,
    "office.registered": True,
    "contract.e_invoice": True,
    "contract.invoice_channel": "email",
    "contract.alerts_on": True,
    "meter.known": False,
    "meter.remote_read": False,
    "debt.count": 0,
    "debt.amount": Decimal("0.00"),
    "debt.oldest_due_date": None,
    "debt.days_overdue": 0,
    "debt.invoices": (),
    "returned_debit.present": False,
    "returned_debit.count": 0,
    "returned_debit.invoice": "",
    "returned_debit.amount": Decimal("0.00"),
    "returned_debit.returned_on": None,
    "returned_debit.reason": "",
    "returned_debit.reasons": (),
    "plan.active": False,
    "plan.next_date": None,
    "tariff.name": "",
    "calendar.next_issue_date": None,
    "calendar.next_charge_date": None,
}


def customer(**changes: Any) -> Facts:
    """Make the facts of a customer: ``customer(debt__count=2)`` changes ``debt.count``."""
    facts = example_facts()
    wanted = _QUIET | {path.replace("__", "."): value for path, value in changes.items()}
    for path, value in wanted.items():
        group, _, name = path.rpartition(".")
        if group:
            facts = replace(facts, **{group: replace(getattr(facts, group), **{name: value})})
        else:
            facts = replace(facts, **{name: value})
    return facts


def returned(reason: str, **changes: Any) -> Facts:
    """Make the facts of a customer whose only unpaid invoice was returned for a reason."""
    return customer(
        returned_debit__present=True,
        returned_debit__count=1,
        returned_debit__invoice="A26-000045",
        returned_debit__amount=Decimal("38.20"),
        returned_debit__returned_on=date(2026, 4, 4),
        returned_debit__reason=reason,
        returned_debit__reasons=(reason,),
        debt__count=1,
        debt__amount=Decimal("38.20"),
        **changes,
    )
