"""Packs the documents of a chunk into one object, so that each can be had back to the byte.

A segment is a run of records, one a document, sorted by form. The bytes that all documents of a
form begin with stand in the record of its first document; the others say how many of these come
first, and have the rest compressed (Zstandard) with the rest of that document as the dictionary. So
have the first documents of other forms, with the segment's very first one. A record names the
record it builds on, and the last one lists what is where: a segment can be read without the
database.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import zstandard

from bustia.errors import ArchiveError

__all__ = ["Packable", "Packed", "Place", "SegmentReader", "pack", "read_index"]

_LEVEL = 3
_LEVEL_OF_FORMS = -1
"""For documents that were filled into forms: more effort would save a hundredth of them."""
_MAGIC = b"BUSTIA2\n"
_TAIL = 8
_HEADER = struct.Struct(">III")
"""Offset and length of the record that this one builds on (0 and 0: none), and how many of the
first bytes of the document it takes from there."""
_KEPT_BASES = 8
_DEEPEST = 2
"""A document builds on the first of its form, and that on the first of the segment."""


@dataclass(frozen=True, slots=True)
class Packable:
    """A document to be packed."""

    number: str
    content: bytes
    sha256: str = ""
    """Its digest in hexadecimal digits, where it is known."""
    form: str = ""
    """Names the form that it was filled into, if any."""
    form_size: int = 0
    """With how many bytes all documents of the form begin."""
    fonts_size: int = 0
    """With how many bytes most documents of other forms begin, too."""


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
    """In the order in which the documents were given."""


def pack(documents: Sequence[Packable]) -> Packed:
    """Pack documents; the same documents give the same bytes."""
    if not documents:
        raise ArchiveError("a segment needs at least one document.")
    forms: dict[str | int, list[int]] = {}
    for position, one in enumerate(documents):
        forms.setdefault(one.form or position, []).append(position)
    records, places, offset = [_MAGIC], dict[int, Place](), len(_MAGIC)

    def add(position: int, record: bytes) -> Place:
        nonlocal offset
        one = documents[position]
        digest = one.sha256 or hashlib.sha256(one.content).hexdigest()
        place = places[position] = Place(one.number, digest, offset, len(record))
        records.append(record)
        offset += len(record)
        return place

    very_first: _Base | None = None
    for first, *others in forms.values():
        head = documents[first]
        if very_first is None:
            base = very_first = _Base(head.content, add(first, _alone(head.content)))
        else:
            base = _Base(head.content, add(first, very_first.record(head, head.fonts_size)))
        for other in others:
            add(other, base.record(documents[other], head.form_size))
    in_order = tuple(places[position] for position in range(len(documents)))
    index = [[p.number, p.sha256, p.offset, p.length] for p in in_order]
    tail = zstandard.ZstdCompressor(level=_LEVEL).compress(json.dumps(index).encode())
    content = b"".join([*records, tail, len(tail).to_bytes(_TAIL, "big")])
    return Packed(hashlib.sha256(content).hexdigest(), content, in_order)


def _alone(content: bytes) -> bytes:
    return _HEADER.pack(0, 0, 0) + zstandard.ZstdCompressor(level=_LEVEL).compress(content)


class _Base:
    """A document that the records of others build on."""

    def __init__(self, content: bytes, place: Place) -> None:
        self._content = content
        self._place = place
        self._compressors: dict[tuple[int, int], tuple[bytes, zstandard.ZstdCompressor]] = {}

    def record(self, document: Packable, shared: int) -> bytes:
        """Give the record of a document that is said to begin with so many bytes of this one."""
        content, level = document.content, _LEVEL_OF_FORMS if document.form else _LEVEL
        beginning, compressor = self._compressor(shared, level)
        if not content.startswith(beginning):
            beginning, compressor = self._compressor(0, level)
        header = _HEADER.pack(self._place.offset, self._place.length, len(beginning))
        return header + compressor.compress(memoryview(content)[len(beginning) :])

    def _compressor(self, shared: int, level: int) -> tuple[bytes, zstandard.ZstdCompressor]:
        found = self._compressors.get((shared, level))
        if found is None:
            rest = self._content[shared:]
            # Tables for what is about as long as this rest: larger ones take as long to clear as
            # the documents to compress.
            effort = zstandard.ZstdCompressionParameters.from_level(
                level, source_size=len(rest), dict_size=len(rest)
            )
            dictionary = _dictionary(rest)
            dictionary.precompute_compress(compression_params=effort)
            compressor = zstandard.ZstdCompressor(compression_params=effort, dict_data=dictionary)
            found = self._compressors[shared, level] = (self._content[:shared], compressor)
        return found


def _dictionary(content: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


class SegmentReader:
    """Gives the documents of one segment, quickest in the order in which they lie there."""

    def __init__(self, read: Callable[[int, int], bytes]) -> None:
        """``read`` gives so many bytes of the segment from an offset on."""
        self._read = read
        self._bases: dict[int, bytes] = {}

    def document(self, offset: int, length: int, sha256: str) -> bytes:
        """Give a document back.

        Raises ``ArchiveError`` unless it is the document with that digest, to the byte.
        """
        try:
            content = self._content(offset, length)
        except (zstandard.ZstdError, struct.error, MemoryError) as error:
            raise ArchiveError(f"the stored bytes are damaged: {error}.") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ArchiveError("the stored bytes are not those that were put there.")
        return content

    def _content(self, offset: int, length: int, depth: int = 0) -> bytes:
        record = self._read(offset, length)
        base_offset, base_length, shared = _HEADER.unpack_from(record)
        frame = memoryview(record)[_HEADER.size :]
        if not base_length:
            return zstandard.ZstdDecompressor().decompress(frame)
        if depth == _DEEPEST:
            raise ArchiveError("the stored bytes are damaged: records build on each other.")
        base = self._base(base_offset, base_length, depth + 1)
        rest = zstandard.ZstdDecompressor(dict_data=_dictionary(base[shared:])).decompress(frame)
        return base[:shared] + rest

    def _base(self, offset: int, length: int, depth: int) -> bytes:
        found = self._bases.get(offset)
        if found is None:
            found = self._content(offset, length, depth)
            if len(self._bases) >= _KEPT_BASES:
                del self._bases[next(reversed(self._bases))]  # the first is needed most
            self._bases[offset] = found
        return found


def read_index(content: bytes) -> tuple[Place, ...]:
    """Read from a whole segment what is where in it; raise ``ArchiveError`` if it is damaged."""
    try:
        length = int.from_bytes(content[-_TAIL:], "big")
        tail = content[-_TAIL - length : -_TAIL]
        rows = json.loads(zstandard.ZstdDecompressor().decompress(tail))
        return tuple(Place(*row) for row in rows)
    except (zstandard.ZstdError, ValueError, TypeError, MemoryError, OverflowError) as error:
        raise ArchiveError("the segment's index is damaged.") from error
