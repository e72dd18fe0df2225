"""Opening an export bundle: its manifest, its files, and their rows in batches.

A bundle is a folder, or a zip of one. What is wrong with it as a whole, or with a whole file, is
a problem like a bad row's: it is reported and nothing is lost.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from bustia.intake.bundle import FORMAT, MANIFEST, VERSION, FileEntry, Manifest, digest
from bustia.intake.csv_rows import RawBatch, csv_batches, csv_header, inspect
from bustia.intake.problems import Code, Problem
from bustia.intake.records import Record
from bustia.intake.schema import RECORD_BY_FILE, ColumnKind, columns

__all__ = ["Bundle", "BundleFile", "is_bundle", "open_bundle", "promised_rows", "row_count_problem"]

_PARQUET_ROWS = 100_000
_MAX_ENTRIES = 100
_MAX_UNPACKED_BYTES = 16 << 30
_MAX_RATIO = 300
"""Bytes unpacked for each packed one. CSV exports reach some 10 to 50; a bomb, a thousand."""
_RATIO_FROM_BYTES = 64 << 20
_COPY_BYTES = 1 << 20
_MAX_MANIFEST_BYTES = 1 << 20


@dataclass(slots=True)
class BundleFile:
    """One file of a bundle, its bytes already compared with the manifest."""

    path: Path
    entry: FileEntry
    record_type: type[Record]
    plain: bool = False
    header: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the file as a whole; its rows are then not read."""
    malformed: bool = False
    """A line isn't proper CSV, so that lines and rows may differ in number."""

    @property
    def file(self) -> str:
        """Name of the file without its extension."""
        return self.record_type.file

    def batches(self) -> Iterator[RawBatch]:
        """Give the rows as text, in order, in batches; only for a file without problems."""
        if self.entry.format == "csv":
            return csv_batches(self.path, self.file, self.header, plain=self.plain)
        return _parquet_batches(self.path, self.record_type)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose manifest was read, parents' files before their children's."""

    manifest: Manifest | None
    sha256: str
    """Of the manifest's bytes, which name the digest of everything else."""
    files: tuple[BundleFile, ...]
    problems: tuple[Problem, ...]
    """What is wrong with the bundle as a whole."""


def is_bundle(path: Path) -> bool:
    """Tell whether a path looks like a bundle: a zip, or a folder with a manifest or its files."""
    if path.is_dir():
        names = {entry.stem for entry in path.iterdir() if entry.suffix in {".csv", ".parquet"}}
        return (path / MANIFEST).exists() or bool(names & set(RECORD_BY_FILE))
    return path.suffix.lower() == ".zip" or zipfile.is_zipfile(path)


def promised_rows(path: Path) -> int:
    """Give the number of rows that a bundle's manifest promises, 0 if it can't be read."""
    try:
        if path.is_dir():
            raw = (path / MANIFEST).read_bytes()
        else:
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.endswith(MANIFEST)]
                raw = archive.open(names[0]).read(_MAX_MANIFEST_BYTES) if names else b""
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return 0
    manifest, _ = _parse_manifest(raw)
    return sum(entry.rows for entry in manifest.files) if manifest else 0


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle's folder or zip; a zip is unpacked to a temporary folder meanwhile."""
    if path.is_dir():
        yield _read_folder(path)
        return
    with tempfile.TemporaryDirectory(prefix="bustia-bundle-") as temporary:
        problem = _unpack(path, Path(temporary))
        if problem is not None:
            yield Bundle(None, digest(path), (), (problem,))
        else:
            yield _read_folder(_top(Path(temporary)))


def _top(folder: Path) -> Path:
    """Give the folder that holds the manifest: this one, or the only one in it."""
    inside = list(folder.iterdir())
    if len(inside) == 1 and inside[0].is_dir():
        return inside[0]
    return folder


def _unpack(path: Path, target: Path) -> Problem | None:
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpack_entries(archive, path, target)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        reason = f"This isn't a whole zip archive ({error})."
        return Problem(path.name, None, "", Code.ARCHIVE_INVALID, reason)


def _unpack_entries(archive: zipfile.ZipFile, path: Path, target: Path) -> Problem | None:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    reason = _unsafe(entries)
    if reason:
        return Problem(path.name, None, "", Code.ARCHIVE_UNSAFE, reason)
    unpacked = 0
    for entry in entries:
        name = _inner_path(entry)
        goal = target.joinpath(*name.parts)
        goal.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as source, goal.open("wb") as sink:
            size = 0
            while chunk := source.read(_COPY_BYTES):
                size += len(chunk)
                unpacked += len(chunk)
                bomb = size > _RATIO_FROM_BYTES and size > _MAX_RATIO * entry.compress_size
                if bomb or unpacked > _MAX_UNPACKED_BYTES:
                    reason = "The archive unpacks to far more than a bundle ever holds."
                    return Problem(path.name, None, "", Code.ARCHIVE_UNSAFE, reason)
                sink.write(chunk)
    return None


