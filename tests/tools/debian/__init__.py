"""Programs that judge what Bústia makes, from Debian's packages: the machine's own, or unpacked.

What isn't installed is fetched by the machine's own apt, from where that is told to, and unpacked
beside the checkout. That needs no rights of an administrator and changes nothing on the machine.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

__all__ = ["Program", "give_up", "program"]

FOLDER = Path(__file__).parents[3] / ".tools" / "debian"
PACKAGES = {
    "chromium": "chromium",
    "pdfsig": "poppler-utils",
    "qpdf": "qpdf",
    "softhsm2-util": "softhsm2",
}
_INSTALLED = re.compile(r"^Inst (\S+) ", re.MULTILINE)


class _AptError(Exception):
    """What apt said when it gave up."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that can be run, wherever it comes from."""

    path: str
    root: Path | None = None
    """The folder that its package was unpacked into, if it isn't the machine's own."""
    libraries: tuple[Path, ...] = ()
    """The folders with libraries that the machine hasn't got."""

    def run(
        self, *arguments: str | Path, **variables: str | Path
    ) -> subprocess.CompletedProcess[str]:
        """Run it in English, with these variables in its environment, and give what it said."""
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        environment |= {name: str(value) for name, value in variables.items()}
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = ":".join(map(str, self.libraries))
        return subprocess.run(
            [self.path, *map(str, arguments)],
            capture_output=True, text=True, check=False, timeout=60, env=environment,
        )  # fmt: skip


def program(name: str) -> Program:
    """Give the program of this name.

    Skips the test where it can't be had; with ``CI=true`` that is a failure.
    """
    own = shutil.which(name)
    if own is not None:
        return Program(own)
    package = PACKAGES[name]
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        give_up(f"{name} is not installed, and there is no apt to fetch {package} with.")
    root = _unpacked(package)
    path = root / "usr" / "bin" / name
    libraries = sorted({file.parent for file in root.rglob("*.so*")})
    return Program(str(path), root, tuple(libraries))


def give_up(reason: str) -> NoReturn:
    """Skip the test for this reason; where everything must be tested, fail."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _unpacked(package: str) -> Path:
    """Give the folder of a package, fetched once for all workers of the tests."""
    release = platform.freedesktop_os_release()
    machine = f"{release['ID']} {release.get('VERSION_ID')} {platform.machine()}"
    digest = hashlib.sha256(f"{package} {machine}".encode()).hexdigest()[:16]
    wanted = FOLDER / f"{package}-{digest}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _fetch(package, wanted)
    return wanted


def _fetch(package: str, wanted: Path) -> None:
    # Not ``with_suffix``: there may be a full stop in a package's name.
    unfinished = wanted.with_name(f"{wanted.name}.part")
    state = FOLDER / "state"
    for folder in (unfinished, state):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        try:
            _download(package, unfinished, [])
        except _AptError:
            # The machine's lists of packages are empty, or older than the archive.
            own = _own_lists(state)
            _apt(own, "update")
            _download(package, unfinished, own)
    except (_AptError, subprocess.TimeoutExpired) as error:
        give_up(f"{package} could not be fetched by apt.\n{error}")
    finally:
        shutil.rmtree(state, ignore_errors=True)
    unfinished.rename(wanted)


def _own_lists(state: Path) -> list[str]:
    """Give the options by which apt keeps its lists in a folder of ours."""
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True)
    return [
        "-o", f"Dir::State={state}",
        "-o", f"Dir::State::lists={state / 'lists'}",
        "-o", f"Dir::Cache={state / 'cache'}",
    ]  # fmt: skip


def _download(package: str, into: Path, options: list[str]) -> None:
    """Fetch a package and those that it needs and the machine hasn't got; unpack them."""
    shutil.rmtree(into, ignore_errors=True)
    packed = into / "packed"
    packed.mkdir(parents=True)
    planned = _apt(options, "--simulate", "--no-install-recommends", "install", package)
    missing = _INSTALLED.findall(planned)
    if not missing:
        # It is installed, but not found: its libraries are where they should be.
        missing = [package]
    _apt(options, "download", *missing, cwd=packed)
    for file in packed.iterdir():
        subprocess.run(["dpkg-deb", "-x", file, into], check=True, timeout=60)
    shutil.rmtree(packed)


def _apt(options: list[str], *arguments: str, cwd: Path | None = None) -> str:
    answer = subprocess.run(
        # Root's apt fetches as another user, who can't write into our folders.
        ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *options, *arguments],
        capture_output=True, text=True, check=False, timeout=300, cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
    )  # fmt: skip
    if answer.returncode:
        raise _AptError(answer.stderr[-2000:])
    return answer.stdout
