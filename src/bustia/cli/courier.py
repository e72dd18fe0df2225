"""The courier as a process of its own, which ``bustia serve`` starts and keeps going."""

import signal
import sys
import threading
from pathlib import Path

import click

__all__ = ["main"]


def _end_with_the_supervisor(stop: threading.Event) -> None:
    """Wait for the end of standard input, then stop; a hand-over that has begun is finished."""
    sys.stdin.buffer.read()
    stop.set()


@click.command()
@click.option("--instance", "path", type=click.Path(path_type=Path), required=True)
def main(path: Path) -> None:
    """Hand account messages over until the supervisor ends, or says so."""
    from bustia.instance import open_instance

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=_end_with_the_supervisor, args=(stop,), daemon=True).start()
    with open_instance(path) as instance:
        from bustia.deliver.courier import run_courier

        run_courier(instance, stop)


if __name__ == "__main__":
    main()
