"""Puts the paper invoices of a cycle into one print-ready PDF, with a list of what is in it.

The PDF is written page by page, so its size doesn't matter to memory; what documents have in
common (fonts, colour profiles, the logo) is written once.
"""

import csv
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.db.models import F, Q

from bustia.archive.services import Retriever
from bustia.deliver.channels.base import Outcome
from bustia.deliver.channels.print_file import PrintFile
from bustia.deliver.models import Attempt, Delivery, PrintRun
from bustia.deliver.states import DECEASED
from bustia.deliver.states import DeliveryState as S
from bustia.errors import ArchiveError

__all__ = ["PrintRunFiles", "print_due"]

_COLUMNS = ("sequence", "document", "first_page", "pages", "sheets", "postcode", "sha256")


@dataclass(frozen=True, slots=True)
class PrintRunFiles:
    """A print run as it is handed to the printers."""

    code: str
    folder: Path
    mailpieces: int
    pages: int
    failed: int
    """Invoices of the run whose document could not be had from the archive."""


def print_due(
    folder: Path, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> list[PrintRunFiles]:
    """Write a print run for each cycle that has paper invoices due; give those written.

    Which invoices are in a run is committed before the first page is written, and its folder
    appears whole or not at all: a run that was interrupted is written again, the same.
    """
    _open_runs(now)
    written = []
    for run in PrintRun.objects.filter(written_at=None).order_by("pk"):
        with _only_one(run) as ours:
            if ours and not PrintRun.objects.get(pk=run.pk).written_at:
                written.append(_write(run, folder, now, progress))
    return written


@transaction.atomic
def _open_runs(now: datetime) -> None:
    """Put what is due into new runs, one a cycle; what must not be sent any more stays out."""
    with connection.cursor() as cursor:  # two at once would give two runs the same number
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_only_one.SPACE])
    due = Delivery.objects.select_for_update(of=("self",)).filter(
        channel="post", state=S.DUE, not_before__lte=now, print_run=None
    )
    for obstacle, state, reason in (
        (Q(contract__customer__deceased=True), S.SUPPRESSED, DECEASED),
        (Q(document__segment=None), S.FAILED, "its document is not in the archive"),
    ):
        stopped = list(due.filter(obstacle).values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=stopped).update(state=state, reason=reason, finished_at=now)
    by_cycle: dict[str, list[int]] = {}
    for pk, cycle in due.order_by("pk").values_list("pk", "cycle"):
        by_cycle.setdefault(cycle, []).append(pk)
    for cycle, deliveries in by_cycle.items():
        number = PrintRun.objects.filter(cycle=cycle).count() + 1
        run = PrintRun.objects.create(code=f"{cycle}-{number:02d}", cycle=cycle, created_at=now)
        Delivery.objects.filter(pk__in=deliveries).update(
            print_run=run, state=S.CLAIMED, claim=None, attempts=F("attempts") + 1
        )
        Attempt.objects.bulk_create(
            (
                Attempt(delivery_id=pk, number=number, claimed_at=now, started=True)
                for pk, number in run.deliveries.order_by("pk").values_list("pk", "attempts")
            ),
            batch_size=5000,
        )


class _only_one:  # noqa: N801 (used like a function)
    """An advisory lock on a run, so that two processes don't write the same one."""

    SPACE = 0x42555350

    def __init__(self, run: PrintRun) -> None:
        self._key = [self.SPACE, run.pk % 2**31]

    def __enter__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._key)
            self._ours = bool(cursor.fetchone()[0])
        return self._ours

    def __exit__(self, *_: object) -> None:
        if self._ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self._key)


def _write(
    run: PrintRun, folder: Path, now: datetime, progress: Callable[[int], None]
) -> PrintRunFiles:
    target = folder / run.code
    unfinished = folder / f".{run.code}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    deliveries = (
        run.deliveries.select_related("document__segment", "contract__customer")
        .order_by("document__segment_id", "document__offset", "pk")
        .iterator(chunk_size=500)
    )
    retriever, mailpieces, damaged = Retriever(), 0, dict[int, str]()
    with (
        (unfinished / "invoices.pdf").open("wb") as pdf,
        (unfinished / "manifest.csv").open("w", encoding="utf-8", newline="") as listing,
    ):
        rows = csv.writer(listing)
        rows.writerow(_COLUMNS)
        merged = PrintFile(pdf)
        for delivery in deliveries:
            progress(1)
            document = delivery.document
            if document is None:  # every delivery by post has one: _open_runs saw to it
                continue
            try:
                content = retriever.read(document)
            except ArchiveError as error:  # one that is damaged doesn't hold up the others
                damaged[delivery.pk] = error.what
                continue
            mailpieces += 1
            first = merged.pages + 1
            pages = merged.add(content)
            sheets = (pages + 1) // 2
            rows.writerow(
                (mailpieces, document.number, first, pages, sheets,
                 delivery.contract.customer.postcode, document.sha256)
            )  # fmt: skip
        merged.finish()
        for file in (pdf, listing):
            file.flush()
            os.fsync(file.fileno())
    _write_digests(unfinished)
    if not target.exists():
        unfinished.rename(target)
    else:  # the run was on the disk already when its record was cut off
        shutil.rmtree(unfinished)
    _mark_written(run, damaged, now)
    return PrintRunFiles(run.code, target, mailpieces, merged.pages, len(damaged))


def _write_digests(folder: Path) -> None:
    """Write the files' SHA-256 as ``sha256sum --check`` reads them."""
    lines = []
    for name in ("invoices.pdf", "manifest.csv"):
        with (folder / name).open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="ascii")


@transaction.atomic
def _mark_written(run: PrintRun, damaged: dict[int, str], now: datetime) -> None:
    run.written_at = now
    run.save(update_fields=["written_at"])
    claimed = run.deliveries.filter(state=S.CLAIMED)
    for pk, what in damaged.items():
        claimed.filter(pk=pk).update(state=S.FAILED, reason=what[:300], finished_at=now)
    tries = Attempt.objects.filter(delivery__print_run=run, outcome="")
    tries.filter(delivery__in=list(damaged)).update(outcome=Outcome.PERMANENT, answer="not sent")
    tries.update(outcome=Outcome.ACCEPTED, answer=run.code)
    claimed.update(state=S.DELIVERED, reason=f"print run {run.code}", finished_at=now)
