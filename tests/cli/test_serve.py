"""``bustia serve``: the Office answers while it runs, and nothing is left when it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from bustia.instance import create_instance
from bustia.instance.postgres import remove_data

_RUN = "from bustia.cli.main import main; main()"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {"PYTHONPATH": os.pathsep.join(("src", "."))}


@contextmanager
def _instance(tmp_path: Path, port: int) -> Iterator[Path]:
    path = create_instance(
        tmp_path / "instance",
        settings_text=f'[office]\nurl = "http://127.0.0.1:{port}"\nport = {port}\nworkers = 1\n',
    )
    code = "import sys; sys.argv[1:] = ['init', sys.argv[1], '--migrate'];" + _RUN
    try:
        subprocess.run([sys.executable, "-c", code, str(path)], env=_environment(), check=True)
        yield path
    finally:
        remove_data(path)


@pytest.fixture
def port() -> int:
    """A port that nobody uses."""
    return _free_port()


@pytest.fixture
def instance(tmp_path: Path, port: int) -> Iterator[Path]:
    """An instance with its tables, that serves on that port."""
    tmp_path.chmod(0o755)
    with _instance(tmp_path, port) as path:
        yield path


@pytest.mark.slow
def test_it_serves_until_it_is_told_to_stop(instance: Path, port: int) -> None:
    """The sign-in page is answered; after SIGTERM no process of it is left, and it ended well."""
    command = [sys.executable, "-c", _RUN, "serve", "--instance", str(instance)]
    served = subprocess.Popen(
        command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert served.stdout is not None
    assert f"http://127.0.0.1:{port}" in served.stdout.readline()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/entrar/", timeout=10) as answer:
        assert "<h1" in answer.read().decode()
    children = psutil.Process(served.pid).children(recursive=True)
    assert children
    served.send_signal(signal.SIGTERM)
    _, complaints = served.communicate(timeout=60)
    assert served.returncode == 0, complaints
    gone = time.monotonic() + 10
    while any(child.is_running() for child in children) and time.monotonic() < gone:
        time.sleep(0.1)
    assert not [child for child in children if child.is_running() and "granian" in child.name()]


@pytest.mark.slow
def test_a_taken_port_is_told(instance: Path, port: int) -> None:
    """Where something listens already, the error says where and what to do."""
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [sys.executable, "-c", _RUN, "serve", "--instance", str(instance)],
            env=_environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    told = " ".join(done.stderr.split())
    assert f"port {port}" in told
    assert "choose another port" in told
