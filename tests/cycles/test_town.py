"""Every document of a town comes out of the archive as it went in, to the byte.

A few hundred contracts in the suite; ``make town`` does the same with 50,350.
"""

import hashlib
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bustia.archive.models import Document, Segment
from bustia.archive.services import Retriever, ToKeep, keep
from bustia.cycles import making
from bustia.cycles.making import make_chunk
from bustia.cycles.planning import newest_billing_run, plan_cycle
from bustia.cycles.workshop import Workshop
from bustia.intake.loader import import_paths
from bustia.seal import verify
from tests.cycles import rig
from tests.cycles.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

CONTRACTS = int(os.environ.get("BUSTIA_TOWN_CONTRACTS", "300"))
_CHUNK = 100 if CONTRACTS < 1000 else 250
_SEALS = 50
_BYTES_EACH = 16_000


def test_a_towns_documents_come_back_to_the_byte(
    tmp_path: Path, archive: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
):
    """Their digests are taken before they are packed; some are read at random, with their seal."""
    sealed: dict[str, str] = {}

    def keep_and_note(documents: Sequence[ToKeep]) -> list[int]:
        for one in documents:
            sealed[one.number] = hashlib.sha256(one.packable.content).hexdigest()
        return keep(documents)

    monkeypatch.setattr(making, "keep", keep_and_note)
    export = rig.export(tmp_path / "export", CONTRACTS)
    import_paths([export], now=NOW, folder=tmp_path / "intake")
    cycle = plan_cycle(newest_billing_run(), workshop.release, NOW, _CHUNK)
    for chunk in cycle.chunks.order_by("position"):
        assert make_chunk(chunk.pk, lambda _: workshop)

    documents = Document.objects.select_related("segment")
    assert documents.count() == len(sealed) >= CONTRACTS
    reader = Retriever()
    for one in documents.order_by("segment_id", "offset").iterator(chunk_size=1000):
        assert hashlib.sha256(reader.read(one)).hexdigest() == sealed[one.number]
    for one in random.Random(1).sample(list(documents), _SEALS):
        assert verify(reader.read(one), ()).unchanged
    each = sum(Segment.objects.values_list("size", flat=True)) / len(sealed)
    sys.stdout.write(f"{len(sealed):,} documents came back; {each:,.0f} bytes of archive each.\n")
    assert each < _BYTES_EACH
