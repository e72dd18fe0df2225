"""The guard of an instance's PostgreSQL: starts it, and stops it once nobody uses it.

Run as ``python -m bustia.instance.postgres_guard INSTANCE``. It detaches from who started it. If
the guard itself is killed, the kernel asks the server to shut down (Linux), and the next user
starts both again.
"""

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from bustia.instance.postgres import Place, place_for

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
    place.socket.mkdir(mode=0o700, exist_ok=True)
    owner = os.geteuid() if place.user is None else place.user
    if place.user is not None and place.socket.stat().st_uid == os.geteuid():
        os.chown(place.socket, place.user, place.group or 0)
    if place.socket.is_symlink() or place.socket.stat().st_uid != owner:
        sys.exit(f"{place.socket} belongs to somebody else; remove it")
    place.socket.chmod(0o700)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(place.socket),
        "max_connections": "60",
        "shared_buffers": "128MB",
        "work_mem": "16MB",
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
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            user=place.user, group=place.group, extra_groups=[] if place.user else None,
            preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509 (the guard has one thread)
        )  # fmt: skip


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
