"""Deliverers that are killed for real, over and over: nothing lost, and doubles are known."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from django.db import connection
from psycopg.conninfo import make_conninfo

from bustia.deliver.models import Attempt, Delivery
from bustia.instance import create_instance, current_instance
from tests.deliver.town import NOW, MailServer, Town

_DELIVERIES = 90
_KILLS = 5

_SETTINGS = """\
[email]
host = "127.0.0.1"
port = {port}
tls = "none"

[archive]
folder = "{archive}"
"""

_COMMAND = (
    sys.executable,
    "-c",
    "from bustia.cli.main import main; main()",
    "deliver",
    "--until-idle",
    "--channel",
    "email",
    "--json",
)


def deliverer(instance: Path) -> subprocess.Popen[bytes]:
    """Start a deliverer as an operator does, on the tests' database."""
    found = connection.settings_dict
    url = make_conninfo(
        dbname=found["NAME"],
        user=found["USER"],
        password=found["PASSWORD"],
        host=found["HOST"],
        port=found["PORT"],
    )
    known = {"DATABASE_URL": url, "BUSTIA_INSTANCE": str(instance), "BUSTIA_NOW": NOW.isoformat()}
    return subprocess.Popen(
        _COMMAND, env=os.environ | known, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def take_your_time(_: Envelope) -> str:
    """Answer so late that most kills fall between a mail's content and the answer."""
    time.sleep(0.05)
    return ""


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_killed_deliverers_lose_nothing_and_double_only_what_was_uncertain(tmp_path):
    """Two at a time, killed at random moments; the ledger says which mails may be there twice."""
    Town().deliveries(_DELIVERIES)
    chance = random.Random(5)
    with MailServer() as server:
        server.answer_to_data = take_your_time
        settings = _SETTINGS.format(port=server.port, archive=current_instance().archive)
        instance = create_instance(tmp_path / "instance", settings)
        running = [deliverer(instance), deliverer(instance)]
        for _ in range(_KILLS):
            seen, until = len(server.mails), time.monotonic() + 20
            while len(server.mails) < seen + chance.randint(3, 8) and time.monotonic() < until:
                time.sleep(0.002)
            victim = running.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            running.append(deliverer(instance))
        for one in running:
            _, complaint = one.communicate(timeout=120)
            assert (one.returncode, complaint.decode()) == (0, "")
        received = Counter(
            str(message_from_bytes(mail.original_content or b"", policy=policy.default)["To"])
            for mail in server.mails
        )

    found = Counter(Delivery.objects.values_list("state", "reason"))
    assert {state for state, _ in found} == {"delivered"}, found
    assert set(received) == {f"titular{place}@example.org" for place in range(_DELIVERIES)}
    uncertain = set(
        Attempt.objects.filter(outcome="uncertain").values_list(
            "delivery__contract__customer__email", flat=True
        )
    )
    assert {to for to, times in received.items() if times > 1} <= uncertain
    assert uncertain, "no kill fell into a hand-over: the test showed nothing"
    assert not Attempt.objects.filter(outcome="").filter(started=True).exists()
