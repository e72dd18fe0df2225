"""What the press wants of a seal: its place in a file, and the signature that goes there.

``bustia.seal.Sealer`` is such a one. The press knows no keys and no certificates.
"""

from datetime import datetime
from typing import Protocol

__all__ = ["Seal", "SealPlace"]


class SealPlace(Protocol):
    """The place of a seal, at one instant, in files that are written with it."""

    @property
    def size(self) -> int:
        """How many hexadecimal digits the signature takes up."""

    @property
    def entries(self) -> bytes:
        """The entries of the signature's dictionary, but for ByteRange and Contents."""

    @property
    def field(self) -> bytes:
        """The entries of the signature's field, but for the page and the value."""

    def signature(self, digest: bytes) -> bytes:
        """Give the signature over a file with this SHA-256 digest, in hexadecimal digits."""


class Seal(Protocol):
    """Seals files, finished ones and those that are being written."""

    def seal(self, pdf: bytes, at: datetime) -> bytes:
        """Give a finished file with the seal added."""

    def slot(self, at: datetime) -> SealPlace:
        """Give the place of the seal in files that are sealed at this instant: always the same."""
