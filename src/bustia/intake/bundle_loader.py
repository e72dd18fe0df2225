"""Taking an export bundle into the tables: all of it, or row by row, the same result each time.

The rows go by COPY into staging tables, are checked there, and are then merged by a fixed number
of statements, all in one transaction.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from bustia.billing.online_payments import confirm_payments
from bustia.identifiers import check_iban, check_nif, normal_iban, normal_nif
from bustia.intake import staging
from bustia.intake.accounts import encrypt, protect
from bustia.intake.ahead import made_ahead
from bustia.intake.batches import record_batch
from bustia.intake.bundle_reader import Bundle, BundleFile, open_bundle, row_count_problem
from bustia.intake.checks import run_checks, run_own_checks
from bustia.intake.holding import hold_changes, lock_changes
from bustia.intake.matching import match_returned_debits
from bustia.intake.merge import Taken, merge_all
from bustia.intake.originals import Originals
from bustia.intake.problems import Code, Problem
from bustia.intake.rejections import Rejection
from bustia.intake.report import BatchReport, FileReport, ImportOptions
from bustia.intake.schema import RECORD_BY_FILE
from bustia.intake.validation import ValueCheck, check_batch

__all__ = ["INTAKE_LOCK", "load_bundle"]

INTAKE_LOCK = 4_204_001
"""Key of the advisory lock that lets one import at a time into the tables."""
_BLOCKS_AHEAD = 2
"""Blocks that are ready before PostgreSQL asks for them: each is some 20 MB."""


def _nif(text: str) -> str:
    if not check_nif(text):
        raise ValueError("The NIF isn't valid: its check character doesn't fit, or its form.")
    return normal_nif(text)


def _iban(text: str) -> str:
    if not check_iban(text):
        raise ValueError("The IBAN isn't valid: its check digits don't fit, or its length.")
    return normal_iban(text)


_VALUE_CHECKS: dict[str, dict[str, tuple[Code, ValueCheck]]] = {
    "customers": {"nif": (Code.NIF_INVALID, _nif)},
    "mandates": {"iban": (Code.IBAN_INVALID, _iban)},
}


def load_bundle(
    path: Path,
    options: ImportOptions,
    *,
    now: datetime,
    folder: Path,
    advance: Callable[[int], None],
) -> BatchReport:
    """Import a bundle's folder or zip. ``advance`` is told how many rows more were read."""
    with open_bundle(path) as bundle, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [INTAKE_LOCK])
        staging.create(cursor)
        read = _stage(cursor, bundle, advance)
        run_checks(cursor, _unread(cursor))
        rejected = _rejected_rows(cursor)
        cursor.execute("SELECT EXISTS (SELECT FROM stage_problem)")
        clean = not cursor.fetchone()[0]
        taken: dict[str, Taken] = {}
        unmatched = 0
        changes: Counter[str] = Counter()
        if bundle.manifest is not None and (clean or options.partial):
            lock_changes(cursor)
            taken = merge_all(cursor)
            unmatched = match_returned_debits(cursor)
            changes = hold_changes(cursor, now)
            confirm_payments(now)
        report = record_batch(
            source=path,
            kind="bundle",
            sha256=bundle.sha256,
            options=options,
            taken=bool(taken),
            files=tuple(_file_reports(bundle, read, rejected, taken)),
            rejections=_rejections(cursor, bundle),
            now=now,
            folder=folder,
        )
    return replace(report, unmatched=unmatched, changes=dict(changes))


@dataclass(frozen=True, slots=True)
class _Block:
    """Some rows of a file, ready to be staged, and what was wrong with the others."""

    found: BundleFile
    csv: bytes | memoryview = b""
    read: int = 0
    problems: tuple[Problem, ...] = ()


