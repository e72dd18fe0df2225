"""Taking e-invoices and the bank's returned debits into the tables.

All files of one call are one batch, read and saved some hundreds at a time; if anything in them
is rejected, nothing of them is taken, unless the options say ``partial``.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models.fields.json import KT

from bustia.billing.models import Invoice, InvoiceLine, InvoiceTax, ReturnedDebit, SourceDocument
from bustia.intake.accounts import encrypt
from bustia.intake.batches import record_batch
from bustia.intake.bundle_loader import INTAKE_LOCK
from bustia.intake.buyers import Buyers
from bustia.intake.documents import InvoiceDocument
from bustia.intake.einvoices import content_digest, invoice_rows, party_id, tables_problem
from bustia.intake.matching import match_returned_debits
from bustia.intake.problems import Code
from bustia.intake.readers import ReadResult, read_document
from bustia.intake.rejections import Rejection
from bustia.intake.report import BatchReport, FileReport, ImportOptions
from bustia.intake.returns import ReturnsReader, return_problem

__all__ = ["load_documents"]

_AT_ONCE = 200
_MAX_BYTES = 64 << 20


@dataclass(slots=True)
class _File:
    """One file of the batch, and what became of its documents."""

    name: str
    data: bytes
    sha256: str
    result: ReadResult
    new: int = 0
    unchanged: int = 0
    rejected: int = 0
    """Documents left out; a file that isn't one at all counts as one."""
    rejections: list[Rejection] = field(default_factory=list)

    def reject(self, where: str, term: str, code: Code, reason: str, hint: str = "") -> None:
        """Leave out one document that could be read."""
        self.rejections.append(Rejection(self.name, where or None, term, code.value, reason, hint))
        self.rejected += 1

    def report(self, *, taken: bool) -> FileReport:
        """Say what became of the file."""
        new, unchanged = (self.new, self.unchanged) if taken else (0, 0)
        read = len(self.result.records) + self.rejected_by_reader
        return FileReport(self.name, read, new, 0, unchanged, self.rejected)

    @property
    def rejected_by_reader(self) -> int:
        """Give how many documents the reader refused: one for each place it names."""
        return len({_document_place(r) for r in self.result.rejections})


def _document_place(rejection: Rejection) -> str:
    """Give the document within its file that a rejection's XPath points into."""
    parts = str(rejection.where or "").split("/")
    return "/".join(parts[:4]) if "Invoices" in parts[:3] else ""


class _RolledBackError(Exception):
    """Something was rejected, and it was to be all or nothing."""


def load_documents(
    paths: Sequence[Path],
    options: ImportOptions,
    *,
    now: datetime,
    folder: Path,
    advance: Callable[[int], None],
) -> BatchReport:
    """Import XML files as one batch. ``advance`` is told how many files more were read."""
    files: list[_File] = []
    taken = False
    unmatched = 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INTAKE_LOCK])
        with suppress(_RolledBackError), transaction.atomic(), connection.cursor() as cursor:
            for chunk in _chunks(paths):
                read = [_read(path) for path in chunk]
                _take(read, options, now)
                files.extend(read)
                for file in read:
                    if not file.rejections:
                        file.data = b""  # it is stored by now
                advance(len(read))
            taken = options.partial or not any(file.rejections for file in files)
            unmatched = _finish(cursor, taken=taken)
        sources = {path.name for path in paths}
        report = record_batch(
            source=sources.pop() if len(sources) == 1 else f"{len(paths)} files",
            kind="documents",
            sha256=files[0].sha256 if len(files) == 1 else "",
            options=options,
            taken=taken,
            files=tuple(file.report(taken=taken) for file in files),
            rejections=_rejections(iter(files)),
            now=now,
            folder=folder,
        )
    return replace(report, unmatched=unmatched)


def _finish(cursor: CursorWrapper, *, taken: bool) -> int:
    """Match the returned debits; give how many have no invoice. Undo it all if not taken."""
    if not taken:
        raise _RolledBackError
    return match_returned_debits(cursor)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(paths), _AT_ONCE):
        yield paths[start : start + _AT_ONCE]


def _read(path: Path) -> _File:
    if path.stat().st_size > _MAX_BYTES:
        reason = f"The file is larger than {_MAX_BYTES >> 20} MiB, which no document of these is."
        too_large = Rejection(path.name, None, "", Code.DOCUMENT_INVALID.value, reason)
        result = ReadResult(rejections=(too_large,))
        data = b""
    else:
        data = path.read_bytes()
        result = read_document(data, path.name)
    made = _File(
        path.name,
        data,
        hashlib.sha256(data).hexdigest(),
        result,
        rejections=list(result.rejections),
    )
    made.rejected = made.rejected_by_reader
    return made


