"""What customers chose or told us, beside what the billing system exported.

An import doesn't write here. What the engines read of it counts at once; what the billing system
must learn waits in ``CustomerChange``. See docs/changes.md.
"""

from django.db import models
from django.db.models import Q

from bustia.billing.chosen_states import (
    OPEN,
    AlertKind,
    ChangeKind,
    ChangeState,
    Channel,
    Communication,
)
from bustia.billing.fields import EncryptedJSONField
from bustia.billing.models.exported import Consent, Contract, Customer

__all__ = [
    "AlertSetting",
    "ChangeBatch",
    "ChannelPreference",
    "ConsentEvidence",
    "CustomerChange",
    "QuietHours",
]


class AlertSetting(models.Model):
    """One alert of a contract, as its holder set it; without any, the export's flag counts."""

    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, related_name="alert_settings", db_index=False
    )
    kind = models.CharField(max_length=16)
    on = models.BooleanField()
    channel = models.CharField(max_length=6)
    threshold_litres = models.PositiveIntegerField(null=True, blank=True)
    """Litres a day, for an alert that has a threshold."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "kind"], name="alert_setting_once"),
            models.CheckConstraint(
                name="alert_setting_known",
                condition=Q(kind__in=list(AlertKind)) & Q(channel__in=[Channel.EMAIL, Channel.SMS]),
            ),
            models.CheckConstraint(
                name="alert_threshold_where_it_counts",
                condition=Q(kind=AlertKind.OVER_THRESHOLD, threshold_litres__gt=0)
                | ~Q(kind=AlertKind.OVER_THRESHOLD) & Q(threshold_litres__isnull=True),
            ),
        ]


class QuietHours(models.Model):
    """The hours in which a customer wants no alert and no SMS, by the clock in Madrid."""

    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="quiet_hours")
    starts = models.TimeField()
    ends = models.TimeField()
    """Not included; before ``starts`` where the hours go over midnight."""

    class Meta:
        constraints = [
            models.CheckConstraint(name="quiet_hours_end", condition=~Q(starts=models.F("ends")))
        ]


class ChannelPreference(models.Model):
    """Over which channel a customer wants one kind of communication."""

    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="channel_preferences", db_index=False
    )
    kind = models.CharField(max_length=10)
    channel = models.CharField(max_length=6)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind"], name="channel_preference_once"),
            models.CheckConstraint(
                name="channel_preference_known",
                condition=Q(kind__in=list(Communication)) & Q(channel__in=list(Channel)),
            ),
        ]


class ConsentEvidence(models.Model):
    """What somebody read when they agreed or withdrew in the Office, word for word."""

    consent = models.OneToOneField(Consent, on_delete=models.PROTECT, related_name="evidence")
    text = models.TextField()
    language = models.CharField(max_length=2)
    version = models.CharField(max_length=40)
    given_by = models.CharField(max_length=80)
    """The account, by its reference in the log of changes."""


class ChangeBatch(models.Model):
    """The changes that one ``bustia export`` handed over; its key is the batch's number."""

    created_at = models.DateTimeField()
    rows = models.PositiveIntegerField()


class CustomerChange(models.Model):
    """One thing a customer changed here, until the billing system says the same."""

    kind = models.CharField(max_length=16)
    topic = models.CharField(max_length=12, blank=True)
    """What the consent is about, for a change of a consent."""
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="changes")
    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    before = EncryptedJSONField()
    after = EncryptedJSONField()
    asked_at = models.DateTimeField()
    source = models.CharField(max_length=20)
    asked_by = models.CharField(max_length=80)
    """Who, by the reference in the log of changes."""
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )
    """The change of the same thing that was still open when this one was made."""
    state = models.CharField(max_length=10, default=ChangeState.WAITING)
    batch = models.ForeignKey(
        ChangeBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="changes"
    )
    """In which it was handed over; none where the billing system took it from the feed."""
    exported_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="change_known",
                condition=Q(kind__in=list(ChangeKind)) & Q(state__in=list(ChangeState)),
            ),
            # Of one thing one change at most is open: a newer one takes its place.
            models.UniqueConstraint(
                fields=["contract", "kind", "topic"],
                name="change_open_once",
                condition=Q(state__in=sorted(OPEN)) & Q(contract__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["customer", "kind"],
                name="change_of_customer_open_once",
                condition=Q(state__in=sorted(OPEN)) & Q(contract__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="change_waiting", condition=Q(state=ChangeState.WAITING)
            ),
        ]
