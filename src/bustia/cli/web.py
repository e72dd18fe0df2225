"""The web server as a process of its own, which ``bustia serve`` starts and ends."""

import os
import signal
import threading

import click

__all__ = ["main"]

_TARGET = "bustia.office.wsgi:application"
_THREADS = 4
"""Requests that a server process works on at once; each has its own session with the database."""
_KILL_SECONDS = 10


def _end_with_the_supervisor() -> None:
    """Wait for the end of standard input, then end as on SIGTERM: requests are answered first.

    Not by ``sys.stdin``: its lock, held here, would hold up the server processes that are forked.
    """
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@click.command()
@click.option("--host", required=True)
@click.option("--port", type=int, required=True)
@click.option("--workers", type=int, required=True)
def main(host: str, port: int, workers: int) -> None:
    """Serve the Office of the instance that ``BUSTIA_INSTANCE`` names."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    threading.Thread(target=_end_with_the_supervisor, daemon=True).start()
    Granian(
        _TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=_THREADS,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
    ).serve()


if __name__ == "__main__":
    main()
