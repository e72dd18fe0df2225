"""Paths of preferences and privacy, and of the links that mails bring."""

from django.urls import path

from bustia.office.views import preferences, preferences_links, privacy

__all__ = ["urlpatterns"]

_HERE = "contracte/<str:number>/"
urlpatterns = [
    path(f"{_HERE}preferencies/", preferences.preferences, name="preferences"),
    path(f"{_HERE}dades/", privacy.privacy, name="privacy"),
    path(f"{_HERE}dades/baixar/", privacy.download, name="privacy_download"),
    path(f"{_HERE}dades/supressio/", privacy.erasure, name="privacy_erasure"),
    path("p/<str:token>", preferences_links.by_link, name="preferences_link"),
    path("u/<str:token>", preferences_links.unsubscribe, name="unsubscribe"),
]
