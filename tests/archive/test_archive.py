"""Keeping, giving back, checking and erasing, with real files and a real database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bustia.archive.models import Document, Erasure, Segment
from bustia.archive.services import (
    check,
    erase,
    find,
    find_by_content,
    keep_evidence,
    proof_of,
    retrieve,
)
from bustia.archive.store import FolderStore
from bustia.billing.models import Invoice
from bustia.errors import ArchiveError
from bustia.seal import verify_proof
from tests.archive.conftest import AT, Keep

CONTENTS = {"F1": b"first " * 90, "F2": b"first " * 80 + b"2", "F3": b"\0\xff third"}
LATER = datetime(2033, 1, 1, tzinfo=UTC)


def _file(store_folder: Path) -> Path:
    (file,) = store_folder.glob("archive/??/*.segment")
    return file


def test_documents_come_back_to_the_byte(keep_all: Keep, store: FolderStore) -> None:
    """Each by its number, and each is found by its bytes."""
    keep_all(CONTENTS)
    for number, content in CONTENTS.items():
        assert content == retrieve(find(number), store)
        found = find_by_content(content)
        assert found is not None
        assert number == found.number
    assert find_by_content(b"none of these") is None


def test_an_unknown_number_is_told(db: None) -> None:
    """The error names the number."""
    with pytest.raises(ArchiveError, match="F404"):
        find("F404")


def test_a_sound_archive(keep_all: Keep, store: FolderStore) -> None:
    """The check counts documents and finds nothing wrong."""
    keep_all(CONTENTS)
    steps: list[int] = []
    report = check(store, steps.append)
    assert report.sound
    assert (report.documents, report.erased, sum(steps)) == (3, 0, 3)
    assert sum(map(len, CONTENTS.values())) == report.bytes_documents
    assert report.orphans == []


def test_the_same_segment_is_put_once(store: FolderStore, tmp_path: Path) -> None:
    """An interrupted chunk that is made again finds its segment there."""
    store.put("ab" * 32, b"content")
    before = _file(tmp_path).stat().st_mtime_ns
    store.put("ab" * 32, b"content")
    assert before == _file(tmp_path).stat().st_mtime_ns
    assert list(store.names()) == ["ab" * 32]


def test_the_same_segment_has_one_row(keep_all: Keep, store: FolderStore) -> None:
    """Documents that make a segment again, after their rows went, are found in it."""
    keep_all(CONTENTS)
    before = Segment.objects.get()
    Document.objects.all().delete()
    Invoice.objects.all().delete()
    again = keep_all(CONTENTS)
    assert before == Segment.objects.get()
    assert {before.pk} == {document.segment_id for document in again}
    assert check(store).sound


def test_damage_is_found(keep_all: Keep, store: FolderStore, tmp_path: Path) -> None:
    """A flipped byte in a document's frame is noticed when it is read, and by the check."""
    _, second, _ = keep_all(CONTENTS)
    file = _file(tmp_path)
    file.chmod(0o640)
    content = bytearray(file.read_bytes())
    content[second.offset + second.length // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match="F2") as caught:
        retrieve(find("F2"), store)
    assert "backup" in str(caught.value)
    report = check(store)
    assert not report.sound
    (damaged,) = report.damaged
    assert damaged.startswith("F2")


def test_a_missing_segment_is_found(keep_all: Keep, store: FolderStore, tmp_path: Path) -> None:
    """All documents of a lost file are named, and the check goes on."""
    keep_all(CONTENTS)
    _file(tmp_path).unlink()
    assert len(CONTENTS) == len(check(store).damaged)


def test_an_orphan_is_harmless(keep_all: Keep, store: FolderStore) -> None:
    """A segment that no document refers to is listed, and nothing is damaged."""
    keep_all(CONTENTS)
    store.put("cd" * 32, b"left over")
    report = check(store)
    assert report.sound
    assert report.orphans == ["cd" * 32]


@pytest.mark.parametrize("number", sorted(CONTENTS))
def test_erasing_leaves_the_others_and_a_record(
    number: str,
    keep_all: Keep,
    store: FolderStore,
    django_capture_on_commit_callbacks: Any,
) -> None:
    """Any of a segment, its first too: the bytes go for good, the row and the reason stay."""
    keep_all(CONTENTS)
    old = Segment.objects.get().name
    with django_capture_on_commit_callbacks(execute=True):
        assert (
            erase([find(number)], at=LATER, by="the DPO", reason="kept long enough", store=store)
            == 1
        )
    assert old not in list(store.names())
    with pytest.raises(ArchiveError, match="erased on 01-01-2033"):
        retrieve(find(number), store)
    for other in CONTENTS.keys() - {number}:
        assert CONTENTS[other] == retrieve(find(other), store)
    record = Erasure.objects.get()
    assert (number, "the DPO", LATER) == (
        record.document.number,
        record.erased_by,
        record.erased_at,
    )
    report = check(store)
    assert report.sound
    assert (report.documents, report.erased) == (2, 1)


def test_evidence_outlives_an_erasure(keep_all: Keep, store: FolderStore) -> None:
    """Each document has a proof under the cycle's root, also after a neighbour was erased."""
    keep_all(CONTENTS)
    evidence = keep_evidence("2026-03", AT)
    erase([find("F1")], at=LATER, by="the DPO", reason="kept long enough", store=store)
    for number in ("F2", "F3"):
        proof = proof_of(find(number))
        assert proof is not None
        assert evidence.root == proof.root.hex()
        assert verify_proof(CONTENTS[number], proof)
        assert not verify_proof(CONTENTS["F1"], proof)


def test_without_evidence_there_is_no_proof(keep_all: Keep) -> None:
    """Before the cycle's documents are all there, there is nothing to prove them with."""
    keep_all(CONTENTS)
    assert proof_of(Document.objects.all()[0]) is None
