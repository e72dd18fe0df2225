"""Finds the words that the Virtual Office shows, and keeps its catalogues in step with them.

``make words`` adds what is new to the catalogue of its section, untranslated, and puts what is
gone at its end, as a comment of gettext's (``#~``), to be reused or deleted by hand.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import write_po
from django.utils.translation.template import templatize

from hatch_build import LOCALE, read_catalogue

__all__ = [
    "LANGUAGES",
    "LIBRARY",
    "SHARED",
    "Words",
    "extract_words",
    "sections_of",
    "strings_of",
    "texts_in",
    "texts_of",
    "update_catalogues",
]

LANGUAGES = ("ca", "es")
SHARED = "common"
"""The section of what belongs to none: layout, error pages. What it has, the others needn't."""
LIBRARY = "library"
"""Words of Django and django-allauth that these have none or bad ones for."""

_SOURCE = LOCALE.parents[1]
_KEYWORDS: dict[str, None] = {
    f"{kind}{lazy}": None
    for kind in ("_", "gettext", "gettext_noop", "ngettext", "pgettext", "npgettext")
    for lazy in ("", "_lazy")
}
_PLURALS = {"ca": "nplurals=2; plural=(n != 1);", "es": "nplurals=2; plural=(n != 1);"}
_ALLAUTH_FOLDERS = {"account", "allauth", "mfa", "usersessions"}


@dataclass(frozen=True)
class Words:
    """A text to translate: its context, its English and, if it counts things, its plural."""

    section: str
    context: str | None
    text: str
    plural: str | None

    @property
    def key(self) -> tuple[str | None, str]:
        """What gettext looks it up by."""
        return self.context, self.text

    @property
    def id(self) -> str | tuple[str, str]:
        """Its msgid as Babel takes it."""
        return (self.text, self.plural) if self.plural else self.text


def extract_words(source: Path = _SOURCE) -> list[Words]:
    """Give every text of the Office's templates and code, and of the API's, in order."""
    files = [
        *sorted((source / "office").rglob("*.html")),
        *sorted((source / "office").rglob("*.txt")),
        *sorted((source / "office").rglob("*.py")),
        *sorted((source / "api").rglob("*.py")),
    ]
    found: dict[tuple[str, str | None, str], Words] = {}
    for file in files:
        section = _section(file.relative_to(source), source)
        for words in _in_file(file, section):
            known = found.get((section, *words.key))
            if known is None or (known.plural is None and words.plural):
                found[section, *words.key] = words
    return list(found.values())


def _in_file(file: Path, section: str) -> Iterator[Words]:
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        # Indentation is a template's own business; to Python it would be an error.
        lines = templatize(text, origin=str(file)).splitlines()
        text = "\n".join(line.strip() for line in lines)
    for keyword, parts in texts_of(io.BytesIO(text.encode())):
        context = parts.pop(0) if "pgettext" in keyword else None
        plural = parts[1] if keyword.startswith("n") else None
        yield Words(section, context, parts[0], plural)


def texts_of(code: IO[bytes]) -> Iterator[tuple[str, list[str]]]:
    """Give each call of gettext's in Python code: its keyword and the texts it was given."""
    for _line, keyword, ids, _comments in extract_python(code, _KEYWORDS, [], {}):
        parts = cast(
            "str | tuple[str | None, ...] | None", ids
        )  # Babel's own hint names the wrong types
        texts = [parts] if isinstance(parts, str) else [part for part in parts or () if part]
        wanted = 1 + str(keyword).startswith("n") + ("pgettext" in str(keyword))
        if texts:
            yield str(keyword), texts[:wanted]


def _section(path: Path, source: Path) -> str:
    """Tell whose words a file has: by its template folder, or by a module of a section's name."""
    if path.parts[0] == "api":
        return "api"
    inside = path.parts[1:]
    if inside[0] == "templates" and inside[1] in _ALLAUTH_FOLDERS:
        return "accounts"
    known = sections_of(source)
    for part in inside:
        stem = part.removesuffix(".py")
        for section in known:
            if stem == section or stem.startswith(f"{section}_"):
                return section
    return SHARED


def sections_of(source: Path = _SOURCE) -> list[str]:
    """Give the sections: each has a folder of templates."""
    folder = source / "office/templates/office"
    return (
        sorted(
            path.name
            for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith("_")
        )
        if folder.is_dir()
        else []
    )


def update_catalogues(locale: Path = LOCALE, source: Path = _SOURCE) -> list[str]:
    """Bring every catalogue in step with the words; give a line on each that needs a hand."""
    words = extract_words(source)
    remarks = []
    for language in LANGUAGES:
        shared = _read(locale / language / f"{SHARED}.po")
        for section in sorted({one.section for one in words} | _written(locale / language)):
            if section == LIBRARY:
                continue
            file = locale / language / f"{section}.po"
            wanted = [
                one
                for one in words
                if section == (SHARED if shared.get(one.text, one.context) else one.section)
            ]
            added, gone = _update(file, language, wanted)
            if added or gone:
                remarks.append(f"{language}/{section}.po: {added} to translate, {gone} gone")
    return remarks


def _written(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.po")}


def _read(file: Path) -> Catalog:
    return read_catalogue(file) if file.exists() else Catalog(locale=file.parent.name)


def _update(file: Path, language: str, wanted: list[Words]) -> tuple[int, int]:
    old = _read(file)
    new = Catalog(locale=language)
    added = 0
    reusable = {
        (message.context, texts_in(message)[0]): message for message in old.obsolete.values()
    }
    for words in wanted:
        known = old.get(words.text, words.context) or reusable.pop(words.key, None)
        string = known.string if known and isinstance(known.id, str) == (not words.plural) else None
        added += not (known and all(strings_of(known)))
        new.add(words.id, string, context=words.context)
    needed = {one.key for one in wanted}
    gone = [one for one in old if one.id and (one.context, texts_in(one)[0]) not in needed]
    for message in [*gone, *reusable.values()]:
        new.obsolete[texts_in(message)[0]] = message
    if wanted or gone:
        _write(file, new, language)
    return added, len(gone)


def texts_in(message: Message) -> tuple[str, ...]:
    """Give the English of a message, and that of its plural if it has one."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def strings_of(message: Message) -> tuple[str, ...]:
    """Give the translation of a message, and that of its plurals."""
    string = message.string
    return (string,) if isinstance(string, str) else tuple(string or ("",))


def _write(file: Path, catalogue: Catalog, language: str) -> None:
    """Write a catalogue without dates and line numbers: a diff shows words, nothing else."""
    out = io.BytesIO()
    write_po(out, catalogue, no_location=True, omit_header=True, width=100)
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {_PLURALS[language]}\\n"\n\n'
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(header + out.getvalue().decode().strip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    for remark in update_catalogues():
        sys.stdout.write(f"{remark}\n")
