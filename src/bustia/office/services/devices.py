"""Devices that signed in before, and guesses at passwords: nobody can lock out an owner.

A plain lock-out after ten wrong passwords lets anybody lock anybody out. This is OWASP's protocol
of device cookies (Slow Down Online Guessing Attacks with Device Cookies): a browser that signed in
to an account gets a signed cookie, and its wrong passwords are counted apart from those of all
browsers without one. A stranger's guesses close the door for strangers; the owner's own devices,
and the one-time link by mail, stay open.

Whether there is an account doesn't matter to any of it: an address without one is counted, and
closed, just the same.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from bustia.office.limits import Limit, Refusal, client_network, keyed

__all__ = ["COOKIE", "Guess", "begin_guess", "device_of", "forget_devices", "remember_device"]

COOKIE: Final = "device"
_YEAR = timedelta(days=365)
_SALT = "bustia.office.devices"
_MOST_ACCOUNTS = 5
"""Accounts of one household that a browser remembers."""

FROM_STRANGERS = Limit("password from new devices", 10, timedelta(hours=1))
FROM_DEVICE = Limit("password from a known device", 10, timedelta(hours=1))
FROM_NETWORK = Limit("password from a network", 60, timedelta(hours=1))
"""Many honest people share an address of a mobile network: only failures count, and known devices
don't ask it."""


@dataclass(frozen=True)
class Guess:
    """A password that is about to be tried, counted as if it were wrong."""

    counted: tuple[tuple[Limit, str], ...]
    refusal: Refusal | None

    def succeeded(self) -> None:
        """Take it off the count: it was right."""
        for limit, of in self.counted:
            limit.give_back(of)


def begin_guess(request: HttpRequest, email: str) -> Guess:
    """Count a try to enter an account; its refusal says that it must not be tried now."""
    device = device_of(request, email)
    asked = (
        [(FROM_DEVICE, device)]
        if device
        else [(FROM_NETWORK, client_network(request)), (FROM_STRANGERS, _account(email))]
    )
    counted: list[tuple[Limit, str]] = []
    for limit, of in asked:
        refusal = limit.take(of)
        if refusal is not None:
            return Guess(tuple(counted), refusal)
        counted.append((limit, of))
    return Guess(tuple(counted), None)


def device_of(request: HttpRequest, email: str) -> str | None:
    """Give the mark of this device, if it signed in to this account before."""
    return _marks(request).get(_account(email))


def remember_device(request: HttpRequest, response: HttpResponseBase, email: str) -> None:
    """Mark this device as one that signed in to this account."""
    marks = _marks(request)
    account = _account(email)
    mark = marks.pop(account, None) or secrets.token_urlsafe(12)
    newest = dict(list({account: mark, **marks}.items())[:_MOST_ACCOUNTS])
    response.set_cookie(
        _cookie(),
        signing.dumps(newest, salt=_SALT, compress=True),
        max_age=_YEAR,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def forget_devices(response: HttpResponseBase) -> None:
    """Make this device an unknown one."""
    response.delete_cookie(_cookie(), samesite="Lax")


def _cookie() -> str:
    return f"__Host-{COOKIE}" if settings.SESSION_COOKIE_SECURE else COOKIE


def _account(email: str) -> str:
    """Name an account in a cookie or a limit without naming anybody."""
    return base64.urlsafe_b64encode(keyed("device", email.strip().lower())).decode()


def _marks(request: HttpRequest) -> dict[str, str]:
    """Read the cookie; one that isn't ours says nothing."""
    try:
        marks = signing.loads(request.COOKIES.get(_cookie(), ""), salt=_SALT, max_age=_YEAR)
    except signing.BadSignature:
        return {}
    return dict(marks)
