"""How long documents are kept."""

from datetime import date
from pathlib import Path

import pytest

from bustia.archive.retention import Retention, load_retention, retain_until
from bustia.errors import StationeryError
from bustia.instance.config import shipped_stationery

RULES = (
    Retention("invoice", 6, date(1900, 1, 1), "a law"),
    Retention("invoice", 10, date(2027, 1, 1), "a newer law"),
)


@pytest.mark.parametrize(
    ("issued", "expected"),
    [
        (date(2026, 1, 1), date(2032, 12, 31)),
        (date(2026, 12, 31), date(2032, 12, 31)),
        (date(2027, 1, 1), date(2037, 12, 31)),
    ],
)
def test_the_newest_rule_in_force_counts(issued: date, expected: date) -> None:
    """A document is kept to the end of the year in which its time is up."""
    assert expected == retain_until(RULES, "invoice", issued)


def test_a_class_without_a_rule_is_an_error() -> None:
    """Nothing is kept for a time that nobody decided."""
    with pytest.raises(StationeryError, match="letter"):
        retain_until(RULES, "letter", date(2026, 1, 1))


def test_the_shipped_rules_load() -> None:
    """What ships keeps invoices for six years."""
    rules = load_retention(shipped_stationery() / "retention.yaml")
    assert date(2032, 12, 31) == retain_until(rules, "invoice", date(2026, 5, 12))


@pytest.mark.parametrize(
    "text",
    ["", "- years: 6", "a: [", "- {document: invoice, years: 0, since: 2020-01-01, law: x}"],
)
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    """The error names the file."""
    file = tmp_path / "retention.yaml"
    file.write_text(text)
    with pytest.raises(StationeryError, match=r"retention\.yaml"):
        load_retention(file)
