"""Starts the processes of the Virtual Office, keeps them going, and ends them together."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bustia.errors import InstanceError

__all__ = ["Household", "check_port", "wait_until_served"]

_PATIENCE_SECONDS = 15.0
_READY_SECONDS = 60.0
_QUICK_SECONDS = 3.0
"""A process that ends sooner than this after its start gets a rest before the next."""


def check_port(host: str, port: int, setting: str) -> None:
    """Raise ``InstanceError`` if nothing can listen there: two servers could share it unnoticed."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise InstanceError(
            f"nothing can listen at {host}, port {port}: {error.strerror or error}.",
            where=f"bustia.toml, {setting}",
            hint="Stop what uses it, or choose another port there.",
        ) from error


@dataclass
class _Child:
    """A process of ours: how it is started, and as what it runs now."""

    name: str
    arguments: list[str]
    process: "subprocess.Popen[bytes]"
    started: float = field(default_factory=time.monotonic)


class Household:
    """Some processes, from ``with`` to the end of its block.

    They hold one end of a pipe each and end when this process does, even by a kill. One that ends
    by itself is started again. They have a session of their own: Ctrl-C reaches only us.
    """

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = dict(environment)
        self._children: list[_Child] = []
        self.restarts = 0

    def __enter__(self) -> Self:
        self._logs.mkdir(exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            _let_go(child.process)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        for child in self._children:
            try:
                child.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(child.process.pid, 9)
                child.process.wait()

    def start(self, name: str, module: str, *arguments: str) -> None:
        """Start a module as a process; what it complains of goes to ``log/<name>.log``."""
        command = [sys.executable, "-m", module, *arguments]
        self._children.append(_Child(name, command, self._run(name, command)))

    def _run(self, name: str, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self._logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log,
                env=self._environment, start_new_session=True,
            )  # fmt: skip

    def pids(self) -> list[int]:
        """Give the processes that are running."""
        return [one.process.pid for one in self._children if one.process.poll() is None]

    def running(self, name: str) -> bool:
        """Whether a process of this name runs."""
        return any(one.name == name and one.process.poll() is None for one in self._children)

    def tend(self) -> None:
        """Start again what has ended; what ends again and again gets a rest in between."""
        for child in self._children:
            if child.process.poll() is None:
                continue
            if time.monotonic() - child.started > _QUICK_SECONDS:
                _let_go(child.process)
                child.process = self._run(child.name, child.arguments)
                child.started = time.monotonic()
                self.restarts += 1


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def wait_until_served(url: str, going: Callable[[], bool], log: Path) -> None:
    """Wait until a page is answered; raise ``InstanceError`` if the server ends or is too slow."""
    deadline = time.monotonic() + _READY_SECONDS
    while going() and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own server)
                return
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise InstanceError("the web server did not start.", where=str(log), hint="That file says why.")
