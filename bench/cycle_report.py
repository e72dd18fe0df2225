"""Shows how long a cycle took, where the time went, and how it grows with the town."""

from collections.abc import Sequence
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.cycle import COUNTED, CycleTimes
from bench.report import figure

__all__ = ["plain", "show_cycle", "show_growth"]


def plain(times: CycleTimes) -> dict[str, Any]:
    """Give a cycle's figures for programs."""
    sampled = max(times.sampled, 1)
    parts = {name: round(seconds / sampled * 1e6, 1) for name, seconds in times.parts.items()}
    return {
        "contracts": times.contracts,
        "invoices": times.invoices,
        "failures": times.failures,
        "workers": times.workers,
        "composers": times.composers,
        "seconds": {name: round(seconds, 3) for name, seconds in times.seconds.items()},
        "whole_seconds": round(times.whole, 3),
        "invoices_per_second": round(times.invoices / times.whole, 1),
        "microseconds_per_invoice": round(times.each * 1e6, 1),
        "peak_bytes": times.peak,
        "peak_bytes_by_stage": {name: peak for name, peak in times.peaks.items() if name},
        "sampled_documents": times.sampled,
        "microseconds_by_part": parts,
        "milliseconds_of_previews": [round(seconds * 1000, 1) for seconds in times.previews],
        "milliseconds_of_new_shapes": [round(seconds * 1000, 1) for seconds in times.new_shapes],
    }


def show_cycle(times: CycleTimes) -> None:
    """Print the stages of a cycle, then the parts of a chunk."""
    out = Console(width=110)
    made = _table(
        f"A cycle of {times.invoices:,} invoices, {times.workers} workers",
        ("Stage", "seconds", "µs an invoice", "peak MiB"),
    )
    for stage, seconds in times.seconds.items():
        peak = times.peaks.get(stage)
        each = figure(seconds / times.invoices * 1e6)
        name = stage if stage in COUNTED else f"({stage})"
        made.add_row(name, f"{seconds:.2f}", each, figure(peak / 2**20) if peak else "")
    made.add_section()
    whole = ("import to deliveries", f"{times.whole:.2f}", figure(times.each * 1e6))
    made.add_row(*whole, figure(times.peak / 2**20))
    out.print(made)
    by = ", ".join(f"{count:,} by {name}" for name, count in sorted(times.composers.items()))
    click.echo(f"Composed: {by}; {times.failures} failed. What stands in brackets isn't counted.\n")
    if times.sampled:
        made = _table(
            f"Where a chunk's time goes: {times.sampled:,} documents made in one process",
            ("Part", "µs a document", "share"),
        )
        total = sum(times.parts.values())
        for name, seconds in times.parts.items():
            share = f"{seconds / total:.0%}"
            made.add_row(name, figure(seconds / times.sampled * 1e6), share)
        made.add_section()
        made.add_row("together", figure(total / times.sampled * 1e6), "")
        out.print(made)
    if times.previews:
        first, *others = [seconds * 1000 for seconds in times.previews]
        click.echo(
            f"Previews of one customer's bill: the first in a process {first:.0f} ms, then "
            f"{median(others):.0f} ms (the longest of {len(others)}: {max(others):.0f} ms).\n"
        )
    if times.new_shapes:
        found = sorted(seconds * 1000 for seconds in times.new_shapes)
        click.echo(
            f"A form for a new shape, laid out and filled: {median(found):.0f} ms (of {len(found)};"
            f" nine in ten take at most {found[len(found) * 9 // 10]:.0f} ms).\n"
        )


def show_growth(rows: Sequence[CycleTimes]) -> None:
    """Print a line a size, each compared with the smallest."""
    made = _table(
        "Growth",
        ("Invoices", "seconds", "import", "cycle", "µs an invoice", "ratio", "peak MiB"),
    )
    for row in rows:
        made.add_row(
            f"{row.invoices:,}",
            f"{row.whole:.2f}",
            f"{row.seconds['import']:.2f}",
            f"{row.whole - row.seconds['import']:.2f}",
            figure(row.each * 1e6),
            f"{row.each / rows[0].each:.3f}",
            figure(row.peak / 2**20),
        )
    Console(width=110).print(made)


def _table(title: str, columns: Sequence[str]) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold")
    for position, name in enumerate(columns):
        made.add_column(name, justify="right" if position else "left", no_wrap=True)
    return made
