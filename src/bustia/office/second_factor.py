"""How second factors look and are kept: our name and QR code, secrets encrypted at rest."""

import segno
from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bustia.billing.fields import decrypt, encrypt
from bustia.office.desk import company
from bustia.office.models import Account

__all__ = ["SecondFactors"]


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # the library has no types
    """django-allauth's second factors in the company's name."""

    def get_totp_issuer(self) -> str:
        """Give the name that authenticator apps show."""
        return company(get_language() or "ca").name

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code as SVG that may stand in a page: without styles, dark on white."""
        return str(segno.make(url, error="m").svg_inline(scale=5, light="#fff", svgclass="qr"))

    def encrypt(self, text: str) -> str:
        """Encrypt a secret for the database."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt what ``encrypt`` gave."""
        return decrypt(encrypted_text)

    def generate_authenticator_name(self, user: Account, type: str) -> str:  # noqa: A002, ARG002
        """Suggest what to call a new passkey."""
        return str(_("My device"))

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Say for whom a passkey is: this host, in the company's name."""
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}
