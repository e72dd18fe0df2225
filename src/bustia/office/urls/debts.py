"""Paths of what is to be paid, and of paying."""

from django.urls import path

from bustia.office.views import debts, debts_paying

__all__ = ["urlpatterns"]

_HERE = "contracte/<str:number>/pagaments/"
urlpatterns = [
    path("pagaments/avis/", debts_paying.notify, name="payment_notice"),
    path(_HERE, debts.debts, name="debts"),
    path(f"{_HERE}document.pdf", debts.slip, name="slip"),
    path(f"{_HERE}pagar/", debts_paying.pay, name="pay"),
    path(f"{_HERE}comanda/<slug:order>/", debts_paying.payment, name="payment"),
    path(f"{_HERE}comanda/<slug:order>/tornada/", debts_paying.come_back, name="payment_back"),
]
