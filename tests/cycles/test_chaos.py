"""A cycle whose processes are killed all the time ends as one that was left in peace."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.cycles import rig

pytestmark = [pytest.mark.chaos, pytest.mark.slow]

KILLS = int(os.environ.get("BUSTIA_CHAOS_KILLS", "12"))
SEED = int(os.environ.get("BUSTIA_CHAOS_SEED", "1"))
CONTRACTS = 150 + 10 * max(0, KILLS - 12)
SETTINGS = "[work]\nchunk = 5\nprocesses = 2\n"
TARGETS = {"worker": 5, "supervisor": 3, "guard": 1, "postmaster": 3}
"""Who is killed, and how often of twelve times."""
_WORDS = {
    "worker": "bustia.work.worker",
    "supervisor": "cycle",
    "guard": "bustia.instance.postgres_guard",
    "postmaster": "-D",
}
GIVE_UP_SECONDS = 60 + 15 * KILLS


def _targets(folder: Path, kind: str) -> list[psutil.Process]:
    found = []
    for one in rig.processes_of(folder):
        try:
            words = one.cmdline()
        except psutil.NoSuchProcess:
            continue
        if _WORDS[kind] in words:
            found.append(one)
    return found


def _run_under_fire(folder: Path) -> Counter[str]:
    """Run the cycle to its end while processes are killed at random; give who was killed."""
    chance, killed = random.Random(SEED), Counter[str]()
    order = [kind for kind, share in TARGETS.items() for _ in range(share * KILLS // 12)]
    chance.shuffle(order)
    deadline = time.monotonic() + GIVE_UP_SECONDS
    running = None
    try:
        while time.monotonic() < deadline:
            if running is None or running.poll() is not None:
                if running is not None and running.returncode == 0:
                    return killed
                running = subprocess.Popen(
                    rig.command("cycle", "run", "--instance", folder, "--json"),
                    env=rig.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
            if killed.total() == len(order) or not _targets(folder, order[killed.total()]):
                time.sleep(0.1)  # until there is one to kill
                continue
            time.sleep(chance.uniform(0.0, 0.4))
            kind = order[killed.total()]
            victims = sorted(_targets(folder, kind), key=lambda one: one.pid)
            try:
                chance.choice(victims).send_signal(signal.SIGKILL)
            except (IndexError, psutil.NoSuchProcess):
                continue  # it ended by itself
            killed[kind] += 1
    finally:
        if running is not None:
            running.kill()
            running.wait()
    pytest.fail(f"the cycle did not end within {GIVE_UP_SECONDS} s; killed: {dict(killed)}")


def _left_behind(folder: Path) -> list[list[str]]:
    """Give the processes of an instance that are still there some seconds after its last use."""
    deadline = time.monotonic() + 20
    while (left := rig.processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return [one.cmdline() for one in left]


def test_kills_at_any_point_lose_and_double_nothing(tmp_path: Path) -> None:
    """Workers, supervisor and database are killed; the result is that of a quiet run, to the byte.

    The quiet run is of another instance with the same export, seal and clock. More kills:
    ``make chaos``.
    """
    bundle = rig.export(tmp_path / "export", CONTRACTS)
    quiet, shaken = tmp_path / "quiet", tmp_path / "shaken"
    with rig.instance(quiet, SETTINGS, bundle):
        report = rig.bustia_json("cycle", "run", "--instance", quiet)
        expected = rig.snapshot(quiet)
    with rig.instance(shaken, SETTINGS, bundle):
        killed = _run_under_fire(shaken)
        actual = rig.snapshot(shaken)
        again = rig.bustia_json("cycle", "show", "--instance", shaken)
        assert _left_behind(shaken) == []

    assert {kind: share * KILLS // 12 for kind, share in TARGETS.items()} == killed
    assert report["documents"] == len(expected["documents"]) >= CONTRACTS
    assert expected == actual
    assert [] == actual["damaged"] == actual["waiting"]
    assert report["ledger"] == again["ledger"]
    assert again["ledger"]["adds_up"]
    assert report["messages"] == again["messages"]
