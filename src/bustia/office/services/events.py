"""Writes down who came in and which second factors changed, and tells the holder of the latter."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from bustia.instance import current_instance
from bustia.office.history import note
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


def _changed(action: str, account: Account, factor: Authenticator, notice: Notice | None) -> None:
    now = current_instance().now()
    note(action, account, at=now, kind=factor.type)
    if notice is not None:
        mails.notify(notice, mails.by_mail(account), at=now)


@receiver(user_logged_in)
def _came_in(user: Account, **_: Any) -> None:  # noqa: ANN401 (as the signal sends it)
    note("account.signed_in", user, at=current_instance().now())


@receiver(authenticator_added)
def _added(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _changed("second_factor.added", user, authenticator, _ADDED.get(authenticator.type))


@receiver(authenticator_removed)
def _removed(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _changed("second_factor.removed", user, authenticator, _REMOVED.get(authenticator.type))


@receiver(authenticator_reset)
def _reset(user: Account, authenticator: Authenticator, **_: Any) -> None:  # noqa: ANN401
    _changed("second_factor.reset", user, authenticator, Notice.CODES_MADE)
