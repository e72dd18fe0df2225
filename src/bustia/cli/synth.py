"""``bustia synth``: write the export of a made-up town."""

import shutil
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from bustia.cli.common import json_option, out, print_json, progress_bar, table
from bustia.errors import IntakeError

__all__ = ["command"]


@click.command(epilog="Example: bustia synth --contracts 1000 --seed 1 --out town")
@click.option("--contracts", type=click.IntRange(1, 5_000_000), default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Another seed is another town.")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write the bundle into.",
)
@click.option(
    "--issue-date",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-05-12",
    show_default=True,
    help="Day the invoices are issued.",
)
@click.option(
    "--format", "file_format", type=click.Choice(["csv", "parquet"]), default="csv",
    show_default=True, help="Kind of files.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace what is in the folder.")
@json_option
def command(
    contracts: int,
    seed: int,
    folder: Path,
    issue_date: datetime,
    file_format: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write the export of a made-up town, as a billing system would.

    People, addresses, tax numbers and accounts are nobody's; the same options give the same
    files, to the byte.
    """
    from bustia.synth import write_town

    if folder.exists() and any(folder.iterdir()):
        if not force:
            raise IntakeError(
                "this folder is not empty.",
                where=str(folder),
                hint="Choose another, or add --force to replace what is in it.",
            )
        shutil.rmtree(folder)
    with progress_bar("Making up contracts", contracts) as advance:
        summary = write_town(
            folder,
            contracts,
            seed,
            issue_date.date(),
            file_format="parquet" if file_format == "parquet" else "csv",
            progress=advance,
        )
    if as_json:
        print_json(asdict(summary) | {"folder": str(folder)})
        return
    title = f"Vallserena · {contracts} contracts · run {summary.billing_run}"
    out.print(table(title, ("File", "Rows"), summary.rows.items()))
    out.print(
        f"{summary.office_users} use the Virtual Office, {summary.e_invoices} have the e-invoice.\n"
        f"Next: bustia init, then bustia import {folder}",
        highlight=False,
    )
