"""How long a document must be kept, by its class: dated rules from the stationery."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from bustia.errors import StationeryError

__all__ = ["Retention", "load_retention", "retain_until", "years_kept"]


@dataclass(frozen=True, slots=True)
class Retention:
    """From a day on, documents of a class are kept for some whole years, because of a law."""

    document: str
    years: int
    since: date
    law: str


_LEAST = tuple(
    Retention(document, 3, date(2007, 12, 30), "Ley 56/2007, art. 2")
    for document in ("invoice", "credit_note")
)
"""What the law asks for at least: customers can look up three years of their invoices."""


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
    for rule in found:
        _check_least(rule, str(file))
    return found


def _check_least(rule: Retention, where: str) -> None:
    """Refuse a rule by which something would be gone before the law allows it."""
    for least in _LEAST:
        if rule.document == least.document and rule.years < least.years:
            raise StationeryError(
                f"documents of class {rule.document} would be kept for {rule.years} years; "
                f"the law asks for {least.years} at least ({least.law}).",
                where=where,
                hint=f"Write years: {least.years} or more in the rule since {rule.since}.",
            )


def years_kept(rules: Sequence[Retention], document: str, issued: date) -> int:
    """Give for how many whole years a document of a class issued on a day is kept."""
    in_force = [rule for rule in rules if rule.document == document and rule.since <= issued]
    if not in_force:
        raise StationeryError(
            f"no retention rule says how long a document of class {document} is kept.",
            where="retention.yaml",
        )
    return max(in_force, key=lambda rule: rule.since).years


def retain_until(rules: Sequence[Retention], document: str, issued: date) -> date:
    """Give the last day a document must be kept: the end of the year in which its time is up."""
    return date(issued.year + years_kept(rules, document, issued), 12, 31)
