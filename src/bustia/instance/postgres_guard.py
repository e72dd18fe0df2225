"""The guard of an instance's PostgreSQL: starts it, and stops it once nobody uses it.

Run as ``python -m bustia.instance.postgres_guard INSTANCE``. It detaches from who started it. If
the guard itself is killed, the kernel asks the server to shut down (Linux), and the next user
starts both again.
"""

import ctypes
import fcntl
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bustia.instance.postgres import PORT, SERVER_ENVIRONMENT, Place, place_for

__all__ = ["main"]

_LOOK_SECONDS = 0.3
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Guard the server of the instance given as the only argument."""
    place = place_for(Path(sys.argv[1]))
    if os.fork():
        os._exit(0)  # who started us need not wait
    os.setsid()
    with (place.folder / "guard.lock").open("ab") as only_one:
        try:
            fcntl.flock(only_one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another guard is there
        _guard(place)


def _guard(place: Place) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = _start(place)
    try:
        with (place.folder / "in-use.lock").open("ab") as in_use:
            while server.poll() is None:
                if _nobody_holds(in_use):
                    # While we hold the lock, who comes now waits until the server has stopped.
                    _stop(server)
                    return
                time.sleep(_LOOK_SECONDS)
    finally:
        _stop(server)


def _nobody_holds(in_use: IO[bytes]) -> bool:
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(place: Place) -> "subprocess.Popen[bytes]":
    _prepare_socket(place)
    _forget_dead_server(place)
    options = {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": str(place.socket),
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "shared_buffers": "64MB",
        "work_mem": "16MB",
        "temp_buffers": "64MB",  # an import stages its rows in temporary tables
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "jit": "off",
        "TimeZone": "UTC",
        # Statements and the details of errors hold customers' data: they stay out of the log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (place.folder / "postgres.log").open("ab") as log:
        return subprocess.Popen(
            [str(place.binaries / "postgres"), "-D", str(place.data), *arguments],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=SERVER_ENVIRONMENT,
            user=place.user, group=place.group, extra_groups=[] if place.user else None,
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 (the guard has one thread)
        )  # fmt: skip


def _prepare_socket(place: Place) -> None:
    """Make the socket's folder, for the server's user only; end if it is somebody else's."""
    place.socket.mkdir(mode=0o700, exist_ok=True)
    found = place.socket.lstat()
    owner = os.geteuid() if place.user is None else place.user
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        sys.exit(f"{place.socket} belongs to somebody else; remove it")
    if place.user is not None and place.group is not None:
        os.chown(place.socket, place.user, place.group, follow_symlinks=False)
    place.socket.chmod(0o700)


def _forget_dead_server(place: Place) -> None:
    """Remove a lock file that outlived its server, if its number is another process's now.

    In a container numbers start anew and are small, so that after a crash this happens; PostgreSQL
    would refuse to start. Its processes all work in the folder of its data: as long as there may be
    one, the file stays. While we are here no other guard is, so no server starts meanwhile.
    """
    lock = place.data / "postmaster.pid"
    try:
        number = int(lock.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return
    if not Path(f"/proc/{number}").exists():
        return  # PostgreSQL sees that for itself (and where there is no /proc, it must)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == place.data:
                return
        except PermissionError:  # root in a container may not look into other users' processes
            if (process / "comm").read_text().strip() == "postgres":
                return
        except OSError:
            continue  # it has ended
    lock.unlink(missing_ok=True)


def _end_with(guard: int) -> Callable[[], None] | None:
    """Make the server shut down when the guard dies (Linux only; others start it anew)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def in_the_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT))
        if os.getppid() != guard:
            os._exit(1)

    return in_the_child


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """Ask for a fast shutdown: sessions end, and all that was committed stays."""
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()


if __name__ == "__main__":
    main()
