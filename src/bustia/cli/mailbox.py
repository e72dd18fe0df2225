"""A mail server for demonstrations: it takes every mail and puts it into a folder."""

import socket
from email import message_from_bytes, policy
from pathlib import Path
from types import TracebackType
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Mailbox:
    """The server, on a free port of this machine, from ``with`` to the end of its block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._server = Controller(
            _Keeper(folder),
            hostname="127.0.0.1",
            port=_free_port(),
            data_size_limit=_MOST_BYTES,
        )
        self.port = self._server.port

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
