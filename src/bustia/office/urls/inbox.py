"""Paths of the inbox."""

from django.urls import path

from bustia.office.views import inbox

__all__ = ["urlpatterns"]

urlpatterns = [
    path("correspondencia/", inbox.inbox, name="inbox"),
    path("correspondencia/avis/<int:letter>/", inbox.notice, name="inbox_notice"),
    path("correspondencia/<int:letter>/", inbox.letter, name="inbox_letter"),
    path("correspondencia/<int:letter>/html/", inbox.letter_html, name="inbox_html"),
]
