"""Tells Django of the Office."""

from django.apps import AppConfig

__all__ = ["OfficeApp"]


class OfficeApp(AppConfig):
    """The customers' accounts."""

    name = "bustia.office"
    label = "office"
    verbose_name = "Virtual Office"
