"""Handing mails to a real SMTP server, also to one that misbehaves."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bustia.deliver.channels.base import Outcome, without_addresses
from bustia.deliver.channels.email import Mail, SmtpAdapter, SmtpServer
from tests.deliver.town import MailServer

MAIL = Mail("bounce+1@v.example", "m@example.org", b"Subject: A\r\n\r\n.\r\n..dots\r\nlast\r\n")


def adapter(server: MailServer, **changes) -> SmtpAdapter:
    """Give an adapter for the tests' server."""
    context = changes.pop("context", None)
    settings: dict[str, Any] = {"host": "localhost", "port": server.port, "tls": "none"} | changes
    return SmtpAdapter(SmtpServer(**settings), context)


def test_many_mails_go_over_one_connection(mail_server):
    """The content arrives to the byte, lines that begin with dots included."""
    with adapter(mail_server) as smtp:
        results = [smtp.send(MAIL) for _ in range(5)]

    assert [one.outcome for one in results] == [Outcome.ACCEPTED] * 5
    assert [MAIL.content] * 5 == [one.original_content for one in mail_server.mails]
    assert MAIL.sender == mail_server.mails[0].mail_from
    assert [MAIL.recipient] == mail_server.mails[0].rcpt_tos
    assert mail_server.sessions == 1


@pytest.mark.parametrize(
    ("stage", "answer", "expected"),
    [
        ("sender", "451 4.7.1 later", "temporary"),
        ("sender", "550 5.7.1 we don't know you", "misconfigured"),
        ("recipient", "450 4.2.0 greylisted", "temporary"),
        ("recipient", "421 4.3.2 closing", "temporary"),
        ("recipient", "550 5.1.1 <m@example.org> no such user", "permanent"),
        ("recipient", "530 5.7.0 authenticate first", "misconfigured"),
        ("data", "452 4.3.1 disk full", "temporary"),
        ("data", "552 5.3.4 too big", "permanent"),
        ("data", "554 5.7.1 rejected", "permanent"),
    ],
)
def test_the_answer_decides_and_the_next_mail_goes_out(mail_server, stage, answer, expected):
    """A refusal at any stage is sorted, tells no address, and doesn't spoil the connection."""
    setattr(mail_server, f"answer_to_{stage}", lambda _: answer)
    with adapter(mail_server) as smtp:
        refused = smtp.send(MAIL)
        setattr(mail_server, f"answer_to_{stage}", lambda _: "")
        after = smtp.send(MAIL)

    assert Outcome(expected) == refused.outcome
    assert refused.answer.startswith(answer[:9])
    assert "@" not in refused.answer
    assert (after.outcome, len(mail_server.mails)) == (Outcome.ACCEPTED, 1)


def test_a_connection_that_breaks_after_the_content_leaves_it_uncertain(mail_server):
    """The server may have taken it, and here it did."""
    mail_server.answer_to_data = lambda _: "hang up"
    with adapter(mail_server) as smtp:
        result = smtp.send(MAIL)

    assert (result.outcome, len(mail_server.mails)) == (Outcome.UNCERTAIN, 1)


def test_a_connection_that_the_server_closed_in_between_is_opened_anew(mail_server):
    """Servers close connections that are idle or were used often; no mail suffers from it."""
    with adapter(mail_server) as smtp:
        smtp.send(MAIL)
        assert smtp._connection is not None
        assert smtp._connection.sock is not None
        smtp._connection.sock.shutdown(socket.SHUT_RDWR)
        result = smtp.send(MAIL)

    assert (result.outcome, mail_server.sessions) == (Outcome.ACCEPTED, 2)


def test_nobody_at_the_port_is_no_reason_to_give_up():
    """Nothing was handed over, and that is known."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with SmtpAdapter(SmtpServer("127.0.0.1", port, "none")) as smtp:
        assert smtp.send(MAIL).outcome == Outcome.UNREACHABLE


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (b"421 4.3.2 too busy\r\n", Outcome.UNREACHABLE),
        (b"554 5.7.1 you are on our list\r\n", Outcome.MISCONFIGURED),
        (b"", Outcome.UNREACHABLE),
    ],
)
def test_a_server_that_does_not_want_us_says_so_in_its_greeting(greeting, expected):
    """What it says when we connect is about us, not about a recipient."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=answer)
        thread.start()
        with SmtpAdapter(SmtpServer("127.0.0.1", listening.getsockname()[1], "none")) as smtp:
            result = smtp.send(MAIL)
        thread.join()

    assert expected == result.outcome


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for this machine with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def server_context(certificate: Path) -> ssl.SSLContext:
    """TLS as the server speaks it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def authenticate(server, session, envelope, mechanism, data) -> AuthResult:
    """Know one user."""
    known = (data.login, data.password) == (b"vallserena", b"s3cret")
    return AuthResult(success=known, handled=False)


def test_starttls_and_a_password_open_the_way(certificate):
    """Over TLS with a certificate that we trust, name and password are given once."""
    options = {
        "tls_context": server_context(certificate),
        "require_starttls": True,
        "authenticator": authenticate,
        "auth_required": True,
    }
    trusting = ssl.create_default_context(cafile=str(certificate))
    with MailServer(**options) as server:
        known = {"tls": "starttls", "username": "vallserena", "context": trusting}
        with adapter(server, password="s3cret", **known) as smtp:
            good = [smtp.send(MAIL).outcome for _ in range(2)]
        with adapter(server, password="wrong", **known) as smtp:
            bad = [smtp.send(MAIL) for _ in range(2)]

    assert good == [Outcome.ACCEPTED] * 2
    assert [one.outcome for one in bad] == [Outcome.MISCONFIGURED] * 2
    assert bad[1].answer.startswith("535")


def test_a_certificate_that_nobody_vouches_for_stops_everything(certificate):
    """Invoices don't go to a server that can't show who it is, by STARTTLS or TLS."""
    with MailServer(tls_context=server_context(certificate)) as server:
        with adapter(server, tls="starttls") as smtp:
            result = smtp.send(MAIL)
        assert (result.outcome, len(server.mails)) == (Outcome.MISCONFIGURED, 0)
        assert "certificate" in result.answer


def test_a_server_without_tls_is_not_used_when_tls_is_wanted(mail_server):
    """Nothing goes out in clear because the server happens not to offer better."""
    with adapter(mail_server, tls="starttls") as smtp:
        assert smtp.send(MAIL).outcome == Outcome.MISCONFIGURED

    assert mail_server.mails == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("550 <m.puig@example.org>: no such user", "550 <…>: no such user"),
        ("550 user m.puig@example.org, unknown", "550 user …, unknown"),
        ("no route to +34 600 000 001", "no route to …"),
        ("one\ntwo", "one two"),
    ],
)
def test_answers_are_kept_without_addresses(answer, expected):
    """Mail addresses and telephone numbers in an answer are personal data."""
    assert expected == without_addresses(answer)
