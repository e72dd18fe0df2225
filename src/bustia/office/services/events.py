"""Writes down who came in and which second factors changed, and tells the holder of the latter."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from bustia.audit.log import Actor, record
from bustia.instance import current_instance
from bustia.office.models import Account
from bustia.office.services import accounts_mail as mails
from bustia.office.services.accounts_mail import Notice

__all__: list[str] = []

_ADDED = {
    Authenticator.Type.TOTP: Notice.APP_ADDED,
    Authenticator.Type.WEBAUTHN: Notice.PASSKEY_ADDED,
}
_REMOVED = {
    Authenticator.Type.TOTP: Notice.APP_REMOVED,
    Authenticator.Type.WEBAUTHN: Notice.PASSKEY_REMOVED,
}


def _note(action: str, account: Account, kind: str = "") -> None:
    record(
        action,
        actor=Actor("customer", str(account.pk)),
        about=f"account:{account.pk}",
        at=current_instance().now(),
        detail={"kind": kind} if kind else None,
    )


def _tell(notice: Notice | None, account: Account) -> None:
    if notice is not None:
        mails.notify(notice, mails.by_mail(account), at=current_instance().now())


@receiver(user_logged_in)
def _came_in(user: Account, **_: Any) -> None:  # noqa: ANN401 (as the signal sends it)
    _note("account.signed_in", user)


@receiver(authenticator_added)
def _added(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _note("second_factor.added", user, authenticator.type)
    _tell(_ADDED.get(authenticator.type), user)


@receiver(authenticator_removed)
def _removed(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _note("second_factor.removed", user, authenticator.type)
    _tell(_REMOVED.get(authenticator.type), user)


@receiver(authenticator_reset)
def _reset(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _note("second_factor.reset", user, authenticator.type)
    _tell(Notice.CODES_MADE, user)
