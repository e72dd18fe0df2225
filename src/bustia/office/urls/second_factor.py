"""Paths of second factors and of sessions: django-allauth's views, the names that it knows."""

from allauth.account import views as account
from allauth.mfa.base import views as base
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from allauth.usersessions import views as sessions
from django.urls import path

__all__ = ["urlpatterns"]

urlpatterns = [
    path("segon-factor/", base.authenticate, name="mfa_authenticate"),
    path("segon-factor/clau/", keys.login_webauthn, name="mfa_login_webauthn"),
    path("confirmar/", account.reauthenticate, name="account_reauthenticate"),
    path("confirmar/codi/", base.reauthenticate, name="mfa_reauthenticate"),
    path("confirmar/clau/", keys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("seguretat/", base.index, name="mfa_index"),
    path("seguretat/aplicacio/", totp.activate_totp, name="mfa_activate_totp"),
    path("seguretat/aplicacio/treure/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("seguretat/codis/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "seguretat/codis/nous/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path(
        "seguretat/codis/baixar/", codes.download_recovery_codes, name="mfa_download_recovery_codes"
    ),
    path("seguretat/claus/", keys.list_webauthn, name="mfa_list_webauthn"),
    path("seguretat/claus/nova/", keys.add_webauthn, name="mfa_add_webauthn"),
    path("seguretat/claus/<int:pk>/", keys.edit_webauthn, name="mfa_edit_webauthn"),
    path("seguretat/claus/<int:pk>/treure/", keys.remove_webauthn, name="mfa_remove_webauthn"),
    path("seguretat/sessions/", sessions.list_usersessions, name="usersessions_list"),
]
