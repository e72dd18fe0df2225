"""Paths of the e-invoice."""

from django.urls import path

from bustia.office.views import einvoice

__all__ = ["urlpatterns"]

_HERE = "contracte/<str:number>/factura-electronica/"
urlpatterns = [
    path(_HERE, einvoice.e_invoice, name="e_invoice"),
    path(f"{_HERE}baixa/", einvoice.leave, name="e_invoice_leave"),
]
