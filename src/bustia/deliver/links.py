"""Signed links into the Virtual Office for mails: this document, these preferences, no more of it.

A link holds numbers that say nothing outside the database, the last day it is good for, and a
signature (HMAC-SHA-256, shortened to 128 bits as RFC 2104 allows) whose key is another one for each
purpose: what signs in nobody can't be turned into what does. It is the same every time for the
same delivery, so that a mail that is sent again is the same mail. Keys can be changed: the newest
signs, all of them are known.

    <base>/d/<token>   opens one document, after signing in
    <base>/p/<token>   opens a contract's preferences, without signing in; shows no name
    <base>/u/<token>   unsubscribes from what is optional (RFC 8058)
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum, StrEnum

from bustia.errors import InstanceError, LinkRefusedError

__all__ = [
    "LinkKeys",
    "OptionalMail",
    "Refusal",
    "document_link",
    "preferences_link",
    "read_document_link",
    "read_preferences_link",
    "read_unsubscribe_link",
    "unsubscribe_link",
]

_EPOCH = date(2020, 1, 1)
_MAC_BYTES = 16
_DAY_BYTES = 2
_LONGEST_TOKEN = 80
_KEY_BYTES = 32


class Purpose(StrEnum):
    """What a link is for: the first part of its path."""

    DOCUMENT = "d"
    PREFERENCES = "p"
    UNSUBSCRIBE = "u"


_DAYS = {Purpose.DOCUMENT: 3 * 366, Purpose.PREFERENCES: 90, Purpose.UNSUBSCRIBE: 400}
"""How many days after the mail's own day a link is good for. A document asks to sign in, and is
there as long; preferences don't, and the next invoice's mail comes before it is over."""


class Refusal(StrEnum):
    """Why a link is not obeyed."""

    BAD = "bad"
    """Cut off, changed, or not ours."""
    EXPIRED = "expired"
    OTHER_PURPOSE = "other purpose"


class OptionalMail(IntEnum):
    """Kinds of mail that one can unsubscribe from, with the consent they hang on.

    The numbers stand in links that have been sent: none is ever used for something else.
    """

    PROMOTION = 1

    @property
    def consent(self) -> str:
        """The kind of consent that it needs, and whose withdrawal ends it."""
        return self.name.lower()

    @classmethod
    def of(cls, kind: str) -> "OptionalMail | None":
        """Give what a kind of delivery is, if one can unsubscribe from it."""
        return cls.__members__.get(kind.upper())


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys that sign links, the newest first."""

    keys: tuple[bytes, ...]

    @classmethod
    def parse(cls, text: str) -> "LinkKeys":
        """Read keys of 64 hexadecimal digits each, with commas between them."""
        try:
            keys = tuple(bytes.fromhex(part.strip()) for part in text.split(","))
        except ValueError:
            keys = ()
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise InstanceError("a link key is not 64 hexadecimal digits.", where="keys/links.key")
        return cls(keys)


def document_link(base: str, keys: LinkKeys, invoice: int, day: date) -> str:
    """Give the link that opens the document of an invoice, mailed (as it says) on a day."""
    return _link(base, keys, Purpose.DOCUMENT, (invoice,), day)


def preferences_link(base: str, keys: LinkKeys, contract: int, day: date) -> str:
    """Give the link that opens the preferences of a contract without signing in."""
    return _link(base, keys, Purpose.PREFERENCES, (contract,), day)


def unsubscribe_link(
    base: str, keys: LinkKeys, contract: int, mail: OptionalMail, day: date
) -> str:
    """Give the link by which a contract gets no more mails of an optional kind."""
    return _link(base, keys, Purpose.UNSUBSCRIBE, (contract, mail), day)


def read_document_link(token: str, keys: LinkKeys, today: date) -> int:
    """Give the number of the invoice; raise ``LinkRefusedError``, which says why, otherwise."""
    (invoice,) = _read(token, keys, Purpose.DOCUMENT, 1, today)
    return invoice


def read_preferences_link(token: str, keys: LinkKeys, today: date) -> int:
    """Give the number of the contract; raise ``LinkRefusedError``, which says why, otherwise."""
    (contract,) = _read(token, keys, Purpose.PREFERENCES, 1, today)
    return contract


def read_unsubscribe_link(token: str, keys: LinkKeys, today: date) -> tuple[int, OptionalMail]:
    """Give contract and kind of mail; raise ``LinkRefusedError``, which says why, otherwise."""
    contract, number = _read(token, keys, Purpose.UNSUBSCRIBE, 2, today)
    try:
        return contract, OptionalMail(number)
    except ValueError:
        raise LinkRefusedError(Refusal.BAD) from None


def _link(base: str, keys: LinkKeys, purpose: Purpose, numbers: Sequence[int], day: date) -> str:
    last = (day + timedelta(days=_DAYS[purpose]) - _EPOCH).days
    payload = last.to_bytes(_DAY_BYTES, "big") + b"".join(_packed(number) for number in numbers)
    token = _text(payload + _signature(keys.keys[0], purpose, payload))
    return f"{base.rstrip('/')}/{purpose}/{token}"


def _signature(key: bytes, purpose: Purpose, payload: bytes) -> bytes:
    own = hmac.digest(key, f"bustia link {purpose.name}".encode(), hashlib.sha256)
    return hmac.digest(own, payload, hashlib.sha256)[:_MAC_BYTES]


def _read(token: str, keys: LinkKeys, purpose: Purpose, count: int, today: date) -> tuple[int, ...]:
    raw = _bytes(token)
    payload, signature = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not _known(keys, purpose, payload, signature):
        others = (one for one in Purpose if one is not purpose)
        elsewhere = any(_known(keys, one, payload, signature) for one in others)
        raise LinkRefusedError(Refusal.OTHER_PURPOSE if elsewhere else Refusal.BAD)
    numbers = _unpacked(payload[_DAY_BYTES:])
    if len(numbers) != count:
        raise LinkRefusedError(Refusal.BAD)
    if today > _EPOCH + timedelta(days=int.from_bytes(payload[:_DAY_BYTES], "big")):
        raise LinkRefusedError(Refusal.EXPIRED)
    return numbers


def _known(keys: LinkKeys, purpose: Purpose, payload: bytes, signature: bytes) -> bool:
    """Whether any of the keys signed it; each is tried, so that the time tells nothing."""
    good = [hmac.compare_digest(_signature(key, purpose, payload), signature) for key in keys.keys]
    return any(good)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(token: str) -> bytes:
    """Read the one spelling that a token has: base64 would let the last character vary."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        raise LinkRefusedError(Refusal.BAD) from None
    if len(token) > _LONGEST_TOKEN or len(raw) <= _MAC_BYTES + _DAY_BYTES or _text(raw) != token:
        raise LinkRefusedError(Refusal.BAD)
    return raw


def _packed(number: int) -> bytes:
    """Write a number in as few bytes as it needs, seven bits in each (as LEB128)."""
    parts = []
    while number > 0x7F:
        parts.append(0x80 | (number & 0x7F))
        number >>= 7
    return bytes([*parts, number])


def _unpacked(packed: bytes) -> tuple[int, ...]:
    numbers, number, shift = [], 0, 0
    for part in packed:
        number |= (part & 0x7F) << shift
        shift += 7
        if part < 0x80:
            numbers.append(number)
            number = shift = 0
    return tuple(numbers)
