"""The instance's own PostgreSQL: found in its wheel, started when needed, stopped after use.

Every process that uses the server holds a shared lock on a file for as long as it lives. A guard
process starts the server as its child and tries to get the same lock alone: once it does, nobody
uses the server any more, and it stops it. Locks are the kernel's, so a killed process lets go of
its own; see ``docs/instance.md``.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import psycopg
from psycopg import pq, sql

from bustia.errors import InstanceError
from bustia.instance.place import Place, claim, place_for
from bustia.instance.programs import find_binaries

__all__ = [
    "DATABASE",
    "PORT",
    "SERVER_ENVIRONMENT",
    "EmbeddedPostgres",
    "Place",
    "find_binaries",
    "place_for",
    "remove_data",
]

DATABASE = "bustia"
PORT = "5432"
"""Only part of the socket's name, but said outright: PGPORT could differ between terminals."""
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
"""All that the server is told of the environment, which holds passwords and PG… settings."""

_START_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 2.0
_REQUIRE_AUTH_VERSION = 160000


class EmbeddedPostgres:
    """A running server, for as long as this object is open."""

    def __init__(self, instance: Path, password: str) -> None:
        self.place = place_for(instance)
        self._password = password
        self._in_use: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The connection string of its database, password and all."""
        # Never hand the password over in clear text, whoever may be behind the socket.
        known = pq.version() >= _REQUIRE_AUTH_VERSION
        return psycopg.conninfo.make_conninfo(
            host=str(self.place.socket), port=PORT, dbname=DATABASE, user=DATABASE,
            password=self._password, require_auth="scram-sha-256" if known else None,
        )  # fmt: skip

    @property
    def _any_database(self) -> str:
        return psycopg.conninfo.make_conninfo(self.url, dbname="postgres", connect_timeout=5)

    def open(self) -> None:
        """Start or join the server, and keep it running until ``close`` or the process's end."""
        try:
            claim(self.place)
            in_use = (self.place.folder / "in-use.lock").open("ab")
        except PermissionError as error:
            raise InstanceError(
                "this instance belongs to another user.",
                where=str(error.filename),
                hint="Run bustia as the user that created it.",
            ) from error
        fcntl.flock(in_use, fcntl.LOCK_SH)  # waits while a guard is stopping the server
        self._in_use = in_use
        try:
            self._create()
            self.ensure_running()
            self._log_in()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the server; the guard stops it once nobody holds it."""
        if self._in_use is not None:
            self._in_use.close()
            self._in_use = None

    def ensure_running(self) -> None:
        """Start the server if it isn't there; raise ``InstanceError`` if it can't be."""
        deadline = time.monotonic() + _START_SECONDS
        wait = 0.02
        asked = 0.0
        while (state := pq.PGconn.ping(self._any_database.encode())) != pq.Ping.OK:
            now = time.monotonic()
            if state == pq.Ping.REJECT:  # it starts, recovers or stops: that takes what it takes
                deadline = now + _START_SECONDS
            elif now > deadline:
                raise InstanceError(
                    f"PostgreSQL did not start within {_START_SECONDS:.0f} seconds."
                    f"{self._last_words()}",
                    where=str(self.place.folder),
                    hint=f"Its own account of why: {self.place.folder / 'postgres.log'}",
                )
            elif now - asked > _ASK_AGAIN_SECONDS:  # a guard ends when another is there already
                asked = now
                self._start_guard()
            time.sleep(wait)
            wait = min(wait * 1.5, 0.3)

    def _last_words(self) -> str:
        """Give what the server said last when it gave up, if it did."""
        try:
            log = (self.place.folder / "postgres.log").read_text(errors="replace")
        except OSError:
            return ""
        fatal = [line for line in log.splitlines() if "FATAL:" in line]
        return f" It said: {fatal[-1].split('FATAL:')[1].strip()}." if fatal else ""

    def _log_in(self) -> None:
        """Try the password; a server that can't be asked just now is no reason to give up."""
        try:
            psycopg.connect(self._any_database).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise InstanceError(
                    "the database was made with another key than this one.",
                    where=str(self.place.folder.parent / "keys/postgres.key"),
                    hint="Restore the key from the same backup as the database.",
                ) from error

    def _start_guard(self) -> None:
        guard = [sys.executable, "-m", "bustia.instance.postgres_guard"]
        with (self.place.folder / "guard.log").open("ab") as log:
            subprocess.run(
                [*guard, str(self.place.folder.parent)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False,
            )  # fmt: skip

    def _create(self) -> None:
        """Create the server's data the first time; of several processes, one does."""
        place = self.place
        with (place.folder / "create.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place.folder / "initialised").exists():
                shutil.rmtree(place.data, ignore_errors=True)  # an attempt that was cut short
                _run_initdb(place, self._password)
                (place.folder / "initialised").touch()
            elif not place.data.exists():
                raise InstanceError(
                    "the data of this instance's database are gone.",
                    where=str(place.data),
                    hint="Restore them from your backup; to begin anew, create another instance.",
                )
            if not (place.folder / "created").exists():
                self.ensure_running()
                with psycopg.connect(self._any_database, autocommit=True) as connection:
                    query = "SELECT 1 FROM pg_database WHERE datname = %s"
                    if connection.execute(query, [DATABASE]).fetchone() is None:
                        create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
                        connection.execute(create)
                (place.folder / "created").touch()


def remove_data(instance: Path) -> None:
    """Remove an instance's database for good, once nobody uses it."""
    place = place_for(instance)
    claim(place)  # a copy must not remove what belongs to the original
    with (place.folder / "in-use.lock").open("ab") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)  # given once the guard has stopped the server
        for done in ("created", "initialised", "data-folder"):
            (place.folder / done).unlink(missing_ok=True)
        shutil.rmtree(place.data.parent if place.outside else place.data, ignore_errors=True)
        shutil.rmtree(place.socket, ignore_errors=True)


def _run_initdb(place: Place, password: str) -> None:
    place.data.mkdir(mode=0o700, parents=True)
    secret = place.data.parent / "initdb.password"
    handle = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(password)
    try:
        if place.user is not None:
            for path in (place.data, secret):
                os.chown(path, place.user, place.group or 0)
        made = subprocess.run(
            [
                str(place.binaries / "initdb"), "--pgdata", str(place.data),
                "--username", DATABASE, "--pwfile", str(secret), "--auth", "scram-sha-256",
                "--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale",
                "C.UTF-8", "--locale", "C", "--no-instructions",
            ],
            user=place.user, group=place.group, extra_groups=[] if place.user else None,
            cwd="/", env=SERVER_ENVIRONMENT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        secret.unlink()
    if made.returncode:
        raise InstanceError(
            f"PostgreSQL could not create its data: {made.stderr.strip()[-500:]}",
            where=str(place.data),
        )
