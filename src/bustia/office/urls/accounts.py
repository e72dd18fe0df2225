"""Paths by which one enters: django-allauth's, those of them that we use."""

from allauth.account import views
from django.urls import path

__all__ = ["urlpatterns"]

urlpatterns = [
    path("entrar/", views.login, name="account_login"),
    path("sortir/", views.logout, name="account_logout"),
]
