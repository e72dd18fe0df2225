"""The fixed words of the bill: complete in each language, and none idle."""

import re
import string
from pathlib import Path

import pytest

import bustia.compose
from bustia.compose.labels import load_labels
from bustia.errors import StationeryError
from tests.compose.bills import LABELS, STATIONERY


def used() -> str:
    templates = [path.read_text() for path in (STATIONERY / "templates").glob("*.typ")]
    code = [path.read_text() for path in Path(bustia.compose.__path__[0]).glob("*.py")]
    return "\n".join(templates + code)


def test_no_label_is_idle():
    """Every label is named by a template or by the code that makes the view."""
    text = used()
    families = ("concept_", "line_", "tone_")
    idle = [
        key
        for key in LABELS["ca"].words
        if not key.startswith(families)
        and not re.search(rf"\bt\.{key}\b|t\.at\(\"{key}\"\)|[\"']{key}[\"']", text)
    ]
    assert idle == []


def test_every_label_named_by_a_template_is_there():
    """A template never asks for a word that no language has."""
    asked = set(re.findall(r"\bt\.(?!at\b|page_of\.)([a-z_]+)", used()))
    assert set() == asked - set(LABELS["ca"].words) - {"page_of"}


@pytest.mark.parametrize("language", ["es", "en"])
def test_places_are_alike_in_all_languages(language: str):
    """What is filled into a label in Catalan is filled in elsewhere too."""

    def places(of: str) -> dict[str, set[str | None]]:
        parse = string.Formatter().parse
        return {
            key: {one[1] for one in parse(word)} - {None} for key, word in LABELS[of].words.items()
        }

    assert places("ca") == places(language)


def test_a_missing_label_is_named(tmp_path: Path):
    """A translation that lacks a word is refused with the word and the file."""
    folder = tmp_path / "templates" / "labels"
    folder.mkdir(parents=True)
    for language in ("ca", "es", "en"):
        (folder / f"{language}.yaml").write_text(
            "net: x\n" + ("" if language == "es" else "vat: y\n")
        )
    with pytest.raises(StationeryError, match=r"es\.yaml.*vat"):
        load_labels(tmp_path)
