"""Jobs come and go with the transaction that puts them into the queue, and outlive their worker."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from bustia.instance import current_instance
from bustia.work.jobs import (
    STALLED_SECONDS,
    NewJob,
    QueuesInOrder,
    defer,
    live_locks,
    retake_stalled,
)

pytestmark = pytest.mark.django_db(transaction=True)

_SLEEPER = """
import time
from procrastinate.contrib.django import app

@app.task(name="tests.sleep", queue="tests-sleep")
def sleep(number):
    time.sleep(600)

from bustia.work.worker import main
main()
"""


@app.task(name="tests.nothing", queue="tests-nothing")
def nothing(number: int) -> None:
    """Do nothing."""


_done: list[int] = []


@app.task(name="tests.notes", queue="tests-notes")
def notes(number: int) -> None:
    """Note down that it was done."""
    _done.append(number)


@app.task(name="tests.defers", queue="tests-defers")
def defers(ours: bool) -> None:
    """Put a job into the queue, and change one's mind."""
    with transaction.atomic():
        if ours:
            defer([_job("from-a-job")])
        else:
            nothing.configure(lock="from-a-job").defer(number=1)
        transaction.set_rollback(True)
    connections.close_all()  # the one of this job's thread


def _job(lock: str, queue: str = "nothing") -> NewJob:
    return NewJob(f"tests.{queue}", {"number": 1}, lock, f"tests-{queue}")


def _work(queue: str) -> None:
    """Let a real worker do what waits in a queue."""
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        working.run_worker(
            queues=[queue], wait=False, install_signal_handlers=False, listen_notify=False
        )


def _rows(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[object, ...]] = cursor.fetchall()
    return rows


@pytest.fixture(autouse=True)
def empty_queue() -> Iterator[None]:
    """The queue's tables are not Django's to empty."""
    for moment in ("before", "after"):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")
        if moment == "before":
            yield
    connections.close_all()


def test_a_job_goes_with_the_transaction_that_put_it_there():
    """A job of a transaction that is rolled back was never in the queue; a committed one is."""
    with transaction.atomic():
        defer([_job("rolled-back")])
        transaction.set_rollback(True)
    with transaction.atomic():
        defer([_job("kept")])

    assert {"kept"} == live_locks(["rolled-back", "kept", "never"])


@pytest.mark.parametrize(("ours", "expected"), [(True, set()), (False, {"from-a-job"})])
def test_within_a_job_too_a_new_job_goes_with_its_transaction(ours, expected):
    """In a real worker our jobs are rolled back; the engine's own call would leave them behind."""
    with transaction.atomic():
        defer([NewJob("tests.defers", {"ours": ours}, "outer", "tests-defers")])
    _work("tests-defers")

    assert _rows("SELECT task_name, status FROM procrastinate_jobs WHERE lock = 'outer'") == [
        ("tests.defers", "succeeded")
    ]
    assert expected == live_locks(["from-a-job"])


def test_the_same_work_waits_only_once():
    """A second job with the lock of one that waits is refused, and the first stays."""
    defer([_job("one")])
    with pytest.raises(AlreadyEnqueued), transaction.atomic():
        defer([_job("two"), _job("one")])

    assert {"one"} == live_locks(["one", "two"])


def test_queues_are_worked_off_in_the_order_in_which_they_are_named(monkeypatch):
    """A worker helps with another queue when its first one is empty."""
    defer([NewJob("tests.notes", {"number": n}, f"{n}", f"tests-{n % 2}") for n in range(6)])
    _done.clear()
    with app.replace_connector(app.connector.get_worker_connector()) as working:  # type: ignore[attr-defined]
        monkeypatch.setattr(working, "job_manager", QueuesInOrder(working.connector))
        working.run_worker(
            queues=["tests-1", "tests-0"],
            wait=False, install_signal_handlers=False, listen_notify=False,
        )  # fmt: skip

    assert _done == [1, 3, 5, 0, 2, 4]


def test_a_job_that_is_done_is_not_live():
    """Only what waits or is being done holds its lock; nothing is deferred for nothing."""
    defer([])
    defer([_job("now"), NewJob("tests.nothing", {"number": 2}, "later", "tests-nothing",
                               timezone.now() + timedelta(days=1))])  # fmt: skip
    assert {"now", "later"} == live_locks(["now", "later"])
    _work("tests-nothing")

    assert {"later"} == live_locks(["now", "later"])


def _wait(until: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_retaken_and_a_living_ones_is_left_alone(
    database_server: Path,
):
    """After a SIGKILL the job goes back into the queue at once, whatever the instance's clock."""
    url = psycopg.conninfo.make_conninfo(
        current_instance().database_url, dbname=connection.settings_dict["NAME"]
    )
    defer([_job("first", "sleep"), _job("second", "sleep")])
    workers = [
        subprocess.Popen(
            [
                sys.executable, "-c", _SLEEPER, "--instance", str(database_server),
                "--name", name, "--queue", "tests-sleep",
            ],
            stdin=subprocess.PIPE,
            env=os.environ | {"DATABASE_URL": url},
        )
        for name in ("doomed", "lucky")
    ]  # fmt: skip
    doing = "SELECT lock FROM procrastinate_jobs WHERE status = 'doing'"
    try:
        _wait(lambda: len(_rows(doing)) == 2)
        assert retake_stalled() == 0
        workers[0].kill()
        time.sleep(STALLED_SECONDS + 1.5)
        retaken = retake_stalled()
        waiting = _rows(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND scheduled_at < now()"
        )
        still = _rows(doing)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            assert worker.stdin is not None
            worker.stdin.close()

    assert retaken == 1
    assert waiting == [(1,)]
    assert len(still) == 1
    assert {"first", "second"} == live_locks(["first", "second"])
