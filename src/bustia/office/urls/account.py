"""Paths of the bank account."""

from django.urls import path

from bustia.office.views import account

__all__ = ["urlpatterns"]

_HERE = "contracte/<str:number>/compte/"
urlpatterns = [
    path(_HERE, account.bank_account, name="bank_account"),
    path(f"{_HERE}canviar/", account.change, name="bank_account_change"),
    path(f"{_HERE}signar/", account.sign, name="bank_account_sign"),
    path(f"{_HERE}deixar/", account.cancel, name="bank_account_cancel"),
]
