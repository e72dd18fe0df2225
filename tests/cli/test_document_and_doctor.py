"""``bustia init``, ``doctor`` and ``document`` as a person at a terminal sees them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import typst
from cryptography.hazmat.primitives.asymmetric import ec

from bustia.instance.postgres import remove_data
from bustia.seal import Sealer, as_pem, demo_identity
from tests.seal.conftest import AT, TEXT, own_certificate
from tests.tools.debian.softhsm import SoftHsm

pytestmark = pytest.mark.slow


def bustia(
    *arguments: str | Path, code: int = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command; it must end with the exit code."""
    done = subprocess.run(
        [sys.executable, "-c", "from bustia.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "BUSTIA_NOW": "2026-05-12T08:00:00+02:00", "COLUMNS": "160"} | variables,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An instance of its own."""
    folder = tmp_path_factory.mktemp("command") / "instance"
    assert "keys/" in bustia("init", folder).stdout
    yield folder
    remove_data(folder)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A sealed document on the disk."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(files("font_source_sans_pro") / "files")],
    )
    made = typst.compile(TEXT.encode(), format="pdf", font_paths=fonts)
    assert isinstance(made, bytes)
    file = tmp_path / "F1.pdf"
    file.write_bytes(Sealer(demo_identity("tests")).seal(made, AT))
    return file


def test_a_second_init_changes_nothing(instance: Path) -> None:
    """An instance that is there keeps its keys, and the error is one sentence."""
    before = (instance / "keys/data.key").read_text()
    done = bustia("init", instance, code=1)
    assert "there is an instance already" in done.stderr
    assert "Traceback" not in done.stderr
    assert before == (instance / "keys/data.key").read_text()


def test_the_doctor_finds_a_new_instance_well(instance: Path) -> None:
    """Nothing is bad; that the seal is a demonstration one is noted."""
    checks = json.loads(bustia("doctor", "--json", "--instance", instance).stdout)
    states = {one["what"]: one["state"] for one in checks}
    assert "bad" not in states.values()
    assert (states["Database"], states["Seal"]) == ("ok", "note")


def test_the_doctor_finds_a_loose_key(instance: Path) -> None:
    """A key that others may read is bad, with the command that puts it right."""
    key = instance / "keys/data.key"
    key.chmod(0o644)
    try:
        done = bustia("doctor", "--instance", instance, code=1)
    finally:
        key.chmod(0o600)
    assert "chmod 600" in done.stdout


@pytest.fixture
def hsm(instance: Path, tmp_path: Path) -> Iterator[SoftHsm]:
    """A token with the key that seals for the instance."""
    made = SoftHsm(tmp_path)
    made.make_token("Company", "2718")
    key = ec.generate_private_key(ec.SECP256R1())
    made.put_key("Company", "2718", "seal", key)
    (instance / "seal.pem").write_bytes(as_pem((own_certificate(key),)))
    file = instance / "bustia.toml"
    before = file.read_text()
    ours = f'''[seal]
pkcs11_module = "{made.module}"
token = "Company"
key = "seal"
certificate = "seal.pem"
'''
    file.write_text(before.replace("[seal]", ours))
    yield made
    file.write_text(before)


@pytest.mark.parametrize(
    ("pin", "state", "told"),
    [
        ("2718", "ok", "CN=A company, until 12-05-2027"),
        ("3141", "bad", "token Company: refuses the PIN."),
        ("", "bad", "token Company: its PIN is not known."),
    ],
)
def test_the_doctor_tries_the_token(
    instance: Path, hsm: SoftHsm, pin: str, state: str, told: str
) -> None:
    """A seal in a token is tried by signing; what is wrong is one sentence."""
    done = bustia(
        "doctor", "--json", "--instance", instance, code=0 if state == "ok" else 1,
        BUSTIA_SEAL_PIN=pin, SOFTHSM2_CONF=str(hsm.settings), LD_LIBRARY_PATH=hsm.libraries,
    )  # fmt: skip
    (found,) = [one for one in json.loads(done.stdout) if one["what"] == "Seal"]
    assert (found["state"], found["told"]) == (state, told)


def test_the_doctor_says_how_to_make_an_instance(tmp_path: Path) -> None:
    """Where there is no instance, the hint is the command."""
    assert "bustia init" in bustia("doctor", "--instance", tmp_path, code=1).stdout


def test_a_document_is_verified_without_an_instance(sealed: Path, tmp_path: Path) -> None:
    """Whoever has the certificate and the file needs nothing else; a changed file is told."""
    trust = tmp_path / "company.pem"
    trust.write_bytes(as_pem(demo_identity("tests").chain))
    nowhere = ("--trust", trust, "--instance", tmp_path / "none")
    assert "to the byte, what was sealed" in bustia("document", "verify", sealed, *nowhere).stdout
    sealed.write_bytes(sealed.read_bytes() + b"\n")
    changed = bustia("document", "verify", sealed, *nowhere, code=1)
    assert "NOT what was sealed" in changed.stdout
    report = json.loads(bustia("document", "verify", sealed, *nowhere, "--json", code=1).stdout)
    assert (report["good"], report["sealed"], report["unchanged"]) == (False, True, False)


def test_the_instance_does_not_know_somebody_elses_document(instance: Path, sealed: Path) -> None:
    """Unchanged, but neither trusted nor archived here."""
    done = bustia("document", "verify", sealed, "--instance", instance, code=1)
    assert "NOT trusted here" in done.stdout
    assert "keeps no such document" in done.stdout


def test_an_unknown_document_is_told(instance: Path, tmp_path: Path) -> None:
    """Show and export name the number that isn't there, without a traceback."""
    for command in (["show", "F404"], ["export", "F404", "--out", tmp_path / "out"]):
        done = bustia("document", *command, "--instance", instance, code=1)
        assert "F404" in done.stderr
        assert "Traceback" not in done.stderr


def test_an_empty_archive_is_sound(instance: Path) -> None:
    """There is nothing to be damaged."""
    report = json.loads(bustia("document", "check", "--json", "--instance", instance).stdout)
    assert (report["sound"], report["documents"]) == (True, 0)
