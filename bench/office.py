"""Loads the Virtual Office as on a busy day: sign-ins, pages and documents, by wrk.

The server is the real one, ``bustia serve``, on a demonstration town of the size asked for. wrk's
visitors wait between their requests, so that about as many arrive a second as asked for, however
long each takes. Beside them, one at a time, each kind of request is timed by itself.
"""

import http.client
import json
import multiprocessing
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from threading import Event, Thread
from typing import Any
from urllib.parse import urlencode

import click

from bench.bills import STAMP

__all__ = ["OfficeTimes", "load_office"]

MIX = {
    "sign-in": 0.10,
    "home": 0.28,
    "invoices": 0.18,
    "document": 0.15,
    "consumption": 0.13,
    "debts": 0.08,
    "inbox": 0.08,
}
"""What visitors ask for, as shares: of ten requests one signs in, and more than one is a PDF."""
_VISITORS = 2000
_PORT = 8765
"""Where the town's Office is served: it stands in the town's settings and mails."""
_WARM_SECONDS = 5
_PASSWORD = "una contrasenya prou llarga"  # noqa: S105 (of made-up visitors)
_LUA = Path(__file__).with_suffix(".lua")


@dataclass(slots=True)
class OfficeTimes:
    """What came of it; times in milliseconds."""

    contracts: int
    wanted: int
    """Requests a second that should arrive."""
    requests: int = 0
    seconds: float = 0.0
    bytes: int = 0
    errors: int = 0
    unexpected: int = 0
    """Answers that were neither a page nor a redirect."""
    sign_ins: int = 0
    documents: int = 0
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    max: float = 0.0
    alone: dict[str, list[float]] = field(default_factory=dict)
    """By kind of request, the times of those made one by one beside the load."""

    def p95_of(self, kind: str) -> float:
        """Give the 95th percentile of one kind."""
        return quantiles(self.alone[kind], n=20)[-1]


def load_office(contracts: int, rate: int, seconds: int, folder: Path) -> OfficeTimes:
    """Load the Office of a town; it is made in ``folder`` unless it is there from before."""
    if shutil.which("wrk") is None:
        raise click.UsageError("wrk is not installed. With Debian's packages: apt install wrk")
    if not (folder / "instance" / "bustia.toml").exists():
        _bustia(
            "demo", "--contracts", str(contracts), "--dir", str(folder), "--port", str(_PORT),
            "--no-serve",
        )  # fmt: skip
    times = OfficeTimes(contracts, rate)
    with _served(folder):
        town = _in_instance(folder / "instance", _visitors)
        town["wait_milliseconds"] = 1000
        lua = folder / "town.lua"
        lua.write_text("return " + _as_lua(town), encoding="utf-8")
        _wrk(lua, rate, _WARM_SECONDS)
        with _probing(town, times.alone):
            told = _wrk(lua, rate, seconds)
    for name, value in told.items():
        setattr(times, name, value)
    return times


