"""A mail server for demonstrations: it takes every mail and puts it into a folder."""

import socket
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bustia.errors import DeliverError

__all__ = ["Mailbox"]

_MOST_BYTES = 32 * 1024 * 1024


class _Keeper:
    """Keeps each mail as a file that mail programs open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(  # noqa: N802 (the server's name for it)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Write the mail under its Message-ID: the same mail twice is one file."""
        del server, session
        content = envelope.original_content or b""
        headers = message_from_bytes(content[:20_000], policy=policy.default)
        name = str(headers.get("Message-ID", "unknown")).strip("<>").partition("@")[0]
        (self._folder / f"{name}.eml").write_bytes(content)
        return "250 kept"


class Mailbox:
    """The server, as a process of its own, from ``with`` to the end of its block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "bustia.cli.mailbox", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        told = self._server.stdout.readline() if self._server.stdout else b""
        if not told.strip().isdigit():
            raise DeliverError("the demonstration's mail server did not start.")
        self.port = int(told)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.communicate()  # it ends when its standard input does
            self._server = None


def serve(folder: Path, port: int = 0) -> None:
    """Take mails on a port, told on standard output, until standard input ends.

    Without a port, any that is free is used.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not port:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
    server = Controller(
        _Keeper(folder), hostname="127.0.0.1", port=port, data_size_limit=_MOST_BYTES
    )
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
