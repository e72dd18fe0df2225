"""The stationery as the engine sees it: checked rules, company data, its content's name."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bustia.decide.catalogue import Catalogue, suggest
from bustia.decide.returns import ReturnedDebits
from bustia.decide.rules import Rule
from bustia.errors import StationeryError

__all__ = ["Release", "content_hash", "stationery_files"]


@dataclass(frozen=True, slots=True)
class Release:
    """The message rules and the data they need, as plain data that travels between processes."""

    hash: str
    """SHA-256 over every file of the stationery, in hexadecimal."""
    rules: tuple[Rule, ...]
    """The most important first."""
    returned_debits: ReturnedDebits
    company: Mapping[str, Mapping[str, str]]
    """The company's data for texts, by language and by name (``address.street``)."""
    facts: Catalogue = field(repr=False)
    folder: Path = field(compare=False)
    """Where it was loaded from."""

    def rule(self, name: str) -> Rule:
        """Give a rule by its id; raise :class:`~bustia.errors.StationeryError` if there is none."""
        for rule in self.rules:
            if rule.id == name:
                return rule
        known = tuple(rule.id for rule in self.rules)
        hint = suggest(name, known) or "See them with: bustia message list"
        raise StationeryError(f"there is no message rule {name}", hint=hint)


def stationery_files(folder: Path) -> Iterator[Path]:
    """Give every file of the stationery in a fixed order; hidden ones are not part of it."""
    for path in sorted(folder.rglob("*"), key=lambda one: one.relative_to(folder).as_posix()):
        hidden = any(
            part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts
        )
        if path.is_file() and not hidden:
            yield path


def content_hash(folder: Path) -> str:
    """Hash names and contents, each preceded by its length so that nothing can run together."""
    digest = hashlib.sha256()
    for path in stationery_files(folder):
        for part in (path.relative_to(folder).as_posix().encode(), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()
