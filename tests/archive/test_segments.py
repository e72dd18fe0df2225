"""Segments give back every document to the byte, or say that they can't."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.archive.segments import pack, read_index, unpack
from bustia.errors import ArchiveError

SOMETHING = random.Random(1).randbytes(5000)
"""Bytes that no compression makes smaller."""


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=400) | st.just(SOMETHING), min_size=1, max_size=8))
def test_documents_come_back_to_the_byte(contents: list[bytes]) -> None:
    """Empty, equal and incompressible documents too, by the places and by the index."""
    packed = pack([(str(number), one) for number, one in enumerate(contents)])
    assert packed.places == read_index(packed.content)
    first = packed.places[0]
    head = packed.content[first.offset : first.offset + first.length]
    for place, expected in zip(packed.places, contents, strict=True):
        frame = packed.content[place.offset : place.offset + place.length]
        found = unpack(head, None if place is first else frame, place.sha256)
        assert expected == found


def test_like_documents_take_little_room() -> None:
    """What documents have in common is stored once."""
    contents = [(str(number), SOMETHING + str(number).encode()) for number in range(50)]
    assert len(pack(contents).content) < 3 * len(SOMETHING)


def test_same_documents_same_segment() -> None:
    """Packing is deterministic, and the name hangs on the content."""
    contents = [("1", b"one"), ("2", b"two")]
    assert pack(contents) == pack(contents)
    assert pack(contents).name != pack(contents[::-1]).name


def test_an_empty_segment_is_refused() -> None:
    """There is no segment without documents."""
    with pytest.raises(ArchiveError):
        pack([])


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_a_damaged_index_is_told(content: bytes) -> None:
    """Whatever the bytes, the index is read or called damaged."""
    with pytest.raises(ArchiveError, match="index is damaged"):
        read_index(content)
