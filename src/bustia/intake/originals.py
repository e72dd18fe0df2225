"""The original rows of what was rejected, so that nothing is lost.

They are read again from the bundle, in the order of their lines, and only from files that have
rejections. Bank accounts are encrypted before they are given out.
"""

import csv
from collections.abc import Callable, Iterator

from bustia.intake.bundle_reader import BundleFile

__all__ = ["Originals"]

Secret = Callable[[str], str]


class Originals:
    """Gives the original row at a line; lines are asked for in rising order."""

    def __init__(self, bundle_file: BundleFile, encrypt: Secret) -> None:
        self._encrypt = encrypt if bundle_file.file == "mandates" else None
        self._header = bundle_file.header
        self._rows = (
            self._csv_lines(bundle_file)
            if bundle_file.entry.format == "csv"
            else self._parquet_rows(bundle_file)
        )
        self._line = 0
        self._row: object = None

    def at(self, line: int | None) -> object:
        """Give the row at a line as a mapping of texts, or as it stands if it isn't a row."""
        if line is None:
            return None
        while self._line < line:
            self._line, self._row = next(self._rows, (line, None))
        return self._row if self._line == line else None

    def _csv_lines(self, bundle_file: BundleFile) -> Iterator[tuple[int, object]]:
        with bundle_file.path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                yield number, self._csv_row(raw) if number > 1 else None

    def _csv_row(self, raw: bytes) -> object:
        text = raw.rstrip(b"\r\n").decode("utf-8", errors="backslashreplace")
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error:
            cells = []
        if len(cells) == len(self._header):
            return self._hide(dict(zip(self._header, cells, strict=True)))
        return {"encrypted": self._encrypt(text)} if self._encrypt else text

    def _parquet_rows(self, bundle_file: BundleFile) -> Iterator[tuple[int, object]]:
        for batch in bundle_file.batches():
            for line, row in zip(batch.lines.to_pylist(), batch.rows.to_pylist(), strict=True):
                yield line, self._hide(row)

    def _hide(self, row: dict[str, str]) -> dict[str, str]:
        if self._encrypt and row.get("iban"):
            row["iban"] = self._encrypt(row["iban"])
        return row
