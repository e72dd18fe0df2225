"""Loads the stationery as a release: checked as a whole, never changed, named by its content.

Every document records the hash of the release that made it, and :func:`copy_release` keeps a
copy under that name, so that what a customer was told can be explained years later.
"""

import shutil
import tempfile
from datetime import date
from pathlib import Path

from bustia.decide.catalogue import catalogue, example_facts
from bustia.decide.engine import Decider
from bustia.decide.filters import LANGUAGES
from bustia.decide.problems import Located, Problems, read_yaml
from bustia.decide.returns import ReturnedDebits, read_returned_debits
from bustia.decide.rules import Rule, read_rule
from bustia.decide.stationery import Release, content_hash, stationery_files
from bustia.errors import DecideError, StationeryError

__all__ = ["Release", "copy_release", "load_release"]

_COMPANY = "company.yaml"
_RETURNS = "returned_debits.yaml"
_MESSAGES = "messages"
LONGEST_TITLE = 110
LONGEST_BODY = 900
LONGEST_SMS = 306
"""Two concatenated messages of the GSM alphabet (3GPP TS 23.040: 153 characters each)."""


def load_release(folder: Path) -> Release:
    """Load and check the stationery; raise :class:`~bustia.errors.StationeryError` with all
    that must be corrected, each with file, line and a suggestion.
    """
    if not folder.is_dir():
        raise StationeryError(
            "there is no such folder", where=str(folder), hint="Give the folder of the stationery."
        )
    problems = Problems()
    company = _company(folder, problems)
    returned_debits = _returned_debits(folder, problems)
    facts = catalogue()
    if returned_debits is not None:
        facts = facts.with_choices("returned_debit.action", ("", *returned_debits.actions))
    rules: dict[str, Rule] = {}
    for path in sorted((folder / _MESSAGES).glob("*.yaml")):
        file = f"{_MESSAGES}/{path.name}"
        read = _read(path, file, problems)
        rule = read_rule(read, file, facts, company, problems) if read else None
        if rule is not None:
            rules[rule.id] = rule
    problems.raise_if_any()
    if returned_debits is None or not rules:
        raise StationeryError("there are no message rules", where=str(folder / _MESSAGES))
    ordered = tuple(sorted(rules.values(), key=lambda one: (-one.priority, one.id)))
    release = Release(content_hash(folder), ordered, returned_debits, company, facts, folder)
    _try_out(release, problems)
    problems.raise_if_any()
    return release


def _read(path: Path, file: str, problems: Problems) -> Located | None:
    try:
        return read_yaml(file, path.read_text(encoding="utf-8"), problems)
    except UnicodeDecodeError as error:
        problems.add(file, 1, f"not UTF-8 at byte {error.start}", "Save it as UTF-8.")
    except OSError as error:
        problems.add(file, 1, f"can't be read: {error.strerror}")
    return None


def _returned_debits(folder: Path, problems: Problems) -> ReturnedDebits | None:
    read = _read(folder / _RETURNS, _RETURNS, problems)
    return read_returned_debits(read, _RETURNS, problems) if read else None


def _company(folder: Path, problems: Problems) -> dict[str, dict[str, str]]:
    """Read the company's data; a value may be one for all languages or one for each."""
    read = _read(folder / _COMPANY, _COMPANY, problems)
    found: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
    if read is not None:
        _flatten(read, "", found, problems)
    return found


def _flatten(
    read: Located, prefix: str, found: dict[str, dict[str, str]], problems: Problems
) -> None:
    for name, one in read.map.items():
        path = f"{prefix}{name}"
        if one.map and set(one.map) <= set(LANGUAGES):
            for language in LANGUAGES:
                if language not in one.map:
                    problems.add(_COMPANY, one.line, f"{path} is missing in {language}")
                else:
                    found[language][path] = str(one.map[language].value)
        elif one.map:
            _flatten(one, f"{path}.", found, problems)
        elif isinstance(one.value, str | int | date) and not isinstance(one.value, bool):
            for language in LANGUAGES:
                found[language][path] = str(one.value)


def _try_out(release: Release, problems: Problems) -> None:
    """Evaluate every condition and write every text for the catalogue's example customer."""
    decider = Decider(release)
    for rule in release.rules:
        for complete in (True, False):
            try:
                decider.why_false(rule.id, example_facts(complete=complete))
            except DecideError as error:
                problems.add(rule.file, 1, f"condition: {error.what}")
        for language in LANGUAGES:
            try:
                message = decider.write(rule.id, example_facts(), language)
            except DecideError as error:
                problems.add(rule.file, 1, f"{error.what} in {language}")
                continue
            lengths = [
                ("title", len(message.title), LONGEST_TITLE),
                ("body", sum(map(len, message.body)), LONGEST_BODY),
                ("SMS", len(message.sms or ""), LONGEST_SMS),
            ]
            for what, length, most in lengths:
                if length > most:
                    problems.add(rule.file, 1, f"the {what} in {language} has {length} characters",
                                 f"{most} fit.")  # fmt: skip


def copy_release(release: Release, into: Path) -> Path:
    """Keep a copy of the release's files in ``into/HASH`` and give that folder.

    Copying a release that is already there does nothing. Raise
    :class:`~bustia.errors.StationeryError` if the files are no longer those that were loaded.
    """
    target = into / release.hash
    if target.is_dir():
        return target
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".copy-") as scratch:
        copy = Path(scratch) / "release"
        for path in stationery_files(release.folder):
            place = copy / path.relative_to(release.folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
        if content_hash(copy) != release.hash:
            raise StationeryError(
                "the stationery changed after it was loaded",
                where=str(release.folder),
                hint="Load it again.",
            )
        try:
            copy.rename(target)
        except OSError:
            if not target.is_dir():  # another process was faster: the same content is there
                raise
    return target
