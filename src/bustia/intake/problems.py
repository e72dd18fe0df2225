"""What is wrong with a row or a file of a bundle, before it becomes a rejection.

A problem knows the row's key and its parent's key, so that rows that depend on it can be left
out with a reason that says so.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Code", "Problem"]


class Code(StrEnum):
    """Why a row or file of a bundle was rejected, for programs."""

    MANIFEST_MISSING = "manifest_missing"
    MANIFEST_INVALID = "manifest_invalid"
    MANIFEST_VERSION = "manifest_version"
    ARCHIVE_INVALID = "archive_invalid"
    ARCHIVE_UNSAFE = "archive_unsafe"
    FILE_UNKNOWN = "file_unknown"
    FILE_MISSING = "file_missing"
    FILE_TWICE = "file_twice"
    FILE_TRUNCATED = "file_truncated"
    FILE_ALTERED = "file_altered"
    ROW_COUNT = "row_count"
    MALFORMED_CSV = "malformed_csv"
    MALFORMED_PARQUET = "malformed_parquet"
    ENCODING = "encoding"
    COLUMN_UNKNOWN = "column_unknown"
    COLUMN_MISSING = "column_missing"
    COLUMN_TWICE = "column_twice"
    COLUMN_TYPE = "column_type"
    VALUE_MISSING = "value_missing"
    VALUE_INVALID = "value_invalid"
    CONTROL_CHARACTER = "control_character"
    NIF_INVALID = "nif_invalid"
    IBAN_INVALID = "iban_invalid"
    DUPLICATE_KEY = "duplicate_key"
    MISSING_REFERENCE = "missing_reference"
    PARENT_REJECTED = "parent_rejected"
    CHILD_REJECTED = "child_rejected"
    PERIOD_ORDER = "period_order"
    PERIOD_DAYS = "period_days"
    TOTAL_MISMATCH = "total_mismatch"
    LINES_MISSING = "lines_missing"
    LINES_MISMATCH = "lines_mismatch"
    VAT_MISMATCH = "vat_mismatch"
    INSTALMENTS_MISMATCH = "instalments_mismatch"
    CONFLICT = "conflict"
    DOCUMENT_INVALID = "document_invalid"
    BUYER_UNKNOWN = "buyer_unknown"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, at a line (1 is the CSV header; None is the whole file)."""

    file: str
    """Name in the bundle without its extension, or the file's own name when unknown."""
    line: int | None
    field: str
    code: Code
    reason: str
    key: str = ""
    """The row's key, its parts joined by ``|``."""
    parent: str = ""
    """The key of the row that this row belongs to."""
