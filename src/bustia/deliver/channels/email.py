"""Hands mails to an SMTP server, over one connection for many of them."""

import select
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from bustia.deliver.channels.base import Outcome, Result, without_addresses

__all__ = ["Mail", "SmtpAdapter", "SmtpServer"]

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mails are handed over, and how."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    username: str = ""
    password: str = ""
    helo: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A whole message as it goes over the wire, with its envelope."""

    sender: str
    """The return path: bounces come back to it."""
    recipient: str
    content: bytes
    headers: tuple[tuple[str, str], ...] = ()
    """Those that matter to a reader; with the text and the HTML, what is kept of a mail."""
    text: str = ""
    html: str = ""


class SmtpAdapter:
    """A connection to an SMTP server, opened with the first mail and anew when it breaks."""

    def __init__(self, server: SmtpServer, context: ssl.SSLContext | None = None) -> None:
        self._server = server
        self._context = context or ssl.create_default_context()
        self._connection: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
        self._drop()

    def send(self, message: Mail) -> Result:
        """Hand one mail over; the server's answer decides the outcome.

        A server may end a connection between two mails (RFC 5321, 4.1.1.5 and 3.8): as long as
        nothing was sent on it for this mail, a new one is opened.
        """
        if self._connection is not None and not self._alive(self._connection):
            self._drop()
        try:
            connection = self._connected()
        except smtplib.SMTPException as error:
            self._drop()
            return _no_connection(error)
        except ssl.SSLCertVerificationError as error:
            self._drop()
            return Result(Outcome.MISCONFIGURED, f"its certificate is not valid: {error.reason}")
        except OSError as error:
            self._drop()
            return Result(Outcome.UNREACHABLE, f"no connection: {type(error).__name__}")
        try:
            refused = self._envelope(connection, message)
            if refused is not None:
                return refused
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Result(Outcome.TEMPORARY, f"connection lost: {type(error).__name__}")
        return self._content(connection, message)

    @staticmethod
    def _alive(connection: smtplib.SMTP) -> bool:
        """Whether the server still holds the connection: what it says unasked is a farewell."""
        if connection.sock is None:
            return False
        readable, _, _ = select.select([connection.sock], [], [], 0)
        return not readable

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        server = self._server
        helo = server.helo or None
        if server.tls == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host,
                server.port,
                local_hostname=helo,
                timeout=_TIMEOUT_SECONDS,
                context=self._context,
            )
        else:
            connection = smtplib.SMTP(
                server.host, server.port, local_hostname=helo, timeout=_TIMEOUT_SECONDS
            )
        self._connection = connection
        # The content goes in one piece after a small command: waiting for more would only delay.
        if connection.sock is not None:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if server.tls == "starttls":
            connection.starttls(context=self._context)
        if server.username:
            connection.login(server.username, server.password)
        connection.ehlo_or_helo_if_needed()
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _envelope(self, connection: smtplib.SMTP, message: Mail) -> Result | None:
        code, answer = connection.mail(message.sender)
        if code != 250:
            return self._refused(connection, code, answer, ours=True)
        code, answer = connection.rcpt(message.recipient)
        if code not in (250, 251, 252):
            return self._refused(connection, code, answer)
        code, answer = connection.docmd("data")
        if code != 354:
            return self._refused(connection, code, answer)
        return None

    def _refused(
        self, connection: smtplib.SMTP, code: int, answer: bytes, *, ours: bool = False
    ) -> Result:
        if code == 421:
            self._drop()
        else:
            try:
                connection.rset()
            except (smtplib.SMTPException, OSError):
                self._drop()  # it refused and hung up: its refusal is what counts
        return _result(code, answer, ours=ours)

    def _content(self, connection: smtplib.SMTP, message: Mail) -> Result:
        quoted = message.content.replace(b"\r\n.", b"\r\n..")
        quoted = b"." + quoted if quoted.startswith(b".") else quoted
        try:
            connection.send(quoted + (b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n"))
        except (smtplib.SMTPException, OSError) as error:
            self._drop()  # the final dot did not leave: the server can't have taken it
            return Result(Outcome.TEMPORARY, f"connection lost: {type(error).__name__}")
        try:
            code, answer = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Result(Outcome.UNCERTAIN, f"connection lost: {type(error).__name__}")
        if code == 421 or code < 0:
            self._drop()
        return Result(Outcome.UNCERTAIN, "no clear answer") if code < 0 else _result(code, answer)


_OURS = frozenset({530, 534, 535, 538})
"""Answers about our name and password (RFC 4954), wherever they are given."""


def _no_connection(error: smtplib.SMTPException) -> Result:
    """Say why no session came about: the server has no time, or doesn't want us."""
    if isinstance(error, smtplib.SMTPResponseException):
        sorted_out = _result(error.smtp_code, error.smtp_error, ours=True)
        if sorted_out.outcome == Outcome.TEMPORARY:
            return Result(Outcome.UNREACHABLE, sorted_out.answer)
        return sorted_out
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Result(Outcome.MISCONFIGURED, "it doesn't offer the TLS or AUTH of our settings")
    return Result(Outcome.UNREACHABLE, f"no connection: {type(error).__name__}")


def _result(code: int, answer: bytes | str, *, ours: bool = False) -> Result:
    """Sort an SMTP answer: 2xx taken, 4xx later, 5xx never (or, about the sender, our fault)."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    told = without_addresses(f"{code} {text}")
    if 200 <= code < 300:
        return Result(Outcome.ACCEPTED, told)
    if 400 <= code < 500 or code < 0:
        return Result(Outcome.TEMPORARY, told)
    return Result(Outcome.MISCONFIGURED if ours or code in _OURS else Outcome.PERMANENT, told)
