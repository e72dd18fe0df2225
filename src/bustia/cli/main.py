"""The ``bustia`` command: every task of the platform, from a terminal."""

import importlib
import sys

import click
from django.db import DatabaseError

from bustia import __version__
from bustia.cli.common import show_error
from bustia.errors import BustiaError, InstanceError

__all__ = ["main"]

COMMANDS = {
    "cycle": ("bustia.cli.cycle", "Run a billing cycle and see where it stands."),
    "deliver": ("bustia.cli.deliver", "Hand over what is due, on every channel."),
    "demo": ("bustia.cli.demo", "See it all work on a made-up town."),
    "doctor": ("bustia.cli.doctor", "Check that everything Bústia needs is in order."),
    "document": ("bustia.cli.document", "Show, export and verify sealed documents."),
    "export": ("bustia.cli.export", "Hand customers’ changes to the billing system."),
    "import": ("bustia.cli.import_", "Take in what the billing system exported."),
    "init": ("bustia.cli.init", "Create an instance: a folder with its own database."),
    "message": ("bustia.cli.message", "Try the message rules on real customers."),
    "serve": ("bustia.cli.serve", "Serve the Virtual Office and send its messages."),
    "synth": ("bustia.cli.synth", "Write the export of a made-up town."),
    "template": ("bustia.cli.template", "See whether the press can use the templates."),
}


class LazyGroup(click.Group):
    """Loads a command's module when it is called, so that ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 (ours, not input)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: bustia demo",
)
@click.version_option(__version__, "-V", "--version", message="Bústia %(version)s")
def cli() -> None:
    """Bústia tells every customer of a utility what they should know, and proves that it did."""


def main() -> None:
    """Run the command; errors that a person can act on are told without a traceback."""
    try:
        cli(standalone_mode=True)
    except BustiaError as error:
        show_error(error)
        sys.exit(1)
    except DatabaseError as error:
        # Its text may hold a customer's data; what it says is in PostgreSQL's own log.
        show_error(
            InstanceError(
                f"the database refused ({type(error).__name__}).",
                hint="See bustia doctor. After an upgrade, run: bustia init --migrate",
            )
        )
        sys.exit(1)
