"""Is the signature on a Facturae file intact, and does it cover the whole file?

Checked are the digests of everything the signature refers to and the signature's value, with the
certificate that comes along. Whether that certificate is genuine, valid on the day and the
seller's own is not: that takes a list of trusted authorities (docs/decisions/0010).
"""

from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from bustia.intake.documents import SignatureReport, SignatureState
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.xml import Element, first, nodes, text_of

__all__ = ["check_signature"]

_NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
_ENVELOPED = f"{_NAMESPACE}enveloped-signature"
_SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
"""A reference type that some signers write where a transform belongs; it changes nothing."""
_SIGNATURES = frozenset(method for method in SignatureMethod if not method.name.startswith("HMAC"))
_C14N = frozenset(method.value for method in CanonicalizationMethod)
_DIGESTS = frozenset(method.value for method in DigestAlgorithm)
_BROKEN = (
    SignXMLException,
    UnsupportedAlgorithm,
    etree.LxmlError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
)
"""What the verifier raises on a signature that is malformed or doesn't hold."""


def check_signature(root: Element, source: Source, reading: Reading) -> SignatureReport:
    """Report the signature of a file; reject a broken one and one that leaves invoices out."""
    found = list(root.iterchildren(f"{{{_NAMESPACE}}}Signature"))
    if not found:
        return SignatureReport()
    signature = found[0]
    certificates = list(_certificates(signature))
    unknown = next(_unknown_parts(signature), "")
    if len(found) > 1:
        unknown = "the file has several signatures"
    elif not unknown and not certificates:
        unknown = "its certificate isn't in the file"
    if unknown:
        return _unchecked(signature, reading, unknown)
    if not _covers_all(root, signature):
        reason = "The signature doesn't cover the whole file, so that it proves nothing."
        reading.reject(signature, "Signature", "signature_partial", reason)
        return SignatureReport(SignatureState.UNCHECKED, detail="partial")
    for certificate in certificates:
        if _holds(source.data, certificate):
            return SignatureReport(SignatureState.INTACT, certificate.subject.rfc4514_string())
    reason = "The signature doesn't hold: the file was changed after it was signed."
    reading.reject(signature, "Signature", "signature_broken", reason)
    return SignatureReport(SignatureState.UNCHECKED, detail="broken")


def _unchecked(signature: Element, reading: Reading, detail: str) -> SignatureReport:
    reason = f"The signature was not checked: {detail}."
    reading.remark(signature, "Signature", "signature_unchecked", reason)
    return SignatureReport(SignatureState.UNCHECKED, detail=detail)


def _algorithm(node: Element | None) -> str:
    return node.get("Algorithm", "") if node is not None else ""


def _unknown_parts(signature: Element) -> Iterator[str]:
    """Say what of the signature is beyond what is checked here."""
    info = first(signature, "ds:SignedInfo")
    if info is None:
        yield "it has no SignedInfo"
        return
    if _algorithm(first(info, "ds:SignatureMethod")) not in {m.value for m in _SIGNATURES}:
        yield "its algorithm isn't known"
    if _algorithm(first(info, "ds:CanonicalizationMethod")) not in _C14N:
        yield "its canonical form isn't known"
    for reference in nodes(info, "ds:Reference"):
        uri = reference.get("URI")
        if uri is None or (uri and not uri.startswith("#")) or uri.startswith("#xpointer"):
            yield "it refers to something by other means than an identifier"
        if _algorithm(first(reference, "ds:DigestMethod")) not in _DIGESTS:
            yield "a digest algorithm isn't known"
        for transform in nodes(reference, "ds:Transforms/ds:Transform"):
            if _algorithm(transform) not in {*_C14N, _ENVELOPED, _SIGNED_PROPERTIES}:
                yield "a transform isn't known"


def _certificates(signature: Element) -> Iterator[x509.Certificate]:
    for node in nodes(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate"):
        body = "\n".join(text_of(node).split())
        pem = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
        try:
            yield x509.load_pem_x509_certificate(pem.encode("ascii", "replace"))
        except (ValueError, UnsupportedAlgorithm):
            continue


def _covers_all(root: Element, signature: Element) -> bool:
    """Tell whether a reference is to the whole file: an empty one, or to the root by its Id."""
    wanted = {""} | {f"#{root.get(name)}" for name in ("Id", "ID", "id") if root.get(name)}
    references = nodes(signature, "ds:SignedInfo/ds:Reference")
    return any(reference.get("URI") in wanted for reference in references)


def _holds(data: bytes, certificate: x509.Certificate) -> bool:
    expected = SignatureConfiguration(
        location="./",
        expect_references=False,
        signature_methods=_SIGNATURES,
        digest_algorithms=frozenset(DigestAlgorithm),
        # Whether the certificate was valid on the day belongs to trust; no clock is asked here.
        verification_time=certificate.not_valid_before_utc,
    )
    try:
        XMLVerifier().verify(
            data, x509_cert=certificate, validate_schema=False, expect_config=expected
        )
    except _BROKEN:
        return False
    return True
