"""The way around the Office: paths in Catalan, names in English, a module a section."""

from django.urls import include, path

from bustia.office.urls import (
    account,
    accounts,
    alerts,
    consumption,
    debts,
    demo,
    einvoice,
    home,
    inbox,
    invoices,
    preferences,
    reading,
    second_factor,
    tariffs,
)
from bustia.office.views import errors

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]

_ours = [
    *account.urlpatterns,
    *accounts.named,
    *alerts.urlpatterns,
    *demo.urlpatterns,
    *consumption.urlpatterns,
    *debts.urlpatterns,
    *einvoice.urlpatterns,
    *home.urlpatterns,
    *inbox.urlpatterns,
    *preferences.urlpatterns,
    *invoices.urlpatterns,
    *reading.urlpatterns,
    *tariffs.urlpatterns,
]
urlpatterns = [
    path("", include((_ours, "office"))),
    path("", include(accounts.urlpatterns)),
    path("", include(second_factor.urlpatterns)),
    path("api/v1/", include("bustia.api.urls")),
]
"""Names of django-allauth have no namespace; all others are ``office:…``."""

handler403 = errors.refused
handler404 = errors.not_found
handler500 = errors.trouble
