"""Links and codes that were sent to somebody: each opens one thing, once, for a while."""

from typing import Any

from django.db import models

from bustia.billing.fields import EncryptedTextField
from bustia.office.models.accounts import Account

__all__ = ["ContactChange", "OneTimeKey"]


class OneTimeKey(models.Model):
    """What a link in a mail opens; only a digest of it is kept, so nobody reads it here."""

    purpose = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    account: "models.ForeignKey[Any, Account | None]" = models.ForeignKey(
        Account, on_delete=models.CASCADE, null=True, blank=True, related_name="keys"
    )
    contract = models.ForeignKey(
        "billing.Contract", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    address = EncryptedTextField(blank=True)
    """The e-mail address that it was sent to, where there is no account yet."""
    language = models.CharField(max_length=2)
    next_path = models.CharField(max_length=500, blank=True)
    """The page that was asked for before."""
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="one_time_key_by_expiry")]


class ContactChange(models.Model):
    """A new e-mail address or mobile number that both ends must confirm with a code."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contact_changes")
    customer = models.ForeignKey(
        "billing.Customer", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    """Whose mobile number it is; an address is the account's own."""
    kind = models.CharField(max_length=6)
    """``email`` or ``mobile``."""
    new_value = EncryptedTextField()
    known_channel = models.CharField(max_length=5)
    """How the known end was asked: ``email`` or ``sms``."""
    known_digest = models.BinaryField(max_length=32)
    new_digest = models.BinaryField(max_length=32)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account"], name="contact_change_once")]
