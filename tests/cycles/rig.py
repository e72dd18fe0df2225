"""Instances with a town to bill, and the real processes that bill it."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from bustia.instance import create_instance
from bustia.instance.postgres import place_for, remove_data
from bustia.synth import write_town

ISSUE_DATE = date(2026, 5, 12)
NOW = "2026-05-12T10:00:00+02:00"

_SNAPSHOT = """
import hashlib, json, sys
from pathlib import Path
from bustia.instance import open_instance

with open_instance(Path(sys.argv[1])):
    from bustia.archive.models import Document, Evidence
    from bustia.archive.services import Retriever, check
    from bustia.deliver.models import Delivery
    from bustia.work.jobs import live_locks
    from bustia.cycles.models import Chunk

    reader, rows = Retriever(), Document.objects.select_related("segment").order_by("number")
    report = check()
    print(json.dumps({
        "documents": [
            [one.number, one.sha256, hashlib.sha256(reader.read(one)).hexdigest()] for one in rows
        ],
        "deliveries": sorted(map(list, Delivery.objects.values_list("key", "channel", "state"))),
        "evidence": list(Evidence.objects.values_list("cycle", "root")),
        "segments": sorted(Document.objects.values_list("segment__name", flat=True).distinct()),
        "damaged": report.damaged,
        "waiting": sorted(live_locks([chunk.lock for chunk in Chunk.objects.all()])),
    }))
"""


def environment() -> dict[str, str]:
    """Give the environment of the commands: a clock that stands still, no server but their own."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return kept | {"BUSTIA_NOW": NOW}


def command(*arguments: str | Path) -> list[str]:
    """Give the command line of ``bustia`` in this environment."""
    return [str(Path(sys.executable).parent / "bustia"), *map(str, arguments)]


def bustia(*arguments: str | Path, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run a command of ``bustia`` to its end."""
    done = subprocess.run(
        command(*arguments),
        env=environment(), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done


def bustia_json(*arguments: str | Path) -> Any:
    """Run a command of ``bustia`` and give its report."""
    return json.loads(bustia(*arguments, "--json").stdout)


def export(folder: Path, contracts: int, seed: int = 1) -> Path:
    """Write the export of a made-up town."""
    write_town(folder, contracts, seed, ISSUE_DATE)
    return folder


@contextmanager
def instance(folder: Path, settings: str, bundle: Path | None = None) -> Iterator[Path]:
    """An instance with the town's bundle in it; its database is removed in the end."""
    create_instance(folder, settings_text=settings, seed="tests")
    try:
        bustia("init", folder, "--migrate")
        if bundle is not None:
            bustia("import", bundle, "--instance", folder)
        yield folder
    finally:
        remove_data(folder)


@contextmanager
def kept_running(folder: Path) -> Iterator[None]:
    """Keep an instance's database running from one command to the next, as a user of it does."""
    with (place_for(folder).folder / "in-use.lock").open("ab") as in_use:
        fcntl.flock(in_use, fcntl.LOCK_SH)
        yield


def snapshot(folder: Path) -> dict[str, Any]:
    """Give all that a cycle made: documents to the byte, deliveries, evidence, segments."""
    done = subprocess.run(
        [sys.executable, "-c", _SNAPSHOT, str(folder)],
        env=environment(), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def processes_of(folder: Path) -> list[psutil.Process]:
    """Give the processes that work for an instance: commands, workers, guard and database."""
    names = (str(folder), str(place_for(folder).data))
    return [
        one
        for one in psutil.process_iter(["cmdline", "status"])
        if one.info["status"] != psutil.STATUS_ZOMBIE
        and one.pid != os.getpid()
        and any(word.startswith(names) for word in one.info["cmdline"] or [])
    ]
