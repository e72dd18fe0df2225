"""Reading the rows of a CSV file: fast when it is plain, line by line when it is not.

A value holds no line break, so one unclosed quote spoils one line and not the rest of the file.
A file without control characters, empty lines and doubtful quotes goes through Arrow's parser in
whole blocks, up to the first block with a row of too many or too few cells, or a byte that isn't
UTF-8. From there on, and in any other file, every line is read by itself and a bad one gets its
reason.
"""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from bustia.intake.problems import Code, Problem

__all__ = ["CONTROLS", "Inspection", "RawBatch", "csv_batches", "csv_header", "inspect"]

_BLOCK_BYTES = 8 << 20
_CAREFUL_ROWS = 20_000
_CHUNK_BYTES = 4 << 20
_LINE_BYTES = 1 << 20
_NOT_PLAIN = bytes(code for code in range(32) if code not in {10, 13}) + b"\x7f"
CONTROLS = "[\x00-\x1f\x7f-\x9f\u2028\u2029]"
"""Characters that have no place in a value: they break lines, headers and tables."""


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Some rows as text, with their line numbers, and the lines that aren't rows at all."""

    lines: pa.Array
    rows: pa.RecordBatch
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the bytes of a file are like."""

    sha256: str
    lines: int
    plain: bool
    """No quotes but around whole cells, no control characters but the line ends, no empty lines."""


def csv_header(path: Path, file: str) -> tuple[tuple[str, ...], Problem | None]:
    """Read the header row: the columns' names, or the problem with it."""
    with path.open("rb") as stream:
        line = stream.readline(_LINE_BYTES).removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        reason = "The file is empty: not even a header row."
        return (), Problem(file, 1, "", Code.MALFORMED_CSV, reason)
    try:
        cells = _cells(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return (), Problem(file, 1, "", Code.ENCODING, _encoding_reason(line, error, 0))
    except csv.Error as error:
        reason = f"The header row isn't proper CSV: {error}."
        return (), Problem(file, 1, "", Code.MALFORMED_CSV, reason)
    if "\x00" in line.decode("utf-8"):
        reason = "The file isn't UTF-8 text; it looks like UTF-16. Export it as UTF-8."
        return (), Problem(file, 1, "", Code.ENCODING, reason)
    return tuple(cells), None


def inspect(path: Path) -> Inspection:
    """Look at a file's bytes once: its digest, its lines, and whether it is plain."""
    digest = hashlib.sha256()
    lines = 0
    plain = True
    ended = True
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            chunk += stream.readline()
            digest.update(chunk)
            lines += chunk.count(b"\n")
            ended = chunk.endswith(b"\n")
            plain = (
                plain
                and len(chunk) == len(chunk.translate(None, _NOT_PLAIN))
                and b"\n\n" not in chunk
                and not chunk.startswith((b"\n", b"\r\n"))
                and (b"\r" not in chunk or _line_ends_are_plain(chunk))
                and _quotes_are_plain(chunk)
            )
    return Inspection(digest.hexdigest(), lines + (not ended), plain)


def _line_ends_are_plain(chunk: bytes) -> bool:
    """Tell whether each carriage return is part of a line's end, and no line is empty."""
    return chunk.count(b"\r") == chunk.count(b"\r\n") and b"\n\r\n" not in chunk


def _quotes_are_plain(chunk: bytes) -> bool:
    """Tell whether each quote in some whole lines opens or closes a cell of one line.

    Then every parser of CSV sees the same cells. A quote within a value, which is written twice,
    isn't plain: whether it is meant so can't be told from looking at quotes alone.
    """
    first, *parts = chunk.split(b'"')
    inside, after = parts[::2], parts[1::2]
    if len(inside) != len(after):
        return False
    if not inside:
        return True
    before = [first or b"\n", *after[:-1]]  # the first line may begin with a quote,
    after[-1] = after[-1] or b"\n"  # and the last one end with one
    return (
        b"\n" not in b"".join(inside)
        and all(part.endswith((b",", b"\n")) for part in before)
        and all(part.startswith((b",", b"\n", b"\r")) for part in after)
    )


def csv_batches(
    path: Path, file: str, header: tuple[str, ...], *, plain: bool
) -> Iterator[RawBatch]:
    """Give the file's rows in order; ``header`` as ``csv_header`` gave it, each name once."""
    line = 2
    if plain:
        try:
            for rows in _fast(path, header):
                yield RawBatch(pa.array(range(line, line + len(rows)), pa.int32()), rows)
                line += len(rows)
        except pa.ArrowInvalid:  # the careful way finds out which line it is, and goes on
            pass
        else:
            return
    yield from _careful(path, file, header, line)


def _fast(path: Path, header: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    with pacsv.open_csv(
        path,
        read_options=pacsv.ReadOptions(
            block_size=_BLOCK_BYTES, column_names=list(header), skip_rows=1
        ),
        parse_options=pacsv.ParseOptions(ignore_empty_lines=True),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    ) as reader:
        yield from reader


def _careful(path: Path, file: str, header: tuple[str, ...], first: int) -> Iterator[RawBatch]:
    lines: list[int] = []
    rows: list[list[str | None]] = []
    problems: list[Problem] = []
    offset = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if number >= first and line.strip(b"\r\n"):
                found = _row(line, number, offset, file, header)
                if isinstance(found, Problem):
                    problems.append(found)
                else:
                    lines.append(number)
                    rows.append(found)
            offset += len(line)
            if len(rows) + len(problems) >= _CAREFUL_ROWS:
                yield _batch(lines, rows, problems, header)
                lines, rows, problems = [], [], []
    if rows or problems:
        yield _batch(lines, rows, problems, header)


def _batch(
    lines: list[int],
    rows: list[list[str | None]],
    problems: list[Problem],
    header: tuple[str, ...],
) -> RawBatch:
    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    arrays = [pa.array(column, pa.string()) for column in cells]
    return RawBatch(
        pa.array(lines, pa.int32()),
        pa.RecordBatch.from_arrays(arrays, names=list(header)),
        tuple(problems),
    )


def _row(
    line: bytes, number: int, offset: int, file: str, header: tuple[str, ...]
) -> list[str | None] | Problem:
    try:
        cells = _cells(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return Problem(file, number, "", Code.ENCODING, _encoding_reason(line, error, offset))
    except csv.Error:
        reason = "A quote isn't closed, or stands within a value without being doubled."
        return Problem(file, number, "", Code.MALFORMED_CSV, reason)
    if len(cells) != len(header):
        reason = f"The row has {len(cells)} cells where the header has {len(header)}."
        return Problem(file, number, "", Code.MALFORMED_CSV, reason)
    return [cell or None for cell in cells]


def _cells(line: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], strict=True))


def _encoding_reason(line: bytes, error: UnicodeDecodeError, offset: int) -> str:
    byte = line[error.start]
    where = f"byte 0x{byte:02X} at offset {offset + error.start} isn't UTF-8"
    if line.startswith((b"\xff\xfe", b"\xfe\xff")):
        return f"The file isn't UTF-8: {where}; it looks like UTF-16. Export it as UTF-8."
    return f"The text isn't UTF-8: {where}; it looks like Windows-1252. Export it as UTF-8."
