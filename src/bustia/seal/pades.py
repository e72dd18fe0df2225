"""Seals a PDF: a PAdES baseline B-B signature over the whole file, made by pyHanko.

ETSI EN 319 142-1, level B-B: CMS with the signing certificate's digest (ESS v2) and SHA-256, in a
signature dictionary with the filter ETSI.CAdES.detached, added as an incremental update. The
field has no appearance. The same document sealed at the same time gives the same bytes.
"""

import asyncio
import hashlib
import io
from collections.abc import Generator
from datetime import datetime
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.fields import InvisSigSettings, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import Signer
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bustia.errors import SealError
from bustia.seal.cms import CmsTemplate
from bustia.seal.keys import Identity
from bustia.seal.slot import FIELD_NAME, FIELD_TITLE, SealSlot

__all__ = ["Sealer"]

_FIELD = SigFieldSpec(
    FIELD_NAME,
    # PDF/A wants the field printable, PDF/UA wants it outside the page: so it is both.
    invis_sig_settings=InvisSigSettings(box_out_of_bounds=True),
    readable_field_name=FIELD_TITLE,
)

_SOME_DIGEST = hashlib.sha256(b"a document to take the container's form from").digest()

_ROOM_FOR_ATTRIBUTES = 1024
"""Bytes of the CMS beside certificates and signature, rounded up generously."""


class _Writer(IncrementalPdfFileWriter):
    """Adds to a file without touching its metadata, which state when it was composed."""

    def __init__(self, pdf: bytes) -> None:
        # Typst ends a file without an end of line; PDF/A (6.1.9) wants one before what follows.
        super().__init__(io.BytesIO(pdf if pdf.endswith(b"\n") else pdf + b"\n"))
        unchanging = generic.ByteStringObject(hashlib.sha256(pdf).digest()[:16])
        self._document_id = generic.ArrayObject([self._document_id[0], unchanging])

    def _update_meta(self) -> None:
        """Leave the metadata as they are."""


class _Signer(Signer):
    """Hands pyHanko the signatures of an identity."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        certificates = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        certificates.register_multiple([_asn1(one) for one in identity.chain])
        super().__init__(
            signing_cert=_asn1(identity.certificate),
            cert_registry=certificates,
            embed_roots=False,
        )

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        """Sign the CMS's signed attributes; pyHanko asks for SHA-256 only, as told."""
        if digest_algorithm != "sha256":
            raise SealError(f"pyHanko asked for {digest_algorithm}, not SHA-256.")
        return b"" if dry_run else self._identity.sign(data)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


class Sealer:
    """Seals documents for one identity; make it once and use it for many."""

    def __init__(self, identity: Identity, *, reason: str = "", location: str = "") -> None:
        self.identity = identity
        self._reason = reason or None
        self._location = location or None
        self._signer = _Signer(identity)
        self._filled_at: datetime | None = None
        self._slot: SealSlot | None = None
        embedded = (identity.certificate, *identity.chain)
        certificates = sum(len(one.public_bytes(Encoding.DER)) for one in embedded)
        self._reserved = 2 * (certificates + identity.signature_bytes + _ROOM_FOR_ATTRIBUTES)

    def seal(self, pdf: bytes, at: datetime) -> bytes:
        """Give the PDF with a signature that covers all of it, and states the instant ``at``.

        Raises ``SealError`` if the file is not a PDF that can be signed, or the certificate is
        not valid at that instant.
        """
        self._check_validity(at)
        try:
            return self._seal(pdf, at)
        except (PdfError, ValueError) as error:
            raise SealError(f"this PDF can't be signed: {error}") from error

    def slot(self, at: datetime) -> SealSlot:
        """Give what it takes to seal files as they are written, at the instant ``at``.

        Raises ``SealError`` if the certificate is not valid at that instant.
        """
        self._check_validity(at)
        if self._slot is None or self._slot.at != at:
            self._slot = SealSlot(self._template(at), self.identity, at, self._reason)
        return self._slot

    def _check_validity(self, at: datetime) -> None:
        certificate = self.identity.certificate
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise SealError(
                f"the certificate is valid from {certificate.not_valid_before_utc:%d-%m-%Y} to "
                f"{certificate.not_valid_after_utc:%d-%m-%Y}, but not on {at:%d-%m-%Y}.",
                where=self.identity.subject,
                hint="Renew it, and name the new file in bustia.toml, section [seal].",
            )

    def _seal(self, pdf: bytes, at: datetime) -> bytes:
        embedding: Generator[Any, Any, Any] = PdfCMSEmbedder(_FIELD).write_cms(
            _FIELD.sig_field_name, _Writer(pdf)
        )
        next(embedding)
        embedding.send(SigObjSetup(self._placeholder(at)))
        digest, sealed = embedding.send(SigIOSetup("sha256"))
        embedding.send(self._template(at).fill(digest.document_digest, self.identity))
        result: bytes = sealed.getvalue()
        return result

    def _template(self, at: datetime) -> CmsTemplate:
        """Give the container for a signing time; a cycle has one, so the last is kept."""
        if self._filled_at != at:
            container: cms.ContentInfo = asyncio.run(
                self._signer.async_sign(
                    _SOME_DIGEST,
                    "sha256",
                    use_pades=True,
                    signed_attr_settings=PdfCMSSignedAttributes(signing_time=at),
                )
            )
            self._cms = CmsTemplate(container, _SOME_DIGEST)
            self._filled_at = at
        return self._cms

    def _placeholder(self, at: datetime) -> SignatureObject:
        return SignatureObject(
            timestamp=at,
            subfilter=SigSeedSubFilter.PADES,
            reason=self._reason,
            location=self._location,
            bytes_reserved=self._reserved,
        )
