"""How long a document must be kept, by its class: dated rules from the stationery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from bustia.errors import StationeryError

__all__ = ["Retention", "load_retention", "retain_until"]


@dataclass(frozen=True, slots=True)
class Retention:
    """From a day on, documents of a class are kept for some whole years, because of a law."""

    document: str
    years: int
    since: date
    law: str


def load_retention(file: Path) -> tuple[Retention, ...]:
    """Read ``retention.yaml``; raise ``StationeryError`` if it says something else."""
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
        found = tuple(
            Retention(str(row["document"]), int(row["years"]), row["since"], str(row["law"]))
            for row in rows
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise StationeryError(
            f"is not a list of retention rules: {error}",
            where=str(file),
            hint="Each rule has document, years, since and law.",
        ) from error
    if not all(isinstance(rule.since, date) and rule.years > 0 for rule in found):
        raise StationeryError("since must be a date and years positive.", where=str(file))
    return found


def retain_until(rules: Sequence[Retention], document: str, issued: date) -> date:
    """Give the last day a document must be kept: the end of the year in which its time is up."""
    in_force = [rule for rule in rules if rule.document == document and rule.since <= issued]
    if not in_force:
        raise StationeryError(
            f"no retention rule says how long a document of class {document} is kept.",
            where="retention.yaml",
        )
    years = max(in_force, key=lambda rule: rule.since).years
    return date(issued.year + years, 12, 31)
