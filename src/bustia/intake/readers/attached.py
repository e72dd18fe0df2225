"""Describing a document that an invoice carries along, without keeping its bytes."""

import base64
import binascii
import hashlib
from dataclasses import replace

from bustia.intake.documents import Attachment
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, text_of

__all__ = ["describe"]


def describe(reading: Reading, embedded: Element | None, attachment: Attachment) -> Attachment:
    """Complete an attachment's description from the Base64 in ``embedded``, where there is any."""
    if embedded is None:
        return attachment
    try:
        content = base64.b64decode("".join(text_of(embedded).split()), validate=True)
    except (binascii.Error, ValueError):
        reason = "The embedded document isn't proper Base64; it is left out."
        reading.remark(embedded, "BT-125", "attachment_invalid", reason)
        return attachment
    return replace(
        attachment,
        filename=embedded.get("filename", ""),
        mime=embedded.get("mimeCode", attachment.mime),
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
