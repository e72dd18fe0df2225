"""The demonstration: one command from a made-up export to delivered invoices."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bustia.instance.postgres import remove_data
from tests.cycles import rig

pytestmark = pytest.mark.slow

KEYS = {
    "contracts", "invoices_received", "emailed", "posted", "office_only", "suppressed", "open",
    "failed", "notices_sent", "documents", "documents_per_second", "seconds", "messages",
}  # fmt: skip


def _demo(folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "BUSTIA_NOW")
    }
    bustia = str(Path(sys.executable).parent / "bustia")
    return subprocess.run(
        [bustia, "demo", "--contracts", "60", "--no-serve", "--json", "--dir", str(folder)],
        capture_output=True, text=True, timeout=240, check=False, env=environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Path, Any]]]:
    """Two demos with the same seed, one after the other: folder and report of each."""
    folders = [tmp_path_factory.mktemp("demo") / name for name in ("one", "two")]
    try:
        found = []
        for folder in folders:
            done = _demo(folder)
            assert done.returncode == 0, done.stderr
            found.append((folder, json.loads(done.stdout)))
        yield found
    finally:
        for folder in folders:
            if (folder / "instance").exists():
                remove_data(folder / "instance")


def test_the_report_is_one_json_object_that_adds_up(demos):
    """Every invoice received is in one list, none is open, and everyone was told something."""
    for _, report in demos:
        assert set() == KEYS - report.keys()
        assert report["contracts"] == 60
        lists = ("emailed", "posted", "office_only", "suppressed", "open", "failed")
        assert report["invoices_received"] == sum(report[name] for name in lists)
        assert report["documents"] == report["invoices_received"] >= 60
        assert 0 == report["open"] == report["failed"]
        assert min(report["emailed"], report["posted"], report["office_only"]) > 0
        assert report["documents_per_second"] > 0
        assert report["seconds"] > 0
        assert report["notices_sent"] > 0
        assert len(report["messages"]) > 5
        assert all(isinstance(count, int) for count in report["messages"].values())


def test_the_same_seed_makes_the_same_bytes(demos):
    """All sealed documents, mails, SMS and print runs of two demos are alike to the byte."""
    one, two = (rig.snapshot(folder / "instance") for folder, _ in demos)
    assert one["documents"]
    assert one == two
    assert all(sealed == kept for _, sealed, kept in one["documents"])

    (first, report), (second, _) = demos
    mails = _digests(first / "mailbox")
    assert report["emailed"] == len([name for name in mails if name.endswith(".eml")])
    assert mails == _digests(second / "mailbox")
    outbox = _digests(first / "instance" / "outbox")
    assert outbox
    assert outbox == _digests(second / "instance" / "outbox")


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    """The demo replaces an earlier demo, never anything else; it says so in one line."""
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = _demo(tmp_path)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
