"""Keeps sealed documents, gives them back to the byte, checks them, and erases with a record."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

from django.db import transaction
from pydantic import TypeAdapter

from bustia.archive.models import Document, Erasure, Evidence, Segment
from bustia.archive.segments import Packable, SegmentReader, pack
from bustia.archive.store import FolderStore, Store
from bustia.errors import ArchiveError
from bustia.instance import current_instance
from bustia.rows import copy_rows, new_keys
from bustia.seal import EvidenceTree, Proof

__all__ = [
    "CheckReport",
    "Retriever",
    "ToKeep",
    "check",
    "default_store",
    "erase",
    "find",
    "find_by_content",
    "keep",
    "keep_evidence",
    "proof_of",
    "retrieve",
]


@dataclass(frozen=True, slots=True)
class ToKeep:
    """A sealed document on its way into the archive."""

    packable: Packable
    kind: str
    cycle: str
    contract_id: int
    invoice_id: int
    language: str
    release: str
    composer: str
    pages: int
    sealed_at: datetime
    messages: tuple[str, ...]
    trace: dict[str, str]
    retain_until: date

    @property
    def number(self) -> str:
        """Its number."""
        return self.packable.number


def default_store() -> Store:
    """Give the store that the instance's settings name."""
    return FolderStore(current_instance().archive)


def keep(documents: Sequence[ToKeep], store: Store | None = None) -> list[int]:
    """Keep the documents of a chunk as one segment, within the caller's transaction.

    Gives the keys of their rows, in the order of the documents.

    The segment is on the disk before the rows are written. If the transaction fails, the same
    documents make the same segment again; one that nobody refers to is found by ``check``.
    """
    if not documents:
        return []
    packed = pack([one.packable for one in documents])
    (store or default_store()).put(packed.name, packed.content)
    segment = Segment(name=packed.name, size=len(packed.content), documents=len(documents))
    # One statement gives the row's key, be it new or of an earlier attempt at the same documents.
    Segment.objects.bulk_create(
        [segment], update_conflicts=True, unique_fields=["name"], update_fields=["size"]
    )
    keys = new_keys(Document, len(documents))
    copy_rows(
        Document,
        _FIELDS,
        (
            (
                key,
                one.number,
                one.kind,
                one.cycle,
                one.contract_id,
                one.invoice_id,
                one.language,
                one.release,
                one.composer,
                one.pages,
                len(one.packable.content),
                place.sha256,
                one.sealed_at,
                _MESSAGES.dump_json(one.messages).decode(),
                _TRACE.dump_json(one.trace).decode(),
                segment.pk,
                place.offset,
                place.length,
                one.retain_until,
            )
            for key, one, place in zip(keys, documents, packed.places, strict=True)
        ),
    )
    return keys


_MESSAGES, _TRACE = TypeAdapter(tuple[str, ...]), TypeAdapter(dict[str, str])
"""These write JSON in less than half the time of the standard library."""

_FIELDS = (
    "id",
    "number",
    "kind",
    "cycle",
    "contract",
    "invoice",
    "language",
    "release",
    "composer",
    "pages",
    "size",
    "sha256",
    "sealed_at",
    "messages",
    "trace",
    "segment",
    "offset",
    "length",
    "retain_until",
)


def find(number: str) -> Document:
    """Find a document by its number; raise ``ArchiveError`` if there is none."""
    document = (
        Document.objects.select_related("segment", "contract", "invoice")
        .filter(number=number)
        .first()
    )
    if document is None:
        raise ArchiveError(
            "there is no document with this number.",
            where=number,
            hint="A document has the number of its invoice.",
        )
    return document


def find_by_content(content: bytes) -> Document | None:
    """Find the document that has these very bytes, if there is one."""
    digest = hashlib.sha256(content).hexdigest()
    return Document.objects.filter(sha256=digest).order_by("pk").first()


def retrieve(document: Document, store: Store | None = None) -> bytes:
    """Give a document's bytes, just as they were sealed; raise ``ArchiveError`` otherwise."""
    if document.segment is None:
        raise ArchiveError(
            f"this document was erased on {document.erased_at:%d-%m-%Y}.", where=document.number
        )
    return Retriever(store).read(document)


