"""Path of the tariffs."""

from django.urls import path

from bustia.office.views import tariffs

__all__ = ["urlpatterns"]

urlpatterns = [path("contracte/<str:number>/tarifes/", tariffs.tariffs, name="tariffs")]
