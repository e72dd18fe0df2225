"""The record of an import: a row of what became of it, and a file of what was left out.

Each rejection is a line of ``<folder>/<batch>/rejections.jsonl`` with the original row or
document, so that nothing is lost. The file is for the owner's eyes only (mode 0600); bank
accounts in it are encrypted.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.db import connection

from bustia.billing.models import IntakeBatch
from bustia.intake.rejections import Rejection
from bustia.intake.report import BatchReport, FileReport, ImportOptions

__all__ = ["SHOWN", "record_batch"]

SHOWN = 50
"""Rejections that a report holds itself; the file has all."""
_AT_ONCE = 5_000
_COPY = "COPY billing_intakerejection (batch_id, file, place, field, code, reason) FROM STDIN"


def record_batch(  # noqa: PLR0913 (all are of the one record)
    *,
    source: Path | str,
    kind: Literal["bundle", "documents"],
    sha256: str,
    options: ImportOptions,
    taken: bool,
    files: tuple[FileReport, ...],
    rejections: Iterable[tuple[Rejection, object]],
    now: datetime,
    folder: Path,
) -> BatchReport:
    """Write down what became of an import; ``rejections`` come with their original rows.

    To be called within the transaction of the import.
    """
    name = (source.name if isinstance(source, Path) else source)[:255]
    batch = IntakeBatch.objects.create(
        received_at=now,
        source=name,
        kind=kind,
        sha256=sha256,
        partial=options.partial,
        taken=taken,
        files=[asdict(file) for file in files],
        rejected=0,
    )
    path = folder / f"{batch.pk:06d}" / "rejections.jsonl"
    count, first = _write_rejections(batch, path, rejections)
    if count:
        batch.rejected = count
        batch.save(update_fields=["rejected"])
    return BatchReport(
        id=batch.pk,
        source=name,
        kind=kind,
        taken=taken,
        files=files,
        rejected=count,
        rejections=tuple(first),
        rejections_path=path if count else None,
    )


def _write_rejections(
    batch: IntakeBatch, path: Path, rejections: Iterable[tuple[Rejection, object]]
) -> tuple[int, list[Rejection]]:
    count = 0
    first: list[Rejection] = []
    waiting: list[tuple[object, ...]] = []
    lines: list[str] = []

    def flush() -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in waiting:
                copy.write_row(row)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as sink:
            sink.writelines(lines)
        waiting.clear()
        lines.clear()

    for rejection, original in rejections:
        if not count:
            path.unlink(missing_ok=True)  # of an import whose transaction never ended
        count += 1
        if len(first) < SHOWN:
            first.append(rejection)
        waiting.append(
            (
                batch.pk,
                rejection.file[:255],
                "" if rejection.where is None else str(rejection.where)[:1000],
                rejection.field[:200],
                rejection.code,
                rejection.reason,
            )
        )
        lines.append(_line(rejection, original))
        if len(waiting) >= _AT_ONCE:
            flush()
    if waiting:
        flush()
    return count, first


def _line(rejection: Rejection, original: object) -> str:
    entry: Mapping[str, object] = {**asdict(rejection), "original": original}
    return json.dumps(entry, ensure_ascii=False) + "\n"
