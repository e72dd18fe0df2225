"""The embedded PostgreSQL in real processes, some of which are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import psycopg
import pytest

from bustia.instance import create_instance
from bustia.instance.place import reachable
from bustia.instance.postgres import EmbeddedPostgres, remove_data

pytestmark = [
    pytest.mark.slow,
    pytest.mark.chaos,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]

CLIENT = """
import sys
from pathlib import Path
from bustia.instance import open_instance
from django.db import connection
with open_instance(Path(sys.argv[1])) as instance:
    with connection.cursor() as cursor:
        for statement in sys.argv[2:]:
            cursor.execute(statement)
            print(cursor.fetchone()[0] if cursor.description else "done", flush=True)
            if statement.startswith("SELECT 'stay"):
                sys.stdin.readline()
                instance.ensure_running()
"""
INSERT = "CREATE TABLE IF NOT EXISTS kept (n int); INSERT INTO kept VALUES (1)"
COUNT = "SELECT count(*) FROM kept"
STAY = "SELECT 'stay'"


def _environment() -> dict[str, str]:
    source = str(Path(__file__).resolve().parents[2] / "src")
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {"PYTHONPATH": source}


def _client(instance: Path, *statements: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(instance), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    )


def _ask(instance: Path, *statements: str) -> list[str]:
    with _client(instance, *statements) as client:
        told, _ = client.communicate(timeout=60)
    assert client.returncode == 0
    return told.split()


def _processes(instance: Path) -> dict[str, int]:
    """Find the guard and the server of an instance by what they were started with."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "bustia.instance.postgres_guard" in words and str(instance) in words:
            found["guard"] = int(folder.name)
    if "guard" in found:
        children = Path(f"/proc/{found['guard']}/task/{found['guard']}/children").read_text()
        found |= dict(zip(["server"], map(int, children.split()), strict=True))
    return found


def _wait_until_gone(*processes: int) -> None:
    deadline = time.monotonic() + 15
    while any(_alive(one) for one in processes):
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An instance with a table that has one row."""
    made = create_instance(tmp_path_factory.mktemp("pg") / "instance")
    assert _ask(made, INSERT, COUNT) == ["done", "1"]
    yield made
    remove_data(made)


def test_a_killed_client_leaves_nothing_running(instance: Path) -> None:
    """Killing the only client ends server and guard, and its data are there the next time."""
    with _client(instance, COUNT, STAY) as client:
        assert client.stdout is not None
        assert [client.stdout.readline() for _ in range(2)][1] == "stay\n"
        running = _processes(instance)
        assert {"guard", "server"} == running.keys()
        client.kill()
    _wait_until_gone(*running.values())
    assert _ask(instance, COUNT) == ["1"]


@pytest.mark.parametrize("victim", ["guard", "server"])
def test_a_killed_guard_or_server_is_started_again(instance: Path, victim: str) -> None:
    """The other one ends as well, and ``ensure_running`` starts both."""
    with _client(instance, STAY) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == "stay\n"
        running = _processes(instance)
        os.kill(running[victim], signal.SIGKILL)
        _wait_until_gone(*running.values())
        client.communicate("\n", timeout=60)
    assert client.returncode == 0
    assert _ask(instance, COUNT) == ["1"]


def test_two_processes_share_one_server(instance: Path) -> None:
    """Who comes second joins, and the server outlives who came first."""
    start = "SELECT pg_backend_pid()"
    with _client(instance, STAY) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "stay\n"
        running = _processes(instance)
        assert _ask(instance, start)
        assert running == _processes(instance)
        first.communicate("\n", timeout=60)
    _wait_until_gone(*running.values())


def test_a_long_folder_name_is_no_trouble(tmp_path: Path) -> None:
    """The socket's path has a limit; the folder's name may be longer."""
    made = create_instance(tmp_path / ("a" * 90) / ("b" * 90))
    assert _ask(made, "SELECT 1") == ["1"]
    remove_data(made)


def test_a_server_of_ones_own_is_used(tmp_path: Path, instance: Path) -> None:
    """With DATABASE_URL in the environment no other server is started."""
    served = EmbeddedPostgres(instance, (instance / "keys/postgres.key").read_text())
    served.open()
    try:
        made = create_instance(tmp_path / "instance")
        told = subprocess.run(
            [sys.executable, "-c", CLIENT, str(made), COUNT],
            env=_environment() | {"DATABASE_URL": served.url},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        served.close()
    assert told.stdout == "1\n"
    assert not (made / "postgres").exists()


_SOURCES = (
    str(Path(__file__).resolve().parents[2] / "src"),
    str(Path(psycopg.__file__).resolve().parents[1]),
)


def _python_for_others() -> str:
    """Give a Python that every user can run: this one, or the system's of the same version."""
    system = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, system):
        needed = (str(Path(candidate).resolve()), *_SOURCES)
        if all(reachable(Path(path), 65534, 65534) for path in needed):
            return candidate
    pytest.skip("other users can run neither this Python nor the system's, or not read this folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_plain_user_needs_no_root() -> None:
    """Run as a user without rights, the server is that user's."""
    python = _python_for_others()
    folder = Path("/tmp") / f"bustia-plain-{os.getpid()}"
    folder.mkdir(mode=0o755)
    os.chown(folder, 65534, 65534)
    make = "import sys; from pathlib import Path; from bustia.instance import create_instance; "
    try:
        told = subprocess.run(
            [
                python,
                "-c",
                f"{make}create_instance(Path(sys.argv[1]))\n{CLIENT}",
                str(folder / "instance"),
                "SELECT 1",
            ],
            env=_environment() | {"HOME": str(folder), "PYTHONPATH": os.pathsep.join(_SOURCES)},
            user=65534,
            group=65534,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (told.returncode, told.stdout) == (0, "1\n"), told.stderr
        assert (folder / "instance/postgres").stat().st_uid == 65534
        remove_data(folder / "instance")
    finally:
        rmtree(folder, ignore_errors=True)
