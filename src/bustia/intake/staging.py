"""Where a bundle's rows wait in the database until they are known to be in order.

One temporary table a file, filled by COPY, and one table of problems. They live as long as the
transaction of the import.
"""

import csv
import io
import tempfile
from collections.abc import Iterable
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pacsv
from django.db.backends.utils import CursorWrapper

from bustia.intake.problems import Problem
from bustia.intake.records import RECORDS, Record
from bustia.intake.schema import RECORD_BY_FILE, columns
from bustia.rows import take_statistics

__all__ = ["STAGE_COLUMNS", "ProblemSpool", "analyze", "as_csv", "copy_rows", "create", "stage"]

_SPOOL_BYTES = 16 << 20
_COPY_CHARS = 1 << 20
_EXTRA_COLUMNS = {"mandates": (("iban_masked", "text"), ("iban_fingerprint", "text"))}


def stage(file: str) -> str:
    """Give the name of a file's staging table."""
    return f"stage_{file}"


def _stage_columns(record_type: type[Record]) -> tuple[tuple[str, str], ...]:
    own = tuple((column.name, column.sql_type) for column in columns(record_type))
    return (("line", "integer"), *own, *_EXTRA_COLUMNS.get(record_type.file, ()))


STAGE_COLUMNS = {record.file: _stage_columns(record) for record in RECORDS}
"""The columns of each staging table with their SQL types."""


def create(cursor: CursorWrapper) -> None:
    """Create the empty staging tables, in place of any that this connection had before."""
    names = ", ".join(
        [*(stage(file) for file in STAGE_COLUMNS), "stage_problem", "stage_tax", "stage_sum"]
    )
    tables = [
        f"CREATE TEMP TABLE {stage(file)} ("
        + ", ".join(f'"{name}" {kind}' for name, kind in made)
        + ") ON COMMIT DROP"
        for file, made in STAGE_COLUMNS.items()
    ]
    cursor.execute(
        f"SET LOCAL client_min_messages = warning; DROP TABLE IF EXISTS {names};"
        + ";".join(tables)
        + """;
        CREATE TEMP TABLE stage_problem (
            file text, line integer, field text, code text, reason text, key text, parent text
        ) ON COMMIT DROP;
        CREATE TEMP TABLE stage_tax (
            invoice text, vat_rate numeric(5,2), base numeric, tax numeric
        ) ON COMMIT DROP;
        CREATE TEMP TABLE stage_sum (invoice text, base numeric, tax numeric) ON COMMIT DROP;
        SET LOCAL work_mem = '64MB';
        SET LOCAL jit = off
        """
    )


def as_csv(file: str, lines: pa.Array, rows: pa.RecordBatch) -> memoryview:
    """Write checked rows, with their lines, as ``copy_rows`` takes them."""
    names = [name for name, _ in STAGE_COLUMNS[file]]
    arrays = [lines, *(rows.column(name) for name in names[1:])]
    batch = pa.RecordBatch.from_arrays(arrays, names=names)
    try:
        return _csv(batch, "none")  # most values need no quotes, and cost both sides less without
    except pa.ArrowInvalid:
        return _csv(batch, "needed")


def _csv(batch: pa.RecordBatch, quotes: Literal["none", "needed"]) -> memoryview:
    """Write rows as CSV; raise ``ArrowInvalid`` where a value needs quotes and may have none."""
    sink = io.BytesIO()
    options = pacsv.WriteOptions(include_header=False, quoting_style=quotes)
    pacsv.write_csv(batch, sink, options)
    return sink.getbuffer()


def copy_rows(cursor: CursorWrapper, file: str, blocks: Iterable[bytes | memoryview]) -> None:
    """COPY checked rows into the file's staging table."""
    listed = ", ".join(f'"{name}"' for name, _ in STAGE_COLUMNS[file])
    # Without quotes, an empty text can't be told from none: it is what the record type says.
    texts = [f'"{c.name}"' for c in columns(RECORD_BY_FILE[file]) if c.default == ""]
    empty = f", FORCE_NOT_NULL ({', '.join(texts)})" if texts else ""
    with cursor.copy(f"COPY {stage(file)} ({listed}) FROM STDIN (FORMAT csv{empty})") as copy:
        for block in blocks:
            copy.write(block)


class ProblemSpool:
    """Collects the problems found in the files, on disk when they are many."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (closed when it was copied)
            max_size=_SPOOL_BYTES, mode="w+", encoding="utf-8", newline=""
        )
        self._writer = csv.writer(self._file)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add problems."""
        self._writer.writerows(
            (
                problem.file,
                problem.line,
                problem.field,
                problem.code.value,
                problem.reason,
                problem.key.replace("\x00", ""),
                problem.parent.replace("\x00", ""),
            )
            for problem in problems
        )

    def copy_to(self, cursor: CursorWrapper) -> None:
        """Put them beside those that the database will find, and let go of the file."""
        self._file.seek(0)
        with (
            self._file,
            cursor.copy(
                "COPY stage_problem (file, line, field, code, reason, key, parent)"
                " FROM STDIN (FORMAT csv, FORCE_NOT_NULL (field, reason, key, parent))"
            ) as copy,
        ):
            while text := self._file.read(_COPY_CHARS):
                copy.write(text)


def analyze(cursor: CursorWrapper, table: str) -> None:
    """Tell the planner how many rows there are, or it would join them one by one."""
    take_statistics(cursor, table, 10)
