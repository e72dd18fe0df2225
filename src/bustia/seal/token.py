"""A company's key that never leaves its token: a card, a stick or a security module.

Talks PKCS#11 with the module (a library) that comes with the token. A session is opened with the
first signature and kept; if the token drops it, it is opened anew, once. Signatures of elliptic
curves come with random numbers of the token's: the same document gets another one each time.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pkcs11
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11.exceptions import (
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.types import SignMixin

from bustia.errors import SealError
from bustia.seal.keys import Identity, in_order

__all__ = ["TokenKey", "TokenPlace", "load_token_identity"]

_PIN_ERRORS = (PinExpired, PinIncorrect, PinInvalid, PinLenRange)
_SAMPLE = b"Does this key belong to that certificate?"
_LABEL, _CLASS = pkcs11.Attribute.LABEL, pkcs11.Attribute.CLASS


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a key is: the module that knows the token, and what token and key are called."""

    module: Path
    token: str
    key: str

    def __str__(self) -> str:
        return f"token {self.token}"


class TokenKey:
    """The key of a certificate, in a token."""

    def __init__(self, place: TokenPlace, certificate: x509.Certificate, pin: str | None) -> None:
        self._place = place
        self._certificate = certificate
        self._pin = pin
        self._lock = Lock()
        self._opened: Callable[[bytes], bytes] | None = None
        self._asked = False
        self._refused: SealError | None = None

    def sign(self, data: bytes) -> bytes:
        """Sign data with SHA-256; raise ``SealError`` if the token can't or won't."""
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if self._opened is None:
                self._opened = self._open()
                return self._told(self._opened, data)
            try:
                return self._opened(data)
            except PKCS11Error:
                # Pulled out and put in again, or a session that lasted too long.
                self._opened = None
                self._opened = self._open()
                return self._told(self._opened, data)

    def _told(self, sign: Callable[[bytes], bytes], data: bytes) -> bytes:
        try:
            return sign(data)
        except PKCS11Error as error:
            raise _unusable(self._place, error) from error

    def _open(self) -> Callable[[bytes], bytes]:
        """Log in, find the key, and see that it is that of the certificate."""
        place = self._place
        if not self._pin:
            raise SealError("its PIN is not known.", where=str(place), hint=_HINT_PIN)
        try:
            sign = self._signing_with(_find_key(self._log_in(self._pin), place))
            signature = sign(_SAMPLE)
        except PKCS11Error as error:
            raise _unusable(place, error) from error
        try:
            _verify(self._certificate, signature)
        except InvalidSignature:
            raise SealError(
                f"its key {place.key} is not that of the certificate.", where=str(place)
            ) from None
        return sign

    def _log_in(self, pin: str) -> pkcs11.Session:
        # A module that was asked before may know of a token that is gone, or not of one that came.
        anew, self._asked = self._asked, True
        token = _find_token(self._place, anew=anew)
        try:
            try:
                return token.open(user_pin=pin)
            except UserAlreadyLoggedIn:
                return token.open()
        except PinLocked as error:
            self._refused = SealError(
                "is locked: a wrong PIN was given too often.",
                where=str(self._place),
                hint="Unlock it with the maker's program.",
            )
            raise self._refused from error
        except _PIN_ERRORS as error:
            # Tokens lock themselves after a few wrong ones: each is tried once a process.
            self._refused = SealError("refuses the PIN.", where=str(self._place), hint=_HINT_PIN)
            raise self._refused from error

    def _signing_with(self, key: SignMixin) -> Callable[[bytes], bytes]:
        public = self._certificate.public_key()
        if isinstance(public, rsa.RSAPublicKey) and key.key_type == pkcs11.KeyType.RSA:

            def sign_rsa(data: bytes) -> bytes:
                return bytes(key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))

            return sign_rsa
        if isinstance(public, ec.EllipticCurvePublicKey) and key.key_type == pkcs11.KeyType.EC:

            def sign_ec(data: bytes) -> bytes:
                digest = hashlib.sha256(data).digest()
                return _as_der(key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))

            return sign_ec
        raise SealError(
            f"its key {self._place.key} is not that of the certificate, or neither RSA nor of an "
            "elliptic curve.",
            where=str(self._place),
        )


