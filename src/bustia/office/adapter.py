"""What django-allauth asks of us: no sign-up of its own, no lock-out by strangers, no mails."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

__all__ = ["Accounts"]


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # the library has no types
    """The Office's own rules where the library has others."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Accounts are opened by ``services/registration.py`` only."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:  # noqa: ANN401
        """Count nothing here: ``services/devices.py`` does, so that nobody is locked out."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing: all mails of the Office go through its outbox."""
