"""Each change is handed over once, whole, and for its reader's eyes only."""

import csv
import hashlib
import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.deliver.town import Town

from bustia.audit.log import Actor, done_to
from bustia.billing import changes, outgoing
from bustia.billing.changes import ConsentWording, MandateSignature
from bustia.billing.models import ChangeBatch, CustomerChange
from bustia.billing.outgoing import COLUMNS, take_change, waiting_changes, write_again, write_batch
from bustia.errors import ChangeError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
MARIA = Actor("customer", "17")
FEED = Actor("billing", "feed")
WORDING = ConsentWording("Hi estic d’acord, «tot».", "2026-1", "ca")
IBAN = "ES9121000418450200051332"


def say_everything() -> None:
    """Change one thing of each kind."""
    contract = Town().contract(1, "post", language="ca")
    customer = contract.customer
    changes.change_email(customer, 'nova,"1"@example.org', actor=MARIA, at=NOW)
    changes.change_mobile(customer, "", actor=MARIA, at=NOW)
    changes.change_language(customer, "es", actor=MARIA, at=NOW)
    changes.change_invoice_channel(contract, "email", actor=MARIA, at=NOW)
    changes.note_office_registration(customer, date(2026, 5, 12), actor=MARIA, at=NOW)
    changes.record_consent(contract, "e_invoice", True, wording=WORDING, actor=MARIA, at=NOW)
    changes.replace_mandate(
        contract, IBAN, signature=MandateSignature(WORDING, "code by sms", NOW), actor=MARIA, at=NOW
    )
    changes.request_erasure(customer, actor=MARIA, at=NOW)


def rows_of(folder: Path) -> list[dict[str, str]]:
    """Read a batch, after its manifest said that it is whole."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["format"], manifest["version"]) == ("bustia-changes", 1)
    (entry,) = manifest["files"]
    data = (folder / entry["name"]).read_bytes()
    assert entry["sha256"] == hashlib.sha256(data).hexdigest()
    rows = list(csv.DictReader(data.decode().splitlines()))
    assert entry["rows"] == len(rows)
    return rows


def test_everything_is_in_the_batch(tmp_path: Path) -> None:
    """Each change is a row with what it says, whose it is and when it was asked for."""
    say_everything()
    batch = write_batch(tmp_path / "out", now=NOW)
    assert batch is not None
    assert batch.folder == tmp_path / "out" / f"changes-{batch.number:06d}"
    rows = {row["kind"]: {k: v for k, v in row.items() if v} for row in rows_of(batch.folder)}
    assert list(rows) == [
        "email",
        "mobile",
        "language",
        "invoice_channel",
        "office_since",
        "consent",
        "mandate",
        "erasure",
    ]
    common = {"customer": "C1", "asked_at": "2026-05-12T08:00:00Z", "source": "office"}
    told = {
        kind: {k: v for k, v in row.items() if k not in {*common, "id", "kind"}}
        for kind, row in rows.items()
    }
    assert all(row.items() >= common.items() for row in rows.values())
    assert told["email"] == {"email": 'nova,"1"@example.org'}
    assert told["mobile"] == {}
    assert told["invoice_channel"] == {"contract": "K1", "invoice_channel": "email"}
    assert told["office_since"] == {"office_since": "2026-05-12"}
    assert told["consent"]["granted"] == "true"
    assert told["mandate"]["iban"] == IBAN
    assert told["mandate"]["signed_by"] == "code by sms"
    assert told["erasure"] == {"asked_on": "2026-05-12"}
    assert batch.kinds["mandate"] == 1


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """Folder and files are closed to others, whatever the process's mask."""
    say_everything()
    before = os.umask(0)
    try:
        batch = write_batch(tmp_path / "out", now=NOW)
    finally:
        os.umask(before)
    assert batch is not None
    assert batch.folder.stat().st_mode & 0o777 == 0o700
    assert {0o600} == {file.stat().st_mode & 0o777 for file in batch.folder.iterdir()}


def test_nothing_is_handed_over_twice(tmp_path: Path) -> None:
    """A second batch has only what was said since; without that there is none."""
    say_everything()
    first = write_batch(tmp_path, now=NOW)
    assert write_batch(tmp_path, now=NOW) is None
    Town().contract(2)
    contract = Town().contract(3)
    changes.change_email(contract.customer, "altra@example.org", actor=MARIA, at=NOW)
    second = write_batch(tmp_path, now=NOW)
    assert first is not None
    assert second is not None
    assert (first.rows, second.rows) == (8, 1)
    assert [one.action for one in done_to(f"batch:{second.number}")] == ["changes.exported"]


def test_erasure_is_confirmed_when_handed_over(tmp_path: Path) -> None:
    """No export can show it, so the billing system's having it is the end of it."""
    say_everything()
    write_batch(tmp_path, now=NOW)
    states = dict(CustomerChange.objects.values_list("kind", "state"))
    assert states.pop("erasure") == "confirmed"
    assert set(states.values()) == {"exported"}


def test_a_lost_batch_is_written_again(tmp_path: Path) -> None:
    """By its number it is the same to the byte, even when some of it is settled by now."""
    say_everything()
    first = write_batch(tmp_path / "one", now=NOW)
    assert first is not None
    CustomerChange.objects.filter(kind="email").update(state="confirmed")
    again = write_again(first.number, tmp_path / "two")
    for name in ("changes.csv", "manifest.json"):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
    with pytest.raises(ChangeError, match="there already"):
        write_again(first.number, tmp_path / "one")
    with pytest.raises(ChangeError, match="no such batch"):
        write_again(first.number + 1, tmp_path)


def test_what_cannot_be_written_stays_waiting(tmp_path: Path) -> None:
    """A full or missing disk marks nothing as handed over, and leaves nothing half."""
    say_everything()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChangeError, match="can't be written"):
        write_batch(tmp_path / "file", now=NOW)
    assert set(CustomerChange.objects.values_list("state", flat=True)) == {"waiting"}
    assert not ChangeBatch.objects.exists()


def test_an_unfinished_folder_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is stopped between marking and naming is told how to get the batch."""
    say_everything()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", full)
        with pytest.raises(ChangeError, match="No space left") as refused:
            write_batch(tmp_path, now=NOW)
    number = ChangeBatch.objects.get().pk
    assert f"--batch {number}" in str(refused.value)
    assert [one.name for one in tmp_path.iterdir()] == [f".changes-{number:06d}.partial"]
    assert len(rows_of(write_again(number, tmp_path).folder)) == 8


def test_the_feed_gives_what_waits_in_pages() -> None:
    """Changes come by their numbers; what was taken doesn't come again."""
    say_everything()
    first = waiting_changes(limit=3)
    rest = waiting_changes(after=first[-1].id)
    assert [one.id for one in first + rest] == [one.id for one in waiting_changes()]
    assert len(rest) == 5
    assert take_change(first[0].id, actor=FEED, at=NOW)
    assert take_change(first[0].id, actor=FEED, at=NOW)
    assert len(waiting_changes()) == 7
    assert len(done_to(f"change:{first[0].id}")) == 1
    assert not take_change(10**12, actor=FEED, at=NOW)


def test_columns_are_documented() -> None:
    """The page on changes has every column, and the words that stand here."""
    page = (Path(__file__).parents[2] / "docs/changes.md").read_text(encoding="utf-8")
    found = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page, re.MULTILINE))
    assert dict(COLUMNS) == {name: found.get(name) for name in COLUMNS}
    assert outgoing.FORMAT in page
