"""Keeps what a message said as it was sent, for the Inbox and for who asks later.

Texts and templates change; what a customer was told on a day does not. A mail's headers, text and
HTML are kept without the attachment, which the archive has, and an SMS's text. They are written in
the transaction that records that the provider took the message.
"""

import json
import threading
from dataclasses import asdict, dataclass

import zstandard
from django.db import connection

from bustia.deliver.channels.email import Mail
from bustia.deliver.channels.sms import Sms
from bustia.deliver.models import Delivery, Sent

__all__ = ["Said", "forget_sent", "keep_sent", "pack", "said_by", "said_in", "unpack"]

_MOST_BYTES = 4 * 1024 * 1024
_own = threading.local()


@dataclass(frozen=True, slots=True)
class Said:
    """What a message said: a mail's headers, text and HTML, or an SMS's text."""

    text: str
    html: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """Give a header, or nothing."""
        return dict(self.headers).get(name, "")


def said_by(message: object) -> Said | None:
    """Give what a message says that is ready to be sent, if it is of a kind that is kept."""
    if isinstance(message, Mail):
        return Said(message.text, message.html, message.headers)
    return Said(message.text) if isinstance(message, Sms) else None


def pack(said: Said) -> bytes:
    """Compress what was said: some two kilobytes for a mail."""
    return _compressor().compress(json.dumps(asdict(said), ensure_ascii=False).encode())


def unpack(packed: bytes) -> Said:
    """Read what ``pack`` gave."""
    plain = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MOST_BYTES)
    values = json.loads(plain)
    headers = tuple((str(name), str(value)) for name, value in values["headers"])
    return Said(values["text"], values["html"], headers)


def keep_sent(delivery: int, said: Said) -> None:
    """Write down what a delivery said, in the caller's transaction; sent again, the last counts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO deliver_sent (delivery_id, content) VALUES (%s, %s)"
            " ON CONFLICT (delivery_id) DO UPDATE SET content = EXCLUDED.content",
            [delivery, pack(said)],
        )


def said_in(delivery: Delivery) -> Said | None:
    """Give what a delivery said as it was sent; None where nothing was, or not by a message."""
    kept = Sent.objects.filter(delivery=delivery).first()
    return unpack(bytes(kept.content)) if kept else None


def forget_sent(contract: int) -> int:
    """Remove what was said to a contract whose data are erased; give how many messages."""
    return Sent.objects.filter(delivery__contract=contract).delete()[0]


def _compressor() -> zstandard.ZstdCompressor:
    """Give this thread's compressor: making one costs more than using it."""
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(level=3)
    found = _own.compressor
    assert isinstance(found, zstandard.ZstdCompressor)  # noqa: S101 (ours, not input)
    return found
