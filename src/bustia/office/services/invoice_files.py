"""The files of invoices as customers take them home: their names, and several in one ZIP."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from bustia.archive.models import Document
from bustia.archive.services import Retriever
from bustia.billing.e_invoice_files import EInvoiceFile, content_of, e_invoice_files
from bustia.errors import ArchiveError

__all__ = ["MOST_IN_A_ZIP", "Bundle", "bundle_of", "documents_of", "file_name", "once", "zipped"]

MOST_IN_A_ZIP = 100
"""More at once would keep a worker of the server busy for too long."""

_UNSAFE = re.compile(r"[^\w-]")


def file_name(number: str, ending: str) -> str:
    """Give the name under which a document is saved, as in mails: without what is no name."""
    return _UNSAFE.sub("-", _("invoice-{number}").format(number=number)).rstrip(".-") + ending


def documents_of(contract_id: int, invoice_ids: Sequence[int]) -> dict[int, Document]:
    """Give the documents of invoices of a contract, by the invoice's key (one query)."""
    found = Document.objects.filter(contract_id=contract_id, invoice_id__in=invoice_ids)
    found = found.select_related("segment").defer("messages", "trace")
    return {one.invoice_id: one for one in found}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What goes into a ZIP: sealed documents, and the e-invoices (XML) behind them."""

    documents: tuple[Document, ...]
    files: tuple[EInvoiceFile, ...]
    numbers: dict[int, str]
    """Numbers of the documents by their invoice's key."""


def bundle_of(contract_id: int, invoice_ids: Sequence[int]) -> Bundle:
    """Gather what there is of some invoices of a contract, in their order (two queries)."""
    documents = documents_of(contract_id, invoice_ids)
    kept = tuple(
        documents[key]
        for key in invoice_ids
        if key in documents and documents[key].segment is not None
    )
    numbers = {one.invoice_id: one.number for one in kept}
    return Bundle(kept, e_invoice_files(contract_id, list(numbers)), numbers)


class _Outlet(io.RawIOBase):
    """A file that can only be written, and is emptied as it is filled."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(memoryview(data))  # type: ignore[arg-type]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def zipped(bundle: Bundle, day: date) -> Iterator[bytes]:
    """Write the ZIP piece by piece; no more than one document is in memory.

    Nothing is compressed: PDFs are already. A document that can't be had any more, for instance
    because it was erased a moment ago, is named in a note.
    """
    outlet, names, missing = _Outlet(), set[str](), list[str]()
    reader = Retriever()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for document in bundle.documents:
            try:
                content = reader.read(document)
            except ArchiveError:
                missing.append(document.number)
                continue
            name = once(file_name(document.number, ".pdf"), names)
            archive.writestr(_entry(name, document.sealed_at.date()), content)
            yield outlet.taken()
        for file in bundle.files:
            name = once(file_name(bundle.numbers[file.invoice_id], ".xml"), names)
            archive.writestr(_entry(name, day), content_of(file))
            yield outlet.taken()
        if missing:
            told = _("These documents can’t be had at the moment. Call us, please:")
            text = "\r\n".join([told, *missing, ""])
            archive.writestr(_entry(once("LLEGIU-ME.txt", names), day), text.encode())
    yield outlet.taken()


def _entry(name: str, day: date) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (max(day.year, 1980), day.month, day.day, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    return entry


def once(name: str, taken: set[str]) -> str:
    """Give a name that isn't taken yet, whichever case a file system sees, and take it."""
    stem, dot, ending = name.rpartition(".")
    found, number = name, 2
    while found.casefold() in taken:
        found, number = f"{stem}-{number}{dot}{ending}", number + 1
    taken.add(found.casefold())
    return found
