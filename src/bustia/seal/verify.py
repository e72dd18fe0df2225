"""Tells whether a sealed PDF is unchanged, who sealed it and when, in words for anybody.

A PAdES signature leaves some bytes of its own container unsigned: room that was left over, the
spelling of its hexadecimal digits, wrappings around what is signed. A document is only called
unchanged if those bytes, too, are just as the seal writes them.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator import ValidationContext

__all__ = ["Verdict", "verify"]

# Everything there is to say is in the verdict; the library would log it with tracebacks besides.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What can be said of a sealed file."""

    sealed: bool
    """There is a seal."""
    unchanged: bool
    """The file is, to the byte, what was sealed."""
    trusted: bool
    """The seal's certificate comes from one that we were told to trust."""
    sealed_by: str = ""
    """Subject of the certificate."""
    sealed_at: datetime | None = None
    """When it was sealed, by the sealer's own clock."""
    reason: str = ""
    """What is wrong, if something is; empty if nothing."""

    @property
    def good(self) -> bool:
        """Whether the file is sealed, unchanged and by somebody we trust."""
        return self.sealed and self.unchanged and self.trusted


def verify(pdf: bytes, trusted: Sequence[x509.Certificate]) -> Verdict:
    """Verify the seal of a PDF against trusted certificates; never raises for a bad file."""
    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if not signatures:
            return _not_sealed("This file has no seal.")
        return _verdict(pdf, signatures[-1], len(signatures), trusted)
    except Exception as error:  # noqa: BLE001 (a reader may fail in any way on a damaged file)
        return _not_sealed(f"This file can't be read as a sealed PDF ({type(error).__name__}).")


def _not_sealed(reason: str) -> Verdict:
    return Verdict(sealed=False, unchanged=False, trusted=False, reason=reason)


def _verdict(
    pdf: bytes,
    signature: EmbeddedPdfSignature,
    signatures: int,
    trusted: Sequence[x509.Certificate],
) -> Verdict:
    at = signature.self_reported_timestamp
    roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in trusted]
    status = validate_pdf_signature(
        signature,
        signer_validation_context=ValidationContext(
            trust_roots=roots, allow_fetching=False, moment=at, revocation_mode="soft-fail"
        ),
    )
    reasons = []
    if not (status.intact and status.valid):
        reasons.append("Its content is not what was sealed.")
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or signatures != 1:
        reasons.append("Something was added after it was sealed.")
    if not _container_is_clean(pdf, signature):
        reasons.append("Bytes of the seal itself were changed.")
    unchanged = not reasons
    if unchanged and not status.trusted:
        reasons.append("The seal's certificate is not one that is trusted here.")
    return Verdict(
        sealed=True,
        unchanged=unchanged,
        trusted=bool(status.trusted),
        sealed_by=signature.signer_cert.subject.human_friendly,
        sealed_at=at,
        reason=" ".join(reasons),
    )


def _container_is_clean(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Whether the unsigned bytes of the signature are the only ones that its content allows."""
    _, first, second, _ = (int(part) for part in signature.byte_range)
    container = pdf[first:second]
    if container[:1] != b"<" or container[-1:] != b">" or container != container.upper():
        return False
    raw = bytes.fromhex(container[1:-1].decode("ascii"))
    found = cms.ContentInfo.load(raw)
    der = found.dump()
    if raw[len(der) :].strip(b"\0"):
        return False
    content = found["content"]
    (signer,) = content["signer_infos"]
    expected = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": [{"algorithm": "sha256"}],
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [
                        asn1_x509.Certificate.load(one.chosen.dump())
                        for one in content["certificates"]
                    ],
                    "signer_infos": [
                        {
                            "version": "v1",
                            "sid": cms.SignerIdentifier(
                                {
                                    "issuer_and_serial_number": {
                                        "issuer": signature.signer_cert.issuer,
                                        "serial_number": signature.signer_cert.serial_number,
                                    }
                                }
                            ),
                            "digest_algorithm": {"algorithm": "sha256"},
                            "signed_attrs": signer["signed_attrs"],
                            "signature_algorithm": signer["signature_algorithm"],
                            "signature": signer["signature"].native,
                        }
                    ],
                }
            ),
        }
    )
    return expected.dump() == der and _chained(content["certificates"], signature.signer_cert)


def _chained(certificates: cms.CertificateSet, leaf: asn1_x509.Certificate) -> bool:
    """Whether each other certificate in the seal vouches for one before it, by its signature."""
    known = [x509.load_der_x509_certificate(leaf.dump())]
    others = [
        x509.load_der_x509_certificate(one.chosen.dump())
        for one in certificates
        if one.chosen.dump() != leaf.dump()
    ]
    for other in others:
        if not any(_issued(other, one) for one in known):
            return False
        known.append(other)
    return True


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # noqa: BLE001 (every failure means no)
        return False
    return True
