"""What became of an import: how many rows were read, new, changed, unchanged and rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bustia.intake.rejections import Rejection

__all__ = ["BatchReport", "FileReport", "ImportOptions", "ImportReport", "UnknownBuyer"]

UnknownBuyer = Literal["create", "reject"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import."""

    partial: bool = False
    """Take the good rows though others are rejected. The safe default takes all or nothing."""
    unknown_buyer: UnknownBuyer = "create"
    """What to do with an e-invoice to somebody who isn't known as a customer."""
    billing_run: str | None = None
    """Billing run of the e-invoices; the month of issue, as in 2026-03, if None."""
    home_language: str = "ca"
    """Language of a customer in Spain made from an e-invoice."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of the rows (or documents) of one file."""

    name: str
    read: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    """Rows left out, those included that depend on a rejected one."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of one bundle, or of the e-invoices and bank files of one call."""

    id: int
    source: str
    kind: Literal["bundle", "documents"]
    taken: bool
    """False if nothing of it was taken."""
    files: tuple[FileReport, ...]
    rejected: int
    """Reasons given in all, one row may have several."""
    rejections: tuple[Rejection, ...]
    """The first of them."""
    rejections_path: Path | None
    """Where all of them are, with the rows they are about."""
    unmatched: int = 0
    """Returned debits for which no invoice was found; they are tried again at each import."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """Open changes of customers that it spoke of: ``hold``, ``confirmed``, ``superseded``."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of everything that was imported together."""

    batches: tuple[BatchReport, ...]

    @property
    def rejected(self) -> int:
        """Give the number of reasons in all batches."""
        return sum(batch.rejected for batch in self.batches)

    @property
    def complete(self) -> bool:
        """Tell whether everything was taken."""
        return all(batch.taken for batch in self.batches) and not self.rejected

    def total(self, count: Literal["read", "new", "changed", "unchanged", "rejected"]) -> int:
        """Add up one of the counts over all files."""
        return sum(getattr(file, count) for batch in self.batches for file in batch.files)
