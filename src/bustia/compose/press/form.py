"""A form: a document of bytes with holes, and what fills these in.

The bytes that all documents of the form share come first. Then follows what each document says:
its content, the few objects that name something (headings, drawings, links, bookmarks), metadata,
cross-references and the seal.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

from bustia.compose.drawing import Drawing
from bustia.compose.press.files import embedded
from bustia.compose.press.lines import Breaker
from bustia.compose.press.metadata import Metadata
from bustia.compose.press.pdf import deflate, deflated, entry, number, numbered_object
from bustia.compose.press.sealing import SealPlace
from bustia.compose.press.typography import Setter

__all__ = [
    "ContentHole",
    "DynamicObject",
    "Form",
    "Leaves",
    "PageContent",
    "SetOf",
    "TextHole",
    "TextOf",
    "drawing_operators",
    "object_stream",
]

_KEPT_DRAWINGS = 4_000
_MOST_WRITTEN = 40
"""Writings of recurring leaves that are kept: those of a few places, a bound on memory."""

TextOf = Callable[[Sequence[Any]], bytes]
"""Gives what a document says in one of its objects, written for a PDF, from its leaves."""
SetOf = Callable[[Sequence[Any]], tuple[bytes, float]]
"""Gives a run of a document as it is set, with its width in points, from its leaves."""


@dataclass(frozen=True, slots=True)
class TextHole:
    """A place in a page's content for a run: the operators that show it at its place."""

    place: int
    run: SetOf
    share: float
    """How much of the run's width is left of ``x``: 0, 0.5 or 1."""
    x: float
    y: bytes

    def at(self, place: int) -> "TextHole":
        """Give the same hole at another place."""
        return replace(self, place=place)

    def fill(self, chunks: list[bytes], leaves: Sequence[Any]) -> None:
        """Write the run into its place."""
        shown, width = self.run(leaves)
        x = number(self.x - self.share * width)
        chunks[self.place] = b"1 0 0 1 %s %s Tm%s" % (x, self.y, shown)


@dataclass(frozen=True, slots=True)
class ContentHole:
    """A place in a page's content for a drawing, or for what a drawing says."""

    place: int
    leaf: int
    write: Callable[[Any], bytes]

    def at(self, place: int) -> "ContentHole":
        """Give the same hole at another place."""
        return replace(self, place=place)

    def fill(self, chunks: list[bytes], leaves: Sequence[Any]) -> None:
        """Write it into its place."""
        chunks[self.place] = self.write(leaves[self.leaf])


class Writing(Protocol):
    """A part of a file that is written for each document; each is equal to itself alone."""

    def write(self, leaves: Sequence[Any]) -> bytes:
        """Write it for a document with these leaves."""


class Leaves(list[Any]):
    """What a document says in one of its pieces: texts and drawings, in order."""

    __slots__ = ("_written",)

    def __init__(self, leaves: Iterable[Any] = (), *, recurring: bool = False) -> None:
        """``recurring`` leaves, which come up again, keep what is written with them."""
        super().__init__(leaves)
        self._written: dict[Writing, bytes] | None = {} if recurring else None

    def written(self, writing: Writing) -> bytes:
        """Give what something writes for a document with these leaves."""
        if self._written is None:
            return writing.write(self)
        found = self._written.get(writing)
        if found is None:
            if len(self._written) >= _MOST_WRITTEN:
                self._written.clear()
            found = self._written[writing] = writing.write(self)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class DynamicObject:
    """An object that says something of the document: bytes, and texts between them."""

    number: int
    parts: tuple[bytes | TextOf, ...]

    def write(self, leaves: Sequence[Any]) -> bytes:
        """Write its body for a document."""
        return b"".join([part if isinstance(part, bytes) else part(leaves) for part in self.parts])


@dataclass(frozen=True, slots=True, eq=False)
class PageContent:
    """What a piece of a document writes on a page: bytes, and the holes among them."""

    chunks: tuple[bytes, ...]
    left: tuple[tuple[int, int, Setter], ...]
    """Holes for whole leaves that keep their left edge: place, leaf, and what sets them."""
    aligned: tuple[tuple[int, int, Setter, float, float, bytes], ...]
    """The same for those that keep their right edge or middle; with share, x and y as in
    :class:`TextHole`."""
    paragraphs: tuple[tuple[int, Breaker, tuple[tuple[int, int], ...]], ...]
    """Paragraphs that keep their left edge: leaf, breaker, and each line's place and number."""
    holes: tuple[TextHole | ContentHole, ...]

    def write(self, leaves: Sequence[Any]) -> bytes:
        """Write it for the leaves of a document's piece."""
        chunks = list(self.chunks)
        for place, leaf, setter in self.left:
            chunks[place] = setter[leaves[leaf]][0]
        for place, leaf, setter, share, x, y in self.aligned:
            shown, width = setter[leaves[leaf]]
            chunks[place] = b"1 0 0 1 %s %s Tm%s" % (number(x - share * width), y, shown)
        for leaf, breaker, places in self.paragraphs:
            lines = breaker[leaves[leaf]]
            for place, line in places:
                chunks[place] = lines[line][0]
        for hole in self.holes:
            hole.fill(chunks, leaves)
        return b"".join(chunks)


