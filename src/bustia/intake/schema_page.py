"""The documentation page of the export bundle, written from its record types.

``python -m bustia.intake.schema_page > docs/bundle.md``
"""

import sys
from collections.abc import Iterator

from bustia.intake.bundle import FileEntry, Manifest
from bustia.intake.records import RECORDS, Record
from bustia.intake.schema import REFERENCES, Column, columns

__all__ = ["schema_page"]

_INTRODUCTION = """\
# The export bundle

<!-- Made from the code by `python -m bustia.intake.schema_page > docs/bundle.md`. -->

A billing system hands over its data as a **bundle**: a folder, or a zip of one, with a
`manifest.json` and one file for each kind of record. `bustia import FOLDER` takes it in.

- A file is CSV or Parquet. None is required: leave out those you have nothing for, and export
  only what changed if you like. What a row refers to must be in the bundle, or known from an
  earlier one.
- **CSV** is UTF-8 with a header row, commas between cells and quotes around a cell that needs
  them (RFC 4180), one line a row. A value holds no line break or other control character. Dates
  are as in `2026-03-31`, instants as in `2026-03-31T09:30:00+02:00`, decimals have a point,
  flags are `true` or `false`. An empty cell means there is no value.
- **Parquet** has the types given below; strings may be dictionary-encoded, and any width of
  integer or decimal will do. Floating-point columns are refused: money is exact.
- Columns may stand in any order. One that isn't required may be left out; a column that is not
  listed here is refused.
- Importing the same bundle twice changes nothing. Rows with a known key are updated, except that
  an invoice that was issued never changes but for its `payment_means`, `mandate`, `due_date`,
  `charge_date`, `status` and `payment_reference`; its lines never change.

A bundle in which anything is wrong is not taken at all, unless `--partial` is given: then good
rows are taken, and bad ones left out with all that depends on them. Each rejection is told with
file, line, field and reason, and kept with the original row in the instance's `intake` folder.

## What is checked

- The manifest, and every file against its row count and SHA-256 in it.
- Every value against its column below; check characters of NIFs, check digits of IBANs.
- Every key stands once in its file. A row whose key stands more often is left out, each time.
- Every reference. A tariff must be known where the bundle has a `tariffs` file.
- No period ends before it begins; `days` of an invoice is 0, or its period's length counted with
  or without the last day.
- Net and VAT make the total; the lines make the net; the VAT is the sum over the rates of the
  lines' sum times the rate, rounded once for each rate (half a cent goes up).
- Invoices of the newest billing run in the bundle have lines. Earlier ones may come as bare
  totals, as long as none of their run comes with lines.
- Instalments make their plan's total, where a plan's instalments are in the bundle.
- An invoice number that is known has the same content as before.

## manifest.json

"""
_EXAMPLE = """\

```json
{
  "format": "bustia-bundle",
  "version": 1,
  "producer": "Billing 4.2",
  "created_at": "2026-05-03T06:00:00+02:00",
  "files": [
    {"name": "customers.csv", "format": "csv", "rows": 50350, "sha256": "9f86d081…"}
  ]
}
```
"""


def schema_page() -> str:
    """Give the page as Markdown."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield _INTRODUCTION
    yield "| field | what it is |\n|---|---|\n"
    for name, field in Manifest.model_fields.items():
        yield f"| `{name}` | {field.description} |\n"
    for name, field in FileEntry.model_fields.items():
        yield f"| `files[].{name}` | {field.description} |\n"
    yield _EXAMPLE
    for record_type in RECORDS:
        yield from _record(record_type)


def _record(record_type: type[Record]) -> Iterator[str]:
    doc = (record_type.__doc__ or "").strip().splitlines()[0]
    key = ", ".join(f"`{name}`" for name in record_type.key)
    yield f"\n## {record_type.file}\n\n{doc} Key: {key}.\n\n"
    yield "| column | type | required | rule | what it is |\n|---|---|---|---|---|\n"
    reference = REFERENCES.get(record_type.file)
    for column in columns(record_type):
        rule = column.rule.replace("|", "\\|")
        if reference and column.name == reference.column:
            rule += f"; a row of `{reference.parent}`"
        yield (
            f"| `{column.name}` | {column.kind.value} | {_required(column)} | {rule}"
            f" | {column.description} |\n"
        )


def _required(column: Column) -> str:
    if column.required:
        return "yes"
    if column.default in (None, ""):
        return "no"
    default = str(column.default)
    return f"no: `{default.lower() if isinstance(column.default, bool) else default}`"


if __name__ == "__main__":
    sys.stdout.write(schema_page())
