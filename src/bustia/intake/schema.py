"""The columns of each file of the bundle, derived from its record type.

One place says what a row is: ``records.py``. The writer, the reader, the staging tables and the
documentation page all take their columns from here.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pyarrow as pa
from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo

from bustia.intake.records import RECORDS, Record

__all__ = [
    "RECORD_BY_FILE",
    "REFERENCES",
    "SHAPES",
    "Column",
    "ColumnKind",
    "Reference",
    "arrow_schema",
    "columns",
]


class ColumnKind(Enum):
    """What kind of value a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    DECIMAL = "decimal"
    DATE = "date"
    INSTANT = "instant"
    FLAG = "true/false"


SHAPES: Mapping[ColumnKind, tuple[re.Pattern[str], str]] = {
    ColumnKind.WHOLE: (re.compile(r"-?[0-9]{1,18}"), "a whole number, as in 12"),
    ColumnKind.DECIMAL: (
        re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,12})?"),
        "a number with a point before the decimals, as in 12.50",
    ),
    ColumnKind.DATE: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date, as in 2026-03-31"),
    ColumnKind.INSTANT: (
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
            r"(Z|[+-][0-9]{2}:?[0-9]{2})"
        ),
        "an instant with its UTC offset, as in 2026-03-31T09:30:00+02:00",
    ),
    ColumnKind.FLAG: (re.compile(r"true|false"), "true or false"),
}
"""How a value is written in CSV, and how to say so. A whole cell must match."""

_ARROW = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.WHOLE: pa.int32(),
    ColumnKind.DATE: pa.date32(),
    ColumnKind.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnKind.FLAG: pa.bool_(),
}
_SQL = {
    ColumnKind.TEXT: "text",
    ColumnKind.WHOLE: "integer",
    ColumnKind.DATE: "date",
    ColumnKind.INSTANT: "timestamptz",
    ColumnKind.FLAG: "boolean",
}
_KINDS: Mapping[type, ColumnKind] = {
    str: ColumnKind.TEXT,
    int: ColumnKind.WHOLE,
    Decimal: ColumnKind.DECIMAL,
    date: ColumnKind.DATE,
    datetime: ColumnKind.INSTANT,
    bool: ColumnKind.FLAG,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one file."""

    name: str
    kind: ColumnKind
    required: bool
    """A cell may not be empty: there is neither a default nor a meaning of empty."""
    default: object
    """What an empty cell stands for: ``None``, or the record's default."""
    choices: tuple[str, ...]
    digits: int
    places: int
    max_length: int | None
    any_text: bool
    """Any text of the right length will do: there are no choices and no pattern."""
    rule: str
    """The constraints in words, for the documentation."""
    description: str
    adapter: TypeAdapter[list[Any]]
    """Checks a list of this column's values, exactly as the record type would."""

    @property
    def arrow_type(self) -> pa.DataType:
        """The Parquet type of the column."""
        if self.kind is ColumnKind.DECIMAL:
            return pa.decimal128(self.digits, self.places)
        return _ARROW[self.kind]

    @property
    def sql_type(self) -> str:
        """The type of the column in the staging table."""
        if self.kind is ColumnKind.DECIMAL:
            return f"numeric({self.digits},{self.places})"
        return _SQL[self.kind]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that names a row of another file."""

    column: str
    parent: str


REFERENCES: Mapping[str, Reference] = {
    "contracts": Reference("customer", "customers"),
    "meters": Reference("contract", "contracts"),
    "consents": Reference("contract", "contracts"),
    "mandates": Reference("contract", "contracts"),
    "invoices": Reference("contract", "contracts"),
    "invoice_lines": Reference("invoice", "invoices"),
    "consumption": Reference("contract", "contracts"),
    "payments": Reference("invoice", "invoices"),
    "returned_debits": Reference("invoice", "invoices"),
    "payment_plans": Reference("contract", "contracts"),
    "instalments": Reference("plan", "payment_plans"),
}
"""For each file whose rows belong to a row of another file: which column says to which."""

RECORD_BY_FILE: Mapping[str, type[Record]] = {record.file: record for record in RECORDS}
"""The record types by their file's name, parents before children."""


@cache
def columns(record_type: type[Record]) -> tuple[Column, ...]:
    """Give the columns of a record type's file, in their order."""
    return tuple(_column(name, field) for name, field in record_type.model_fields.items())


@cache
def arrow_schema(record_type: type[Record]) -> pa.Schema:
    """Give the Parquet schema of a record type's file."""
    return pa.schema(
        [
            pa.field(column.name, column.arrow_type, nullable=not column.required)
            for column in columns(record_type)
        ]
    )


def _column(name: str, field: FieldInfo) -> Column:
    annotation, metadata, optional = _unwrap(field)
    choices = tuple(get_args(annotation)) if get_origin(annotation) is Literal else ()
    kind = ColumnKind.TEXT if choices else _KINDS[annotation]
    default = None if field.is_required() else field.get_default()
    digits = next((m.max_digits for m in metadata if getattr(m, "max_digits", None)), 0)
    places = next(
        (m.decimal_places for m in metadata if getattr(m, "decimal_places", None) is not None), 0
    )
    longest = next((m for m in metadata if isinstance(m, MaxLen)), None)
    of_one: Any = Annotated[annotation, *metadata] if metadata else annotation
    return Column(
        name=name,
        kind=kind,
        required=field.is_required() and not optional,
        default=default,
        choices=choices,
        digits=digits,
        places=places,
        max_length=longest.max_length if longest else None,
        any_text=kind is ColumnKind.TEXT
        and not choices
        and all(isinstance(m, MaxLen) or m == MinLen(1) for m in metadata),
        rule=_rule(choices, metadata, digits, places),
        description=field.description or "",
        adapter=TypeAdapter(list[of_one], config=ConfigDict(str_strip_whitespace=True)),
    )


def _unwrap(field: FieldInfo) -> tuple[Any, list[Any], bool]:
    """Take ``Annotated[X, …] | None`` apart: X, its constraints, and whether None may be."""
    annotation: Any = field.annotation
    metadata = list(field.metadata)
    optional = False
    while True:
        if get_origin(annotation) in {Union, types.UnionType}:
            optional = True
            (annotation,) = (arg for arg in get_args(annotation) if arg is not types.NoneType)
        elif get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            for item in more:
                metadata = [*(item.metadata if isinstance(item, FieldInfo) else [item]), *metadata]
        else:
            return annotation, metadata, optional


def _rule(choices: tuple[str, ...], metadata: list[Any], digits: int, places: int) -> str:
    """Say the constraints of a column in words."""
    if choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in choices)
    of_kind = {type(item): item for item in metadata}
    parts: list[str] = []
    pattern = next((m.pattern for m in metadata if getattr(m, "pattern", None)), None)
    if pattern:
        parts.append(f"as `{pattern}`")
    if MaxLen in of_kind:
        low = f"{of_kind[MinLen].min_length} to " if MinLen in of_kind else "up to "
        parts.append(f"{low}{of_kind[MaxLen].max_length} characters")
    if digits:
        parts.append(f"up to {digits - places} digits and {places} decimals")
    if Ge in of_kind:
        parts.append(f"at least {of_kind[Ge].ge}")
    if Gt in of_kind:
        parts.append(f"more than {of_kind[Gt].gt}")
    if Le in of_kind:
        parts.append(f"at most {of_kind[Le].le}")
    return "; ".join(parts)
