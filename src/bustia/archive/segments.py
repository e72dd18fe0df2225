"""Packs the documents of a chunk into one object, so that each can be had back to the byte.

A segment is a run of Zstandard frames, one a document, in order; the first document is the
dictionary of all others, since bills of one form have most bytes in common. A frame in the end
lists what is where, so that a segment can be read without the database.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from bustia.errors import ArchiveError

__all__ = ["Packed", "Place", "pack", "read_index", "unpack"]

_LEVEL = 3
_MAGIC = b"BUSTIA1\n"
_TAIL = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where one document is in a segment, and the digest of its bytes."""

    number: str
    sha256: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A segment: its name (the SHA-256 of its content), content, and where each document is."""

    name: str
    content: bytes
    places: tuple[Place, ...]


def pack(documents: Sequence[tuple[str, bytes]]) -> Packed:
    """Pack documents, each with its number; the same documents give the same bytes."""
    if not documents:
        raise ArchiveError("a segment needs at least one document.")
    first = documents[0][1]
    shared = zstandard.ZstdCompressionDict(first, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    shared.precompute_compress(level=_LEVEL)
    alone = zstandard.ZstdCompressor(level=_LEVEL)
    with_first = zstandard.ZstdCompressor(level=_LEVEL, dict_data=shared)
    parts, places, offset = [_MAGIC], [], len(_MAGIC)
    for position, (number, content) in enumerate(documents):
        frame = (with_first if position else alone).compress(content)
        digest = hashlib.sha256(content).hexdigest()
        places.append(Place(number, digest, offset, len(frame)))
        parts.append(frame)
        offset += len(frame)
    index = json.dumps([[p.number, p.sha256, p.offset, p.length] for p in places])
    tail = alone.compress(index.encode())
    parts += [tail, len(tail).to_bytes(_TAIL, "big")]
    content = b"".join(parts)
    return Packed(hashlib.sha256(content).hexdigest(), content, tuple(places))


def unpack(first: bytes, frame: bytes | None, sha256: str) -> bytes:
    """Give a document back from the segment's first frame and its own (None for the first).

    Raises ``ArchiveError`` unless it is the document with that digest, to the byte.
    """
    try:
        content = zstandard.ZstdDecompressor().decompress(first)
        if frame is not None:
            shared = zstandard.ZstdCompressionDict(
                content, dict_type=zstandard.DICT_TYPE_RAWCONTENT
            )
            content = zstandard.ZstdDecompressor(dict_data=shared).decompress(frame)
    except zstandard.ZstdError as error:
        raise ArchiveError(f"the stored bytes are damaged: {error}.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ArchiveError("the stored bytes are not those that were put there.")
    return content


def read_index(content: bytes) -> tuple[Place, ...]:
    """Read from a whole segment what is where in it; raise ``ArchiveError`` if it is damaged."""
    try:
        length = int.from_bytes(content[-_TAIL:], "big")
        tail = content[-_TAIL - length : -_TAIL]
        rows = json.loads(zstandard.ZstdDecompressor().decompress(tail))
        return tuple(Place(*row) for row in rows)
    except (zstandard.ZstdError, ValueError, TypeError, MemoryError, OverflowError) as error:
        raise ArchiveError("the segment's index is damaged.") from error
