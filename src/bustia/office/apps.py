"""Tells Django of the Office."""

from django.apps import AppConfig

__all__ = ["OfficeApp"]


class OfficeApp(AppConfig):
    """The customers' accounts."""

    name = "bustia.office"
    label = "office"
    verbose_name = "Virtual Office"

    def ready(self) -> None:
        """Listen to what is done to accounts."""
        from bustia.office.services import events  # noqa: F401, PLC0415 (models must be there)
