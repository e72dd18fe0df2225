"""``bustia export``: hand what customers changed to the billing system."""

from dataclasses import asdict
from pathlib import Path

import click

from bustia.cli.common import instance_option, json_option, out, print_json, table

__all__ = ["command"]


@click.command(epilog="Example: bustia export --out /srv/billing/in")
@click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into; outbox/changes of the instance without it.",
)
@click.option(
    "--batch", "number", type=click.IntRange(1), help="Write a batch that got lost once more."
)
@json_option
@instance_option
def command(*, folder: Path | None, number: int | None, as_json: bool, instance_path: Path) -> None:
    """Write what customers changed, as a batch of CSV for the billing system.

    Each change is handed over once: what was exported is not exported again, except as the whole
    batch by its number. The folder of a batch appears when its files are complete. They hold
    bank accounts in clear, and only their owner may read them.
    """
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.billing.outgoing import write_again, write_batch

        folder = folder or instance.path / "outbox" / "changes"
        if number is not None:
            batch = write_again(number, folder)
        elif (found := write_batch(folder, now=instance.now())) is not None:
            batch = found
        else:
            if as_json:
                print_json({"number": None, "folder": None, "rows": 0, "kinds": {}})
            else:
                out.print("No change waits for the billing system.")
            return
    if as_json:
        print_json(asdict(batch))
        return
    out.print(table(f"Batch {batch.number}", ("Change", "Rows"), batch.kinds.items()))
    out.print(f"{batch.rows} changes in {batch.folder}", highlight=False, soft_wrap=True)
