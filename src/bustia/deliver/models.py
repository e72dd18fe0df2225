"""The delivery ledger: one row for each recipient and channel, and every attempt to hand over.

Beside it, the outbox for holders of Office accounts.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from bustia.billing.fields import EncryptedTextField
from bustia.deliver.states import DeliveryState, MessageState

__all__ = ["AccountMessage", "Attempt", "Delivery", "PrintRun", "Sent"]


class PrintRun(models.Model):
    """The paper invoices that are printed together: one PDF and its list."""

    code = models.CharField(max_length=40, unique=True)
    cycle = models.CharField(max_length=24)
    created_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True, blank=True)


class Delivery(models.Model):
    """One document or notice to one recipient over one channel."""

    key = models.CharField(max_length=120)
    """Cycle or run, what it is about, and channel: nobody gets the same twice."""
    kind = models.CharField(max_length=12)
    channel = models.CharField(max_length=6)
    cycle = models.CharField(max_length=24, blank=True)
    contract = models.ForeignKey(
        "billing.Contract", on_delete=models.PROTECT, related_name="deliveries"
    )
    invoice = models.ForeignKey(
        "billing.Invoice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
    )
    document = models.ForeignKey(
        "archive.Document",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
    )
    language = models.CharField(max_length=2)
    content = models.JSONField(default=dict)
    """What the message says beside the document, as plain data."""
    state = models.CharField(max_length=11, default=DeliveryState.DUE)
    reason = models.CharField(max_length=300, blank=True)
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.BigIntegerField(null=True, blank=True)
    """Number of the deliverer that has it; while it lives it holds an advisory lock on it."""
    lease_until = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=120, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    print_run = models.ForeignKey(
        PrintRun, on_delete=models.PROTECT, null=True, blank=True, related_name="deliveries"
    )

    class Meta:
        indexes = [
            models.Index(fields=["cycle"], name="delivery_by_cycle"),
            models.Index(
                fields=["channel", "not_before"],
                name="delivery_waiting",
                condition=Q(state__in=["scheduled", "due", "deferred"]),
            ),
            models.Index(
                fields=["lease_until"], name="delivery_claimed", condition=Q(state="claimed")
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], name="delivery_key_once"),
            models.CheckConstraint(
                name="delivery_state_known", condition=Q(state__in=list(DeliveryState))
            ),
            # The ledger counts each invoice once: it has one way at a time.
            models.UniqueConstraint(
                fields=["invoice"],
                name="delivery_one_way_an_invoice",
                condition=Q(kind="invoice") & ~Q(state="superseded"),
            ),
        ]


class Attempt(models.Model):
    """One hand-over to a provider: written before it, completed after it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    claimed_at = models.DateTimeField()
    started = models.BooleanField(default=False)
    """The hand-over began: after a crash nobody knows whether it went through."""
    outcome = models.CharField(max_length=14, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    """The provider's own answer, without addresses."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]


class Sent(models.Model):
    """What a delivery said as it was sent, compressed; see ``deliver.sent``."""

    delivery = models.OneToOneField(
        Delivery, on_delete=models.CASCADE, primary_key=True, related_name="sent"
    )
    content = models.BinaryField()


class AccountMessage(models.Model):
    """A mail or SMS to who has, or asks for, an account of the Virtual Office."""

    kind = models.CharField(max_length=16)
    channel = models.CharField(max_length=6)
    account_ref = models.BigIntegerField(null=True, blank=True)
    """Number of the account in the Office; none where there is none (yet)."""
    language = models.CharField(max_length=2)
    recipient = EncryptedTextField()
    content = EncryptedTextField()
    """What it says, as JSON; empty once a secret was sent, failed or expired."""
    state = models.CharField(max_length=8, default=MessageState.WAITING)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    retry_at = models.DateTimeField(db_default=Now())
    """By the database's clock, which also goes on where the instance's stands still."""
    attempts = models.PositiveSmallIntegerField(default=0)
    started = models.BooleanField(default=False)
    """The hand-over began: after a crash nobody knows whether it went through."""
    uncertain = models.BooleanField(default=False)
    """It may have gone once more than we know."""
    claim = models.BigIntegerField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    """The provider's own answer, without addresses."""
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["channel", "retry_at"],
                name="account_message_open",
                condition=Q(state__in=["waiting", "claimed"]),
            ),
            models.Index(
                fields=["account_ref", "created_at"],
                name="account_message_of",
                condition=Q(account_ref__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="account_message_state_known", condition=Q(state__in=list(MessageState))
            ),
        ]
