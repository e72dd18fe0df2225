"""Opening instances: one after another, by several terminals, and with what can go wrong."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bustia.errors import InstanceError
from bustia.instance import create_instance, open_instance
from bustia.instance.keys import write_key
from bustia.instance.place import SYSTEM_FOLDER, place_for
from bustia.instance.postgres import EmbeddedPostgres, remove_data
from bustia.instance.programs import find_binaries

NOTHING = "postgresql://somebody:a-secret@127.0.0.1:9/bustia?connect_timeout=2"
WHERE = """
import sys
from pathlib import Path
from bustia.instance import open_instance
from django.db import connection
for folder in sys.argv[1:]:
    with open_instance(Path(folder)), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('data_directory')")
        print(cursor.fetchone()[0], flush=True)
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An instance with a database of its own."""
    made = create_instance(tmp_path_factory.mktemp("open") / "instance")
    _serving(made).close()
    yield made
    remove_data(made)


def _serving(path: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(path, (path / "keys/postgres.key").read_text())
    server.open()
    return server


def _where(*instances: Path, **variables: str) -> list[str]:
    environment = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-c", WHERE, *map(str, instances)],
        env=environment | variables, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def _wait_until_stopped(path: Path) -> None:
    place, deadline = place_for(path), time.monotonic() + 20
    while (place.data / "postmaster.pid").exists():
        assert time.monotonic() < deadline, "still running"
        time.sleep(0.05)


@pytest.mark.slow
def test_one_process_may_open_one_instance_after_another(instance: Path, tmp_path: Path) -> None:
    """Each time the tables are those of the instance that is open."""
    other = create_instance(tmp_path / "other")
    try:
        expected = [str(place_for(path).data) for path in (instance, other, instance)]
        assert expected == _where(instance, other, instance)
    finally:
        remove_data(other)


def test_one_instance_is_open_at_a_time(database_server: Path, tmp_path: Path) -> None:
    """A second one would silently read the first one's tables; the same one may be opened again."""
    other = create_instance(tmp_path / "other")
    with pytest.raises(InstanceError, match="another instance open"), open_instance(other):
        pytest.fail("it was opened")


@pytest.mark.slow
def test_terminals_may_differ(instance: Path, tmp_path: Path) -> None:
    """What PostgreSQL reads from the environment in one is no matter for the other."""
    server = _serving(instance)
    try:
        differing = {"PGPORT": "6543", "TMPDIR": str(tmp_path), "PGUSER": "else", "LC_ALL": "POSIX"}
        assert [str(server.place.data)] == _where(instance, **differing)
    finally:
        server.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads environments in /proc")
def test_the_server_is_told_no_secrets(instance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs for another user at times, who must not read our environment; and listens to no port.

    The socket's folder is for its user only.
    """
    _wait_until_stopped(instance)
    monkeypatch.setenv("BUSTIA_SMTP_PASSWORD", "a-secret")
    server = _serving(instance)
    try:
        number = int((server.place.data / "postmaster.pid").read_text().split()[0])
        told = Path(f"/proc/{number}/environ").read_bytes()
        assert b"a-secret" not in told
        assert server._password.encode() not in told
        assert psutil.Process(number).net_connections("inet") == []
        assert server.place.socket.stat().st_mode & 0o777 == 0o700
    finally:
        server.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_lock_file_with_a_number_of_somebody_else_is_no_trouble(instance: Path) -> None:
    """After a crash of the machine, numbers start anew; the server starts all the same."""
    _wait_until_stopped(instance)
    place = place_for(instance)
    with subprocess.Popen(
        ["sleep", "120"],
        user=place.user,
        group=place.group,
        extra_groups=[] if place.user else None,
    ) as other:
        lock = f"{other.pid}\n{place.data}\n1\n5432\n\n\n"
        (place.data / "postmaster.pid").write_text(lock)
        try:
            _serving(instance).close()
        finally:
            other.kill()


@pytest.mark.slow
def test_another_key_is_told_at_once(instance: Path, tmp_path: Path) -> None:
    """The error names the key; nobody waits for a server that is there."""
    right = _serving(instance)
    began = time.monotonic()
    try:
        with pytest.raises(InstanceError, match="another key") as caught:
            EmbeddedPostgres(instance, write_key(tmp_path / "wrong.key")).open()
    finally:
        right.close()
    assert time.monotonic() - began < 10
    assert str(instance / "keys/postgres.key") == caught.value.where


def test_data_that_are_gone_are_told(tmp_path: Path) -> None:
    """They are never made anew where there were some before."""
    made = create_instance(tmp_path / "instance")
    place = place_for(made)
    (place.folder / "initialised").touch()
    try:
        with pytest.raises(InstanceError, match=r"are gone.*backup"):
            _serving(made)
        assert not place.data.exists()
    finally:
        remove_data(made)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (NOTHING, "can't be used: .*Connection refused"),
        ("redis://somebody:a-secret@host", "is not a connection string"),
        ("a-secret", "is not a connection string"),
    ],
)
def test_a_server_that_cannot_be_used_is_told(tmp_path: Path, url: str, told: str) -> None:
    """The command says what is wrong with DATABASE_URL, without a traceback or its password."""
    made = create_instance(tmp_path / "instance")
    command = [sys.executable, "-c", "from bustia.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "cycle", "list", "--instance", str(made)],
        env=os.environ | {"DATABASE_URL": url, "COLUMNS": "500"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    with pytest.raises(InstanceError, match=told):
        raise InstanceError(done.stderr)
    assert "a-secret" not in done.stderr + done.stdout


@pytest.mark.slow
def test_sigterm_to_the_guard_stops_the_server(instance: Path) -> None:
    """A machine that shuts down ends both in order, and the next use starts them."""
    server = _serving(instance)
    try:
        guard = psutil.Process(
            int((server.place.data / "postmaster.pid").read_text().split()[0])
        ).parent()
        assert guard is not None
        guard.send_signal(signal.SIGTERM)
        guard.wait(20)
        _wait_until_stopped(instance)
        server.ensure_running()
    finally:
        server.close()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_needs_no_folder_that_others_can_read(tmp_path: Path) -> None:
    """Neither the instance nor Python's packages: a checkout under /root works."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = find_binaries().parents[1]
    for part in (package, package.parent / f"{package.name}.libs"):
        if part.is_dir():
            shutil.copytree(part, closed / part.name)
    programs = closed / package.name / "pginstall" / "bin"
    os.utime(programs / "postgres", (1, 1))  # so that the copy of it is this test's
    copied = SYSTEM_FOLDER / f"programs-{(programs / 'postgres').stat().st_size}-1"
    made = create_instance(closed / "instance")
    try:
        assert [str(place_for(made).data)] == _where(made, PYTHONPATH=str(closed))
        assert copied.is_dir()
    finally:
        remove_data(made)
        shutil.rmtree(copied, ignore_errors=True)