@dataclass(slots=True)
class Form:
    """All that documents of one form have in common, and where they differ."""

    prefix: bytes
    """The beginning of the file, with the fonts: shared with all forms of a release."""
    head: bytes
    """What comes after it, the same in all documents of the form."""
    entries: bytes
    """The cross-references of its objects, but for those that are written for each document by
    themselves: these have the last numbers, in the order in which they are written."""
    sections: bytes
    """Which numbers all these objects have, as an Index (ISO 32000-1, 7.5.8.2)."""
    pages: tuple[tuple[int, tuple[tuple[int, PageContent], ...]], ...]
    """For each page the object of its content, and the pieces on it, numbered, with theirs."""
    objects: tuple[tuple[int, DynamicObject], ...]
    """Objects that say something of the document, with the numbers of their pieces."""
    files: tuple[int, ...]
    """The objects that hold the files that go along."""
    catalog: int
    signature: int
    """Number of the signature's dictionary."""
    metadata: int
    inner: int
    """Number of the stream that holds what small objects say, the last of them ``info``."""
    info: int
    name: str = field(init=False)
    """What tells it from all other forms: the SHA-256 of what its documents begin with."""
    digest: Any = field(init=False)
    """The same digest, to go on from."""

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256(self.prefix)
        self.digest.update(self.head)
        self.name = self.digest.hexdigest()

    @property
    def size(self) -> int:
        """With how many bytes all documents of the form begin."""
        return len(self.prefix) + len(self.head)

    def fill(
        self, leaves: Sequence[Leaves], metadata: Metadata, seal: SealPlace
    ) -> tuple[bytes, str]:
        """Write one document, sealed; give also its SHA-256, in hexadecimal digits.

        ``leaves`` are those of the frame, of each part, and last the files that go along.
        """
        at = self.size
        digest = self.digest.copy()
        out: list[bytes] = []
        entries = [self.entries]

        def put(number: int, body: bytes) -> None:
            nonlocal at
            entries.append(entry(at))
            whole = numbered_object(number, body)
            out.append(whole)
            digest.update(whole)
            at += len(whole)

        for page, contents in self.pages:
            written = [leaves[piece].written(content) for piece, content in contents]
            put(page, deflated(b"".join(written)))
        for place, file in zip(self.files, leaves[-1], strict=True):
            put(place, embedded(file, metadata.stamp))
        xmp = metadata.xmp()
        put(
            self.metadata,
            b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp),
        )
        inner = [(one.number, leaves[piece].written(one)) for piece, one in self.objects]
        inner.append((self.info, metadata.info()))
        put(self.inner, object_stream(inner))
        # What follows is laid out around the signature, which covers all but itself.
        last = self.signature + 1
        before = b"%d 0 obj\n<<%s/ByteRange" % (self.signature, seal.entries)
        start = at + len(before) + len(_RANGE % (0, 0, 0)) + len(b"/Contents")
        end = start + seal.size + 2
        cross_at = end + len(b">>\nendobj\n")
        packed = deflate(b"".join([*entries, entry(at), entry(cross_at)]))
        name = digest.hexdigest()[:32].upper().encode()  # all that the document says is in it
        after = (
            b">>\nendobj\n%d 0 obj\n<</Type/XRef/W[1 4 2]/Size %d/Index%s/Root %d 0 R/Info %d 0 R"
            b"/ID[<%s><%s>]/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream\nendobj\n"
            b"startxref\n%d\n%%%%EOF\n"
        ) % (
            last, last + 1, self.sections, self.catalog, self.info,
            name, name, len(packed), packed, cross_at,
        )  # fmt: skip
        before += _RANGE % (start, end, len(after)) + b"/Contents"
        digest.update(before)
        of_all = digest.copy()
        digest.update(after)
        signature = b"<%s>" % seal.signature(digest.digest())
        of_all.update(signature)
        of_all.update(after)
        document = b"".join((self.prefix, self.head, *out, before, signature, after))
        return document, of_all.hexdigest()


_RANGE = b"[0 %8d %8d %8d]"


def object_stream(inner: Sequence[tuple[int, bytes]], *, once: bool = False) -> bytes:
    """Pack objects into a stream (ISO 32000-1, 7.5.7).

    ``once`` is as for :func:`~bustia.compose.press.pdf.deflate`.
    """
    index, at = [], 0
    for name, body in inner:
        index.append(b"%d %d" % (name, at))
        at += len(body) + 1
    head = b" ".join(index) + b"\n"
    packed = deflate(head + b"\n".join([body for _, body in inner]), once=once)
    return (
        b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
    ) % (len(inner), len(head), len(packed), packed)


def drawing_operators(drawing: Drawing, matrix: bytes) -> bytes:
    """Give the operators that draw a drawing in its box."""
    parts = [b"q ", matrix, b" cm/c0 cs\n"]
    for path, fill in zip(drawing.paths, drawing.fills, strict=True):
        if path:
            parts += [_colour(fill), _path(path), b"f\n"]
    parts.append(b"Q\n")
    return b"".join(parts)


@lru_cache(maxsize=1024)
def _colour(fill: str) -> bytes:
    red, green, blue = (int(fill[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return b"%s %s %s scn\n" % (number(red), number(green), number(blue))


_paths: dict[str, bytes] = {}


def _path(data: str) -> bytes:
    """Turn SVG path data, as drawings have it, into the operators of a PDF."""
    found = _paths.get(data)
    if found is None:
        if len(_paths) > _KEPT_DRAWINGS:
            _paths.clear()
        found = _paths[data] = "".join(map(_outline, data.split("z")[:-1])).encode()
    return found


def _outline(data: str) -> str:
    """Turn one closed outline: a rectangle (M h v h), or corners (M L L …)."""
    if "h" in data:
        corner, across, down, _ = data.replace("v", "h").split("h")
        return f"{corner[1:]} {across} {down} re\n"
    first, *others = data[1:].split("L")
    return f"{first} m\n" + "".join(f"{corner} l\n" for corner in others) + "h\n"
