"""Composes a bill as one PDF/A-3a and PDF/UA-1 file by Typst: the reference for how it looks."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from bustia.compose.attachments import Attachment, cleaned
from bustia.compose.characters import FONT_FOLDERS, writable
from bustia.compose.drawing import Drawing
from bustia.compose.layouts import layouts
from bustia.compose.parts import BillView
from bustia.errors import ComposeError

__all__ = ["Composed", "TypstComposer", "compiled", "plain", "typst_compiler"]

_STANDARDS: list[Any] = ["a-3a", "ua-1"]
_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b")
_QUOTED = re.compile(r"[\"'`“‘].*[\"'`”’]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Composed:
    """A composed document."""

    pdf: bytes
    pages: int


class TypstComposer:
    """Composes bills with the templates of one stationery folder.

    Make one for each process and keep it: it holds fonts and templates. It is not for use by two
    threads at once.
    """

    def __init__(self, stationery: Path) -> None:
        self._template = stationery / "templates" / "bill.typ"
        if not self._template.is_file():
            raise ComposeError("there is no template of the bill", where=str(self._template))
        self._compiler = typst_compiler(self._template, stationery)

    def compose(
        self, view: BillView, attachments: Sequence[Attachment], stamp: datetime
    ) -> Composed:
        """Give the document; the same arguments give the same bytes.

        ``stamp`` is the aware instant that the file states as its making. Raise
        :class:`~bustia.errors.ComposeError`, without personal data, if it can't be laid out.
        """
        if stamp.tzinfo is None:
            raise ComposeError("the instant of a document needs its time zone.")
        data: dict[str, Any] = plain(view)
        data["attachments"] = [_attached(one) for one in cleaned(attachments)]
        composed = None
        for layout in layouts(view):
            composed = self._compile(data | {"pages": layout.pages, "full": layout.full}, stamp)
            if composed.pages == layout.pages:
                return composed
        if composed is None:
            raise ComposeError("there is no layout to try.")
        return composed

    def _compile(self, data: dict[str, Any], stamp: datetime) -> Composed:
        return compiled(self._compiler, self._template, {"bill": data}, stamp)


def typst_compiler(template: Path, stationery: Path) -> typst.Compiler:
    """Make a compiler of one template, with the stationery's files and our fonts."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in FONT_FOLDERS],
    )
    return typst.Compiler(
        str(template), root=str(stationery), font_paths=fonts, ignore_system_fonts=True
    )


def compiled(
    compiler: typst.Compiler, template: Path, inputs: Mapping[str, Any], stamp: datetime
) -> Composed:
    """Compile a template with its data; raise ``ComposeError``, without personal data."""
    try:
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={
                name: json.dumps(data, ensure_ascii=False) for name, data in inputs.items()
            },
            pdf_standards=_STANDARDS,
            timestamp=int(stamp.timestamp()),
        )
    except typst.TypstError as error:
        raise ComposeError(
            f"Typst could not lay it out: {_QUOTED.sub('…', error.message)}",
            where=template.name,
            hint="Mend the template, or take the value that it can't write out of the data.",
        ) from None
    if not isinstance(pdf, bytes):
        raise ComposeError("Typst gave no PDF.", where=template.name)
    return Composed(pdf, _pages(pdf))


def _attached(attachment: Attachment) -> dict[str, Any]:
    """Give an attachment's bytes as text where they are UTF-8, which is much faster to pass."""
    try:
        data: str | list[int] = attachment.data.decode("utf-8")
    except UnicodeDecodeError:
        data = list(attachment.data)
    return {
        "name": attachment.name,
        "data": data,
        "media_type": attachment.media_type,
        "description": attachment.description,
        "relationship": attachment.relationship,
    }


def _pages(pdf: bytes) -> int:
    found = _COUNT.search(pdf)
    if found is None:
        raise ComposeError("the number of pages can't be told.")
    return int(found[1] or found[2])


def plain(value: Any) -> Any:  # noqa: ANN401 (any part of a view)
    """Turn a view into what JSON knows; drawings become SVG."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Drawing):
        return {
            "svg": value.svg(),
            "alt": writable(value.alt),
            "width": value.width,
            "height": value.height,
        }
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in _names(value.__class__)}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
