"""Writing an export bundle: a folder of files, one a record type, with a manifest.

The manifest is written last, so a folder that has one is complete. Reading a bundle is
``bundle_reader``'s job; the town generator and billing systems in Python write with this.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Literal, Self, TextIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from bustia.errors import IntakeError
from bustia.intake.records import RECORDS, Record
from bustia.intake.schema import ColumnKind, arrow_schema, columns

__all__ = [
    "FORMAT",
    "MANIFEST",
    "VERSION",
    "BundleWriter",
    "FileEntry",
    "FileFormat",
    "Manifest",
    "digest",
]

FORMAT = "bustia-bundle"
VERSION = 1
MANIFEST = "manifest.json"

FileFormat = Literal["csv", "parquet"]
R = TypeVar("R", bound=Record)

_PARQUET_ROWS = 16_384
"""Rows held in memory for each Parquet file; a row group of it is some hundred kB."""


class FileEntry(BaseModel):
    """What the manifest says of one file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Name of the file in the bundle, as in customers.csv.")
    format: FileFormat = Field(description="csv or parquet.")
    rows: Annotated[int, Field(ge=0)] = Field(description="Rows in it, header not counted.")
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] = Field(
        description="SHA-256 of the file's bytes, in small hexadecimal digits."
    )


class Manifest(BaseModel):
    """``manifest.json``: what the bundle is, who wrote it when, and its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["bustia-bundle"] = Field(description="Always bustia-bundle.")
    version: Literal[1] = Field(description="Version of this format.")
    producer: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="Name and version of the system that wrote it."
    )
    created_at: AwareDatetime = Field(description="When, as an instant with its UTC offset.")
    files: tuple[FileEntry, ...] = Field(description="The files, each once.")


class BundleWriter:
    """Writes a bundle, record by record, in flat memory.

    ::

        with BundleWriter(folder, producer="Billing 4.2", created_at=now) as bundle:
            bundle.write(CustomerRecord, customers)
            bundle.write(ContractRecord, contracts)

    Every record type may be written to several times, in any order. The manifest is written
    when the block ends without an exception. ``folder`` is created; a bundle already in it is
    an error. ``created_at`` is an aware datetime.
    """

    def __init__(
        self,
        folder: Path,
        file_format: FileFormat = "csv",
        *,
        producer: str,
        created_at: datetime,
    ) -> None:
        self.folder = folder
        self.file_format: FileFormat = file_format
        self.producer = producer
        self.created_at = created_at
        self._sinks: dict[str, _CsvSink | _ParquetSink] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / MANIFEST).exists():
            raise IntakeError(
                "there is a bundle here already",
                where=str(folder),
                hint="Choose another folder, or remove that bundle first.",
            )

    def write(self, record_type: type[R], records: Iterable[R]) -> int:
        """Add records to their type's file; give their number."""
        fields = attrgetter(*record_type.model_fields)
        return self.write_rows(record_type, map(fields, records))

    def write_rows(self, record_type: type[Record], rows: Iterable[Sequence[object]]) -> int:
        """Add rows to a record type's file without building records; give their number.

        Each row has all of the type's fields in their order, as the values that a record would
        hold (``Decimal``, ``date``, ``bool``, ``None`` …). They are not validated.
        """
        return self._sink(record_type).write(rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(complete=kind is None)

    def close(self, *, complete: bool = True) -> None:
        """Close the files and, if the bundle is complete, write its manifest."""
        for opened in self._sinks.values():
            opened.close()
        if not complete:
            return
        manifest = Manifest(
            format=FORMAT,
            version=VERSION,
            producer=self.producer,
            created_at=self.created_at,
            files=tuple(
                FileEntry(
                    name=sink.path.name,
                    format=self.file_format,
                    rows=sink.rows,
                    sha256=digest(sink.path),
                )
                for record in RECORDS
                if (sink := self._sinks.get(record.file)) is not None
            ),
        )
        text = manifest.model_dump_json(indent=2)
        (self.folder / MANIFEST).write_text(text + "\n", encoding="utf-8")

    def _sink(self, record_type: type[Record]) -> "_CsvSink | _ParquetSink":
        sink = self._sinks.get(record_type.file)
        if sink is None:
            path = self.folder / f"{record_type.file}.{self.file_format}"
            make = _CsvSink if self.file_format == "csv" else _ParquetSink
            sink = self._sinks[record_type.file] = make.open(path, record_type)
        return sink


def digest(path: Path) -> str:
    """Give a file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _decimal(value: Decimal) -> str:
    return f"{value:f}"


def _flag(value: bool) -> str:
    return "true" if value else "false"


_FORMATS: dict[ColumnKind, Callable[[Any], str]] = {
    ColumnKind.TEXT: str,
    ColumnKind.WHOLE: str,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.DATE: date.isoformat,
    ColumnKind.INSTANT: _instant,
    ColumnKind.FLAG: _flag,
}


@dataclass(slots=True)
class _CsvSink:
    """A CSV file that grows."""

    path: Path
    file: TextIO
    formats: tuple[Callable[[Any], str], ...]
    rows: int = 0

    @classmethod
    def open(cls, path: Path, record_type: type[Record]) -> "_CsvSink":
        file = path.open("w", encoding="utf-8", newline="", buffering=1 << 18)
        csv.writer(file, lineterminator="\n").writerow(record_type.model_fields)
        return cls(path, file, tuple(_FORMATS[c.kind] for c in columns(record_type)))

    def write(self, rows: Iterable[Sequence[object]]) -> int:
        before = self.rows
        csv.writer(self.file, lineterminator="\n").writerows(map(self._texts, rows))
        return self.rows - before

    def _texts(self, row: Sequence[object]) -> list[str]:
        self.rows += 1
        return [
            "" if value is None else text(value)
            for text, value in zip(self.formats, row, strict=True)
        ]

    def close(self) -> None:
        self.file.close()


@dataclass(slots=True)
class _ParquetSink:
    """A Parquet file that grows by row groups."""

    path: Path
    writer: pq.ParquetWriter
    schema: pa.Schema
    pending: list[Sequence[object]]
    rows: int = 0

    @classmethod
    def open(cls, path: Path, record_type: type[Record]) -> "_ParquetSink":
        schema = arrow_schema(record_type)
        return cls(path, pq.ParquetWriter(path, schema, compression="zstd"), schema, [])

    def write(self, rows: Iterable[Sequence[object]]) -> int:
        before = self.rows
        for row in rows:
            self.pending.append(row)
            self.rows += 1
            if len(self.pending) >= _PARQUET_ROWS:
                self._flush()
        return self.rows - before

    def _flush(self) -> None:
        cells = list(zip(*self.pending, strict=True)) or [()] * len(self.schema)
        arrays = [
            pa.array(values, type=field.type)
            for values, field in zip(cells, self.schema, strict=True)
        ]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self.pending.clear()

    def close(self) -> None:
        if self.pending:
            self._flush()
        self.writer.close()