def load_token_identity(place: TokenPlace, certificate: Path | None, pin: str | None) -> Identity:
    """Give whose seal a token sets, by a PEM file or by what the token holds.

    The key itself is asked for with the first signature, so nobody needs a PIN to verify.
    Raises ``SealError`` if there is no certificate with an RSA or elliptic-curve key.
    """
    if certificate is None:
        where, (leaf, *others) = str(place), _certificates_in(place)
    else:
        where, (leaf, *others) = str(certificate), _certificates_of(certificate)
    if not isinstance(leaf.public_key(), rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise SealError("holds no certificate with an RSA or elliptic-curve key.", where=where)
    return Identity(TokenKey(place, leaf, pin), leaf, tuple(in_order(leaf, others)))


def _certificates_of(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise SealError(f"can't be read: {error.strerror}.", where=str(file)) from error
    except ValueError as error:
        raise SealError("holds no certificate in PEM form.", where=str(file)) from error


def _certificates_in(place: TokenPlace) -> list[x509.Certificate]:
    """Give the certificates in a token, the one that is called as the key first."""
    try:
        with _find_token(place).open() as session:
            held = [
                (one[_LABEL], x509.load_der_x509_certificate(one[pkcs11.Attribute.VALUE]))
                for one in session.get_objects({_CLASS: pkcs11.ObjectClass.CERTIFICATE})
            ]
    except PKCS11Error as error:
        raise _unusable(place, error) from error
    except ValueError as error:
        raise SealError("a certificate in it can't be read.", where=str(place)) from error
    own = [one for label, one in held if label == place.key]
    if len(own) != 1:
        raise SealError(
            f"holds {len(own) or 'no'} certificates called {place.key}.",
            where=str(place),
            hint="Name a PEM file: certificate in bustia.toml, section [seal].",
        )
    return own + [one for label, one in held if label != place.key]


def _find_token(place: TokenPlace, *, anew: bool = False) -> pkcs11.Token:
    if not place.module.is_file():
        raise SealError("there is no such file.", where=str(place.module), hint=_HINT_MODULE)
    try:
        module = pkcs11.lib(str(place.module))
        if anew:
            with suppress(PKCS11Error):
                module.finalize()
            module.initialize()
        tokens = list(module.get_tokens())
    except PKCS11Error as error:
        raise SealError(
            f"can't be used as a PKCS#11 module: {_said(error)}.",
            where=str(place.module),
            hint=_HINT_MODULE,
        ) from error
    named = [one for one in tokens if one.label == place.token]
    if len(named) == 1:
        return named[0]
    told = (
        f"more than one token is called {place.token}"
        if named
        else (f"there is no token called {place.token}")
    )
    raise SealError(
        f"{told}.",
        where=str(place.module),
        hint=_there_are("tokens", (one.label for one in tokens)),
    )


def _find_key(session: pkcs11.Session, place: TokenPlace) -> SignMixin:
    held = list(session.get_objects({_CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))
    named = [one for one in held if one[_LABEL] == place.key]
    if len(named) == 1 and isinstance(named[0], SignMixin):
        return named[0]
    told = "more than one key in it is" if named else "no private key in it is"
    raise SealError(
        f"{told} called {place.key}.",
        where=str(place),
        hint=_there_are("keys", (one[_LABEL] for one in held)),
    )


def _there_are(what: str, labels: Iterable[str]) -> str:
    known = sorted({label for label in labels if label})
    return f"Its {what}: {', '.join(known)}." if known else f"It has no {what} with a name."


def _verify(certificate: x509.Certificate, signature: bytes) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, _SAMPLE, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, _SAMPLE, ec.ECDSA(hashes.SHA256()))


def _as_der(signature: bytes) -> bytes:
    """Encode as X.509 does what PKCS#11 gives as two numbers of equal length."""
    half = len(signature) // 2
    return encode_dss_signature(
        int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    )


def _unusable(place: TokenPlace, error: PKCS11Error) -> SealError:
    return SealError(
        f"can't be used: {_said(error)}.",
        where=str(place),
        hint="Is it in its place, and are others using it?",
    )


def _said(error: PKCS11Error) -> str:
    return str(error) or type(error).__name__


_HINT_PIN = "Give the token's PIN in BUSTIA_SEAL_PIN."
_HINT_MODULE = "Name the library of the token's maker: pkcs11_module in bustia.toml, [seal]."
