"""Where the PostgreSQL of an instance lives: its data, its socket, and as whom it runs."""

import hashlib
import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bustia.errors import InstanceError
from bustia.instance.programs import copy_programs, find_binaries

__all__ = ["SYSTEM_FOLDER", "Place", "claim", "place_for", "reachable"]

SYSTEM_FOLDER = Path("/var/lib/bustia")
"""Where the data of root's instances are, if no service user can reach them in the instance."""

_SOCKET_PATH_LIMIT = 80
"""A Unix socket's path has room for 103 bytes (macOS) or 107; a file name of 18 is added."""
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
    group: int | None

    @property
    def outside(self) -> bool:
        """Whether the data are not in the instance's folder."""
        return self.data.parent != self.folder


def place_for(instance: Path) -> Place:
    """Decide where the server of an instance lives.

    A plain user runs it in the instance. For root it runs as a service user, or as the user whose
    data they are. Where that user can't reach the instance or the programs, they go to a folder
    under /var/lib; a note in the instance says which, so that the instance can be moved.
    """
    folder = instance.resolve() / "postgres"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise _of_another_user(folder) from None
    binaries = find_binaries()
    data, user, group = folder / "data", None, None
    if os.geteuid() == 0:
        service = _service_user()
        data = _data_for_root(folder, service)
        user, group = service.pw_uid, service.pw_gid
        if data.exists() and data.stat().st_uid:
            user, group = data.stat().st_uid, data.stat().st_gid
        if not reachable(binaries / "postgres", user, group):
            binaries = copy_programs(binaries, SYSTEM_FOLDER)
    return Place(folder, data, _socket(data, user), binaries, user, group)


def claim(place: Place) -> None:
    """Make sure that data outside the instance are its own; raise ``InstanceError`` if not.

    The folder of the data says whose they are. An instance that was moved takes them with it; a
    copy of an instance does not, or two would write into one database.
    """
    if not place.outside:
        return
    owner = place.data.parent / "instance"
    if owner.exists():
        other = Path(owner.read_text(encoding="utf-8"))
        if other == place.folder:
            return
        if _noted(other) == place.data:
            raise InstanceError(
                "this folder is a copy of another instance, whose database is not in it.",
                where=str(place.folder.parent),
                hint=f"Use {other.parent}, or create an instance and load a dump (pg_dump) of it.",
            )
    owner.write_text(str(place.folder), encoding="utf-8")


def _of_another_user(path: Path) -> InstanceError:
    return InstanceError(
        "this instance belongs to another user.",
        where=str(path),
        hint="Run bustia as the user that created it.",
    )


def _noted(folder: Path) -> Path | None:
    """Give the place outside the instance that its note names, if it has one."""
    try:
        return Path((folder / "data-folder").read_text(encoding="utf-8"))
    except OSError:
        return None


def _data_for_root(folder: Path, service: pwd.struct_passwd) -> Path:
    noted = _noted(folder)
    if noted is not None:
        return noted
    inside = folder / "data"
    made_before = (folder / "initialised").exists()
    if inside.exists() or (not made_before and reachable(folder, service.pw_uid, service.pw_gid)):
        return inside
    # The first instances had no note: their name came from their path.
    by_path = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    name = by_path if made_before else secrets.token_hex(8)
    return _note(folder, SYSTEM_FOLDER / name / "data")


def _note(folder: Path, data: Path) -> Path:
    """Note where the data are; of several processes, the first decides."""
    draft = folder / f"data-folder.{os.getpid()}"
    draft.write_text(str(data), encoding="utf-8")
    try:
        (folder / "data-folder").hardlink_to(draft)
    except FileExistsError:
        data = _noted(folder) or data
    finally:
        draft.unlink()
    data.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    return data


def _socket(data: Path, user: int | None) -> Path:
    """Give the folder of the socket: beside the data, if that path isn't too long for one."""
    socket = data.parent / "run"
    if len(os.fsencode(socket)) <= _SOCKET_PATH_LIMIT:
        return socket
    # Not the folder of TMPDIR: that may be another one in a second terminal.
    name = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    return Path("/tmp") / f"bustia-{os.geteuid() if user is None else user}-{name}"  # noqa: S108 (the guard refuses a folder of another user)


def _service_user() -> pwd.struct_passwd:
    for name in _SERVICE_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise InstanceError(
        "PostgreSQL doesn't run as root, and there is no other user to run it as.",
        hint=f"Create one of these users: {', '.join(_SERVICE_USERS)}; or run bustia as a user.",
    )


def reachable(path: Path, user: int, group: int) -> bool:
    """Try whether a user can get at a path: a process of theirs looks."""
    tried = subprocess.run(
        ["/usr/bin/env", "test", "-x", str(path)],
        user=user, group=group, extra_groups=[], cwd="/", check=False,
    )  # fmt: skip
    return tried.returncode == 0