def _bustia(*arguments: str) -> None:
    code = "from bustia.cli.main import main; main()"
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _served(folder: Path) -> Iterator[None]:
    """Serve the town, as its settings say."""
    arguments = ["serve", "--instance", str(folder / "instance")]
    code = "from bustia.cli.main import main; main()"
    environment = {**os.environ, "BUSTIA_NOW": STAMP.isoformat()}
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdout=log, stderr=log, env=environment
        )
        try:
            _wait_for(_PORT)
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/entrar/")
            connection.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _in_instance(instance: Path, make: Any) -> dict[str, Any]:
    """Call a function in a process that has the instance open."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_opened, args=(theirs, instance, make))
    process.start()
    theirs.close()
    found: dict[str, Any] = mine.recv()
    process.join()
    return found


def _opened(line: Any, instance: Path, make: Any) -> None:
    os.environ["BUSTIA_NOW"] = STAMP.isoformat()
    from bustia.instance import open_instance

    with open_instance(instance) as opened:
        line.send(make(opened))


def _visitors(_: object) -> dict[str, Any]:
    """Make accounts with sessions for many contracts that have a document."""
    from allauth.account.models import EmailAddress
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.hashers import make_password
    from django.contrib.sessions.backends.db import SessionStore
    from django.urls import reverse
    from django.utils import timezone

    from bustia.archive.models import Document
    from bustia.office.models import Account, Holding

    now, password = timezone.now(), make_password(_PASSWORD)
    documents = list(
        Document.objects.filter(kind="invoice", segment__isnull=False)
        .select_related("contract", "invoice")
        .order_by("number")
    )
    chosen = Random(1).sample(documents, min(_VISITORS, len(documents)))  # noqa: S311 (a sample)
    cookie, visitors = settings.SESSION_COOKIE_NAME, []
    Account.objects.filter(email__startswith="visitor").delete()
    for place, document in enumerate(chosen):
        email = f"visitor{place}@example.org"
        account = Account.objects.create(
            email=email, password=password, language=document.language, created_at=now
        )
        EmailAddress.objects.create(user=account, email=email, verified=True, primary=True)
        Holding.objects.create(
            account=account, contract=document.contract, since=now, shown_by="the benchmark"
        )
        session = SessionStore()
        session[SESSION_KEY] = str(account.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = account.get_session_auth_hash()
        session.create()
        number = document.contract.number
        paths = {
            kind: reverse(f"office:{kind}", args=[number])
            for kind in ("home", "invoices", "consumption", "debts")
        }
        paths["inbox"] = reverse("office:inbox")
        paths["document"] = reverse("office:invoice_pdf", args=[number, document.invoice_id])
        visitors.append(
            {"email": email, "cookie": f"{cookie}={session.session_key}", "paths": paths}
        )
    token = secrets.token_hex(16)
    upto, mix = 0.0, []
    for kind, share in MIX.items():
        upto += share
        mix.append({"what": kind, "upto": upto})
    return {
        "visitors": visitors,
        "mix": mix,
        "csrf_cookie": f"{settings.CSRF_COOKIE_NAME}={token}",
        "csrf_field": urlencode({"csrfmiddlewaretoken": token}),
        "password": _PASSWORD.replace(" ", "+"),
    }


def _as_lua(value: object) -> str:
    """Write plain data as Lua does."""
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"[{_as_lua(key)}]={_as_lua(one)}" for key, one in value.items()) + "}"
        )
    if isinstance(value, list):
        return "{" + ",".join(_as_lua(one) for one in value) + "}"
    return json.dumps(value)


def _wrk(lua: Path, rate: int, seconds: int) -> dict[str, Any]:
    """Let ``rate`` visitors come back about once a second; give what wrk counted."""
    done = subprocess.run(
        [
            "wrk", "--threads", "1", "--connections", str(rate), "--duration", f"{seconds}s",
            "--timeout", "10s", "--script", str(_LUA), f"http://127.0.0.1:{_PORT}",
        ],
        env={**os.environ, "BUSTIA_BENCH_TOWN": str(lua)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def _probing(town: dict[str, Any], into: dict[str, list[float]]) -> Iterator[None]:
    """Make requests of each kind one by one in a thread, and time them."""
    stop = Event()
    thread = Thread(target=_probe, args=(town, into, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _probe(town: dict[str, Any], into: dict[str, list[float]], stop: Event) -> None:
    random, found = Random(2), defaultdict(list)  # noqa: S311 (a sample)
    while not stop.wait(0.05):
        for kind in MIX:
            one = random.choice(town["visitors"])
            connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=10)
            connection.connect()
            began = time.perf_counter()
            if kind == "sign-in":
                body = f"{town['csrf_field']}&login={one['email']}&password={town['password']}"
                headers = {
                    "Cookie": town["csrf_cookie"],
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                connection.request("POST", "/entrar/", body, headers)
            else:
                connection.request("GET", one["paths"][kind], headers={"Cookie": one["cookie"]})
            connection.getresponse().read()
            found[kind].append((time.perf_counter() - began) * 1000)
            connection.close()
    into.update(found)
