"""Writes objects of PDF files: values as bytes, copies of what Typst wrote, and whole files."""

import struct
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import pikepdf
from isal import isal_zlib

__all__ = [
    "Ref",
    "Writer",
    "deflate",
    "deflated",
    "entry",
    "escaped",
    "inner_entry",
    "moment",
    "number",
    "numbered_object",
    "single",
    "text",
    "value",
]


_ESCAPES = ((b"\\", b"\\\\"), (b"(", b"\\("), (b")", b"\\)"), (b"\r", b"\\r"))
_SINGLE = struct.Struct("f")


class Ref(int):
    """A reference to the object of this number."""

    __slots__ = ()


def single(one: float) -> float:
    """Give the number of single precision that is nearest."""
    near: float = _SINGLE.unpack(_SINGLE.pack(one))[0]
    return near


@lru_cache(maxsize=65_536)
def number(one: float) -> bytes:
    """Write a number as Typst does: in single precision, with as few digits as tell it.

    To a reader of PDF files that counts in single precision it must not only be near, but equal.
    """
    near = single(one)
    if near == int(near):
        return b"%d" % near
    for digits in (6, 7, 8, 9):
        written = f"{near:.{digits}g}"
        if single(float(written)) == near:
            break
    if "e" in written:
        written = f"{near:.12f}".rstrip("0")
    return written.encode()


@lru_cache(maxsize=8192)
def text(one: str) -> bytes:
    """Write a text string (ISO 32000-1, 7.9.2.2): in ASCII where it is, else in UTF-16."""
    if one.isascii():
        return b"(" + escaped(one.encode()) + b")"
    return b"<FEFF" + one.encode("utf-16-be").hex().upper().encode() + b">"


def moment(one: datetime) -> bytes:
    """Write an instant, which must be in UTC (ISO 32000-1, 7.9.4)."""
    return text(one.strftime("D:%Y%m%d%H%M%SZ"))


def escaped(one: bytes) -> bytes:
    """Write the inside of a literal string (ISO 32000-1, 7.3.4.2)."""
    for plain, written in _ESCAPES:
        one = one.replace(plain, written)
    return one


def value(one: Any) -> bytes:  # noqa: ANN401, PLR0911 (one return a kind of value)
    """Write a text, number, list or dictionary; bytes, such as names, are written as they are."""
    if isinstance(one, bytes):
        return one
    if isinstance(one, str):
        return text(one)
    if isinstance(one, bool):
        return b"true" if one else b"false"
    if isinstance(one, Ref):
        return b"%d 0 R" % one
    if isinstance(one, int | float):
        return number(one)
    if isinstance(one, dict):
        return b"<<" + b"".join(_entry(key, inner) for key, inner in one.items()) + b">>"
    return b"[" + b" ".join(value(inner) for inner in one) + b"]"


def _entry(key: str, inner: Any) -> bytes:  # noqa: ANN401
    written = value(inner)
    gap = b"" if written[:1] in b"/<[(" else b" "
    return key.encode() + gap + written


def deflate(content: bytes, *, once: bool = False) -> bytes:
    """Deflate content: what is done ``once`` for many documents a fifth smaller, all else fast."""
    return bytes(isal_zlib.compress(content, 2 if once else 0))


def deflated(content: bytes, *, once: bool = False) -> bytes:
    """Write a stream with deflated content; ``once`` is as for :func:`deflate`."""
    packed = deflate(content, once=once)
    return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(packed), packed)


def numbered_object(number: int, body: bytes) -> bytes:
    """Write an object as it stands in a file (ISO 32000-1, 7.3.10)."""
    return b"%d 0 obj\n%s\nendobj\n" % (number, body)


def entry(at: int) -> bytes:
    """Give the cross-reference entry of an object that begins there (ISO 32000-1, 7.5.8.3)."""
    return b"\x01" + at.to_bytes(4, "big") + b"\0\0"


def inner_entry(stream: int, place: int) -> bytes:
    """Give the entry of an object that has this place in an object stream."""
    return b"\x02" + stream.to_bytes(4, "big") + place.to_bytes(2, "big")


class Writer:
    """Collects numbered objects, from 1 on."""

    def __init__(self, first: int = 1) -> None:
        self.first = first
        self.bodies: list[bytes] = []
        self._copied: dict[tuple[int, int], int] = {}

    def add(self, body: bytes = b"") -> Ref:
        """Add an object; give its number. An empty one is to be set later."""
        self.bodies.append(body)
        return Ref(self.first + len(self.bodies) - 1)

    def put(self, ref: Ref, body: bytes) -> None:
        """Set the body of an object that was added empty."""
        self.bodies[ref - self.first] = body

    def stream(self, entries: Mapping[str, Any], content: bytes) -> bytes:
        """Write a stream's body, its content as it is."""
        head = value({**entries, "/Length": len(content)})
        return head + b"\nstream\n" + content + b"\nendstream"

    def copy(self, one: pikepdf.Object) -> Ref:
        """Copy an object of another file with all that it refers to; give its number."""
        if one.is_indirect and one.objgen in self._copied:
            return Ref(self._copied[one.objgen])
        ref = self.add()
        if one.is_indirect:
            self._copied[one.objgen] = ref
        self.put(ref, self._body(one))
        return ref

    def _body(self, one: pikepdf.Object) -> bytes:
        if isinstance(one, pikepdf.Stream):
            entries = {k: self._inner(v) for k, v in one.items() if k != "/Length"}
            return self.stream(entries, one.read_raw_bytes())
        return value(self._inner(one, top=True))

    def _inner(self, one: Any, *, top: bool = False) -> Any:  # noqa: ANN401
        if isinstance(one, pikepdf.Object) and one.is_indirect and not top:
            return self.copy(one)
        if isinstance(one, pikepdf.Name):
            return str(one).encode()
        if isinstance(one, pikepdf.String):
            return b"<" + bytes(one).hex().encode() + b">"
        if isinstance(one, pikepdf.Array):
            return [self._inner(inner) for inner in one]
        if isinstance(one, pikepdf.Dictionary):
            return {key: self._inner(inner) for key, inner in one.items()}
        return one if isinstance(one, bool | int) else float(one)
