"""``bustia export`` as a person at a terminal, and a program, see it."""

import json
from pathlib import Path

import pytest

from tests.cli.test_deliver import bustia
from tests.office.served import Served

pytestmark = pytest.mark.slow


def test_changes_are_handed_over_once(tmp_path: Path) -> None:
    """What waits is written once; a batch that got lost again by its number; the rest is told."""
    instance, bundle = tmp_path / "instance", tmp_path / "bundle"
    bustia("init", instance)
    bustia("synth", "--contracts", "3", "--seed", "3", "--out", bundle)
    bustia("import", bundle, "--instance", instance)
    nothing = bustia("export", "--instance", instance)
    assert "No change waits" in nothing.stdout
    Served(tmp_path, "").run(
        """
        from bustia.audit.log import Actor
        from bustia.billing.changes import change_email
        from bustia.billing.models import Customer
        from bustia.instance import current_instance
        change_email(
            Customer.objects.order_by("pk")[0], "nova@example.org",
            actor=Actor("customer", "1"), at=current_instance().now(),
        )
        """
    )
    told = bustia("import", bundle, "--instance", instance)
    assert "1 changes of customers are held" in told.stdout

    batch = json.loads(bustia("export", "--json", "--instance", instance).stdout)
    assert (batch["rows"], batch["kinds"]) == (1, {"email": 1})
    folder = Path(batch["folder"])
    assert folder.parent == instance / "outbox" / "changes"
    assert "nova@example.org" in (folder / "changes.csv").read_text(encoding="utf-8")
    assert json.loads(bustia("export", "--json", "--instance", instance).stdout)["rows"] == 0

    again = ("export", "--batch", str(batch["number"]), "--instance", instance)
    assert "there already" in bustia(*again, code=1).stderr
    bustia(*again, "--out", tmp_path / "lost")
    copy = tmp_path / "lost" / folder.name / "changes.csv"
    assert copy.read_bytes() == (folder / "changes.csv").read_bytes()
