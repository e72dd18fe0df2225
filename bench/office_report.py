"""Shows how quickly the Virtual Office answered."""

from dataclasses import asdict
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from bench.office import OfficeTimes

__all__ = ["plain", "show"]


def plain(times: OfficeTimes) -> dict[str, Any]:
    """Give the figures for programs."""
    alone = {
        kind: {"p50": round(median(found), 2), "p95": round(times.p95_of(kind), 2)}
        for kind, found in times.alone.items()
    }
    return asdict(times) | {"alone": alone}


def show(times: OfficeTimes) -> None:
    """Print the load, then each kind of request."""
    rate = times.requests / times.seconds if times.seconds else 0.0
    made = Table(
        title=f"The Office of {times.contracts:,} contracts, {rate:.0f} requests a second",
        title_justify="left",
        title_style="bold",
    )
    for name in ("Request", "median ms", "95 % below ms", "99 % below ms"):
        made.add_column(name, justify="left" if name == "Request" else "right")
    made.add_row("all, under load", f"{times.p50:.1f}", f"{times.p95:.1f}", f"{times.p99:.1f}")
    made.add_section()
    for kind, found in times.alone.items():
        made.add_row(kind, f"{median(found):.1f}", f"{times.p95_of(kind):.1f}", "")
    Console(width=110).print(made)
    click.echo(
        f"{times.requests:,} requests in {times.seconds:.0f} s, among them {times.sign_ins:,}"
        f" sign-ins and {times.documents:,} documents; {times.errors} failed,"
        f" {times.unexpected} answered otherwise."
    )
