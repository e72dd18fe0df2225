"""A mandate that waits for its one-time code: what was read, where the code went, how it ended."""

from django.db import models

from bustia.billing.fields import EncryptedTextField
from bustia.office.models.accounts import Account

__all__ = ["MandateSigning"]


class MandateSigning(models.Model):
    """One signature of a direct debit mandate; once it was given, it is the evidence of it."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="signings")
    contract = models.ForeignKey(
        "billing.Contract", on_delete=models.PROTECT, related_name="signings"
    )
    iban = EncryptedTextField()
    reference = models.CharField(max_length=35)
    text = models.TextField()
    """What was read, word for word."""
    version = models.CharField(max_length=40)
    language = models.CharField(max_length=2)
    channel = models.CharField(max_length=5)
    sent_to = models.CharField(max_length=80)
    """Where the code went, masked."""
    code_digest = models.BinaryField(max_length=32)
    """Of the code and all that it signs; the code itself is kept nowhere."""
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    """Given up, replaced by a newer one, or tried too often."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "contract"],
                name="mandate_signing_open_once",
                condition=models.Q(signed_at__isnull=True, ended_at__isnull=True),
            )
        ]
