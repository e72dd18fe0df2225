"""Creates and opens instances; an open one has a running database and a Django that knows it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import django
import psycopg
import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from bustia.errors import InstanceError
from bustia.instance.config import Config, load_config, shipped_stationery
from bustia.instance.keys import read_key, write_key
from bustia.instance.programs import find_binaries

if TYPE_CHECKING:
    from bustia.instance.postgres import EmbeddedPostgres

__all__ = [
    "CONFIG_FILE",
    "Instance",
    "clock",
    "create_instance",
    "current_instance",
    "open_instance",
    "opened",
]

CONFIG_FILE = "bustia.toml"
_OLDEST_SERVER = 140000
"""The oldest PostgreSQL that Django 5.2 works with."""

_TEMPLATE = """\
# Settings of this Bústia instance. Passwords don't belong here: they come from the environment.
# A setting that is left out has the value shown.

[email]                       # password: BUSTIA_SMTP_PASSWORD
host = "localhost"
port = 25
tls = "starttls"              # none, starttls or tls
# username = ""
sender = "factures@vallserena.example"
return_path_domain = "vallserena.example"

[sms]                         # password: BUSTIA_SMPP_PASSWORD
adapter = "spool"             # spool: files in outbox/sms; smpp: an SMS centre
# host = "localhost"
# port = 2775
# system_id = ""
sender = "AVallserena"        # the registered alias, capitals and all

[post]
folder = "outbox/post"

[notices]                     # SMS ahead of the next invoice
earliest_days = 10
latest_days = 7
from_hour = 09:00:00
to_hour = 20:00:00
on_sundays = false
holidays = []                 # days without notices, as in [2026-12-25, 2026-12-26]

[seal]                        # password: BUSTIA_SEAL_PASSWORD; PIN of a token: BUSTIA_SEAL_PIN
# pkcs12 = "keys/company.p12" # without it a demonstration certificate seals, and says so
# pkcs11_module = "/usr/lib/maker/libtoken.so" # or a key in a token: its library, then
# token = ""                  # the token's label,
# key = ""                    # the key's label,
# certificate = "keys/seal.pem" # and its certificate, unless that is in the token, too

[archive]
folder = "archive"

[work]
processes = 0                 # 0: one a core
chunk = 250                   # invoices a job: what a kill costs at most
judged_every = 5000           # one in so many documents is compared with Typst's own

[office]                      # the customers' web: bustia serve
# url = "https://oficina.example" # as customers write it; else the stationery's office_url
host = "127.0.0.1"            # a reverse proxy with TLS stands before it
port = 8000
workers = 0                   # 0: one a core
trusted_proxies = 1           # how many proxies add to X-Forwarded-For; 0 without any

[payments]                    # online payment of invoices; key: BUSTIA_REDSYS_KEY
adapter = "none"              # none, or redsys
# merchant = ""               # the merchant's number (FUC) that the bank gave
# terminal = "1"
# url = "https://sis-t.redsys.es:25443/sis/realizarPago" # Redsys's test environment
# minutes = 60                # after so long without word, a payment counts as given up

