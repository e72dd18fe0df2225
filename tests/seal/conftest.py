"""A small real document, sealed."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from bustia.seal import Identity, Sealer, demo_identity

AT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
TEXT = """
#set document(title: "Factura", date: datetime(year: 2026, month: 5, day: 12))
#set text(lang: "ca", font: "Source Sans Pro")
= Factura
Gràcies.
"""


@pytest.fixture(scope="session")
def pdf() -> bytes:
    """A page in PDF/A-3a and PDF/UA-1."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(files("font_source_sans_pro") / "files")],
    )
    made = typst.compile(
        TEXT.encode(), format="pdf", font_paths=fonts, pdf_standards=["a-3a", "ua-1"]
    )
    assert isinstance(made, bytes)
    return made


@pytest.fixture(scope="session")
def identity() -> Identity:
    """Whose seal the tests set."""
    return demo_identity("tests")


@pytest.fixture(scope="session")
def sealed(pdf: bytes, identity: Identity) -> bytes:
    """The page, sealed."""
    return Sealer(identity, reason="Aigües de Vallserena").seal(pdf, AT)


def own_certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """Make a company's certificate that it issued itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A company")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=365))
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )


@pytest.fixture(scope="session")
def company_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKCS#12 file with an RSA key, as certification authorities hand them out."""
    key = rsa.generate_private_key(65537, 2048)
    file = tmp_path_factory.mktemp("keys") / "company.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"company", key, own_certificate(key), None, BestAvailableEncryption(b"right")
        )
    )
    return file
