"""veraPDF, the archives' judge of PDF/A and PDF/UA, run by Java over many files at once."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Judgement", "judge"]

REPOSITORY = Path(__file__).parents[3]
POM = Path(__file__).with_name("pom.xml")
FOLDER = REPOSITORY / ".tools" / "verapdf"
PROFILES = {"PDF/A-3A validation profile": "3a", "PDF/UA-1 validation profile": "ua1"}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What veraPDF found in one file."""

    flavours: frozenset[str]
    """The standards that the file states, and that it was judged by: ``3a``, ``ua1``."""
    failures: tuple[str, ...]
    """Each rule that is broken: standard, clause and what it asks."""


def judge(files: Sequence[Path]) -> dict[Path, Judgement]:
    """Judge PDF files by all standards that they state, in one run of Java.

    Skips the test where Java or Maven is missing; with ``CI=true`` that is a failure.
    """
    answer = subprocess.run(
        [
            _tool("java"), "-cp", f"{_libraries()}/*", "org.verapdf.apps.GreenfieldCliWrapper",
            "--flavour", "0", "--format", "json", "--maxfailuresdisplayed", "1",
            *map(str, files),
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    report = json.loads(answer.stdout)["report"]
    found = {}
    for job in report["jobs"]:
        results = job["validationResult"]
        found[Path(job["itemDetails"]["name"])] = Judgement(
            frozenset(PROFILES.get(one["profileName"], one["profileName"]) for one in results),
            tuple(
                f"{one['profileName']} {rule['clause']}: {rule['description']}"
                for one in results
                for rule in one["details"]["ruleSummaries"]
            ),
        )
    return found


def _tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        reason = f"veraPDF needs {name}, which is not installed."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def _libraries() -> Path:
    """Give the folder of veraPDF's libraries, fetched once for all workers of the tests."""
    wanted = FOLDER / hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _fetch(wanted)
    return wanted


def _fetch(wanted: Path) -> None:
    unfinished = wanted.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    answer = subprocess.run(
        [
            _tool("mvn"), "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
            f"-DoutputDirectory={unfinished}",
        ],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if answer.returncode or not any(unfinished.glob("greenfield-apps-*.jar")):
        reason = "veraPDF could not be fetched by Maven."
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"{reason}\n{answer.stdout[-2000:]}")
        pytest.skip(reason)
    unfinished.rename(wanted)
