"""Importing what was exported: bundles, e-invoices and the bank's returned debits.

Each bundle is a batch of its own; all XML files of one call are a batch together. A batch with
any rejection is not taken at all, unless the options say ``partial``.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from bustia.errors import IntakeError
from bustia.intake.bundle_loader import load_bundle
from bustia.intake.bundle_reader import is_bundle, promised_rows
from bustia.intake.document_loader import load_documents
from bustia.intake.report import BatchReport, FileReport, ImportOptions, ImportReport

__all__ = [
    "BatchReport",
    "FileReport",
    "ImportOptions",
    "ImportReport",
    "count_rows",
    "import_paths",
]


def _silent(_rows: int) -> None:
    """Show nothing."""


def import_paths(
    paths: Iterable[Path],
    options: ImportOptions | None = None,
    *,
    now: datetime,
    folder: Path,
    progress: Callable[[int], None] = _silent,
) -> ImportReport:
    """Import bundles (folders or zips), XML files, and folders of them, in the order given.

    ``folder`` is where rejections are kept (``intake`` in the instance); ``now`` the time of
    receipt. ``progress`` is told how many rows or documents more were read.

    Raises IntakeError for a path that doesn't exist or holds nothing that can be imported.
    """
    options = options or ImportOptions()
    bundles, documents = _sort(paths)
    batches: list[BatchReport] = [
        load_bundle(path, options, now=now, folder=folder, advance=progress) for path in bundles
    ]
    if documents:
        batches.append(load_documents(documents, options, now=now, folder=folder, advance=progress))
    return ImportReport(tuple(batches))


def count_rows(paths: Iterable[Path]) -> int:
    """Give how many rows and documents there are to read, as far as the manifests say."""
    bundles, documents = _sort(paths)
    return sum(map(promised_rows, bundles)) + len(documents)


def _sort(paths: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    bundles: list[Path] = []
    documents: list[Path] = []
    for path in paths:
        if not path.exists():
            raise IntakeError("there is no such file or folder", where=str(path))
        if is_bundle(path):
            bundles.append(path)
        elif path.is_dir():
            found = sorted(inner for inner in path.rglob("*") if inner.suffix.lower() == ".xml")
            if not found:
                raise IntakeError(
                    "there is nothing to import in this folder",
                    where=str(path),
                    hint="Give a bundle (a folder with manifest.json, or its zip) or XML files.",
                )
            documents.extend(found)
        else:
            documents.append(path)
    return bundles, documents
