"""Bank accounts at rest: encrypted with the instance's key, and findable by a keyed fingerprint.

So are the e-invoice files that name them.

AES-256-GCM with a random nonce a value. What is stored says which key it was encrypted with, so
that keys can be changed: ``BUSTIA_DATA_KEY`` may hold several, the newest first, with commas
between; the others still decrypt.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from bustia.errors import InstanceError
from bustia.instance import current_instance

__all__ = [
    "EncryptedBinaryField",
    "EncryptedJSONField",
    "EncryptedTextField",
    "decrypt",
    "encrypt",
    "fingerprint",
]

_NONCE_BYTES = 12
_KEY_BYTES = 32


def _raw(digits: str) -> bytes:
    """Give the bytes of a key; a shorter one would be a weaker cipher, and is refused."""
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InstanceError("a data key is not 64 hexadecimal digits.", where="keys/data.key")
    return raw


class _Keys:
    """The data keys of the instance: one to encrypt, all to decrypt."""

    def __init__(self, text: str) -> None:
        keys = [_raw(part.strip()) for part in text.split(",")]
        self._ciphers = {
            hashlib.sha256(b"bustia key id" + raw).hexdigest()[:8]: AESGCM(raw) for raw in keys
        }
        self._newest = next(iter(self._ciphers))
        # The fingerprint must stay the same when keys change: it hangs on the oldest.
        self._fingerprint_key = hashlib.sha256(b"bustia fingerprint" + keys[-1]).digest()

    def encrypt(self, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, content, None)
        return self._newest.encode() + b":" + nonce + sealed

    def decrypt(self, stored: bytes) -> bytes:
        key, _, raw = stored.partition(b":")
        cipher = self._ciphers.get(key.decode("ascii", "replace"))
        if cipher is None:
            raise InstanceError(
                f"encrypted data needs the key {key.decode('ascii', 'replace'):.8}, not there.",
                hint="Add the former key to BUSTIA_DATA_KEY, after the present one and a comma.",
            )
        try:
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None)
        except (InvalidTag, ValueError):
            raise InstanceError("encrypted data was changed or is damaged.") from None

    def fingerprint(self, value: str) -> str:
        return hmac.new(self._fingerprint_key, value.encode(), "sha256").hexdigest()


@lru_cache(maxsize=4)
def _keys_of(text: str) -> _Keys:
    return _Keys(text)


@lru_cache(maxsize=4)
def _key_text(instance: Path) -> str:
    """Give the data key of the open instance: read once, not once a value."""
    del instance  # only what the answer is remembered by
    return current_instance().key("data")


def _keys() -> _Keys:
    given = os.environ.get("BUSTIA_DATA_KEY")
    return _keys_of(given or _key_text(current_instance().path))


def encrypt(text: str) -> str:
    """Encrypt a text for storage."""
    key, _, sealed = _keys().encrypt(text.encode()).partition(b":")
    return f"{key.decode()}:{base64.b64encode(sealed).decode()}"


def decrypt(stored: str) -> str:
    """Decrypt what ``encrypt`` gave; raise ``InstanceError`` if it was changed."""
    key, _, text = stored.partition(":")
    try:
        sealed = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise InstanceError("encrypted data was changed or is damaged.") from None
    return _keys().decrypt(key.encode() + b":" + sealed).decode()


def fingerprint(value: str) -> str:
    """Give a keyed digest by which equal values are found without decrypting: 64 hex digits."""
    return _keys().fingerprint(value)


if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
    _BinaryField = models.BinaryField[bytes, bytes]
    _JSONField = models.TextField[Mapping[str, Any], Mapping[str, Any]]
else:
    _TextField = models.TextField
    _BinaryField = models.BinaryField
    _JSONField = models.TextField


class EncryptedTextField(_TextField):
    """A text that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt on the way to the database."""
        return value if value is None else encrypt(value)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        """Decrypt on the way back."""
        return value if value is None else decrypt(value)


class EncryptedJSONField(_JSONField):
    """A mapping that is encrypted in the database and plain in Python."""

    def get_prep_value(self, value: Mapping[str, Any] | None) -> str | None:
        """Encrypt on the way to the database."""
        return value if value is None else encrypt(json.dumps(value, ensure_ascii=False))

    def from_db_value(self, value: str | None, *_: object) -> Mapping[str, Any] | None:
        """Decrypt on the way back."""
        if value is None:
            return None
        read: Mapping[str, Any] = json.loads(decrypt(value))
        return read


class EncryptedBinaryField(_BinaryField):
    """Bytes that are encrypted in the database and plain in Python."""

    def get_prep_value(self, value: bytes | None) -> bytes | None:
        """Encrypt on the way to the database."""
        return value if value is None else _keys().encrypt(bytes(value))

    def from_db_value(self, value: bytes | None, *_: object) -> bytes | None:
        """Decrypt on the way back."""
        return value if value is None else _keys().decrypt(bytes(value))
