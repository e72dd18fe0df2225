"""``bustia cycle``: run a billing cycle and see where it stands."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bustia.cli.common import (
    instance_option,
    json_option,
    out,
    print_json,
    progress_bar,
    table,
)

if TYPE_CHECKING:
    from bustia.cycles.models import Cycle

__all__ = ["command"]

LISTS = ("emailed", "posted", "office_only", "suppressed", "open", "failed")


@click.group(epilog="Example: bustia cycle run 2026-03")
def command() -> None:
    """Run a billing cycle and see where it stands."""


@command.command(epilog="Example: bustia cycle run 2026-03 --workers 4")
@click.argument("billing_run", required=False)
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes; one a core.")
@json_option
@instance_option
def run(billing_run: str | None, workers: int | None, as_json: bool, instance_path: Path) -> None:
    """Turn the invoices of BILLING_RUN into sealed, archived documents with their deliveries.

    Without a name it takes the run that was issued last. Started again after it was
    interrupted, it goes on where it was; nothing is made twice.
    """
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.cycles.running import run_cycle

        with progress_bar("Composing") as advance:
            cycle = run_cycle(instance, billing_run, workers=workers, advance=advance)
        _show(cycle, as_json=as_json)


@command.command(epilog="Example: bustia cycle show 2026-03 --list failed")
@click.argument("code", required=False)
@click.option("--list", "wanted", type=click.Choice(LISTS), help="Name the invoices in a list.")
@json_option
@instance_option
def show(code: str | None, wanted: str | None, as_json: bool, instance_path: Path) -> None:
    """Show the closing ledger of the cycle CODE (the newest one without it)."""
    from bustia.instance import open_instance

    with open_instance(instance_path):
        from bustia.cycles.ledger import invoices_in
        from bustia.cycles.running import find_cycle

        cycle = find_cycle(code)
        if wanted is None:
            _show(cycle, as_json=as_json)
            return
        numbers = invoices_in(cycle, wanted)
        if as_json:
            print_json({"cycle": cycle.code, "list": wanted, "invoices": numbers})
        else:
            click.echo("\n".join(numbers) if numbers else f"No invoice is {wanted}.")


@command.command(epilog="Example: bustia cycle close 2026-03")
@click.argument("code", required=False)
@json_option
@instance_option
def close(code: str | None, as_json: bool, instance_path: Path) -> None:
    """Close the cycle CODE, if every delivery is final and the ledger adds up."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.cycles.ledger import close_cycle
        from bustia.cycles.running import find_cycle

        _show(close_cycle(find_cycle(code).code, instance.now()), as_json=as_json)


@command.command("list", epilog="Example: bustia cycle list --json")
@json_option
@instance_option
def list_(as_json: bool, instance_path: Path) -> None:
    """List the cycles, and the billing runs that wait for one."""
    from bustia.instance import open_instance

    with open_instance(instance_path):
        from bustia.cycles.running import cycles_and_runs

        rows = cycles_and_runs()
        if as_json:
            print_json(rows)
        elif not rows:
            click.echo("No invoices yet. Import a bundle first: bustia import PATH")
        else:
            columns = ("Cycle", "Billing run", "State", "Invoices", "Documents")
            shown = [
                (row["cycle"], row["billing_run"], row["state"], row["invoices"], row["documents"])
                for row in rows
            ]
            out.print(table("Cycles", columns, shown))


def _show(cycle: "Cycle", *, as_json: bool) -> None:
    from bustia.cycles.running import cycle_report

    report = cycle_report(cycle)
    if as_json:
        print_json(report)
    else:
        print_cycle(report)


def print_cycle(report: dict[str, Any]) -> None:
    """Show a cycle's report for people: the closing ledger, then the messages."""
    ledger = report["ledger"]
    rows: list[tuple[str, int]] = [("Invoices received", ledger["invoices_received"])]
    rows += [(f"  {name.replace('_', ' ')}", ledger[name]) for name in LISTS]
    out.print(table(f"Cycle {report['cycle']} · {report['state']}", ("", "Invoices"), rows))
    speed = report["documents_per_second"]
    out.print(
        f"{report['documents']} documents"
        + (f" in {report['compose_seconds']:.1f} s, {speed:.0f} a second" if speed else ""),
        highlight=False,
    )
    _print_composed(report["composed"])
    if not ledger["adds_up"]:
        out.print("The ledger does not add up: this cycle can't be closed.", style="bold red")
    if report["messages"]:
        counted = sorted(report["messages"].items(), key=lambda item: (-item[1], item[0]))
        out.print(table("Messages told", ("Rule", "Documents"), counted))
    if report["failures"]:
        failures = [(one["invoice"], one["stage"], one["reason"]) for one in report["failures"]]
        out.print(table("Could not be made", ("Invoice", "Stage", "Reason"), failures))


def _print_composed(composed: dict[str, Any]) -> None:
    """Say who composed the documents, and what the judge found."""
    if composed["press"] or composed["typst"]:
        out.print(
            f"{composed['press']} by the press, {composed['typst']} by Typst; the judge compared"
            f" {composed['compared']} of them",
            highlight=False,
        )
    if composed["differences"]:
        out.print("The judge found differences, and took what they are in off the press:")
        for difference, times in composed["differences"].items():
            out.print(f"  {times} × {difference}", highlight=False)
    if composed["why_typst"]:
        rows = list(composed["why_typst"].items())
        out.print(table("Left to Typst", ("Why", "Documents"), rows))