[stationery]
# folder = "stationery"       # without it, the stationery that ships with Bústia
"""

_open: "Instance | None" = None


@dataclass(frozen=True)
class Instance:
    """An open instance: its folder, its settings and its database."""

    path: Path
    config: Config
    database_url: str
    _postgres: "EmbeddedPostgres | None"

    def now(self) -> datetime:
        """Give the time: the only clock, which ``BUSTIA_NOW`` (an ISO instant) stops."""
        return clock()

    def ensure_running(self) -> None:
        """Start the embedded database again, if it went away."""
        if self._postgres is not None:
            self._postgres.ensure_running()

    def migrate(self) -> None:
        """Bring the tables up to date; an instance from before has no key for links yet."""
        key = self.path / "keys" / "links.key"
        if not key.exists() and "BUSTIA_LINKS_KEY" not in os.environ:
            with suppress(FileExistsError):  # another process was quicker
                write_key(key)
        call_command("migrate", verbosity=0, interactive=False)

    def key(self, name: str) -> str:
        """Give one of the keys: from ``BUSTIA_<NAME>_KEY`` or ``keys/<name>.key``."""
        return read_key(self.path / "keys" / f"{name}.key", f"BUSTIA_{name.upper()}_KEY")

    @property
    def stationery(self) -> Path:
        """The folder of the stationery."""
        own = self.config.stationery.folder
        return self.path / own if own is not None else shipped_stationery()

    @property
    def office_url(self) -> str:
        """The address of the Virtual Office as customers write it, without a slash at its end."""
        return (self.config.office.url or _office_url_of(self.stationery)).rstrip("/")

    @property
    def archive(self) -> Path:
        """The folder of the archive."""
        return self.path / self.config.archive.folder


def _office_url_of(stationery: Path) -> str:
    """Read one value of ``company.yaml``; who loads the stationery is told what is wrong in it."""
    try:
        company = yaml.safe_load((stationery / "company.yaml").read_text(encoding="utf-8"))
        return str(company["office_url"])
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError):
        return ""


def clock() -> datetime:
    """Give the time, or what ``BUSTIA_NOW`` says it is."""
    fixed = os.environ.get("BUSTIA_NOW")
    if not fixed:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(fixed)
    except ValueError as error:
        raise InstanceError(
            f"BUSTIA_NOW is not an ISO instant: {fixed!r}.", hint="As in 2026-05-12T09:00:00+02:00."
        ) from error
    if moment.tzinfo is None:
        raise InstanceError(
            "BUSTIA_NOW has no UTC offset.", hint="As in 2026-05-12T09:00:00+02:00."
        )
    return moment


def create_instance(path: Path, settings_text: str | None = None, seed: str | None = None) -> Path:
    """Create the folder of an instance with its settings and keys; give its absolute path.

    ``seed`` fixes the demonstration seal and the key of links in mails, so that two demos make the
    same bytes.

    Raises ``InstanceError`` if there is one already: its keys must not be lost.
    """
    path = path.resolve()
    file = path / CONFIG_FILE
    if file.exists():
        raise InstanceError(
            "there is an instance already.",
            where=str(path),
            hint=f"To bring its tables up to date: bustia init {path} --migrate",
        )
    try:
        path.mkdir(mode=0o750, parents=True, exist_ok=True)
        fixed = {"seal": seed, "links": hashlib.sha256(f"links {seed}".encode()).hexdigest()}
        for name in ("data", "django", "links", "postgres", "seal"):
            if not (path / "keys" / f"{name}.key").exists():
                write_key(path / "keys" / f"{name}.key", fixed.get(name) if seed else None)
        for folder in ("archive", "log", "outbox"):
            (path / folder).mkdir(exist_ok=True)
        file.write_text(_TEMPLATE if settings_text is None else settings_text, encoding="utf-8")
    except OSError as error:
        raise InstanceError(
            f"the folder can't be made: {error.strerror}.", where=str(path)
        ) from error
    return path


@contextmanager
def open_instance(path: Path) -> Iterator[Instance]:
    """Open an instance: start or join its database and set up Django for it.

    With ``DATABASE_URL`` in the environment that server is used instead of an embedded one. One
    process opens one instance at a time.
    """
    global _open  # noqa: PLW0603 (Django itself knows one configuration a process)
    path = path.resolve()
    config = load_config(path / CONFIG_FILE)
    if _open is not None and _open.path != path:
        raise InstanceError(
            "this process has another instance open.", where=str(path), hint="Close that one first."
        )
    postgres = None
    url = os.environ.get("DATABASE_URL", "")
    if url:
        _try(url)
    else:
        postgres = _own_postgres(path)
        postgres.open()
        url = postgres.url
    instance = Instance(path, config, url, postgres)
    before, _open = _open, instance
    try:
        if before is None:
            _set_up_django(instance)
        yield instance
    finally:
        _open = before
        if before is None:
            _close_connections()
        if postgres is not None:
            postgres.close()


def _own_postgres(path: Path) -> "EmbeddedPostgres":
    find_binaries()  # says what to do where there are none, before what only such systems have
    from bustia.instance.postgres import EmbeddedPostgres  # noqa: PLC0415

    return EmbeddedPostgres(path, read_key(path / "keys/postgres.key", "BUSTIA_POSTGRES_KEY"))


def _try(url: str) -> None:
    """Try the server of ``DATABASE_URL``; raise ``InstanceError`` if it can't be used."""
    example = "As in postgresql://user:password@host/bustia."
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.ProgrammingError:  # its text repeats the URL, password and all
        raise InstanceError("DATABASE_URL is not a connection string.", hint=example) from None
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise InstanceError(
            f"the database of DATABASE_URL can't be used: {reason}.",
            hint="Start that server and check the name, user and password in DATABASE_URL; "
            "without DATABASE_URL the instance uses a PostgreSQL of its own.",
        ) from error
    if version < _OLDEST_SERVER:
        raise InstanceError(
            f"the server of DATABASE_URL is PostgreSQL {version // 10000}.",
            hint=f"Bústia needs PostgreSQL {_OLDEST_SERVER // 10000} or newer.",
        )


def opened() -> Instance | None:
    """Give the instance this process has open, if any."""
    return _open


def current_instance() -> Instance:
    """Give the instance this process has open; raise ``InstanceError`` if it has none."""
    if _open is None:
        raise InstanceError("no instance is open.", hint="Use bustia.instance.open_instance.")
    return _open


def _set_up_django(instance: Instance) -> None:
    """Give Django the instance's database; a process may open one instance after another."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bustia.settings")
    if not settings.configured:
        django.setup()
        return
    from bustia.settings import database  # noqa: PLC0415 (it looks at which instance is open)

    connections.close_all()
    connections.settings["default"].update(database(instance.database_url))
    settings.SECRET_KEY = instance.key("django")


def _close_connections() -> None:
    if settings.configured:
        connections.close_all()
