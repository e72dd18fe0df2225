"""Where segments are kept: a folder, in which an object is put once and never changed."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from bustia.errors import ArchiveError

__all__ = ["FolderStore", "Store"]


class Store(Protocol):
    """What a store of objects SHALL do; names are hexadecimal digests of the content."""

    def put(self, name: str, content: bytes) -> None:
        """Store an object for good before it returns; one that is there already SHALL stay."""

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Give a range of an object, all of it by default; raise ``ArchiveError`` if missing."""

    def names(self) -> Iterator[str]:
        """Name every object."""

    def remove(self, name: str) -> None:
        """Remove an object; a missing one is no error."""


class FolderStore:
    """A store in a folder of this machine; a file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.segment"

    def put(self, name: str, content: bytes) -> None:
        """Write to a temporary file, make sure it is on the disk, and give it its name."""
        path = self._path(name)
        if path.exists():
            return
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=".putting-", dir=path.parent)
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).chmod(0o440)
            Path(temporary).rename(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise ArchiveError(
                f"can't be written: {error.strerror}.",
                where=str(self._folder),
                hint="See whether the disk is full or the folder belongs to somebody else.",
            ) from error

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Read a range of the file."""
        try:
            with self._path(name).open("rb") as file:
                file.seek(offset)
                return file.read() if length is None else file.read(length)
        except OSError as error:
            raise ArchiveError(
                f"the segment can't be read: {error.strerror}.",
                where=name,
                hint="Restore it from your backup of the archive.",
            ) from error

    def names(self) -> Iterator[str]:
        """Name the files, in order; what a killed process left half-written is not among them."""
        for path in sorted(self._folder.glob("??/*.segment")):
            yield path.stem

    def remove(self, name: str) -> None:
        """Delete the file."""
        self._path(name).unlink(missing_ok=True)
