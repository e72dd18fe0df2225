"""``bustia import`` as a person at a terminal sees it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bustia.instance.postgres import remove_data
from tests.intake.test_documents_import import ubl
from tests.intake.town import change, write_town

pytestmark = pytest.mark.slow


def bustia(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command; it must end with the exit code."""
    done = subprocess.run(
        [sys.executable, "-c", "from bustia.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "BUSTIA_NOW": "2026-05-03T06:00:00+02:00", "COLUMNS": "160"},
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An instance of its own."""
    folder = tmp_path_factory.mktemp("command") / "instance"
    bustia("init", folder)
    yield folder
    remove_data(folder)


def test_import_tells_what_became_of_it(instance: Path, tmp_path: Path) -> None:
    """The tables name each file; JSON has the sums; the exit code says if all was taken."""
    bundle = write_town(tmp_path / "bundle")
    shown = bustia("import", bundle, "--instance", instance)
    assert "customers.csv" in shown.stdout

    again = bustia("import", bundle, "--json", "--instance", instance)
    report: dict[str, Any] = json.loads(again.stdout)
    assert report["complete"] is True
    assert (report["new"], report["changed"], report["rejected"]) == (0, 0, 0)
    assert report["read"] == report["unchanged"] > 0


def test_rejections_are_shown_and_end_with_one(instance: Path, tmp_path: Path) -> None:
    """A bad row is named with file, line, field and reason, and where the list is."""
    bundle = write_town(tmp_path / "bundle")
    change(bundle, "customers.csv", "12345678Z", "12345678A")
    done = bustia("import", bundle, "--instance", instance, code=1)
    assert "customers.csv, line 2 [nif]: The NIF isn't valid" in done.stderr
    assert "rejections.jsonl" in done.stderr
    assert "12345678A" not in done.stdout + done.stderr


def test_documents_and_bundles_go_together(instance: Path, tmp_path: Path) -> None:
    """One call may name both; each bundle and the documents are batches."""
    bundle = write_town(tmp_path / "bundle")
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "one.xml").write_text(ubl(contract="K2"), encoding="utf-8")
    done = bustia("import", bundle, tmp_path / "xml", "--json", "--instance", instance)
    report = json.loads(done.stdout)
    assert [batch["kind"] for batch in report["batches"]] == ["bundle", "documents"]
    (invoice,) = report["batches"][1]["files"]
    assert (invoice["name"], invoice["new"]) == ("one.xml", 1)


def test_what_is_not_there_is_a_usage_error(instance: Path, tmp_path: Path) -> None:
    """A path that doesn't exist ends with 2, an empty folder with 1 and a hint."""
    bustia("import", tmp_path / "nothing", "--instance", instance, code=2)
    done = bustia("import", tmp_path, "--instance", instance, code=1)
    assert "nothing to import" in done.stderr
