"""The Django app of the package ``archive``."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    """Its tables are named ``archive_…``."""

    name = "bustia.archive"
    label = "archive"
    default_auto_field = "django.db.models.BigAutoField"
