"""Keeps pieces on the disk, so that each is laid out once for all processes and all days.

A piece belongs to the templates, fonts and libraries that made it: these give the folder its name.
What is kept is data, never code; a file that can't be read is as good as none.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bustia.compose.press import pieces
from bustia.compose.press.kit import Style
from bustia.compose.press.reading import Element

__all__ = ["PieceStore"]

_FORMAT = 5
_PARTS_OF_STATIONERY = ("templates", "assets", "company.yaml")
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        pieces.BlockForm, pieces.BookmarkForm, pieces.Box, pieces.DrawingField, pieces.LinkForm,
        pieces.Pattern, pieces.Piece, pieces.Slot, pieces.SlotPlace, pieces.Static,
        pieces.TextField, Element, Style,
    )
}  # fmt: skip
_FIELDS = {kind: [field.name for field in fields(kind)] for kind in _KINDS.values()}
_SEQUENCES = {"list": list, "tuple": tuple}
_NAMES = {kind: kind.__name__ for kind in (list, tuple, dict, *_FIELDS)}
_SIMPLE = frozenset({int, float, bool, type(None)})
_PLAIN = _SIMPLE | {str}


class PieceStore:
    """A folder of pieces; None for a folder keeps nothing."""

    def __init__(self, folder: Path | None, stationery: Path) -> None:
        self._folder = None if folder is None else folder / _release(stationery)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    def load(self, key: Hashable) -> dict[str, Any] | None:
        """Give what was kept under a key."""
        if self._folder is None:
            return None
        try:
            found = _thawed(json.loads((self._folder / _name(key)).read_text(encoding="utf-8")))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return found if isinstance(found, dict) else None

    def save(self, key: Hashable, content: dict[str, Any]) -> None:
        """Keep something under a key; a full disk is no reason to stop."""
        if self._folder is None:
            return
        written = json.dumps(_frozen(content), check_circular=False).encode("ascii")
        with suppress(OSError):
            number, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(number, "wb") as file:
                file.write(written)
            Path(name).replace(self._folder / _name(key))

    def prove(self, key: Hashable) -> None:
        """Note that the judge found what is kept under a key right."""
        if self._folder is not None:
            with suppress(OSError):
                (self._folder / _name(key, "proven")).touch()

    def is_proven(self, key: Hashable) -> bool:
        """Say whether the judge found it right, in any process."""
        return self._folder is not None and (self._folder / _name(key, "proven")).exists()


def _release(stationery: Path) -> str:
    """Name the folder by all that decides how a piece comes out."""
    digest = hashlib.sha256(f"{_FORMAT}".encode())
    for library in ("bustia", "typst", "uharfbuzz", "pikepdf"):
        digest.update(f"{library} {version(library)}\n".encode())
    for part in _PARTS_OF_STATIONERY:
        root = stationery / part
        for file in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if file.is_file():
                digest.update(f"{file.relative_to(stationery)}\n".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _name(key: Hashable, ending: str = "json") -> str:
    return f"{hashlib.sha256(repr(key).encode()).hexdigest()}.{ending}"


def _frozen(one: Any) -> Any:  # noqa: ANN401 (any part of a piece)
    """Write everything that holds others as a list, after the name of its kind."""
    kind = type(one)
    if kind in _PLAIN:
        return one
    if kind is bytes:
        return ["bytes", one.decode("latin-1")]
    if kind is dict:
        values = [part for pair in one.items() for part in pair]
    elif kind in _FIELDS:
        values = [getattr(one, name) for name in _FIELDS[kind]]
    else:
        values = one
    return [_NAMES[kind], *[part if type(part) in _PLAIN else _frozen(part) for part in values]]


def _thawed(one: Any) -> Any:  # noqa: ANN401
    """Read what ``_frozen`` wrote; its lists are used up."""
    kind = type(one)
    if kind is str:
        return sys.intern(one)  # the same few come up again
    if kind is not list:
        raise TypeError("not written by the store")
    name = one.pop(0)
    if name == "bytes":
        return one[0].encode("latin-1")
    inner = [part if type(part) in _SIMPLE else _thawed(part) for part in one]
    if name == "dict":
        return dict(zip(inner[::2], inner[1::2], strict=True))
    return _SEQUENCES[name](inner) if name in _SEQUENCES else _KINDS[name](*inner)
