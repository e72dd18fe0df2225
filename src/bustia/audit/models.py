"""The log of changes: one row a change, written once and never touched again."""

from django.db import models

__all__ = ["Entry"]


class Entry(models.Model):
    """One thing that somebody did.

    Django doesn't manage the table: its migration writes the SQL, with the trigger that refuses
    UPDATE, DELETE and TRUNCATE, and ``flush`` leaves it alone.
    """

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor = models.CharField(max_length=80, blank=True)
    """Who, by a reference that means nothing to strangers: an account's number, a user's name."""
    action = models.CharField(max_length=60)
    """What, as in ``email.changed``."""
    about = models.CharField(max_length=80)
    """Whose or which, by the key of its row, as in ``customer:17`` or ``contract:42``."""
    detail = models.JSONField()
    """Names of fields and other circumstances; never personal data."""

    class Meta:
        managed = False
        db_table = "audit_entry"
