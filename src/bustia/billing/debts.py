"""What is left to pay of a contract: every unpaid invoice, what the bank gave back, the plan."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.utils.timezone import localdate

from bustia.billing.facts_queries import RETURNS
from bustia.billing.invoice_states import FROM, IN_PLAN, REST, RETURNED
from bustia.billing.models import PaymentPlan

__all__ = ["Debt", "Milestone", "Plan", "Returned", "debts_of", "plan_of", "returns_of"]

# Every invoice that is open or was returned and is not covered, the oldest first. One that a plan
# in force is about is paid with the plan.
_UNPAID = f"""
SELECT i.id, i.number, i.issue_date, i.due_date, i.charge_date, i.payable_amount,
       {REST}, {RETURNED},
       i.payment_means = 'direct_debit', i.payment_reference, i.seller = '' AND i.currency = 'EUR',
       {IN_PLAN}
  FROM {FROM}
 WHERE i.contract_id = %s AND i.kind = 'invoice' AND i.status IN ('open', 'returned')
   AND i.issue_date <= %s AND i.payable_amount > coalesce(p.paid, 0)
 ORDER BY coalesce(i.due_date, i.charge_date, i.issue_date), i.issue_date, i.number
"""  # noqa: S608 (a fragment of our own)


@dataclass(frozen=True, slots=True)
class Debt:
    """An invoice that is not paid, or not wholly."""

    invoice_id: int
    number: str
    issue_date: date
    due_date: date | None
    charge_date: date | None
    payable: Decimal
    rest: Decimal
    """What is left to pay of it, in euros."""
    returned: bool
    """The bank gave its direct debit back."""
    domiciled: bool
    payment_reference: str
    own: bool
    """The company's own, in euros: it can be paid online and by slip."""
    in_plan: bool
    """It is paid with the payment plan."""

    @property
    def day(self) -> date:
        """When it is, or was, to be paid."""
        if self.domiciled and self.charge_date:
            return self.charge_date
        return self.due_date or self.charge_date or self.issue_date

    def to_be_charged(self, today: date) -> bool:
        """Tell whether the bank is yet to be asked for it: paying it too would be twice."""
        return self.domiciled and not self.returned and self.day >= today

    def late(self, today: date) -> bool:
        """Tell whether its date has passed, or the bank gave it back."""
        return not self.in_plan and (self.returned or self.day < today)

    def payable_now(self, today: date) -> bool:
        """Tell whether it can be paid online or by slip."""
        return self.own and not self.in_plan and not self.to_be_charged(today)


def debts_of(contract_id: int, now: datetime) -> tuple[Debt, ...]:
    """Give every unpaid invoice of a contract, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPAID, [contract_id, localdate(now)])
        return tuple(Debt(*row) for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Returned:
    """A direct debit that the bank gave back, whose invoice is still not paid."""

    invoice: str
    amount: Decimal
    returned_on: date
    reason: str
    """ISO 20022 code: never shown as such."""


def returns_of(contract_id: int, now: datetime) -> tuple[Returned, ...]:
    """Give the returned debits that still matter, one an invoice, the newest first."""
    with connection.cursor() as cursor:
        cursor.execute(RETURNS, [f"{{{contract_id}}}", localdate(now)])
        newest: dict[str, Returned] = {}
        for _, _, *row in cursor.fetchall():
            newest.setdefault(row[0], Returned(*row))
    return tuple(newest.values())


@dataclass(frozen=True, slots=True)
class Milestone:
    """One instalment of a plan."""

    position: int
    due_date: date
    amount: Decimal
    paid_on: date | None
    state: str
    """``paid``, ``late``, ``next`` or ``coming``."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The payment plan in force, with its instalments in order."""

    number: str
    agreed_on: date
    total: Decimal
    paid: Decimal
    milestones: tuple[Milestone, ...]

    @property
    def remaining(self) -> Decimal:
        """What is left to pay of it, in euros."""
        return self.total - self.paid

    @property
    def paid_count(self) -> int:
        """How many instalments are paid."""
        return sum(one.state == "paid" for one in self.milestones)

    @property
    def next(self) -> Milestone | None:
        """The next instalment to pay: a late one first."""
        unpaid = (one for one in self.milestones if one.state in {"late", "next"})
        return next(unpaid, None)


def plan_of(contract_id: int, now: datetime) -> Plan | None:
    """Give the payment plan in force; None without one."""
    today = localdate(now)
    plan = (
        PaymentPlan.objects.filter(contract_id=contract_id, status="active", agreed_on__lte=today)
        .order_by("-agreed_on", "-number")
        .first()
    )
    if plan is None:
        return None
    milestones, paid, next_found = [], Decimal(0), False
    for one in plan.instalments.order_by("position"):
        if one.paid_on is not None:
            state, paid = "paid", paid + one.amount
        elif one.due_date < today:
            state = "late"
        else:
            state, next_found = ("coming" if next_found else "next"), True
        milestones.append(Milestone(one.position, one.due_date, one.amount, one.paid_on, state))
    return Plan(plan.number, plan.agreed_on, plan.total_amount, paid, tuple(milestones))
