"""The fixed words of a bill in each language, from ``templates/labels`` of the stationery."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from bustia.errors import StationeryError
from bustia.formatting import LANGUAGES

__all__ = ["Labels", "load_labels"]


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The fixed words of one language; calling it fills in their places: ``labels("net")``.

    Labels are equal to themselves alone, so that what was written with them is quickly found.
    """

    language: str
    words: Mapping[str, str]

    def __call__(self, key: str, /, **places: str) -> str:
        """Give a label with its places (``{number}``) filled in."""
        return self.words[key].format(**places) if places else self.words[key]


def load_labels(stationery: Path) -> dict[str, Labels]:
    """Read the labels of all languages.

    Raise :class:`~bustia.errors.StationeryError` where one is missing in a language or empty.
    """
    found = {language: _read(stationery, language) for language in LANGUAGES}
    keys = set().union(*found.values())
    for language, words in found.items():
        missing = sorted(key for key in keys if not words.get(key, "").strip())
        if missing:
            raise StationeryError(
                f"labels are missing: {', '.join(missing)}", where=str(_path(stationery, language))
            )
    return {language: Labels(language, words) for language, words in found.items()}


def _path(stationery: Path, language: str) -> Path:
    return stationery / "templates" / "labels" / f"{language}.yaml"


def _read(stationery: Path, language: str) -> dict[str, str]:
    path = _path(stationery, language)
    try:
        words = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StationeryError("can't be read", where=str(path), hint=error.strerror) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StationeryError("is not YAML in UTF-8", where=str(path)) from error
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise StationeryError("must map names to texts", where=str(path))
    return words