def _rejections(files: Iterator[_File]) -> Iterator[tuple[Rejection, object]]:
    """Give every rejection; the first one of a file comes with the whole file, encrypted."""
    for file in files:
        if not file.rejections:
            continue
        text = base64.b64encode(file.data).decode("ascii")
        original: object = {"encrypted": encrypt(text)}
        for rejection in file.rejections:
            yield rejection, original
            original = None


def _take(files: Sequence[_File], options: ImportOptions, now: datetime) -> None:
    """Save what is good in some files; a fixed number of statements but for new buyers."""
    invoices = [(file, document) for file in files for document in file.result.invoices]
    if invoices:
        _take_invoices(invoices, options, now)
    returns = [(file, document) for file in files for document in file.result.returned_debits]
    if not returns:
        return
    reader = ReturnsReader(document for _, document in returns)
    rows: list[ReturnedDebit] = []
    for file, returned in returns:
        if problem := return_problem(returned):
            file.reject(returned.xpath, problem[0], Code.DOCUMENT_INVALID, problem[1])
        elif row := reader.row(returned):
            rows.append(row)
            file.new += 1
        else:
            file.unchanged += 1
    ReturnedDebit.objects.bulk_create(rows)


def _take_invoices(
    found: Sequence[tuple[_File, InvoiceDocument]], options: ImportOptions, now: datetime
) -> None:
    known = _known({document.full_number for _, document in found})
    buyers = Buyers((document for _, document in found), options)
    sources: dict[str, SourceDocument] = {}
    invoices: list[Invoice] = []
    lines: list[InvoiceLine] = []
    taxes: list[InvoiceTax] = []
    for file, document in found:
        if problem := tables_problem(document):
            file.reject(document.xpath, problem[0], Code.DOCUMENT_INVALID, problem[1])
            continue
        key = (document.full_number, party_id(document.seller))
        digest = content_digest(document)
        before = known.get(key) or known.get((document.full_number, ""))
        if before == digest:
            file.unchanged += 1
            continue
        if before is not None:
            _reject_conflict(file, document)
            continue
        contract = buyers.find(document)
        if contract is None:
            if options.unknown_buyer == "reject":
                _reject_buyer(file, document)
                continue
            contract = buyers.create(document)
        rows = invoice_rows(document, options.billing_run)
        rows.invoice.contract = contract
        if document.sha256 not in sources:
            sources[document.sha256] = _source(file, document, now)
        rows.invoice.source = sources[document.sha256]
        known[key] = digest
        invoices.append(rows.invoice)
        lines.extend(rows.lines)
        taxes.extend(rows.taxes)
        file.new += 1
    _save(list(sources.values()), invoices, lines, taxes)


def _known(numbers: set[str]) -> dict[tuple[str, str], str]:
    """Give the digests of the invoices known by these numbers, by number and seller."""
    rows = (
        Invoice.objects.filter(number__in=numbers)
        .annotate(digest=KT("details__content_sha256"))
        .values_list("number", "seller", "digest")
    )
    return {(number, seller): digest or "" for number, seller, digest in rows}


def _reject_conflict(file: _File, document: InvoiceDocument) -> None:
    file.reject(
        document.xpath,
        "BT-1",
        Code.CONFLICT,
        f"The seller's invoice {document.full_number} is known, with another content.",
        "What was issued doesn't change: correct it by a credit note.",
    )


def _reject_buyer(file: _File, document: InvoiceDocument) -> None:
    file.reject(
        document.xpath,
        "BG-7",
        Code.BUYER_UNKNOWN,
        "The buyer is no customer: neither contract reference, customer code nor NIF is known.",
        "Import the customer first, or let --unknown-buyer create make one.",
    )


def _source(file: _File, document: InvoiceDocument, now: datetime) -> SourceDocument:
    return SourceDocument(
        sha256=document.sha256,
        name=file.name[:255],
        media_type="application/xml",
        format=document.format.value,
        content=file.data,
        received_at=now,
    )


def _save(
    sources: list[SourceDocument],
    invoices: list[Invoice],
    lines: list[InvoiceLine],
    taxes: list[InvoiceTax],
) -> None:
    stored = {
        source.sha256: source
        for source in SourceDocument.objects.filter(
            sha256__in=[source.sha256 for source in sources]
        ).defer("content")
    }
    SourceDocument.objects.bulk_create(source for source in sources if source.sha256 not in stored)
    for invoice in invoices:
        if invoice.source is not None:
            invoice.source = stored.get(invoice.source.sha256, invoice.source)
    Invoice.objects.bulk_create(invoices)
    InvoiceLine.objects.bulk_create(lines)
    InvoiceTax.objects.bulk_create(taxes)
