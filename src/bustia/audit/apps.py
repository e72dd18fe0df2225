"""The app that keeps the log of changes."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The app that keeps the log of changes."""

    name = "bustia.audit"
    label = "audit"