class Retriever:
    """Gives documents back to the byte, quickest in the order in which they were kept."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store or default_store()
        self._segment = ""
        self._reader: SegmentReader | None = None

    def read(self, document: Document) -> bytes:
        """Give a document's bytes, or raise ``ArchiveError``; it keeps the last segment's head."""
        segment = document.segment
        if segment is None:
            raise ArchiveError("this document was erased.", where=document.number)
        if self._reader is None or segment.name != self._segment:
            self._segment = segment.name
            self._reader = SegmentReader(partial(self._store.read, segment.name))
        try:
            return self._reader.document(document.offset, document.length, document.sha256)
        except ArchiveError as error:
            raise ArchiveError(
                error.what, where=document.number, hint="Restore the archive from your backup."
            ) from error


@dataclass
class CheckReport:
    """What a check of the archive found."""

    documents: int = 0
    erased: int = 0
    bytes_documents: int = 0
    bytes_stored: int = 0
    damaged: list[str] = field(default_factory=list)
    """Each a document's number and what is wrong with it."""
    orphans: list[str] = field(default_factory=list)
    """Segments that no document refers to: left by an interrupted cycle, harmless."""

    @property
    def sound(self) -> bool:
        """Whether every document can be had back to the byte."""
        return not self.damaged


def check(
    store: Store | None = None, progress: Callable[[int], None] = lambda _: None
) -> CheckReport:
    """Read every document of the archive and compare it with its digest."""
    store = store or default_store()
    report, reader = CheckReport(), Retriever(store)
    rows = Document.objects.select_related("segment").order_by("segment_id", "offset")
    for document in rows.iterator(chunk_size=1000):
        progress(1)
        if document.segment is None:
            report.erased += 1
            continue
        report.documents += 1
        report.bytes_documents += document.size
        try:
            reader.read(document)
        except ArchiveError as error:
            report.damaged.append(str(error))
    known = dict(Segment.objects.values_list("name", "size"))
    report.bytes_stored = sum(known.values())
    report.orphans = [name for name in store.names() if name not in known]
    return report


def keep_evidence(cycle: str, at: datetime) -> Evidence:
    """Build the evidence tree over a cycle's documents, and keep its root."""
    rows = list(
        Document.objects.filter(cycle=cycle).order_by("number").values_list("number", "sha256")
    )
    tree = EvidenceTree([bytes.fromhex(digest) for _, digest in rows])
    return Evidence.objects.create(
        cycle=cycle,
        made_at=at,
        algorithm="sha256",
        root=tree.root.hex(),
        numbers=[number for number, _ in rows],
    )


def proof_of(document: Document) -> Proof | None:
    """Give the proof that a document is under its cycle's newest root; None before there is one."""
    evidence = Evidence.objects.filter(cycle=document.cycle).order_by("-pk").first()
    if evidence is None or document.number not in evidence.numbers:
        return None
    digests = dict(Document.objects.filter(cycle=document.cycle).values_list("number", "sha256"))
    tree = EvidenceTree([bytes.fromhex(digests[number]) for number in evidence.numbers])
    return tree.proof(evidence.numbers.index(document.number))


def erase(
    documents: Sequence[Document], *, at: datetime, by: str, reason: str, store: Store | None = None
) -> int:
    """Erase the bytes of documents for good; their rows stay, with who did it and why.

    A segment is written anew without them, and the old one removed once that is committed.
    """
    store = store or default_store()
    doomed: defaultdict[int, set[int]] = defaultdict(set)
    for document in documents:
        if document.segment_id is not None:
            doomed[document.segment_id].add(document.pk)
    for segment_id, keys in doomed.items():
        with transaction.atomic():
            old = Segment.objects.select_for_update().get(pk=segment_id)
            rows = list(old.rows.select_related("segment").order_by("offset"))
            reader = Retriever(store)
            kept = [(row, reader.read(row)) for row in rows if row.pk not in keys]
            gone = [row for row in rows if row.pk in keys]
            if kept:
                packed = pack([Packable(row.number, content, row.sha256) for row, content in kept])
                store.put(packed.name, packed.content)
                new = Segment.objects.create(
                    name=packed.name, size=len(packed.content), documents=len(kept)
                )
                for (row, _), place in zip(kept, packed.places, strict=True):
                    row.segment, row.offset, row.length = new, place.offset, place.length
                Document.objects.bulk_update(
                    [row for row, _ in kept], ["segment", "offset", "length"]
                )
            Document.objects.filter(pk__in=keys).update(
                segment=None, offset=0, length=0, erased_at=at
            )
            Erasure.objects.bulk_create(
                Erasure(document=row, erased_at=at, erased_by=by, reason=reason) for row in gone
            )
            name = old.name
            old.delete()
            transaction.on_commit(lambda name=name: store.remove(name))  # type: ignore[misc]
    return sum(map(len, doomed.values()))
