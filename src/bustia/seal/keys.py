"""Whose seal it is: a private key with its certificates.

A company's own comes from a PKCS#12 file, or stays in its token (:mod:`bustia.seal.token`). For
demonstrations there is one that is derived from a seed, so that the same demo makes the same
bytes; it says what it is in its subject.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from bustia.errors import SealError

__all__ = [
    "Identity",
    "LoadedKey",
    "SealKey",
    "as_pem",
    "demo_identity",
    "in_order",
    "load_identity",
]

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_DEMO_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_DEMO_TO = datetime(2050, 1, 1, tzinfo=UTC)
_ECDSA_BYTES = 144
"""A bound on signatures of elliptic curves in DER, up to those of 521 bits."""


class SealKey(Protocol):
    """Signs, wherever the key itself is kept."""

    def sign(self, data: bytes) -> bytes:
        """Sign data with SHA-256, by ECDSA in DER or by RSA as in PKCS #1 v1.5."""


_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """A key in the memory of this process."""

    key: PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> bytes:
        """Sign by RFC 6979 or PKCS #1 v1.5: the same signature for the same data, always."""
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, _ECDSA)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, its certificate, and the certificates that lead to a root."""

    key: SealKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def subject(self) -> str:
        """Who seals, as the certificate says."""
        return self.certificate.subject.rfc4514_string()

    @property
    def signature_bytes(self) -> int:
        """A bound on the size of a signature."""
        key = self.certificate.public_key()
        return (key.key_size + 7) // 8 if isinstance(key, rsa.RSAPublicKey) else _ECDSA_BYTES

    def sign(self, data: bytes) -> bytes:
        """Sign data with SHA-256; raise ``SealError`` if the key can't be used."""
        return self.key.sign(data)


def load_identity(file: Path, password: str | None) -> Identity:
    """Load a PKCS#12 file; raise ``SealError`` if it can't be used to seal."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SealError(f"can't be read: {error.strerror}.", where=str(file)) from error
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(
            content, password.encode() if password else None
        )
    except ValueError as error:
        raise SealError(
            "is not a PKCS#12 file, or its password is another.",
            where=str(file),
            hint="Give the password in BUSTIA_SEAL_PASSWORD.",
        ) from error
    if certificate is None or not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SealError("holds no certificate with an RSA or elliptic-curve key.", where=str(file))
    if key.public_key() != certificate.public_key():
        raise SealError("the key is not that of the certificate.", where=str(file))
    return Identity(LoadedKey(key), certificate, tuple(in_order(certificate, others)))


def in_order(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """Put the other certificates in order, from the issuer of the leaf upwards."""
    chain: list[x509.Certificate] = []
    current = leaf
    while len(chain) < len(others):
        issuer = next((one for one in others if one not in chain and _issued(one, current)), None)
        if issuer is None:
            break
        chain.append(issuer)
        current = issuer
    return chain


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def demo_identity(seed: str) -> Identity:
    """Make the demonstration key and certificates of a seed, always the same for the same seed.

    It is for trying things out: who knows the seed knows the key.
    """
    root_key, key = _derive(seed, "root"), _derive(seed, "seal")
    root_name = _name("Bústia demonstration root (DEMO, not valid)")
    root = (
        _builder(root_name, root_name, root_key, seed, "root")
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    certificate = (
        _builder(_name("Aigües de Vallserena (DEMO, not valid)"), root_name, key, seed, "seal")
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return Identity(LoadedKey(key), certificate, (root,))


def _derive(seed: str, role: str) -> ec.EllipticCurvePrivateKey:
    digest = hashlib.sha512(f"bustia demonstration key\0{role}\0{seed}".encode()).digest()
    return ec.derive_private_key(
        int.from_bytes(digest, "big") % (_P256_ORDER - 1) + 1, ec.SECP256R1()
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ES"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "DEMO – not valid"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, seed: str, role: str
) -> x509.CertificateBuilder:
    serial = hashlib.sha256(f"serial\0{role}\0{seed}".encode()).digest()[:16]
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(serial, "big") >> 1 or 1)
        .not_valid_before(_DEMO_FROM)
        .not_valid_after(_DEMO_TO)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def as_pem(certificates: tuple[x509.Certificate, ...]) -> bytes:
    """Give certificates as PEM, for those who verify."""
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
