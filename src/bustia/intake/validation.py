"""Checking the rows of a file, column by column, against the record type's own rules.

Each column's distinct values are checked once, by the very pydantic field of the record type;
millions of rows so cost no more than their few thousand distinct dates, prices and amounts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from bustia.intake.csv_rows import CONTROLS, RawBatch
from bustia.intake.problems import Code, Problem
from bustia.intake.records import Record
from bustia.intake.schema import REFERENCES, SHAPES, Column, columns

__all__ = ["CheckedBatch", "ValueCheck", "check_batch", "key_of"]

_CONTROL = re.compile(CONTROLS)
_TO_BE_SEEN_TO = r"^\pZ|\pZ$|[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]"
"""Spaces to be trimmed, and ``CONTROLS``, as Arrow's expressions (RE2's) write them."""

_WORDS = (
    ("Input should", "The value should"),
    ("String should", "The text should"),
    ("Decimal input should", "The number should"),
)

ValueCheck = Callable[[str], str]
"""Gives a value in its normal form, or raises ``ValueError`` with the reason, free of the value."""


@dataclass(frozen=True, slots=True)
class CheckedBatch:
    """The good rows of a batch, as text in the record type's columns; the bad ones' problems."""

    lines: pa.Array
    rows: pa.RecordBatch
    read: int
    """Rows looked at, good and bad."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    code: Code
    reason: str


def check_batch(
    record_type: type[Record],
    batch: RawBatch,
    value_checks: Mapping[str, tuple[Code, ValueCheck]],
) -> CheckedBatch:
    """Check a batch of text rows; columns may be missing where the record type has a default.

    ``value_checks`` are the checks beyond the type, by column (check characters and digits).
    """
    file = record_type.file
    present = set(batch.rows.schema.names)
    count = len(batch.rows)
    good = None
    checked: list[pa.Array] = []
    problems: list[Problem] = list(batch.problems)
    for column in columns(record_type):
        raw = (
            batch.rows.column(column.name)
            if column.name in present
            else pa.nulls(count, pa.string())
        )
        values, findings, indices = _check_column(column, raw, value_checks.get(column.name))
        checked.append(values)
        if not findings:
            continue
        bad = pc.is_in(indices, value_set=pa.array(sorted(findings), pa.int32()))
        good = pc.invert(bad) if good is None else pc.and_(good, pc.invert(bad))
        for row in pc.indices_nonzero(bad).to_pylist():
            finding = findings[indices[row].as_py()]
            problems.append(
                Problem(
                    file,
                    batch.lines[row].as_py(),
                    column.name,
                    finding.code,
                    finding.reason,
                    key_of(record_type, batch.rows, row),
                    _parent_of(file, batch.rows, row),
                )
            )
    rows = pa.RecordBatch.from_arrays(checked, names=[c.name for c in columns(record_type)])
    lines = batch.lines
    if good is not None:
        rows, lines = rows.filter(good), lines.filter(good)
    return CheckedBatch(lines, rows, count + len(batch.problems), tuple(problems))


def key_of(record_type: type[Record], rows: pa.RecordBatch, row: int) -> str:
    """Give a row's key as one text, from its raw cells."""
    names = set(rows.schema.names)
    return "|".join(
        (rows.column(name)[row].as_py() or "").strip() if name in names else ""
        for name in record_type.key
    )


def _parent_of(file: str, rows: pa.RecordBatch, row: int) -> str:
    reference = REFERENCES.get(file)
    if reference is None or reference.column not in rows.schema.names:
        return ""
    return (rows.column(reference.column)[row].as_py() or "").strip()


def _check_column(
    column: Column, raw: pa.Array, value_check: tuple[Code, ValueCheck] | None
) -> tuple[pa.Array, dict[int, _Finding], pa.Array]:
    """Check a column: its values in normal form, what is wrong by index, and the indices."""
    encoded = raw.dictionary_encode(null_encoding="encode")
    if value_check is None and _plainly_good(column, encoded.dictionary):
        return raw, {}, encoded.indices
    given: list[str | None] = encoded.dictionary.to_pylist()
    normal, findings = _check_values(column, given, value_check)
    if normal != given:
        encoded = pa.DictionaryArray.from_arrays(encoded.indices, pa.array(normal, pa.string()))
        return encoded.cast(pa.string()), findings, encoded.indices
    return raw, findings, encoded.indices


def _plainly_good(column: Column, given: pa.Array) -> bool:
    """Tell whether values of a text column are good as they are, seen without one by one.

    If not, some may still be good, or need only be trimmed: ``_check_values`` finds out.
    """
    nulls_are_good = not column.required and column.default is None
    if not column.any_text or (given.null_count and not nulls_are_good):
        return False
    texts = given.drop_null()
    if not len(texts):
        return True
    lengths = pc.min_max(pc.utf8_length(texts))
    return (
        lengths["min"].as_py() > 0
        and (column.max_length is None or lengths["max"].as_py() <= column.max_length)
        and not pc.any(pc.match_substring_regex(texts, _TO_BE_SEEN_TO)).as_py()
    )


def _check_values(
    column: Column, given: Sequence[str | None], value_check: tuple[Code, ValueCheck] | None
) -> tuple[list[str | None], dict[int, _Finding]]:
    findings: dict[int, _Finding] = {}
    normal: list[str | None] = []
    default = _as_text(column.default)
    shape = SHAPES.get(column.kind)
    for index, value in enumerate(given):
        text = value.strip() if value else None
        if not text:
            normal.append(default)
            if column.required:
                findings[index] = _Finding(Code.VALUE_MISSING, "A value is required here.")
            continue
        normal.append(text)
        if shape is not None and not shape[0].fullmatch(text):
            findings[index] = _Finding(Code.VALUE_INVALID, f"Expected {shape[1]}.")
        elif shape is None and _CONTROL.search(text):
            reason = "The text holds a control character or line break."
            findings[index] = _Finding(Code.CONTROL_CHARACTER, reason)
    _check_types(column, normal, findings)
    if value_check is not None:
        code, check = value_check
        for index, text in enumerate(normal):
            if text is not None and index not in findings:
                try:
                    normal[index] = check(text)
                except ValueError as error:
                    findings[index] = _Finding(code, str(error))
    return normal, findings


def _check_types(
    column: Column, normal: Sequence[str | None], findings: dict[int, _Finding]
) -> None:
    asked = [
        index for index, text in enumerate(normal) if text is not None and index not in findings
    ]
    try:
        column.adapter.validate_python([normal[index] for index in asked])
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False, include_context=False):
            index = asked[int(detail["loc"][0])]
            if column.choices:
                reason = f"Expected one of {', '.join(column.choices)}."
            else:
                reason = _in_words(detail["msg"])
            findings.setdefault(index, _Finding(Code.VALUE_INVALID, reason))


def _in_words(message: str) -> str:
    """Say pydantic's message as it is meant for people."""
    for theirs, ours in _WORDS:
        if message.startswith(theirs):
            message = ours + message.removeprefix(theirs)
    return message.rstrip(".") + "."


def _as_text(default: object) -> str | None:
    if default is None:
        return None
    return str(default).lower() if isinstance(default, bool) else str(default)
