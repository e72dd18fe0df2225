"""The Django app of the package ``notices``."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Its tables are named ``notices_…``."""

    name = "bustia.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
