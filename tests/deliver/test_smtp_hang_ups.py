"""Mails with dots at the start of lines, and servers that hang up in the middle."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bustia.deliver.channels.base import Outcome
from bustia.deliver.channels.email import Mail, SmtpAdapter, SmtpServer
from tests.deliver.town import MailServer

CONTENT = b"Subject: x\r\n\r\nhello\r\n"


def mail(content: bytes = CONTENT) -> Mail:
    """Write a mail."""
    return Mail("bounce@vallserena.example", "k@example.org", content)


def plain(port: int) -> SmtpAdapter:
    """Give an adapter to a server on this machine."""
    return SmtpAdapter(SmtpServer("127.0.0.1", port, "none"))


@contextmanager
def scripted(*answers: str) -> Iterator[int]:
    """A server that gives these answers line for line, then hangs up; the port is given.

    After ``354`` it reads to the final dot.
    """

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for answer in answers:
                connection.sendall(answer.encode() + b"\r\n")
                line = lines.readline()
                while answer.startswith("354") and line not in (b".\r\n", b""):
                    line = lines.readline()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: x\r\n\r\n.\r\n..\r\n.two\r\n",
        b".starts with a dot\r\n",
        b"Subject: x\r\n\r\nends without a line's end",
        b"Subject: x\r\n\r\n" + b".\r\n" * 500,
    ],
)
def test_dots_at_the_start_of_lines_arrive_as_they_were(mail_server: MailServer, content: bytes):
    """A line that is only a dot ends no mail, and no dot is lost or added."""
    with plain(mail_server.port) as adapter:
        adapter.send(mail(content))
        assert adapter.send(mail()).outcome == Outcome.ACCEPTED

    (first, second) = (one.original_content or b"" for one in mail_server.mails)
    assert content.rstrip(b"\r\n") == first.rstrip(b"\r\n")
    assert second == CONTENT


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (["421 too many"], Outcome.UNREACHABLE),
        (["554 go away"], Outcome.MISCONFIGURED),
        (["220 hi", "250 hi", "421 bye"], Outcome.TEMPORARY),
        (["220 hi", "250 hi", "250 fine", "421 bye"], Outcome.TEMPORARY),
        (["220 hi", "250 hi", "250 fine", "250 fine", "451 later"], Outcome.TEMPORARY),
        (["220 hi", "250 hi", "250 fine", "250 fine", "554 no"], Outcome.PERMANENT),
        (["220 hi", "250 hi", "250 fine", "250 fine"], Outcome.TEMPORARY),
        (["220 hi", "250 hi", "250 fine"], Outcome.TEMPORARY),
        (["220 hi", "250 hi"], Outcome.TEMPORARY),
        (["220 hi", "250 hi", "250 fine", "250 fine", "354 go"], Outcome.UNCERTAIN),
        (["220 hi", "250 hi", "250 fine", "250 fine", "354 go", "???"], Outcome.UNCERTAIN),
    ],
)
def test_when_the_server_hangs_up(answers: list[str], expected: Outcome):
    """Before the final dot nothing was taken; after it, without an answer, nobody knows."""
    with scripted(*answers) as port, plain(port) as adapter:
        assert expected == adapter.send(mail()).outcome
