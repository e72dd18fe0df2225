"""What the billing system exported, as tables."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Customers, contracts, invoices and what goes with them."""

    name = "bustia.billing"
    label = "billing"
    default_auto_field = "django.db.models.BigAutoField"