def _stage(cursor: CursorWrapper, bundle: Bundle, advance: Callable[[int], None]) -> dict[str, int]:
    """COPY every file's rows and check each file by itself; give how many rows each has."""
    read = dict.fromkeys((found.file for found in bundle.files), 0)
    problems = staging.ProblemSpool()
    problems.extend(bundle.problems)

    def rows_of(blocks: Iterable[_Block]) -> Iterator[bytes | memoryview]:
        for block in blocks:
            problems.extend(block.problems)
            read[block.found.file] += block.read
            yield block.csv
            advance(block.read)

    for found in bundle.files:
        problems.extend(found.problems)
    # A thread reads and checks what comes next while PostgreSQL is busy with what came before.
    with closing(made_ahead(_blocks(bundle), _BLOCKS_AHEAD)) as blocks:
        for file, of_file in groupby(blocks, key=lambda block: block.found.file):
            staging.copy_rows(cursor, file, rows_of(of_file))
            found = next(found for found in bundle.files if found.file == file)
            if read[file] != found.entry.rows and not found.malformed:
                problems.extend([row_count_problem(found, read[file])])
                cursor.execute(f"TRUNCATE {staging.stage(file)}")
                continue
            staging.analyze(cursor, staging.stage(file))
            run_own_checks(cursor, file)
    problems.copy_to(cursor)
    staging.analyze(cursor, "stage_problem")
    return read


def _blocks(bundle: Bundle) -> Iterator[_Block]:
    """Read and check the rows of every file that is good as a whole, one file after another.

    The largest come first: PostgreSQL has much to check in them, while the rest is read.
    """
    for found in sorted(bundle.files, key=lambda found: -found.entry.rows):
        if found.problems:
            continue
        yield _Block(found)  # a file without rows is a file too
        checks = _VALUE_CHECKS.get(found.file, {})
        for batch in found.batches():
            checked = check_batch(found.record_type, batch, checks)
            found.malformed |= any(p.code is Code.MALFORMED_CSV for p in batch.problems)
            rows = protect(checked.rows) if found.file == "mandates" else checked.rows
            csv = staging.as_csv(found.file, checked.lines, rows)
            yield _Block(found, csv, checked.read, checked.problems)


def _unread(cursor: CursorWrapper) -> set[str]:
    """Give the files that are bad as a whole, so that none of their rows is staged."""
    cursor.execute("SELECT DISTINCT file FROM stage_problem WHERE line IS NULL OR line = 1")
    return {file for (file,) in cursor.fetchall()}


def _rejected_rows(cursor: CursorWrapper) -> dict[str, int]:
    cursor.execute(
        "SELECT file, count(DISTINCT line) FROM stage_problem WHERE line > 1 GROUP BY file"
    )
    return dict(cursor.fetchall())


def _file_reports(
    bundle: Bundle, read: dict[str, int], rejected: dict[str, int], taken: dict[str, Taken]
) -> Iterator[FileReport]:
    for found in bundle.files:
        became = taken.get(found.file, Taken(0, 0, 0))
        bad = rejected.get(found.file, 0)
        if found.problems:
            bad = found.entry.rows
        elif read[found.file] != found.entry.rows and not found.malformed:
            bad = read[found.file]
        yield FileReport(
            found.entry.name, read[found.file], became.new, became.changed, became.unchanged, bad
        )


def _rejections(cursor: CursorWrapper, bundle: Bundle) -> Iterator[tuple[Rejection, object]]:
    """Give every rejection with its original row, in the order of files and lines."""
    found = {bundle_file.file: bundle_file for bundle_file in bundle.files}
    order = {name: place for place, name in enumerate(RECORD_BY_FILE)}
    cursor.execute("SELECT DISTINCT file FROM stage_problem")
    files = sorted((row[0] for row in cursor.fetchall()), key=lambda name: order.get(name, -1))
    for file in files:
        bundle_file = found.get(file)
        readable = bundle_file is not None and not bundle_file.problems
        originals = Originals(bundle_file, encrypt) if bundle_file and readable else None
        with connection.chunked_cursor() as rows:
            rows.execute(
                "SELECT line, field, code, reason FROM stage_problem WHERE file = %s"
                " ORDER BY line NULLS FIRST, field, code",
                [file],
            )
            for line, field, code, reason in rows:
                name = bundle_file.entry.name if bundle_file else file
                original = originals.at(line) if originals else None
                yield Rejection(name, line, field, code, reason), original
