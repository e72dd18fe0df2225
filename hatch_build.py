"""Compiles the words of the Virtual Office before a wheel or a checkout is used.

The catalogues are written by hand, one a section and language (``locale/ca/invoices.po``). Django
reads one a language: ``python hatch_build.py`` merges them into ``LC_MESSAGES/django.mo``, and so
does every build. Babel does it, so nobody needs the tools of GNU gettext.
"""

import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["LOCALE", "CatalogueBuildHook", "compile_catalogues", "read_catalogue"]

LOCALE = Path(__file__).parent / "src/bustia/office/locale"


def read_catalogue(file: Path) -> Catalog:
    """Read a catalogue; raise Babel's ``PoFileError`` with its line if it is malformed."""
    with file.open("rb") as content:
        return read_po(content, locale=file.parent.name, abort_invalid=True)


def compile_catalogues(folder: Path = LOCALE) -> list[Path]:
    """Merge the sections of each language into the file that Django reads; give these files."""
    return [_compile(language) for language in sorted(folder.iterdir()) if language.is_dir()]


def _compile(language: Path) -> Path:
    """Compile one language, unless its file is newer than all its sections already."""
    target = language / "LC_MESSAGES/django.mo"
    sections = sorted(language.glob("*.po"))
    changed = max(path.stat().st_mtime_ns for path in [language, *sections, Path(__file__)])
    if target.exists() and target.stat().st_mtime_ns > changed:
        return target
    merged = Catalog(locale=language.name)
    for section in sections:
        for message in read_catalogue(section):
            if message.id and not message.fuzzy:
                merged.add(message.id, message.string, context=message.context)
    target.parent.mkdir(exist_ok=True)
    partial = target.with_suffix(f".{id(merged):x}")  # tests of several processes may compile
    with partial.open("wb") as out:
        write_mo(out, merged)
    partial.replace(target)
    return target


class CatalogueBuildHook(BuildHookInterface[Any]):
    """Has hatchling compile the catalogues first."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; the files are in the wheel as artifacts."""
        del version, build_data  # the same for a wheel, a source archive and a checkout
        compile_catalogues(Path(self.root) / "src/bustia/office/locale")


if __name__ == "__main__":
    for written in compile_catalogues():
        sys.stdout.write(f"{written}\n")
