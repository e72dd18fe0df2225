"""Paths of the consumption."""

from django.urls import path

from bustia.office.views import consumption

__all__ = ["urlpatterns"]

urlpatterns = [
    path("contracte/<str:number>/consum/", consumption.consumption, name="consumption"),
    path(
        "contracte/<str:number>/consum/consum.csv",
        consumption.consumption_csv,
        name="consumption_csv",
    ),
]
