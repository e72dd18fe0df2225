"""The courier as a process: quick when it is told, patient when it is not, and safe to kill."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from django.db import connection
from psycopg.conninfo import make_conninfo

from bustia.deliver import courier
from bustia.deliver.account_messages import AccountText, Addressee, MessageKind, queue_message
from bustia.deliver.courier import run_courier
from bustia.deliver.models import AccountMessage
from bustia.instance import Instance, create_instance, current_instance
from bustia.instance.config import Config, EmailConfig
from tests.deliver.town import MailServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def url() -> str:
    """Give the tests' database as a connection string."""
    found = connection.settings_dict
    return make_conninfo(
        dbname=found["NAME"],
        user=found["USER"],
        password=found["PASSWORD"],
        host=found["HOST"],
        port=found["PORT"],
    )


def queue(place: int = 0) -> None:
    """Queue a message to somebody, as of now."""
    now = datetime.now(UTC)
    queue_message(
        MessageKind.NOTICE,
        Addressee("email", f"a{place}@example.org", "en"),
        AccountText("Something changed.", subject="A change"),
        at=now,
        expires_at=now + timedelta(minutes=10),
    )


def slowly(seconds: float) -> Callable[[Envelope], str]:
    """Give a server's answer that takes its time."""

    def answer(_: Envelope) -> str:
        time.sleep(seconds)
        return ""

    return answer


@contextmanager
def at_work(instance: Instance) -> Iterator[None]:
    """Let a courier work in this process."""
    stop = threading.Event()
    thread = threading.Thread(target=run_courier, args=(instance, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def outgoing(tmp_path: Path, mail_server: MailServer) -> Instance:
    """An instance on the tests' database whose mails go to the tests' server."""
    email = EmailConfig(host="127.0.0.1", port=mail_server.port, tls="none")
    return Instance(tmp_path, Config(email=email), url(), None)


def _wait_for(mails: list[Envelope], number: int, seconds: float = 20) -> float:
    began = time.monotonic()
    while len(mails) < number and time.monotonic() < began + seconds:
        time.sleep(0.005)
    return time.monotonic() - began


def test_a_mail_leaves_within_a_second(outgoing, mail_server, monkeypatch):
    """The courier is told of a message when it is committed; it doesn't wait for its next look."""
    monkeypatch.setattr(courier, "_POLL_SECONDS", 30.0)
    with at_work(outgoing):
        queue()
        _wait_for(mail_server.mails, 1)
        took = []
        for place in range(1, 6):
            time.sleep(0.1)
            queue(place)
            took.append(_wait_for(mail_server.mails, place + 1))

    assert len(mail_server.mails) == 6
    assert max(took) < 1.0


def test_a_message_that_nobody_announced_goes_all_the_same(outgoing, mail_server):
    """News can get lost, as when the courier's session breaks: it looks every few seconds."""
    with at_work(outgoing):
        queue()
        _wait_for(mail_server.mails, 1)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE deliver_accountmessage DISABLE TRIGGER announced")
        try:
            queue(1)
            _wait_for(mail_server.mails, 2)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE deliver_accountmessage ENABLE TRIGGER announced")

    assert len(mail_server.mails) == 2


def test_sessions_that_the_database_ends_are_opened_anew(outgoing, mail_server, monkeypatch):
    """A database that restarts costs the courier a rest, not its life."""
    monkeypatch.setattr(courier, "_REST_SECONDS", 0.2)
    with at_work(outgoing):
        queue()
        _wait_for(mail_server.mails, 1)
        # Ended before it was recorded, a hand-over is uncertain, and the mail would go once more.
        deadline = time.monotonic() + 10
        while AccountMessage.objects.exclude(state="sent").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone()[0] >= 2
        queue(1)
        _wait_for(mail_server.mails, 2)

    assert len(mail_server.mails) == 2


def test_mail_that_hangs_does_not_hold_up_the_sms(outgoing, mail_server):
    """Each channel has a courier's hand of its own."""
    mail_server.answer_to_data = slowly(3.0)
    spool = outgoing.path / "outbox" / "sms"
    with at_work(replace(outgoing)):
        queue()
        now = datetime.now(UTC)
        queue_message(
            MessageKind.ONE_TIME_CODE,
            Addressee("sms", "+34600000001", "ca"),
            AccountText("Codi: 493027"),
            at=now,
            expires_at=now + timedelta(minutes=10),
        )
        began = time.monotonic()
        while not list(spool.glob("*.json")) and time.monotonic() < began + 10:
            time.sleep(0.01)
        assert time.monotonic() - began < 2.0
        assert mail_server.mails == []


def _start(instance: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bustia.cli.courier", "--instance", str(instance)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"DATABASE_URL": url(), "BUSTIA_DATA_KEY": current_instance().key("data")},
    )


_SETTINGS = '[email]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'


@pytest.mark.chaos
def test_killed_couriers_lose_nothing_and_double_only_what_was_uncertain(tmp_path):
    """Killed in the middle of hand-overs, again and again; the outbox says what may be doubled."""
    chance = random.Random(3)
    with MailServer() as server:
        server.answer_to_data = slowly(0.05)
        instance = create_instance(tmp_path / "instance", _SETTINGS.format(port=server.port))
        for place in range(60):
            queue(place)
        running = _start(instance)
        for _ in range(5):
            _wait_for(server.mails, len(server.mails) + chance.randint(2, 6))
            time.sleep(chance.random() * 0.05)
            running.send_signal(signal.SIGKILL)
            running.communicate()
            running = _start(instance)
        until = time.monotonic() + 60
        while AccountMessage.objects.exclude(state="sent").exists() and time.monotonic() < until:
            assert running.poll() is None, running.communicate()
            time.sleep(0.05)
        _, complaint = running.communicate(timeout=20)  # its standard input ends: so does it

    assert (running.returncode, complaint.decode()) == (0, "")
    assert Counter(AccountMessage.objects.values_list("state", flat=True)) == {"sent": 60}
    received = Counter(
        str(message_from_bytes(mail.original_content or b"", policy=policy.default)["Message-ID"])
        for mail in server.mails
    )
    assert len(received) == 60
    doubled = sum(1 for times in received.values() if times > 1)
    uncertain = AccountMessage.objects.filter(uncertain=True).count()
    assert doubled <= uncertain
    assert uncertain, "no kill fell into a hand-over: the test showed nothing"
