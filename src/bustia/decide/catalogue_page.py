"""Writes the page of all facts, ``docs/facts.md``, from the catalogue.

``python -m bustia.decide.catalogue_page > docs/facts.md``
"""

import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import groupby

from bustia.decide.catalogue import Leaf, catalogue
from bustia.decide.checking import FUNCTIONS
from bustia.decide.filters import FILTERS

__all__ = ["page"]

_INTRODUCTION = """\
# Facts

What conditions and texts of message rules may use. This page is written by
`python -m bustia.decide.catalogue_page > docs/facts.md`: correct the documentation in
`src/bustia/billing/facts.py` instead. How to write a message is on [its own page](messages.md).

A fact marked *may be missing* must be asked for with `has(…)` in a condition, or put within
`{% if … %}` in a text. A fact marked *private* is known to the document and the channels, and is
refused in conditions and texts.
"""


def page() -> str:
    """Give the whole page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for group, leaves in groupby(catalogue().leaves.items(), key=lambda one: _group(one[0])):
        yield f"## {group}\n"
        yield "| Fact | Type | Example | What it says |"
        yield "|---|---|---|---|"
        for path, leaf in leaves:
            yield _row(path, leaf)
            for name, inner in _fields(leaf):
                yield _row(f"{path}[].{name}", inner)
        yield ""
    yield "## Functions of conditions\n"
    yield from (
        f"- `{text.split(':', 1)[0]}`:{text.split(':', 1)[1]}" for text in FUNCTIONS.values()
    )
    yield "\nLists have `exists`, `exists_one`, `all`: `debt.invoices.exists(i, i.amount > 100)`."
    yield "Texts have `startsWith`, `endsWith`, `contains` and `matches`.\n"
    yield "## Filters of texts\n"
    for name, known in FILTERS.items():
        yield f"- `{name}` on a {' or '.join(known.takes)}: {known.doc}"
    yield "\nThe company's data of `stationery/company.yaml` are there for texts as `company.NAME`."


def _group(path: str) -> str:
    return path.split(".", maxsplit=1)[0]


def _fields(leaf: Leaf) -> Iterator[tuple[str, Leaf]]:
    if leaf.type.item is not None and not leaf.private:
        yield from leaf.type.item.fields.items()


def _row(path: str, leaf: Leaf) -> str:
    kind = str(leaf.type)
    if leaf.unit:
        kind += f", {leaf.unit}"
    notes = [leaf.doc]
    if leaf.type.optional:
        notes.append("*May be missing.*")
    if leaf.private:
        notes.append("*Private.*")
    return f"| `{path}` | {kind} | {_example(leaf)} | {' '.join(notes)} |"


def _example(leaf: Leaf) -> str:
    value = leaf.example
    if leaf.private or value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, int | Decimal):
        return f"`{value}`"
    if isinstance(value, date):
        return f'`date("{value.isoformat()}")`'
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' for one in value) + "]`"
    return f'`"{value}"`'


if __name__ == "__main__":
    sys.stdout.write(page())
