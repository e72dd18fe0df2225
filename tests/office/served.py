"""A demonstration town with its Office on a real web server, for tests in a real browser."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bustia.payments.redsys import TEST_KEY
from tests.office.people import PASSWORD

__all__ = ["Served", "serving"]

CONTRACTS = 60
NOW = "2026-05-14T10:00:00+02:00"
_READY_SECONDS = 60


@dataclass(frozen=True)
class Served:
    """The Office of a made-up town."""

    folder: Path
    """The demonstration: ``instance`` and ``mailbox`` are in it."""
    url: str

    @property
    def instance(self) -> Path:
        """The folder of the instance."""
        return self.folder / "instance"

    def account(self, email: str, *contracts: str, language: str = "ca") -> str:
        """Make an account that holds the contracts of these numbers; give its password."""
        self.run(
            f"""
            from bustia.billing.models import Contract
            from tests.office.people import account
            held = Contract.objects.filter(number__in={list(contracts)!r})
            account({email!r}, *held, language={language!r})
            """
        )
        return PASSWORD

    def contract(self, **wanted: Any) -> str:
        """Give the number of the first contract with these values (Django's lookups)."""
        return str(
            self.run(
                f"""
                from bustia.billing.models import Contract
                found = Contract.objects.filter(**{wanted!r}).order_by("number").first()
                answer = found.number if found else ""
                """
            )
        )

    def run(self, code: str) -> Any:
        """Run code in a process that has the instance open; give its variable ``answer``."""
        lines = code.splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        body = "\n".join("    " + line[indent:] for line in lines)
        program = (
            "import json, sys\nfrom pathlib import Path\n"
            "from bustia.instance import open_instance\n"
            f"answer = None\nwith open_instance(Path({str(self.instance)!r})):\n{body}\n"
            "print(json.dumps(answer))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=_environment(self.instance), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def serving(folder: Path, bank: str = "") -> Iterator[Served]:
    """Make the town in a folder and serve its Office while the block runs.

    ``bank`` is the pay page of a made-up bank at which its customers pay.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    served = Served(folder, f"http://127.0.0.1:{port}")
    _bustia(
        "demo", "--contracts", str(CONTRACTS), "--dir", str(folder), "--port", str(port),
        "--no-serve",
    )  # fmt: skip
    if bank:
        terminal = f'\n[payments]\nadapter = "redsys"\nmerchant = "327234688"\nurl = "{bank}"\n'
        with (served.instance / "bustia.toml").open("a", encoding="utf-8") as file:
            file.write(terminal)
    served.run(
        """
        from bustia.instance import current_instance
        from bustia.office.assets import build
        build(current_instance())
        """
    )
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "bustia.office.wsgi:application",
        "--port", str(port), "--blocking-threads", "4", "--no-ws",
    ]  # fmt: skip
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command, env=_environment(served.instance), stdout=log, stderr=log
        )
    try:
        _wait_for(served.url + "/entrar/")
        yield served
    finally:
        server.terminate()
        server.wait(timeout=20)


def _environment(instance: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BUSTIA_INSTANCE": str(instance),
        "BUSTIA_NOW": NOW,
        "BUSTIA_REDSYS_KEY": TEST_KEY,
        "DJANGO_SETTINGS_MODULE": "bustia.settings",
        "PYTHONPATH": os.pathsep.join(("src", ".")),
    }


def _bustia(*arguments: str) -> None:
    code = "from bustia.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own server)
                return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
