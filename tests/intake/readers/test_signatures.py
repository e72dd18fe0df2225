"""Signed Facturae: intact ones are taken, changed ones are not."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.xades.xades import XAdESSignaturePolicy, XAdESSigner
from tests.intake.readers import samples

from bustia.intake.documents import SignatureState
from bustia.intake.readers import ReadResult, read_document


@pytest.fixture(scope="module")
def signer() -> tuple[bytes, bytes]:
    """A made-up company's key and certificate, long expired, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name.from_rfc4514_string("CN=Segell de proves,O=Vallserena")
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2021, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return (
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def _xades(signer: tuple[bytes, bytes]) -> bytes:
    policy = XAdESSignaturePolicy(
        Identifier="politica_de_firma_formato_facturae_v3_1",
        Description="Facturae 3.1",
        DigestMethod=DigestAlgorithm.SHA256,
        DigestValue=base64.b64encode(b"0" * 32).decode(),
    )
    root = etree.fromstring(samples.facturae().encode())
    signed = XAdESSigner(signature_policy=policy, claimed_roles=["emisor"]).sign(
        root, key=signer[0], cert=[signer[1].decode()]
    )
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


def _sha1(signer: tuple[bytes, bytes]) -> bytes:
    class OldSigner(XMLSigner):
        """Signs as software of the years of Facturae 3.2 did."""

        def check_deprecated_methods(self) -> None:
            """Let SHA-1 pass."""

    root = etree.fromstring(samples.facturae(version="3.2").encode())
    signed = OldSigner(
        signature_algorithm=SignatureMethod.RSA_SHA1, digest_algorithm=DigestAlgorithm.SHA1
    ).sign(root, key=signer[0], cert=[signer[1].decode()])
    return etree.tostring(signed)


def _read(data: bytes) -> ReadResult:
    return read_document(data, "signed.xml")


@pytest.mark.parametrize("sign", [_xades, _sha1])
def test_intact_signature_is_reported(
    sign: Callable[[tuple[bytes, bytes]], bytes], signer: tuple[bytes, bytes]
) -> None:
    """A signed file is taken, and its invoices say that the signature holds and whose it is."""
    result = _read(sign(signer))
    assert result.rejections == ()
    (invoice,) = result.invoices
    assert invoice.signature.state is SignatureState.INTACT
    assert "Segell de proves" in invoice.signature.signer


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Núria", "Nuria"),
        ("<InvoiceNumber>123<", "<InvoiceNumber>124<"),
        ("2026-03-20", "2026-03-21"),
        ("SigningTime>20", "SigningTime>19"),
        ("emisor", "EMISOR"),
    ],
)
def test_changed_file_is_rejected(old: str, new: str, signer: tuple[bytes, bytes]) -> None:
    """Whatever is changed after signing, in the invoice or the signature: rejected whole."""
    data = _xades(signer)
    assert old.encode() in data
    result = _read(data.replace(old.encode(), new.encode(), 1))
    assert result.records == ()
    (rejection,) = result.rejections
    assert (rejection.code, rejection.where) == ("signature_broken", "/fe:Facturae/ds:Signature")


def test_changed_signature_value_is_rejected(signer: tuple[bytes, bytes]) -> None:
    """A signature value that isn't the one made is rejected, and one that is garbage too."""
    root = etree.fromstring(_xades(signer))
    value = root.find(".//{http://www.w3.org/2000/09/xmldsig#}SignatureValue")
    assert value is not None
    for text in (base64.b64encode(b"1" * 256).decode(), "%%%", ""):
        value.text = text
        assert [one.code for one in _read(etree.tostring(root)).rejections] == ["signature_broken"]


def test_signature_over_a_part_is_rejected(signer: tuple[bytes, bytes]) -> None:
    """A signature that covers something else than the whole file is rejected."""
    text = samples.facturae().replace("<FileHeader>", '<FileHeader Id="head">')
    root = etree.fromstring(text.encode())
    signed = XMLSigner().sign(root, key=signer[0], cert=[signer[1].decode()], reference_uri="#head")
    result = _read(etree.tostring(signed))
    assert [one.code for one in result.rejections] == ["signature_partial"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"enveloped-signature", b"some-other-transform"),
        (b"rsa-sha256", b"rsa-sha999"),
        (b"X509Certificate>", b"X509Nothing>"),
    ],
)
def test_what_cannot_be_checked_is_remarked_upon(
    old: bytes, new: bytes, signer: tuple[bytes, bytes]
) -> None:
    """An unknown transform, algorithm or a missing certificate leaves the signature unchecked."""
    result = _read(_xades(signer).replace(old, new))
    (invoice,) = result.invoices
    assert invoice.signature.state is SignatureState.UNCHECKED
    assert invoice.signature.detail
    assert "signature_unchecked" in [one.code for one in result.remarks]


def test_unsigned_file_says_so() -> None:
    """A file without signature is taken and says that it has none."""
    (invoice,) = _read(samples.facturae().encode()).invoices
    assert invoice.signature.state is SignatureState.ABSENT
