"""Redsys, the pay page of most Spanish banks: redirect integration, signature HMAC_SHA256_V1.

Source: Redsys, "Guía de integración TPV Virtual por redirección" (Ds_MerchantParameters and their
signature, Ds_Response, Ds_ConsumerLanguage). The signature was tried on public examples that carry
the key of Redsys's test shop: see ``tests/payments/test_redsys.py``.

The parameters are JSON in base64. The merchant's key, 24 bytes in base64, is never used itself: of
it and the order's number 3DES (CBC, no initial vector, padded with zeros) makes a key for the one
order, and with that HMAC-SHA-256 signs the base64 text. What we send is plain base64; what the
bank sends is URL-safe.
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from bustia.errors import PaymentError
from bustia.payments.gateway import Notice, Order, Redirect

__all__ = ["TEST_KEY", "Redsys", "signature"]

TEST_KEY = "sq7HjrUOBfKmC576ILgskD5srU870gJ7"
"""The key of Redsys's own test shop, printed in its manuals: it protects nothing."""
_VERSION = "HMAC_SHA256_V1"
_AUTHORISE = "0"
_CURRENCIES = {"EUR": "978"}
_LETTERS = {number: letters for letters, number in _CURRENCIES.items()}
_LANGUAGES = {"es": "001", "en": "002", "ca": "003"}
_ORDER = re.compile(r"[0-9]{4}[0-9A-Za-z]{0,8}")
_LARGEST_CENTS = 10**12 - 1
_LONGEST_DESCRIPTION = 125
_LONGEST_PARAMETERS = 8_000
"""Characters: what the bank sends has some 700."""
_AUTHORISED = re.compile(r"00[0-9]{2}")
_KEY_BYTES, _BLOCK = 24, 8


def signature(key: str, order: str, parameters: str) -> bytes:
    """Sign an order's parameters (base64 text) with the merchant's key (base64).

    Raise ``PaymentError`` if the key is not one of Redsys's.
    """
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise PaymentError(
            "the key of Redsys is not 24 bytes in base64.",
            where="BUSTIA_REDSYS_KEY",
            hint="It is the SHA-256 key in the bank's administration module, 32 characters.",
        )
    number = order.encode()
    number += bytes(-len(number) % _BLOCK)
    # 3DES in this mode is Redsys's rule, not ours: it only derives a key from a secret one.
    encryptor = Cipher(TripleDES(raw), modes.CBC(bytes(_BLOCK))).encryptor()
    of_order = encryptor.update(number) + encryptor.finalize()
    return hmac.digest(of_order, parameters.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Redsys:
    """One merchant's terminal at Redsys; ``key`` is secret and stays out of ``repr``."""

    merchant: str
    """The merchant's number (FUC), nine digits."""
    terminal: str
    url: str
    """``https://sis.redsys.es/sis/realizarPago``, or that of the test environment."""
    key: str = field(repr=False)

    def redirect(self, order: Order) -> Redirect:
        """Give the signed form for an order.

        Raise ``PaymentError`` for an order number other than four digits and up to eight digits or
        letters, and for an amount that isn't more than zero.
        """
        if not _ORDER.fullmatch(order.number):
            raise PaymentError(
                "Redsys takes order numbers of 4 to 12 characters that begin with four digits.",
                where=f"order {order.number}",
            )
        if not 0 < order.amount_cents <= _LARGEST_CENTS:
            raise PaymentError(
                "Redsys takes amounts of more than zero.", where=f"order {order.number}"
            )
        parameters = _written(
            {
                "DS_MERCHANT_AMOUNT": str(order.amount_cents),
                "DS_MERCHANT_ORDER": order.number,
                "DS_MERCHANT_MERCHANTCODE": self.merchant,
                "DS_MERCHANT_CURRENCY": _CURRENCIES["EUR"],
                "DS_MERCHANT_TRANSACTIONTYPE": _AUTHORISE,
                "DS_MERCHANT_TERMINAL": self.terminal,
                "DS_MERCHANT_MERCHANTURL": order.notify_url,
                "DS_MERCHANT_URLOK": order.paid_url,
                "DS_MERCHANT_URLKO": order.refused_url,
                "DS_MERCHANT_CONSUMERLANGUAGE": _LANGUAGES[order.language],
                "DS_MERCHANT_PRODUCTDESCRIPTION": order.description[:_LONGEST_DESCRIPTION],
            }
        )
        signed = base64.b64encode(signature(self.key, order.number, parameters)).decode()
        return Redirect(
            self.url,
            (
                ("Ds_SignatureVersion", _VERSION),
                ("Ds_MerchantParameters", parameters),
                ("Ds_Signature", signed),
            ),
        )

    def read(self, fields: Mapping[str, str]) -> Notice:
        """Read a notification or a return; raise ``PaymentError`` unless Redsys signed it."""
        if fields.get("Ds_SignatureVersion") != _VERSION:
            raise _untrusted("has no signature of the version agreed on")
        parameters = fields.get("Ds_MerchantParameters", "")
        said = _read(parameters)
        order = said.get("Ds_Order", "")
        if not _ORDER.fullmatch(order):
            raise _untrusted("names no order")
        given = _bytes(fields.get("Ds_Signature", ""))
        if not hmac.compare_digest(signature(self.key, order, parameters), given):
            raise _untrusted("has a signature that isn't the bank's")
        if said.get("Ds_MerchantCode") != self.merchant or _number(
            said.get("Ds_Terminal", "")
        ) != _number(self.terminal):
            raise _untrusted("is for another merchant or terminal")
        if said.get("Ds_TransactionType") != _AUTHORISE:
            raise _untrusted("is of another kind than a payment")
        response = said.get("Ds_Response", "")
        authorised = bool(_AUTHORISED.fullmatch(response))
        return Notice(
            order=order,
            amount_cents=_number(said.get("Ds_Amount", "")),
            currency=_LETTERS.get(said.get("Ds_Currency", ""), ""),
            authorised=authorised,
            response=response[:4],
            authorisation=said.get("Ds_AuthorisationCode", "").strip()[:20] if authorised else "",
        )


def _written(parameters: Mapping[str, str]) -> str:
    text = json.dumps(parameters, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def _read(parameters: str) -> dict[str, str]:
    """Read the parameters, not yet trusted: texts by name."""
    if len(parameters) > _LONGEST_PARAMETERS:
        raise _untrusted("is too long")
    try:
        said = json.loads(_bytes(parameters))
    except (ValueError, RecursionError):
        raise _untrusted("can't be read") from None
    if not isinstance(said, dict):
        raise _untrusted("can't be read")
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _bytes(text: str) -> bytes:
    """Decode base64, plain or URL-safe, with or without its padding."""
    plain = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _untrusted("can't be read") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise _untrusted("has no number where one is due")
    return int(text)


def _untrusted(what: str) -> PaymentError:
    return PaymentError(
        f"a message that says it is the bank's {what}; it was left aside.",
        hint="If it happens to real payments, compare merchant, terminal and key with the bank's.",
    )
