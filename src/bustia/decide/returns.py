"""What a bank's reason for a returned debit asks for, as dated data of the stationery.

The codes are ISO 20022 external codes (ExternalReturnReason1Code, ExternalStatusReason1Code).
Which are told to the customer, and how, is the company's decision and lives in
``returned_debits.yaml``, not here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bustia.billing.facts import Facts
from bustia.decide.catalogue import suggest
from bustia.decide.problems import Located, Problems

__all__ = ["ReturnedDebits", "ReturnsVersion", "read_returned_debits"]

_CODE = re.compile(r"[A-Z]{2}\d{2}")


@dataclass(frozen=True, slots=True)
class ReturnsVersion:
    """The table from a day on."""

    valid_from: date
    action_by_reason: Mapping[str, str]
    otherwise: str
    suppress: frozenset[str]
    """Actions that stop every mailing to the customer."""


@dataclass(frozen=True, slots=True)
class ReturnedDebits:
    """All versions of the table, the oldest first."""

    versions: tuple[ReturnsVersion, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action of every version."""
        found: dict[str, None] = {}
        for version in self.versions:
            found.update(dict.fromkeys(version.action_by_reason.values()))
            found[version.otherwise] = None
        return tuple(found)

    def _on(self, day: date) -> ReturnsVersion:
        past = [version for version in self.versions if version.valid_from <= day]
        return past[-1] if past else self.versions[0]

    def action(self, reason: str, day: date) -> str:
        """Say what a reason code asks for; ``""`` where there is no code."""
        if not reason:
            return ""
        version = self._on(day)
        return version.action_by_reason.get(reason, version.otherwise)

    def action_of(self, facts: Facts) -> str:
        """Say what the newest returned debit asks for."""
        return self.action(facts.returned_debit.reason, facts.today)

    def suppression(self, facts: Facts) -> str:
        """Say why nothing at all is to be sent to this customer; ``""`` if all may go."""
        return self.suppressed(facts.customer.deceased, facts.returned_debit.reasons, facts.today)

    def suppressed(self, deceased: bool, reasons: Sequence[str], day: date) -> str:
        """Say the same of the facts it depends on."""
        if deceased:
            return "deceased"
        if reasons:
            version = self._on(day)
            for reason in reasons:
                action = version.action_by_reason.get(reason, version.otherwise)
                if action in version.suppress:
                    return f"{action} ({reason})"
        return ""


def read_returned_debits(read: Located, file: str, problems: Problems) -> ReturnedDebits | None:
    """Read the table; tell what is wrong with it."""
    versions = []
    for one in read.items:
        version = _version(one, file, problems)
        if version is not None:
            versions.append(version)
    if not versions:
        problems.add(file, read.line, "a list of versions is needed, each with valid_from")
        return None
    if [one.valid_from for one in versions] != sorted({one.valid_from for one in versions}):
        problems.add(file, read.line, "the versions must stand in the order of valid_from")
    return ReturnedDebits(tuple(versions))


def _version(one: Located, file: str, problems: Problems) -> ReturnsVersion | None:
    names = ("valid_from", "actions", "otherwise", "suppress")
    for name, found in one.map.items():
        if name not in names:
            problems.add(file, found.line, f"there is no setting {name}", suggest(name, names))
    missing = [name for name in names if name not in one.map]
    if missing:
        problems.add(file, one.line, f"{', '.join(missing)} missing")
        return None
    start = one.map["valid_from"]
    if not isinstance(start.value, date):
        problems.add(file, start.line, "valid_from must be a date", "Such as 2026-01-01.")
        return None
    by_reason: dict[str, str] = {}
    for action, codes in one.map["actions"].map.items():
        for code in codes:
            text = str(code.value)
            if not _CODE.fullmatch(text):
                problems.add(file, code.line, f"{text} is not a reason code", "Such as AM04.")
            elif text in by_reason:
                problems.add(file, code.line, f"{text} already means {by_reason[text]}")
            by_reason[text] = action
    actions = tuple(one.map["actions"].map)
    otherwise = one.map["otherwise"]
    for named in (otherwise, *one.map["suppress"]):
        if named.value not in actions:
            hint = suggest(str(named.value), actions)
            problems.add(file, named.line, f"there is no action {named.value}", hint)
    return ReturnsVersion(
        start.value,
        by_reason,
        str(otherwise.value),
        frozenset(str(named.value) for named in one.map["suppress"]),
    )
