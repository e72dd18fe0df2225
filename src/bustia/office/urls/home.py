"""Paths of the first page and of what every page has."""

from django.urls import path

from bustia.office.views import home, language, legal

__all__ = ["urlpatterns"]

urlpatterns = [
    path("", home.start, name="start"),
    path("idioma/", language.choose_language, name="language"),
    path("accessibilitat/", legal.accessibility, name="accessibility"),
    path("anar/<slug:place>/", home.go, name="go"),
    path("contracte/<str:number>/", home.home, name="home"),
]
