"""``bustia import``: take in what the billing system exported, and what the bank gave back."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bustia.cli.common import (
    err,
    instance_option,
    json_option,
    out,
    print_json,
    progress_bar,
    table,
)

if TYPE_CHECKING:
    from bustia.intake.report import BatchReport, ImportReport, UnknownBuyer

__all__ = ["command"]

SHOWN = 20
"""Rejections shown on the screen."""

_OF_CHANGES = {
    "hold": "changes of customers are held: this export doesn't know of them yet.",
    "confirmed": "changes of customers are confirmed: the billing system says the same.",
    "superseded": "changes of customers gave way to something newer of the billing system.",
}


@click.command(epilog="Example: bustia import export/2026-03 bank/returns.xml")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH...",
)
@click.option(
    "--partial",
    is_flag=True,
    help="Take the good rows though others are rejected; otherwise it is all or nothing.",
)
@click.option(
    "--unknown-buyer",
    type=click.Choice(["create", "reject"]),
    default="create",
    show_default=True,
    help="An e-invoice to somebody who is no customer: make one, or reject the invoice.",
)
@click.option(
    "--run",
    "billing_run",
    metavar="NAME",
    help="Billing run of the e-invoices; their month of issue, as in 2026-03, without it.",
)
@json_option
@instance_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    paths: tuple[Path, ...],
    partial: bool,
    unknown_buyer: "UnknownBuyer",
    billing_run: str | None,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Take in export bundles, e-invoices and returned debits.

    A PATH is a bundle (its folder or zip), an XML file (UBL, CII, Facturae, pain.002,
    camt.054), or a folder of such files. Importing the same thing twice changes nothing. What
    is rejected is told with file, line or XPath, field and reason, and kept in the instance's
    intake folder. The exit code is 0 if everything was taken, 1 if anything was rejected.
    """
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.intake.loader import ImportOptions, count_rows, import_paths

        options = ImportOptions(
            partial=partial, unknown_buyer=unknown_buyer, billing_run=billing_run
        )
        with ExitStack() as shown:
            advance = shown.enter_context(progress_bar("Importing", count_rows(paths)))
            report = import_paths(
                paths,
                options,
                now=instance.now(),
                folder=instance.path / "intake",
                progress=advance,
            )
    if as_json:
        print_json(_plain(report))
    else:
        for batch in report.batches:
            _show(batch)
    if not report.complete:
        ctx.exit(1)


def _plain(report: "ImportReport") -> dict[str, Any]:
    return {
        "complete": report.complete,
        "read": report.total("read"),
        "new": report.total("new"),
        "changed": report.total("changed"),
        "unchanged": report.total("unchanged"),
        "rejected": report.total("rejected"),
        "batches": [asdict(batch) for batch in report.batches],
    }


def _show(batch: "BatchReport") -> None:
    out.print(
        table(
            f"{batch.source} (batch {batch.id})",
            ("file", "read", "new", "changed", "unchanged", "rejected"),
            (
                (file.name, file.read, file.new, file.changed, file.unchanged, file.rejected)
                for file in batch.files
            ),
        )
    )
    if batch.unmatched:
        out.print(
            f"{batch.unmatched} returned debits have no invoice yet;"
            " they are tried again at each import."
        )
    for verdict, words in _OF_CHANGES.items():
        if count := batch.changes.get(verdict):
            out.print(f"{count} {words}", highlight=False)
    if not batch.rejected:
        return
    for rejection in batch.rejections[:SHOWN]:
        err.print(f"  {rejection}", markup=False, highlight=False, soft_wrap=True)
    if batch.rejected > SHOWN:
        err.print(f"  … and {batch.rejected - SHOWN} more.", markup=False)
    err.print(f"All {batch.rejected} with their rows: {batch.rejections_path}", soft_wrap=True)
    if not batch.taken:
        err.print(
            "Nothing of it was taken. Put it right and import it again, or take what is good"
            " with --partial.",
            style="bold red",
        )
