"""What all commands share: the instance, reports for people or as JSON, progress, errors."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from bustia.errors import BustiaError

__all__ = [
    "LANGUAGES",
    "err",
    "instance_option",
    "json_option",
    "out",
    "print_json",
    "progress_bar",
    "show_error",
    "stationery_option",
    "table",
]

Command = TypeVar("Command", bound=Callable[..., object])

LANGUAGES = ("ca", "es", "en")

out = Console()
"""For what was asked for."""
err = Console(stderr=True)
"""For progress and errors: it never mixes with a report that is piped on."""


stationery_option = click.option(
    "--stationery",
    "stationery_path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the stationery; the instance's without it.",
)


def instance_option(command: Command) -> Command:
    """Add ``--instance DIR`` (argument ``instance_path``)."""
    return click.option(
        "--instance",
        "instance_path",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="BUSTIA_INSTANCE",
        default=Path("instance"),
        show_default=True,
        help="Folder of the instance.",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json`` (argument ``as_json``)."""
    return click.option("--json", "as_json", is_flag=True, help="Report as JSON, for programs.")(
        command
    )


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def print_json(report: Mapping[str, Any] | list[Any]) -> None:
    """Print a report as JSON on standard output, nothing else with it."""
    click.echo(json.dumps(report, ensure_ascii=False, indent=2, default=_plain))


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """Lay out rows as a table; numbers go to the right."""
    made = Table(title=title, title_justify="left", title_style="bold")
    cells = [list(row) for row in rows]
    for index, name in enumerate(columns):
        numeric = bool(cells) and all(
            isinstance(row[index], int | float | Decimal) for row in cells
        )
        made.add_column(name, justify="right" if numeric else "left")
    for row in cells:
        made.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    return made


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far a long task is, on standard error; give a function ``advance(n)``."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(what, total=total)
        yield lambda steps: shown.advance(task, steps)


def show_error(error: BustiaError) -> None:
    """Tell what happened, where, and what to do about it, on standard error."""
    place = f"{error.where}: " if error.where else ""
    err.print(f"Error: {place}{error.what}", style="bold red", markup=False, highlight=False)
    if error.hint:
        err.print(error.hint, markup=False, highlight=False)
    sys.stderr.flush()
