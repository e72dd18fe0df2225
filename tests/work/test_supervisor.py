"""Workers that end are started again, and end with their supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import connection

from bustia.instance import current_instance
from bustia.work.supervisor import Supervisor

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

_SUPERVISOR = """
import sys, time
from pathlib import Path
from bustia.work.supervisor import Supervisor

with Supervisor(Path(sys.argv[1]), ["tests-idle"], 2) as supervisor:
    print(*supervisor.pids(), flush=True)
    time.sleep(float(sys.argv[2]))
    raise LookupError("the supervisor ends")
"""


@pytest.fixture
def folder(database_server: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tests' instance; the workers use the tests' database."""
    url = psycopg.conninfo.make_conninfo(
        current_instance().database_url, dbname=connection.settings_dict["NAME"]
    )
    monkeypatch.setenv("DATABASE_URL", url)
    return database_server


def _came_true(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def _gone(pids: list[int], seconds: float = 10) -> bool:
    return _came_true(lambda: not any(map(_alive, pids)), seconds)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_until_working(number: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_workers")
            if cursor.fetchone()[0] >= number:
                return
        time.sleep(0.1)
    pytest.fail("the workers did not begin")


@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_that_ends_is_started_again(folder, blow):
    """Whether a worker ends in peace (exit code 0) or is killed, another takes its place."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
    with Supervisor(folder, ["tests-idle"], 2) as supervisor:
        _wait_until_working(2)
        assert supervisor.tend() == 0
        doomed, other = supervisor.pids()
        os.kill(doomed, blow)
        assert _came_true(lambda: supervisor.pids() == [other])

        assert supervisor.tend() == 1
        assert supervisor.restarts == 1
        after = supervisor.pids()
        assert len(after) == 2
        assert other in after
        assert doomed not in after
    assert _gone(after, 0.5)


def test_each_worker_has_another_queue_first(folder):
    """Of two queues the second worker has the second first, also when it was started again."""
    with Supervisor(folder, ["tests-idle", "tests-too"], 2) as supervisor:
        os.kill(supervisor.pids()[1], signal.SIGKILL)
        assert _came_true(lambda: supervisor.tend() == 1)
        orders = [psutil.Process(pid).cmdline()[-4:] for pid in supervisor.pids()]

    assert orders == [
        ["--queue", "tests-idle", "--queue", "tests-too"],
        ["--queue", "tests-too", "--queue", "tests-idle"],
    ]


def test_all_workers_are_started_anew_after_the_database_was_lost(folder):
    """None of the processes from before is left, and there are as many as before."""
    with Supervisor(folder, ["tests-idle"], 2) as supervisor:
        before = supervisor.pids()
        supervisor.restart_all()
        after = supervisor.pids()
        assert len(after) == 2
        assert not set(before) & set(after)
        assert _gone(before, 0.5)
    assert _gone(after, 0.5)


@pytest.mark.parametrize("killed", [True, False])
def test_workers_end_with_their_supervisor(folder, killed):
    """When the supervisor is killed or fails, its workers are gone within seconds."""
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR, str(folder), "60" if killed else "0.5"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ,
    ) as supervisor:  # fmt: skip
        assert supervisor.stdout is not None
        workers = [int(pid) for pid in supervisor.stdout.readline().split()]
        assert len(workers) == 2
        if killed:
            time.sleep(1)
            supervisor.kill()
        supervisor.wait(30)

    assert _gone(workers)
