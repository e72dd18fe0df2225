"""The place of a seal in a file that is written with it, in one pass.

Equal to what :class:`~bustia.seal.pades.Sealer` adds to a finished file, but part of the file from
the beginning: only one digest and one signature are left to do for each document.
"""

from datetime import UTC, datetime

from bustia.seal.cms import CmsTemplate
from bustia.seal.keys import Identity

__all__ = ["FIELD_NAME", "FIELD_TITLE", "SealSlot"]

FIELD_NAME = "Segell"
FIELD_TITLE = "Segell electrònic · Sello electrónico · Electronic seal"
_SPARE = 16
"""Bytes by which the container may be longer than the first one: signatures of elliptic curves
differ by a few."""


class SealSlot:
    """What a file needs to be sealed by one identity at one instant."""

    def __init__(
        self, template: CmsTemplate, identity: Identity, at: datetime, reason: str | None
    ) -> None:
        self.at = at
        self._template = template
        self._identity = identity
        self.size = 2 * (len(template.fill(bytes(32), identity)) + _SPARE)
        """How many hexadecimal digits the signature takes up."""
        moment = at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
        told = b"/Reason" + _text(reason) if reason else b""
        self.entries = b"/Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/M(%s)%s" % (
            moment.encode(),
            told,
        )
        """The entries of the signature's dictionary, but for ByteRange and Contents."""
        self.field = (
            b"/Type/Annot/Subtype/Widget/FT/Sig/F 132/Rect[-9999 -9999 -9999 -9999]/T%s/TU%s"
            % (_text(FIELD_NAME), _text(FIELD_TITLE))
        )
        """The entries of its field, but for the page and the value: printable, as PDF/A wants it,
        and outside of the page, as PDF/UA does."""

    def signature(self, digest: bytes) -> bytes:
        """Give the signature over a file with this SHA-256 digest, in hexadecimal digits."""
        container = self._template.fill(digest, self._identity)
        return container.hex().upper().encode().ljust(self.size, b"0")


def _text(value: str) -> bytes:
    return b"<FEFF" + value.encode("utf-16-be").hex().upper().encode() + b">"
