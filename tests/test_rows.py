"""Rows written by COPY are those that Django reads, and its errors are Django's."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from bustia.archive.models import Evidence, Segment
from bustia.rows import copy_rows, new_keys

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_values_come_back_as_they_were_given() -> None:
    """Tabs, line breaks, backslashes and accents survive, in texts and in JSON."""
    odd = "a\tb\nc\\d\\N “è”"
    copy_rows(
        Evidence,
        ("cycle", "made_at", "algorithm", "root", "numbers"),
        [(f"{odd}{place}", NOW, "sha256", "", '["\\t\\\\ é"]') for place in range(3)],
    )
    rows = Evidence.objects.order_by("pk").values_list("cycle", "made_at", "root", "numbers")
    assert [(f"{odd}{place}", NOW, "", ["\t\\ é"]) for place in range(3)] == list(rows)


@pytest.mark.django_db
def test_keys_are_not_given_twice() -> None:
    """Keys taken in advance are those of the rows, and the table goes on after them."""
    keys = new_keys(Segment, 3)
    assert sorted(set(keys)) == keys
    copy_rows(
        Segment, ("id", "name", "size", "documents"), [(key, f"s{key}", 1, 1) for key in keys]
    )
    after = Segment.objects.create(name="after", size=1, documents=1)
    assert [*keys, after.pk] == list(Segment.objects.order_by("pk").values_list("pk", flat=True))
    assert keys[-1] < after.pk


@pytest.mark.django_db
def test_a_row_that_is_there_is_refused() -> None:
    """What breaks a constraint is an ``IntegrityError``, and nothing of the batch is kept."""
    with pytest.raises(IntegrityError, match="name"), transaction.atomic():
        copy_rows(Segment, ("name", "size", "documents"), [("one", 1, 1), ("one", 2, 2)])
    assert not Segment.objects.exists()
