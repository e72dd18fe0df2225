"""Paths of the alerts."""

from django.urls import path

from bustia.office.views import alerts

__all__ = ["urlpatterns"]

urlpatterns = [path("contracte/<str:number>/alertes/", alerts.alerts, name="alerts")]
