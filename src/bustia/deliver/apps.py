"""The Django app of the package ``deliver``."""

from django.apps import AppConfig


class DeliverConfig(AppConfig):
    """Its tables are named ``deliver_…``."""

    name = "bustia.deliver"
    label = "deliver"
    default_auto_field = "django.db.models.BigAutoField"
