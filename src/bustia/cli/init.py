"""``bustia init``: create an instance."""

from pathlib import Path

import click

from bustia.cli.common import out

__all__ = ["command"]


@click.command(epilog="Example: bustia init /srv/bustia")
@click.argument(
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="BUSTIA_INSTANCE",
    default=Path("instance"),
)
@click.option("--migrate", is_flag=True, help="Only bring the tables of an instance up to date.")
def command(folder: Path, migrate: bool) -> None:
    """Create an instance in FOLDER (./instance by default), with a database of its own.

    With DATABASE_URL in the environment it uses that PostgreSQL server instead.
    """
    from bustia.instance import create_instance, open_instance

    if migrate:
        with open_instance(folder) as instance:
            instance.migrate()
        out.print(f"The tables of {folder} are up to date.", highlight=False)
        return
    path = create_instance(folder)
    with out.status("Creating the database"), open_instance(path) as instance:
        instance.migrate()
    out.print(
        f"Created {path}\n"
        f"  bustia.toml   settings, each with a comment\n"
        f"  keys/         back these up: without them encrypted data can't be read\n\n"
        f"Next: bustia doctor --instance {folder}\n"
        f"      bustia import PATH --instance {folder}",
        highlight=False,
        soft_wrap=True,
    )
