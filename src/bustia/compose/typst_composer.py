"""Composes a bill as one PDF/A-3a and PDF/UA-1 file by Typst: the reference for how it looks."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typst
from fontTools.ttLib import TTFont

from bustia.compose.drawing import Drawing
from bustia.compose.parts import BillView, MessageView
from bustia.errors import ComposeError

__all__ = ["Attachment", "Composed", "TypstComposer"]

_FONTS = ("font_hanken_grotesk", "font_source_sans_pro")
_REGULAR = (
    ("font_hanken_grotesk", "HankenGrotesk-Regular.otf"),
    ("font_source_sans_pro", "SourceSansPro-Regular.otf"),
)
_STANDARDS: list[Any] = ["a-3a", "ua-1"]
_COUNT = re.compile(rb"/Type\s*/Pages\b[^>]*?/Count\s+(\d+)|/Count\s+(\d+)[^>]*?/Type\s*/Pages\b")
_QUOTED = re.compile(r"[\"'`“‘].*[\"'`”’]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along in the PDF, as the structured e-invoice of the bill."""

    name: str
    data: bytes
    media_type: str
    description: str
    relationship: Literal["source", "data", "alternative", "supplement"] = "alternative"
    """What it is to the bill (ISO 19005-3, AFRelationship)."""


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
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(files(package) / "files") for package in _FONTS],
        )
        self._compiler = typst.Compiler(
            str(self._template), root=str(stationery), font_paths=fonts, ignore_system_fonts=True
        )

    def compose(
        self, view: BillView, attachments: Sequence[Attachment], stamp: datetime
    ) -> Composed:
        """Give the document; the same arguments give the same bytes.

        ``stamp`` is the aware instant that the file states as its making. Raise
        :class:`~bustia.errors.ComposeError`, without personal data, if it can't be laid out.
        """
        if stamp.tzinfo is None:
            raise ComposeError("the instant of a document needs its time zone.")
        data: dict[str, Any] = _plain(view)
        data["attachments"] = [_attached(attachment) for attachment in attachments]
        composed = None
        for pages, full in _layouts(view):
            composed = self._compile(data | {"pages": pages, "full": full}, stamp)
            if composed.pages == pages:
                return composed
        if composed is None:
            raise ComposeError("there is no layout to try.")
        return composed

    def _compile(self, data: dict[str, Any], stamp: datetime) -> Composed:
        try:
            pdf = self._compiler.compile(
                format="pdf",
                sys_inputs={"bill": json.dumps(data, ensure_ascii=False)},
                pdf_standards=_STANDARDS,
                timestamp=int(stamp.timestamp()),
            )
        except typst.TypstError as error:
            raise ComposeError(
                f"Typst could not lay it out: {_QUOTED.sub('…', error.message)}",
                where=self._template.name,
                hint="Mend the template, or take the value that it can't write out of the data.",
            ) from None
        if not isinstance(pdf, bytes):
            raise ComposeError("Typst gave no PDF.", where=self._template.name)
        return Composed(pdf, _pages(pdf))


def _layouts(view: BillView) -> Iterator[tuple[int, bool]]:
    """Give the layouts to try, each with the pages it must come to (0: however many it needs).

    ``full`` means that messages, or some and a slip, leave the first page no space for the
    consumption.
    """
    if _may_fit_one_page(view):
        yield 1, False
    full = len(view.messages) > (2 if view.slip else 4)
    if not full:
        yield 2, False
    yield 2, True
    yield 0, True


def _may_fit_one_page(view: BillView) -> bool:
    """Tell roughly, in millimetres, whether trying one page is worth its time."""
    lines = sum(len(concept.lines) + 1 for concept in view.detail.concepts)
    detail = 41 + 3.8 * (lines + len(view.detail.taxes) + len(view.detail.notes))
    height = max(detail, 90 if view.consumption else 0) + (42 if view.slip else 0)
    if view.messages:
        height += 8
    for first in range(0, len(view.messages), 2):
        pair = view.messages[first : first + 2]
        height += 4 + max(_message_height(message, 56 * 3 - 56 * len(pair)) for message in pair)
    return height <= 143


def _message_height(message: MessageView, characters: int) -> float:
    lines = sum(1 + len(paragraph) // characters for paragraph in message.body)
    return 9 + 3.6 * lines + (4 if message.action else 0)


def _attached(attachment: Attachment) -> dict[str, Any]:
    """Give an attachment's bytes as text where they are UTF-8, which is much faster to pass."""
    try:
        data: str | list[int] = attachment.data.decode("utf-8")
    except UnicodeDecodeError:
        data = list(attachment.data)
    return {
        "name": re.sub(r"[/\\]|^\.+", "_", attachment.name) or "_",
        "data": data,
        "media_type": attachment.media_type,
        "description": _writable(attachment.description),
        "relationship": attachment.relationship,
    }


def _pages(pdf: bytes) -> int:
    found = _COUNT.search(pdf)
    if found is None:
        raise ComposeError("the number of pages can't be told.")
    return int(found[1] or found[2])


def _plain(value: Any) -> Any:  # noqa: ANN401 (any part of a view)
    """Turn a view into what JSON knows; drawings become SVG."""
    if isinstance(value, str):
        return _writable(value)
    if isinstance(value, Drawing):
        return {
            "svg": value.svg(),
            "alt": _writable(value.alt),
            "width": value.width,
            "height": value.height,
        }
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in _names(value.__class__)}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _writable(text: str) -> str:
    """Replace what no font can write, so that an odd character in a name costs no invoice."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_replaced, unicodedata.normalize("NFC", text)))


@cache
def _replaced(character: str) -> str:
    if (ord(character) in _covered() and character.isprintable()) or character == "\xa0":
        return character
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    if unicodedata.category(character) in {"Mn", "Cf"}:
        return ""
    simpler = "".join(
        part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)
    )
    return simpler if simpler and all(ord(part) in _covered() for part in simpler) else "?"


@cache
def _covered() -> frozenset[int]:
    """Give the characters that either family can write."""
    return frozenset().union(
        *(TTFont(str(files(package) / "files" / name)).getBestCmap() for package, name in _REGULAR)
    )
