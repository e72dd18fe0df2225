"""Shows what was measured: as a table for people, or as JSON for programs."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from bench.rounds import Measured

__all__ = ["as_json", "as_table", "base_of", "figure", "remarks"]

_COLUMNS = (
    "docs/s\n1 core",
    "docs/s\n2 cores",
    "×",
    "bytes/\ndoc",
    "archive\nbytes/doc",
    "peak\nMiB",
    "tagged",
    "signed",
)


def base_of(rows: Iterable[Measured]) -> Measured | None:
    """Give the row that the others are compared with: the press, else the reference."""
    found = {row.name: row for row in rows if not row.missing}
    return found.get("press") or found.get("typst")


def figure(value: float) -> str:
    """Write a figure with three digits that count, thousands set apart."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_table(title: str, rows: Sequence[Measured]) -> Table:
    """Lay out one line a composer."""
    made = Table(title=title, title_justify="left", title_style="bold")
    base = base_of(rows)
    made.add_column("Composer", no_wrap=True)
    for name in _COLUMNS:
        shown = f"{base.name} is\n× faster" if name == "×" and base else name
        words = name in {"tagged", "signed"}
        made.add_column(shown, justify="left" if words else "right", no_wrap=True)
    for row in rows:
        if row.missing:
            made.add_row(row.title, *["–"] * len(_COLUMNS))
            continue
        made.add_row(
            row.title,
            figure(median(row.one_core)),
            figure(median(row.two_cores)),
            figure(row.times_slower_than(base)) if base else "–",
            *_sizes(row),
        )
    return made


def remarks(rows: Iterable[Measured]) -> list[str]:
    """Give what must be said beside the figures: what is missing and why, who did what."""
    said = [(row.title, row.missing or row.note) for row in rows]
    return [f"{title}: {remark}" for title, remark in said if remark]


def _sizes(row: Measured) -> tuple[str, ...]:
    if row.name == "floor":  # its documents are another's
        return ("–",) * 5
    return (
        figure(row.bytes_a_document),
        figure(row.archive_bytes),
        figure(row.peak_bytes / 2**20),
        "yes" if row.tagged else "no",
        "yes" if row.signed else "no",
    )


def as_json(rows: Sequence[Measured]) -> list[dict[str, Any]]:
    """Give what was measured, with every round's rates, for programs."""
    base = base_of(rows)
    found: list[dict[str, Any]] = []
    for row in rows:
        if row.missing:
            found.append({"composer": row.name, "title": row.title, "missing": row.missing})
            continue
        found.append(
            {
                "composer": row.name,
                "title": row.title,
                "documents_per_second_one_core": round(median(row.one_core), 2),
                "documents_per_second_two_cores": round(median(row.two_cores), 2),
                "compared_with": base.name if base else None,
                "times_slower": round(row.times_slower_than(base), 3) if base else None,
                "bytes_a_document": round(row.bytes_a_document),
                "archive_bytes_a_document": round(row.archive_bytes),
                "archive_part_of_time": round(median(row.packing), 3),
                "peak_bytes": row.peak_bytes,
                "tagged": row.tagged,
                "signed": row.signed,
                "documents": row.documents,
                "warm_seconds": round(row.warm_seconds, 2),
                "rounds_one_core": [round(rate, 2) for rate in row.one_core],
                "rounds_two_cores": [round(rate, 2) for rate in row.two_cores],
                "note": row.note,
            }
        )
    return found
