"""Bank accounts at rest: encrypted with the instance's key, and findable by a keyed fingerprint.

AES-256-GCM with a random nonce a value. What is stored says which key it was encrypted with, so
that keys can be changed: ``BUSTIA_DATA_KEY`` may hold several, the newest first, with commas
between; the others still decrypt.
"""

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from bustia.errors import InstanceError
from bustia.instance import current_instance

__all__ = ["EncryptedTextField", "decrypt", "encrypt", "fingerprint"]

_NONCE_BYTES = 12


class _Keys:
    """The data keys of the instance: one to encrypt, all to decrypt."""

    def __init__(self, text: str) -> None:
        self._ciphers: dict[str, AESGCM] = {}
        secrets = [part.strip() for part in text.split(",") if part.strip()]
        for secret in secrets:
            try:
                raw = bytes.fromhex(secret)
                cipher = AESGCM(raw)
            except ValueError:
                raise InstanceError(
                    "a data key is not 64 hexadecimal digits.", where="keys/data.key"
                ) from None
            self._ciphers[hashlib.sha256(b"bustia key id" + raw).hexdigest()[:8]] = cipher
        self._newest = next(iter(self._ciphers))
        # The fingerprint must stay the same when keys change: it hangs on the oldest.
        self._fingerprint_key = hashlib.sha256(
            b"bustia fingerprint" + bytes.fromhex(secrets[-1])
        ).digest()

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, text.encode(), None)
        return f"{self._newest}:{base64.b64encode(nonce + sealed).decode('ascii')}"

    def decrypt(self, stored: str) -> str:
        key, _, text = stored.partition(":")
        cipher = self._ciphers.get(key)
        if cipher is None:
            raise InstanceError(
                f"encrypted data needs the key {key!r:.12}, which is not here.",
                hint="Add the former key to BUSTIA_DATA_KEY, after the present one and a comma.",
            )
        try:
            raw = base64.b64decode(text, validate=True)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise InstanceError("encrypted data was changed or is damaged.") from None

    def fingerprint(self, value: str) -> str:
        return hmac.new(self._fingerprint_key, value.encode(), "sha256").hexdigest()


@lru_cache(maxsize=4)
def _keys_of(text: str) -> _Keys:
    return _Keys(text)


def _keys() -> _Keys:
    given = os.environ.get("BUSTIA_DATA_KEY")
    return _keys_of(given or current_instance().key("data"))


def encrypt(text: str) -> str:
    """Encrypt a text for storage."""
    return _keys().encrypt(text)


def decrypt(stored: str) -> str:
    """Decrypt what ``encrypt`` gave; raise ``InstanceError`` if it was changed."""
    return _keys().decrypt(stored)


def fingerprint(value: str) -> str:
    """Give a keyed digest by which equal values are found without decrypting: 64 hex digits."""
    return _keys().fingerprint(value)


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """A text that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt on the way to the database."""
        return value if value is None else encrypt(value)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt on the way back."""
        return value if value is None else decrypt(value)
