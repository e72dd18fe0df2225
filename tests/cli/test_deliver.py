"""``bustia deliver`` as a person at a terminal sees it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest

from tests.deliver.town import MailServer

pytestmark = pytest.mark.slow


def bustia(
    *arguments: str | Path, code: int = 0, at: str = "10:00"
) -> subprocess.CompletedProcess[str]:
    """Run the command; it must end with the exit code."""
    done = subprocess.run(
        [sys.executable, "-c", "from bustia.cli.main import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "BUSTIA_NOW": f"2026-05-12T{at}:00+02:00", "COLUMNS": "160"},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def mail_goes_to(instance: Path, port: int) -> None:
    """Let the instance hand mails to a server on this machine."""
    (instance / "bustia.toml").write_text(
        f'[email]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n', encoding="utf-8"
    )


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance with the composed cycle of a town of 25 contracts."""
    folder = tmp_path_factory.mktemp("deliver")
    instance, bundle = folder / "instance", folder / "bundle"
    bustia("init", instance)
    bustia("synth", "--contracts", "25", "--seed", "3", "--out", bundle)
    bustia("import", bundle, "--instance", instance)
    bustia("cycle", "run", "--workers", "1", "--instance", instance)
    return instance


def test_a_broken_server_is_told_and_the_cycle_is_delivered_later(composed: Path) -> None:
    """Nobody answers: exit code 1 and all mails stay due. Then all go out, once, and it closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        mail_goes_to(composed, listener.getsockname()[1])
    stopped = bustia(
        "deliver", "--until-idle", "--channel", "email", "--instance", composed, code=1
    )
    assert "the rest stays due" in stopped.stderr

    with MailServer() as server:
        mail_goes_to(composed, server.port)
        first = json.loads(bustia("deliver", "--json", "--instance", composed, at="10:10").stdout)
        shown = bustia("deliver", "--until-idle", "--instance", composed, at="10:20")

    assert first["problems"] == {}
    assert server.mails
    assert first["states"]["email"] == {"delivered": len(server.mails)}
    assert len(first["closed_cycles"]) == 1
    (run,) = first["print_runs"]
    with pikepdf.open(Path(run["folder"]) / "invoices.pdf") as printed:
        assert len(printed.pages) >= run["mailpieces"] > 0
    assert first["states"]["post"] == {"delivered": run["mailpieces"]}
    assert shown.stdout == "Nothing was due.\n"
    assert len(server.mails) == first["states"]["email"]["delivered"]  # and not once more
