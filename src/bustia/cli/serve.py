"""``bustia serve``: the Virtual Office, with the courier that brings its mails and SMS."""

import os
import signal
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bustia.cli.common import err, instance_option, out
from bustia.cli.serving import Household, check_port, wait_until_served
from bustia.errors import InstanceError

if TYPE_CHECKING:
    from bustia.instance import Instance

__all__ = ["command", "serve"]

_LOOK_SECONDS = 0.5
_DAYS_AFTER = 2
"""In a demonstration it is so many days after its cycle: bills have come, few are due."""


@click.command(epilog="Example: bustia serve --instance demo/instance")
@instance_option
def command(instance_path: Path) -> None:
    """Serve the Virtual Office, and send its messages, until Ctrl-C.

    Where it listens, how many processes answer and its address are settings ([office]); TLS is a
    reverse proxy's. In a demonstration its mail server runs too, its clock stands still two days
    after the cycle, and made-up customers are offered to sign in as.
    """
    serve(instance_path)


def serve(instance_path: Path) -> None:
    """Serve the Office of an instance until a signal says to stop."""
    from bustia.instance import open_instance

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with open_instance(instance_path) as instance:
        office = instance.config.office
        _check_tables(instance)
        check_port(office.host, office.port, "[office] port")
        environment = os.environ | {"BUSTIA_INSTANCE": str(instance.path)}
        with err.status("Preparing"):
            if office.demo:
                environment |= _prepare_demonstration(instance)
            from bustia.office.assets import build

            build(instance)
        with Household(instance.path / "log", environment) as household:
            _start(household, instance)
            here = f"http://{_reachable(office.host)}:{office.port}"
            log = instance.path / "log" / "web.log"
            with err.status("Starting"):
                wait_until_served(
                    f"{here}/entrar/", lambda: household.running("web") and not stop.is_set(), log
                )
            out.print(f"The Virtual Office is at {instance.office_url}", highlight=False)
            if instance.office_url != here:
                out.print(f"It listens at {here}", highlight=False)
            if office.demo:
                out.print(f"Its mails and SMS are at {here}/demo/mailbox/", highlight=False)
            out.print("Ctrl-C stops it.", highlight=False)
            while not stop.wait(_LOOK_SECONDS):
                instance.ensure_running()
                household.tend()
        out.print("Stopped.")


def _check_tables(instance: "Instance") -> None:
    """Raise ``InstanceError`` if the tables are not those of this version."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise InstanceError(
            "its tables are not up to date.",
            where=str(instance.path),
            hint=f"Run: bustia init {instance.path} --migrate",
        )


def _prepare_demonstration(instance: "Instance") -> dict[str, str]:
    """Make the people to sign in as, and give what stops the clock."""
    from bustia.office.demo import prepare

    email = instance.config.email
    check_port(email.host, email.port, "[email] port")
    if "BUSTIA_NOW" not in os.environ:
        os.environ["BUSTIA_NOW"] = _demonstration_day(instance).isoformat()
    prepare(instance.now())
    return {"BUSTIA_NOW": os.environ["BUSTIA_NOW"]}


def _demonstration_day(instance: "Instance") -> datetime:
    from zoneinfo import ZoneInfo

    from django.db.models import Max

    from bustia.billing.models import Invoice

    newest = Invoice.objects.aggregate(newest=Max("issue_date"))["newest"]
    if newest is None:
        return instance.now()
    day = newest + timedelta(days=_DAYS_AFTER)
    return datetime(day.year, day.month, day.day, 10, tzinfo=ZoneInfo("Europe/Madrid"))


def _start(household: Household, instance: "Instance") -> None:
    office = instance.config.office
    if office.demo:
        mailbox = str(instance.path.parent / "mailbox")
        port = str(instance.config.email.port)
        household.start("mailbox", "bustia.cli.mailbox", mailbox, port)
    household.start("courier", "bustia.cli.courier", "--instance", str(instance.path))
    household.start(
        "web", "bustia.cli.web", "--host", office.host, "--port", str(office.port),
        "--workers", str(office.workers or os.cpu_count() or 1),
    )  # fmt: skip


def _reachable(host: str) -> str:
    """Give where one reaches a server from here that listens everywhere."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not listened at)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
