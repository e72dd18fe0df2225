"""``bustia cycle``: from a billing run to its closing ledger, as a user types it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cycles import rig

pytestmark = pytest.mark.slow

LISTS = ("emailed", "posted", "office_only", "suppressed", "open", "failed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty instance."""
    with (
        rig.instance(tmp_path_factory.mktemp("cli-cycle") / "instance", "") as path,
        rig.kept_running(path),
    ):
        yield path


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The billing run of a small town, which was imported."""
    bundle = rig.export(tmp_path_factory.mktemp("bundle") / "export", 20)
    rig.bustia("import", bundle, "--instance", folder)
    newest = rig.bustia_json("cycle", "list", "--instance", folder)[0]
    assert (newest["cycle"], newest["state"]) == ("", "not run")
    return str(newest["billing_run"])


def _refused(*arguments: str | Path) -> str:
    """Run a command that must fail; give what it says."""
    done = rig.bustia(*arguments, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def test_before_there_is_an_invoice_the_errors_say_what_to_do(folder):
    """Each command tells what is missing and which command comes first."""
    at = ("--instance", folder)

    assert "there are no invoices yet. Import a bundle first" in _refused("cycle", "run", *at)
    assert "no cycle was run yet. bustia cycle list" in _refused("cycle", "show", *at)
    assert "there is no cycle '2031-01'." in _refused("cycle", "close", "2031-01", *at)
    assert rig.bustia_json("cycle", "list", *at) == []
    assert "No invoices yet" in rig.bustia("cycle", "list", *at).stdout


def test_a_cycle_whose_seal_cannot_be_set_does_not_begin(folder, run):
    """The seal is tried before any worker starts: one sentence, and no invoice failed."""
    file = folder / "bustia.toml"
    before = file.read_text()
    ours = '[seal]\npkcs11_module = "none.so"\ntoken = "A"\nkey = "B"\n'
    file.write_text(before.replace("[seal]", ours, 1) if "[seal]" in before else before + ours)
    try:
        refusal = _refused("cycle", "run", run, "--instance", folder)
    finally:
        file.write_text(before)
    assert refusal.startswith(f"Error: {folder / 'none.so'}: there is no such file.")
    assert rig.bustia_json("cycle", "show", run, "--instance", folder)["ledger"]["failed"] == 0


def test_a_cycle_is_run_shown_listed_and_not_closed_too_early(folder, run):
    """The report adds up; a second run changes nothing; closing is refused with the reason."""
    at = ("--instance", folder)
    assert "billing run 2031-01" in _refused("cycle", "run", "2031-01", *at)

    report = rig.bustia_json("cycle", "run", run, "--workers", "1", *at)
    ledger = report["ledger"]
    assert ("composed", run, True) == (report["state"], report["cycle"], ledger["adds_up"])
    assert ledger["invoices_received"] == sum(ledger[name] for name in LISTS)
    assert report["documents"] == ledger["invoices_received"] >= 20
    assert ledger["failed"] == 0

    assert report | {"compose_seconds": 0, "documents_per_second": 0} == rig.bustia_json(
        "cycle", "run", *at
    ) | {"compose_seconds": 0, "documents_per_second": 0}
    listed = rig.bustia_json("cycle", "show", run, "--list", "open", *at)
    assert ledger["open"] == len(listed["invoices"])

    rows = rig.bustia_json("cycle", "list", *at)
    assert {
        "cycle": run,
        "billing_run": run,
        "state": "composed",
        "invoices": ledger["invoices_received"],
        "documents": report["documents"],
    } == rows[0]

    refusal = _refused("cycle", "close", run, *at)
    assert f"{ledger['open']} invoices are still open." in refusal
    assert "bustia deliver --until-idle" in refusal

    table = rig.bustia("cycle", "show", *at).stdout
    assert f"Cycle {run} · composed" in table
    assert "Invoices received" in table


def test_template_check_presses_the_newest_bills(folder, run):
    """An author sees that every bill can be pressed, and that the judge agrees."""
    assert run
    report = rig.bustia_json("template", "check", "--bills", "15", "--instance", folder)
    assert report["pressed"] + report["left_to_typst"] == 15
    assert report["pressed"] >= 12
    assert (report["compared"], report["differences"]) == (12, [])
    told = rig.bustia("template", "check", "--bills", "5", "--instance", folder).stdout
    assert "of 5 bills can be pressed." in " ".join(told.split())
