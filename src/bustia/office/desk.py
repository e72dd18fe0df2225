"""What every page needs from the stationery: the company, its words and its message rules."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from bustia.archive.retention import Retention, load_retention, years_kept
from bustia.compose.company import Company, load_company
from bustia.compose.labels import Labels, load_labels
from bustia.decide.engine import Decider
from bustia.decide.release import load_release
from bustia.instance import current_instance

__all__ = ["company", "decider", "labels", "retention_years"]


@lru_cache(maxsize=2)
def _companies(stationery: Path) -> Mapping[str, Company]:
    return load_company(stationery)


def company(language: str) -> Company:
    """Give the company that runs this Office, in a language."""
    return _companies(current_instance().stationery)[language]


@lru_cache(maxsize=2)
def _labels(stationery: Path) -> Mapping[str, Labels]:
    return load_labels(stationery)


def labels(language: str) -> Labels:
    """Give the words of the bill in a language."""
    return _labels(current_instance().stationery)[language]


@lru_cache(maxsize=2)
def _retention(stationery: Path) -> tuple[Retention, ...]:
    return load_retention(stationery / "retention.yaml")


def retention_years(document: str, day: date) -> int:
    """Give for how many years a document of a class issued on a day is kept."""
    return years_kept(_retention(current_instance().stationery), document, day)


@lru_cache(maxsize=4)
def _decider(folder: Path) -> Decider:
    return Decider(load_release(folder))


def decider(release: str) -> Decider:
    """Give what decides by the rules of a release, as a cycle ran on it; once a process."""
    instance = current_instance()
    folder = instance.path / "releases" / release
    return _decider(folder if folder.is_dir() else instance.stationery)
