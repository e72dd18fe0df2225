"""Paths by which one comes in and goes; some have the names that django-allauth knows."""

from allauth.account import views as allauth
from django.urls import path

from bustia.office.views import accounts, contact

__all__ = ["named", "urlpatterns"]

named = [
    path("alta/<str:token>/", accounts.confirm_register, name="register_confirm"),
    path("contracte-nou/", accounts.add_contract, name="add_contract"),
    path("contracte-nou/<str:token>/", accounts.confirm_contract, name="contract_confirm"),
    path("enllac/", accounts.ask_link, name="link"),
    path("enllac/<str:token>/", accounts.enter_by_link, name="link_enter"),
    path("contrasenya-nova/", accounts.ask_recovery, name="recover"),
    path("contrasenya-nova/<str:token>/", accounts.confirm_recovery, name="recover_confirm"),
    path("el-meu-compte/", accounts.account, name="account"),
    path("el-meu-compte/contrasenya/", accounts.change_password, name="change_password"),
    path("el-meu-compte/adreca/", contact.change_address, name="change_address"),
    path("el-meu-compte/mobil/", contact.change_number, name="change_number"),
    path("el-meu-compte/confirmar/", contact.confirm, name="contact_confirm"),
    path("el-meu-compte/tancar/", accounts.close, name="close"),
]
"""Those within the namespace ``office``."""

urlpatterns = [
    path("entrar/", accounts.SignIn.as_view(), name="account_login"),
    path("alta/", accounts.register, name="account_signup"),
    path("sortir/", allauth.logout, name="account_logout"),
]
