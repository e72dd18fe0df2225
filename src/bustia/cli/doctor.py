"""``bustia doctor``: check that everything Bústia needs is in order."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.markup import escape

from bustia.cli.common import instance_option, json_option, out, print_json
from bustia.errors import BustiaError

if TYPE_CHECKING:
    from bustia.instance import Instance

__all__ = ["command"]

_MARKS = {"ok": "[green]✓[/green]", "note": "[yellow]![/yellow]", "bad": "[bold red]✗[/bold red]"}
_ROOM_BYTES = 2 * 1024**3
_FONTS = ("font_hanken_grotesk", "font_source_sans_pro")
_ZONE = "Europe/Madrid"
_SOON = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "note", "bad"]
    told: str
    hint: str = ""


@click.command(epilog="Example: bustia doctor --instance /srv/bustia")
@json_option
@instance_option
@click.pass_context
def command(ctx: click.Context, as_json: bool, instance_path: Path) -> None:
    """Check that everything Bústia needs is in order, and say what to do where it isn't.

    Ends with 1 if something must be seen to. Notes are worth knowing, but stop nothing.
    """
    findings = list(_look(instance_path))
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            mark, told = _MARKS[one.state], escape(one.told)
            out.print(f"{mark} [bold]{one.what}[/bold]: {told}", highlight=False, soft_wrap=True)
            if one.hint:
                out.print(f"  {escape(one.hint)}", highlight=False, soft_wrap=True)
    if any(one.state == "bad" for one in findings):
        ctx.exit(1)


def _look(path: Path) -> Iterator[Finding]:
    yield Finding("Python", "ok", sys.version.split()[0])
    yield _time_zones()
    yield _fonts()
    from bustia.instance import open_instance

    try:
        with open_instance(path) as instance:
            yield Finding("Instance", "ok", str(instance.path))
            checks: tuple[tuple[str, Callable[[Instance], Finding]], ...] = (
                ("Database", _database),
                ("Stationery", _stationery),
                ("Seal", _seal),
                ("Archive", _archive),
                ("Outbox", _outbox),
                ("Keys", _keys),
                ("Clock", _clock),
                ("Mail server", _mail_server),
            )
            for what, check in checks:
                try:
                    yield check(instance)
                except BustiaError as error:
                    where = f"{error.where}: " if error.where else ""
                    yield Finding(what, "bad", f"{where}{error.what}", error.hint or "")
    except BustiaError as error:
        where = f"{error.where}: " if error.where else ""
        yield Finding("Instance", "bad", f"{where}{error.what}", error.hint or "")


def _time_zones() -> Finding:
    try:
        ZoneInfo(_ZONE)
    except ZoneInfoNotFoundError:
        return Finding("Time zones", "bad", f"{_ZONE} is unknown", "Install tzdata with pip.")
    return Finding("Time zones", "ok", f"{_ZONE} is known")


def _fonts() -> Finding:
    missing = [name for name in _FONTS if find_spec(name) is None]
    if missing:
        hint = f"Install with pip: {', '.join(missing).replace('_', '-')}."
        return Finding("Fonts", "bad", f"{len(missing)} of {len(_FONTS)} are missing", hint)
    return Finding("Fonts", "ok", f"{len(_FONTS)} families")


def _database(instance: "Instance") -> Finding:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    if waiting:
        return Finding(
            "Database",
            "bad",
            f"PostgreSQL {version}, but {len(waiting)} migrations were not applied.",
            f"Apply them: bustia init {instance.path} --migrate",
        )
    whose = "of DATABASE_URL" if os.environ.get("DATABASE_URL") else "of the instance"
    return Finding("Database", "ok", f"PostgreSQL {version} {whose}, tables up to date")


def _stationery(instance: "Instance") -> Finding:
    from bustia.compose.typst_composer import TypstComposer
    from bustia.decide.release import load_release

    release = load_release(instance.stationery)
    TypstComposer(instance.stationery)
    told = f"{len(release.rules)} message rules, release {release.hash[:12]}"
    return Finding("Stationery", "ok", told)


def _seal(instance: "Instance") -> Finding:
    from bustia.cycles.workshop import seal_identity

    identity = seal_identity(instance)
    ends = identity.certificate.not_valid_after_utc
    told = f"{identity.subject}, until {ends:%d-%m-%Y}"
    identity.sign(b"Can this key be used?")
    if instance.config.seal.is_demonstration:
        hint = "Name your certificate in bustia.toml, section [seal], before you seal in earnest."
        return Finding("Seal", "note", f"a demonstration certificate: {told}", hint)
    if ends < instance.now():
        return Finding("Seal", "bad", told, "It has expired: renew it.")
    if ends < instance.now() + _SOON:
        return Finding("Seal", "note", told, "It expires soon: renew it.")
    return Finding("Seal", "ok", told)


def _archive(instance: "Instance") -> Finding:
    folder = instance.archive
    refused = _refusal(folder)
    if refused:
        return Finding("Archive", "bad", f"{folder}: {refused}", "Make it writable.")
    free = shutil.disk_usage(folder).free
    told = f"{folder}, {free / 1024**3:.0f} GiB free"
    if free < _ROOM_BYTES:
        return Finding("Archive", "note", told, "A city's cycle needs some gigabytes.")
    return Finding("Archive", "ok", told)


def _outbox(instance: "Instance") -> Finding:
    folder = instance.path / instance.config.post.folder
    refused = _refusal(folder)
    if refused:
        return Finding("Outbox", "bad", f"{folder}: {refused}", "Make it writable.")
    return Finding("Outbox", "ok", str(folder))


def _refusal(folder: Path) -> str:
    """Try to write into a folder; give the reason why that can't be, or nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or "it can't be written to"


def _keys(instance: "Instance") -> Finding:
    names = ["data", "django", "seal"]
    if not os.environ.get("DATABASE_URL"):
        names.append("postgres")
    for name in names:
        instance.key(name)
    return Finding("Keys", "ok", f"{', '.join(names)}: there, and only their owner reads them")


def _clock(instance: "Instance") -> Finding:
    told = f"{instance.now().astimezone(ZoneInfo(_ZONE)):%d-%m-%Y %H:%M %Z}"
    if os.environ.get("BUSTIA_NOW"):
        return Finding("Clock", "note", f"it stands still at {told}", "BUSTIA_NOW says so.")
    return Finding("Clock", "ok", told)


def _mail_server(instance: "Instance") -> Finding:
    email = instance.config.email
    told = f"{email.host}, port {email.port}, TLS {email.tls}"
    try:
        with socket.create_connection((email.host, email.port), timeout=3):
            return Finding("Mail server", "ok", told)
    except OSError as error:
        hint = "Mails wait until it answers. Its name is in bustia.toml, section [email]."
        return Finding("Mail server", "note", f"{told}: {error.strerror or error}", hint)
