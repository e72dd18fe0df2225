"""How an invoice stands, said once: what is left to pay of it, its day, and what that makes of it.

Fragments of SQL over ``billing_invoice i`` joined with ``PAID`` as ``p``; the pages that list
invoices, the first page and the debts are made of the same ones, so that they can't disagree.
"""

from typing import Literal

from bustia.billing.facts_queries import PAID

__all__ = ["DAY", "FROM", "IN_PLAN", "REST", "RETURNED", "STATE", "InvoiceState"]

InvoiceState = Literal[
    "refund", "cancelled", "nothing", "paid", "plan", "returned", "late", "charge", "pay"
]
"""``refund``: it gives money back. ``nothing``: there was nothing to pay. ``plan``: it is paid with
the payment plan in force. ``returned``: the bank gave its debit back. ``late``: its day is over.
``charge``: the bank will be asked for it. ``pay``: the customer is to pay it, and is in time."""

FROM = f"""billing_invoice i
  LEFT JOIN {PAID} p ON true"""

REST = """CASE WHEN i.kind = 'invoice' AND i.status IN ('open', 'returned')
               THEN greatest(i.payable_amount - coalesce(p.paid, 0), 0) ELSE 0 END"""
"""What is left to pay, in euros."""

DAY = """CASE WHEN i.payment_means = 'direct_debit'
              THEN coalesce(i.charge_date, i.due_date, i.issue_date)
              ELSE coalesce(i.due_date, i.charge_date, i.issue_date) END"""
"""When it is charged, or the last day to pay it."""

IN_PLAN = """EXISTS (
         SELECT FROM billing_paymentplan l
          WHERE l.contract_id = i.contract_id AND l.status = 'active'
            AND l.agreed_on >= i.issue_date)"""
"""A plan in force is about it: what was issued up to the day on which it was agreed."""

RETURNED = """(i.status = 'returned' OR EXISTS (
         SELECT FROM billing_returneddebit r WHERE r.invoice_id = i.id))"""
"""The bank gave its direct debit back."""

STATE = f"""CASE
      WHEN i.kind = 'credit_note' OR i.payable_amount < 0 THEN 'refund'
      WHEN i.status = 'cancelled' THEN 'cancelled'
      WHEN {REST} = 0 THEN CASE WHEN i.payable_amount = 0 THEN 'nothing' ELSE 'paid' END
      WHEN {IN_PLAN} THEN 'plan'
      WHEN {RETURNED} THEN 'returned'
      WHEN {DAY} < %(today)s THEN 'late'
      WHEN i.payment_means = 'direct_debit' THEN 'charge'
      ELSE 'pay' END"""
"""An :data:`InvoiceState`; asks for the parameter ``today``."""