def _inner_path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _unsafe(entries: list[zipfile.ZipInfo]) -> str:
    """Say why an archive isn't to be unpacked; empty if it may be."""
    if len(entries) > _MAX_ENTRIES:
        return f"The archive holds {len(entries)} files; a bundle has far fewer."
    seen: set[PurePosixPath] = set()
    for entry in entries:
        name = _inner_path(entry)
        if name.is_absolute() or ".." in name.parts or len(name.parts) > 2 or ":" in name.name:
            return "The archive names a file outside the bundle's own folder."
        if (entry.external_attr >> 16) & 0o170000 == 0o120000:
            return "The archive holds a symbolic link."
        if entry.flag_bits & 1:
            return "The archive is encrypted."
        if name in seen:
            return f"The archive holds {name.name} twice."
        seen.add(name)
    return ""


def _read_folder(folder: Path) -> Bundle:
    path = folder / MANIFEST
    if not path.is_file():
        reason = "The bundle has no manifest.json: it is incomplete, or not a bundle."
        missing = Problem(MANIFEST, None, "", Code.MANIFEST_MISSING, reason)
        return Bundle(None, "", (), (missing,))
    raw = path.read_bytes()[: _MAX_MANIFEST_BYTES + 1]
    sha256 = digest(path)
    manifest, problems = _parse_manifest(raw)
    if manifest is None:
        return Bundle(None, sha256, (), problems)
    files, more = _files(folder, manifest)
    return Bundle(manifest, sha256, files, (*problems, *more))


def _parse_manifest(raw: bytes) -> tuple[Manifest | None, tuple[Problem, ...]]:
    def problem(code: Code, field_name: str, reason: str) -> Problem:
        return Problem(MANIFEST, None, field_name, code, reason)

    if len(raw) > _MAX_MANIFEST_BYTES:
        return None, (problem(Code.MANIFEST_INVALID, "", "The manifest is larger than 1 MiB."),)
    try:
        tree = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        reason = "The manifest isn't UTF-8 text."
        return None, (problem(Code.MANIFEST_INVALID, "", reason),)
    except (json.JSONDecodeError, RecursionError) as error:
        at = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        reason = f"The manifest isn't valid JSON{at}."
        return None, (problem(Code.MANIFEST_INVALID, "", reason),)
    if isinstance(tree, dict) and tree.get("format") == FORMAT and tree.get("version") != VERSION:
        reason = f"This release reads version {VERSION} of the format; the bundle has another."
        return None, (problem(Code.MANIFEST_VERSION, "version", reason),)
    try:
        return Manifest.model_validate_json(raw.decode("utf-8-sig")), ()
    except ValidationError as error:
        return None, tuple(
            problem(
                Code.MANIFEST_INVALID,
                ".".join(str(part) for part in detail["loc"]),
                detail["msg"].rstrip(".") + ".",
            )
            for detail in error.errors(include_url=False, include_input=False)
        )


def _files(folder: Path, manifest: Manifest) -> tuple[tuple[BundleFile, ...], list[Problem]]:
    problems: list[Problem] = []
    by_file: dict[str, BundleFile] = {}
    for entry in manifest.files:
        name, _, extension = entry.name.rpartition(".")
        if name not in RECORD_BY_FILE or extension != entry.format:
            reason = f"{entry.name} is no file of the bundle's format."
            problems.append(Problem(entry.name, None, "", Code.FILE_UNKNOWN, reason))
        elif name in by_file:
            reason = "The manifest names this file twice."
            by_file[name].problems.append(Problem(name, None, "", Code.FILE_TWICE, reason))
        else:
            by_file[name] = BundleFile(folder / entry.name, entry, RECORD_BY_FILE[name])
    listed = {entry.name for entry in manifest.files} | {MANIFEST}
    problems.extend(
        Problem(
            path.name,
            None,
            "",
            Code.FILE_UNKNOWN,
            "The folder holds this file, but the manifest doesn't name it.",
        )
        for path in sorted(folder.iterdir())
        if path.name not in listed and path.suffix in {".csv", ".parquet"}
    )
    for bundle_file in by_file.values():
        if not bundle_file.problems:
            _check_file(bundle_file)
    ordered = tuple(by_file[name] for name in RECORD_BY_FILE if name in by_file)
    return ordered, problems


