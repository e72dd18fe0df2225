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
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bustia.compose.press import pieces
from bustia.compose.press.kit import Style
from bustia.compose.press.reading import Element

__all__ = ["PieceStore"]

_FORMAT = 4
_PARTS_OF_STATIONERY = ("templates", "assets", "company.yaml")
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        pieces.BlockForm, pieces.BookmarkForm, pieces.Box, pieces.DrawingField, pieces.LinkForm,
        pieces.Pattern, pieces.Piece, pieces.Slot, pieces.SlotPlace, pieces.Static,
        pieces.TextField, Element, Style,
    )
}  # fmt: skip


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
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if isinstance(found, dict) else None

    def save(self, key: Hashable, content: dict[str, Any]) -> None:
        """Keep something under a key; a full disk is no reason to stop."""
        if self._folder is None:
            return
        written = json.dumps(_frozen(content))
        with suppress(OSError):
            number, name = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(number, "w", encoding="utf-8") as file:
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
    if is_dataclass(one) and not isinstance(one, type):
        values = [_frozen(getattr(one, field.name)) for field in fields(one)]
        return {"kind": type(one).__name__, "values": values}
    if isinstance(one, bytes):
        return {"bytes": one.decode("latin-1")}
    if isinstance(one, tuple):
        return {"tuple": [_frozen(inner) for inner in one]}
    if isinstance(one, dict):
        return {"dict": [[_frozen(key), _frozen(inner)] for key, inner in one.items()]}
    if isinstance(one, list):
        return [_frozen(inner) for inner in one]
    return one


def _thawed(one: Any) -> Any:  # noqa: ANN401
    if isinstance(one, list):
        return [_thawed(inner) for inner in one]
    if not isinstance(one, dict):
        return sys.intern(one) if isinstance(one, str) else one  # the same few come up again
    if "kind" in one:
        return _KINDS[one["kind"]](*[_thawed(inner) for inner in one["values"]])
    if "bytes" in one:
        return one["bytes"].encode("latin-1")
    if "tuple" in one:
        return tuple(_thawed(inner) for inner in one["tuple"])
    return {_thawed(key): _thawed(inner) for key, inner in one["dict"]}
