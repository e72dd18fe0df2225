"""Segments give back every document to the byte, or say that they can't."""

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.archive.segments import Packable, Packed, SegmentReader, pack, read_index
from bustia.errors import ArchiveError

SOMETHING = random.Random(1).randbytes(5000)
"""Bytes that no compression makes smaller."""


FONTS = random.Random(2).randbytes(3000)


def _unpacked(packed: Packed, order: Sequence[int]) -> list[bytes]:
    """Read documents by their places, in an order."""
    reader = SegmentReader(lambda offset, length: packed.content[offset : offset + length])
    places = [packed.places[at] for at in order]
    return [reader.document(place.offset, place.length, place.sha256) for place in places]


CONTENTS = st.builds(
    lambda form, said, lie: Packable(
        "", FONTS[: 2000 + 50 * form] + said, "", f"form {form}" if form else "",
        2000 + 50 * form - lie, 2000,
    ),
    st.integers(0, 4),
    st.binary(max_size=60),
    st.sampled_from([0, 0, 0, -30, 2000]),
)  # fmt: skip
"""Documents of a few forms, and of none; what is told of their likeness may be wrong."""


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        (st.binary(max_size=400) | st.just(SOMETHING)).map(lambda one: Packable("", one))
        | CONTENTS,
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_documents_come_back_to_the_byte(documents: list[Packable], draw: random.Random) -> None:
    """Empty, equal and incompressible documents too, by the places and by the index, in any order,
    and whatever is said of what they have in common."""
    packed = pack([replace(one, number=str(at)) for at, one in enumerate(documents)])
    assert packed.places == read_index(packed.content)
    assert [place.number for place in packed.places] == [str(at) for at in range(len(documents))]
    order = list(range(len(documents)))
    assert _unpacked(packed, order) == [one.content for one in documents]
    draw.shuffle(order)
    assert _unpacked(packed, order) == [documents[at].content for at in order]


def test_like_documents_take_little_room() -> None:
    """What documents have in common is stored once."""
    contents = [Packable(str(number), SOMETHING + str(number).encode()) for number in range(50)]
    assert len(pack(contents).content) < 3 * len(SOMETHING)


def test_what_a_form_has_of_its_own_is_stored_once() -> None:
    """Documents of a form build on the first of it, not only on the segment's first."""
    forms = {f"form {k}": FONTS + random.Random(k).randbytes(2000) for k in range(3, 8)}
    documents = [
        Packable(f"{form} {k}", begin + b"%d" % k, "", form, len(begin), len(FONTS))
        for k in range(40)
        for form, begin in forms.items()
    ]
    packed = pack(documents)
    assert _unpacked(packed, range(200)) == [one.content for one in documents]
    alone = len(FONTS) + 5 * 2000
    assert alone < len(packed.content) < alone + 200 * 120


def test_same_documents_same_segment() -> None:
    """Packing is deterministic, and the name hangs on the content."""
    contents = [Packable("1", b"one"), Packable("2", b"two")]
    assert pack(contents) == pack(contents)
    assert pack(contents).name != pack(contents[::-1]).name


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_is_told(at: int, value: int) -> None:
    """A document comes back as it was, or not at all."""
    form = {"form": "a", "form_size": 3000, "fonts_size": 2000}
    contents = [FONTS + b"%d" % number for number in range(4)]
    packed = pack([Packable(str(n), one, **form) for n, one in enumerate(contents)])  # type: ignore[arg-type]
    damaged = bytearray(packed.content)
    damaged[at % len(damaged)] = value
    for place, content in zip(packed.places, contents, strict=True):
        reader = SegmentReader(lambda offset, length: bytes(damaged[offset : offset + length]))
        with suppress(ArchiveError):
            assert reader.document(place.offset, place.length, place.sha256) == content


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
