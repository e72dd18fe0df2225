"""The Django app of the package ``cycles``."""

from django.apps import AppConfig


class CyclesConfig(AppConfig):
    """Its tables are named ``cycles_…``."""

    name = "bustia.cycles"
    label = "cycles"
    default_auto_field = "django.db.models.BigAutoField"
