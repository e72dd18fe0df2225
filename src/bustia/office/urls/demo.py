"""Paths of a demonstration; elsewhere nothing is there."""

from django.urls import path

from bustia.office.views import demo

__all__ = ["urlpatterns"]

urlpatterns = [
    path("demo/entrar/<int:number>/", demo.enter, name="demo_enter"),
    path("demo/mailbox/", demo.mailbox, name="mailbox"),
    path("demo/mailbox/<str:name>/", demo.letter, name="mailbox_letter"),
    path("demo/mailbox/<str:name>/html/", demo.letter_html, name="mailbox_html"),
    path("demo/mailbox/<str:name>/<int:place>/", demo.letter_file, name="mailbox_file"),
]
