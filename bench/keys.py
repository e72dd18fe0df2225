"""Makes the key that seals in a benchmark: P-256, or RSA with 2,048 bits."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from bustia.seal import Identity, demo_identity
from bustia.seal.keys import LoadedKey

__all__ = ["KeyKind", "write_identity"]

KeyKind = Literal["ecdsa", "rsa"]


def write_identity(kind: KeyKind, file: Path) -> Path:
    """Write a key with its certificate as PKCS#12, without a password; give the file."""
    identity = demo_identity("benchmark") if kind == "ecdsa" else _rsa()
    key = cast("LoadedKey", identity.key).key
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"bench", key, identity.certificate, identity.chain or None, NoEncryption()
        )
    )
    return file


def _rsa() -> Identity:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Benchmark – not valid")])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=False, crl_sign=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Identity(LoadedKey(key), certificate)
