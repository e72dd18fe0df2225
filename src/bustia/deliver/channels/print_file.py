"""Joins the pages of many PDFs into one that the printers take.

It is written page by page, so its size doesn't matter to memory; objects that documents have in
common (fonts, colour profiles, the logo) are written once. The same documents give the same bytes.
"""

import hashlib
from decimal import Decimal
from io import BytesIO
from typing import BinaryIO

import pikepdf

__all__ = ["PrintFile"]

_BOXES = ("/MediaBox", "/CropBox", "/BleedBox", "/TrimBox")
_PAGE_KEYS = (*_BOXES, "/Resources", "/Contents", "/Rotate")


class PrintFile:
    """A PDF that grows page by page; equal objects are written once."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._offsets: list[int] = [0, 0, 0]  # the free one, the catalogue, the page tree
        self._known: dict[bytes, int] = {}
        self._page_numbers: list[int] = []
        out.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    @property
    def pages(self) -> int:
        """Pages so far."""
        return len(self._page_numbers)

    def add(self, content: bytes) -> int:
        """Add the pages of a document; give their number."""
        with pikepdf.open(BytesIO(content)) as source:
            copied: dict[tuple[int, int], int] = {}
            for page in source.pages:
                parts = [
                    key.encode() + b" " + self._copy(page.obj[key], copied)
                    for key in _PAGE_KEYS
                    if key in page.obj
                ]
                number = self._next()
                self._put(number, b"<< /Type /Page /Parent 2 0 R %s >>" % b" ".join(parts))
                self._page_numbers.append(number)
            return len(source.pages)

    def finish(self) -> None:
        """Write the page tree and the cross-reference table."""
        kids = b" ".join(b"%d 0 R" % number for number in self._page_numbers)
        self._put(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        self._put(2, b"<< /Type /Pages /Count %d /Kids [%s] >>" % (self.pages, kids))
        start = self._out.tell()
        self._out.write(b"xref\n0 %d\n0000000000 65535 f \n" % len(self._offsets))
        self._out.writelines(b"%010d 00000 n \n" % offset for offset in self._offsets[1:])
        self._out.write(
            b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
            % (len(self._offsets), start)
        )

    def _next(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _put(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._out.tell()
        self._out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _copy(self, value: pikepdf.Object, copied: dict[tuple[int, int], int]) -> bytes:
        """Give a value as bytes; what it refers to is written first, if it isn't there yet."""
        if isinstance(value, pikepdf.Object) and value.is_indirect:
            key = value.objgen
            if key not in copied:
                copied[key] = self._share(self._body(value, copied))
            return b"%d 0 R" % copied[key]
        return self._body(value, copied)

    def _body(self, value: pikepdf.Object, copied: dict[tuple[int, int], int]) -> bytes:
        if isinstance(value, pikepdf.Stream):
            raw = value.read_raw_bytes()
            entries = self._entries(value, copied, leave_out="/Length")
            return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(raw), raw)
        if isinstance(value, pikepdf.Dictionary):
            return b"<< %s >>" % self._entries(value, copied)
        if isinstance(value, pikepdf.Array):
            return b"[%s]" % b" ".join(self._copy(one, copied) for one in value)
        return pikepdf.Object.unparse(value) if isinstance(value, pikepdf.Object) else _plain(value)

    def _entries(
        self, value: pikepdf.Object, copied: dict[tuple[int, int], int], leave_out: str = ""
    ) -> bytes:
        # What ties content to the source's structure tree means nothing in a print file.
        skipped = {leave_out, "/StructParents", "/StructParent"}
        return b" ".join(
            pikepdf.Name(key).unparse() + b" " + self._copy(value[key], copied)
            for key in sorted(value.keys())
            if key not in skipped
        )

    def _share(self, body: bytes) -> int:
        digest = hashlib.sha256(body).digest()
        number = self._known.get(digest)
        if number is None:
            number = self._known[digest] = self._next()
            self._put(number, body)
        return number


def _plain(value: object) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if value is None:
        return b"null"
    # PDF knows no exponents (ISO 32000-1, 7.3.3), and Decimal writes small numbers with one.
    return (f"{value:f}" if isinstance(value, Decimal) else str(value)).encode("ascii")