def _check_file(found: BundleFile) -> None:
    def add(code: Code, reason: str, column: str = "") -> None:
        found.problems.append(Problem(found.file, None, column, code, reason))

    if found.path.is_symlink() or not found.path.is_file():
        add(Code.FILE_MISSING, "The manifest names this file, but it isn't there.")
        return
    if found.entry.format == "csv":
        seen = inspect(found.path)
        found.plain = seen.plain
        _compare(found, seen.sha256, max(seen.lines - 1, 0), add_rows=False)
        if found.problems:
            return
        header, problem = csv_header(found.path, found.file)
        if problem is not None:
            found.problems.append(problem)
            return
        found.header = header
    else:
        try:
            with pq.ParquetFile(found.path) as parquet:
                rows, schema = parquet.metadata.num_rows, parquet.schema_arrow
        except (pa.ArrowException, OSError) as error:
            if digest(found.path) != found.entry.sha256:
                add(Code.FILE_TRUNCATED, "The file is damaged or cut off: it isn't whole Parquet.")
            else:
                reason = f"The file isn't valid Parquet ({type(error).__name__})."
                add(Code.MALFORMED_PARQUET, reason)
            return
        _compare(found, digest(found.path), rows, add_rows=True)
        if found.problems:
            return
        found.header = tuple(schema.names)
        found.problems.extend(_wrong_types(found, schema))
    _check_header(found)


def _compare(found: BundleFile, sha256: str, rows: int, *, add_rows: bool) -> None:
    """Compare with the manifest; a CSV's row count is exact only when its rows are read."""
    entry = found.entry
    if sha256 != entry.sha256:
        if rows < entry.rows:
            code = Code.FILE_TRUNCATED
            reason = f"The file is cut off: {rows} rows of the {entry.rows} in the manifest."
        else:
            code = Code.FILE_ALTERED
            reason = "The file isn't the one in the manifest: its SHA-256 differs."
        found.problems.append(Problem(found.file, None, "", code, reason))
    elif add_rows and rows != entry.rows:
        found.problems.append(row_count_problem(found, rows))


def row_count_problem(found: BundleFile, rows: int) -> Problem:
    """Say that a file has more or fewer rows than its manifest says."""
    reason = f"The file has {rows} rows; the manifest says {found.entry.rows}."
    return Problem(found.file, None, "", Code.ROW_COUNT, reason)


def _check_header(found: BundleFile) -> None:
    known = {column.name: column for column in columns(found.record_type)}
    seen: set[str] = set()
    for name in found.header:
        shown = name if name.isprintable() and len(name) <= 60 else "A column"
        if name in seen:
            reason, code = f"{shown} stands twice in the header.", Code.COLUMN_TWICE
        elif name not in known:
            reason, code = f"{shown} is no column of this file.", Code.COLUMN_UNKNOWN
        else:
            seen.add(name)
            continue
        found.problems.append(Problem(found.file, 1, name[:60], code, reason))
    for name, column in known.items():
        if column.required and name not in seen:
            reason = f"The column {name} is missing."
            found.problems.append(Problem(found.file, 1, name, Code.COLUMN_MISSING, reason))


_FITS = {
    ColumnKind.TEXT: lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
    ColumnKind.WHOLE: pa.types.is_integer,
    ColumnKind.DECIMAL: lambda t: pa.types.is_decimal(t) or pa.types.is_integer(t),
    ColumnKind.DATE: pa.types.is_date,
    ColumnKind.INSTANT: lambda t: pa.types.is_timestamp(t) and t.tz is not None,
    ColumnKind.FLAG: pa.types.is_boolean,
}


def _wrong_types(found: BundleFile, schema: pa.Schema) -> Iterator[Problem]:
    for column in columns(found.record_type):
        if column.name not in schema.names:
            continue
        kind = schema.field(column.name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        if not (_FITS[column.kind](kind) or pa.types.is_null(kind)):
            reason = f"The column's type is {kind}; expected {column.arrow_type}."
            yield Problem(found.file, None, column.name, Code.COLUMN_TYPE, reason)


def _parquet_batches(path: Path, record_type: type[Record]) -> Iterator[RawBatch]:
    """Give the rows as text; the line of a row is its place from 2, as it would be in CSV."""
    first = 2
    with pq.ParquetFile(path) as parquet:
        try:
            for batch in parquet.iter_batches(batch_size=_PARQUET_ROWS):
                texts = [_as_text(column) for column in batch.columns]
                rows = pa.RecordBatch.from_arrays(texts, names=batch.schema.names)
                yield RawBatch(pa.array(range(first, first + len(rows)), pa.int32()), rows)
                first += len(rows)
        except (pa.ArrowException, OSError) as error:
            reason = f"The Parquet data can't be read from here on ({type(error).__name__})."
            problem = Problem(record_type.file, first, "", Code.MALFORMED_PARQUET, reason)
            empty = pa.RecordBatch.from_pydict({})
            yield RawBatch(pa.array([], pa.int32()), empty, (problem,))


def _as_text(values: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_date64(values.type):
        values = values.cast(pa.date32())
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", tz="UTC"))
    elif pa.types.is_large_string(values.type):
        values = values.cast(pa.string())
    return pc.cast(values, pa.string())
