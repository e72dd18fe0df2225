"""What customers pay on the bank's page, until the billing system's export says so itself.

An import doesn't write here. An invoice whose online payment was authorised counts as paid from
that moment on: see ``billing/online_payments.py``.
"""

from django.db import models
from django.db.models import Q

from bustia.billing.models.exported import Contract, Invoice
from bustia.billing.paying_states import PaymentState

__all__ = ["OnlinePayment", "OnlinePaymentShare"]


class OnlinePayment(models.Model):
    """One order at the bank: what a customer set out to pay, and what became of it."""

    order = models.CharField(max_length=12)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="online_payments")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    state = models.CharField(max_length=10, default=PaymentState.STARTED)
    started_at = models.DateTimeField()
    started_by = models.CharField(max_length=80)
    """The account, by its reference in the log of changes."""
    expires_at = models.DateTimeField()
    """When it counts as given up, without word from the bank."""
    settled_at = models.DateTimeField(null=True, blank=True)
    response = models.CharField(max_length=4, blank=True)
    """The bank's code of the outcome."""
    authorisation = models.CharField(max_length=20, blank=True)
    """The bank's code of the authorised payment."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order"], name="online_payment_order_once"),
            models.CheckConstraint(
                name="online_payment_known",
                condition=Q(state__in=list(PaymentState)) & Q(amount__gt=0),
            ),
        ]


class OnlinePaymentShare(models.Model):
    """How much of an online payment is for one invoice."""

    payment = models.ForeignKey(
        OnlinePayment, on_delete=models.PROTECT, related_name="shares", db_index=False
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, related_name="online_shares", db_index=False
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    counts = models.BooleanField(default=False)
    """It was paid, and no payment that the billing system exported says so yet."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="online_share_once")
        ]
        indexes = [
            models.Index(fields=["invoice"], name="online_share_counts", condition=Q(counts=True))
        ]
