"""Releases: what is told of a stationery that must be corrected, and the name of its content."""

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bustia.decide.catalogue import example_facts
from bustia.decide.engine import Decider
from bustia.decide.release import copy_release, load_release
from bustia.decide.stationery import Release
from bustia.errors import StationeryError

from .conftest import STATIONERY

RULE = """\
id: a-rule
description: A rule for tests.
priority: 100
kind: service
tone: info
condition: debt.count > 0
texts:
  ca:
    title: Títol
    body: |
      Té {{ debt.count }}
      {{ debt.count | plural: "factura", "factures" }}.
  es: {title: Título, body: Texto}
  en: {title: Title, body: Text}
"""
RETURNS = """\
- valid_from: 2024-01-01
  actions: {contact: [MS03]}
  otherwise: contact
  suppress: []
- valid_from: 2026-01-01
  actions: {contact: [MS03], deceased: [MD07]}
  otherwise: contact
  suppress: [deceased]
"""

Change = Callable[[str, str], Path]


@pytest.fixture
def change(tmp_path: Path) -> Change:
    """Make a small stationery whose rule is correct but for one replacement."""

    def changed(old: str, new: str) -> Path:
        (tmp_path / "messages").mkdir(exist_ok=True)
        (tmp_path / "company.yaml").write_text("name: Aigües\nphone: 977 000 100\n")
        (tmp_path / "returned_debits.yaml").write_text(RETURNS)
        assert old in RULE
        (tmp_path / "messages" / "a-rule.yaml").write_text(RULE.replace(old, new, 1))
        return tmp_path

    return changed


def test_a_small_stationery_loads(change: Change) -> None:
    """What the other tests change is correct to begin with."""
    release = load_release(change("A rule", "A rule"))
    assert [rule.id for rule in release.rules] == ["a-rule"]


WRONG = [
    ("debt.count > 0", "debt.cont > 0", "messages/a-rule.yaml:6",
     "condition: there is no fact debt.cont", "Did you mean debt.count?"),
    ("condition: debt.count > 0", "condition: |\n  office.registered &&\n  debt.count > 'x'",
     "messages/a-rule.yaml:8", "condition: a whole number can't be compared with a text",
     "Write the number without quotes."),
    ("{{ debt.count | plural", "{{ debt.cuont | plural", "messages/a-rule.yaml:12",
     "body in ca: there is no fact debt.cuont", "Did you mean debt.count?"),
    ("{{ debt.count }}", "{{ debt.amount }}", "messages/a-rule.yaml:11",
     "body in ca: debt.amount is a number: it needs a filter to be read",
     "Add | money or | number or | percent."),
    ("  en: {title: Title, body: Text}\n", "", "messages/a-rule.yaml:8",
     "the texts in en are missing", None),
    ("{title: Title, body: Text}", "{title: Title}", "messages/a-rule.yaml:14",
     "the body in en is missing", None),
    ("tone: info", "tone: urgent", "messages/a-rule.yaml:5", "tone can't be urgent",
     "It is one of alert, info, offer."),
    ("kind: service", "kind: servise", "messages/a-rule.yaml:4", "kind can't be servise",
     "Did you mean service?"),
    ("priority: 100", "prioriti: 100", "messages/a-rule.yaml:3", None, None),
    ("priority: 100", "priority: high", "messages/a-rule.yaml:3",
     "priority must be a whole number from 0 to 1000", None),
    ("priority: 100", "priority: 100\npriority: 200", "messages/a-rule.yaml:4",
     "priority stands here twice", None),
    ("id: a-rule", "id: b-rule", "messages/a-rule.yaml:1",
     "the id b-rule and the file's name differ", "Call the file b-rule.yaml."),
    ("priority: 100", "priority: 100\nvalid_from: 2026-06-01\nvalid_to: 2026-05-01",
     "messages/a-rule.yaml:5", "valid_to is before valid_from", None),
    ("priority: 100", "priority: 100\nvalid_from: soon", "messages/a-rule.yaml:4",
     "valid_from must be a date", "Such as 2026-06-01."),
    ("tone: info", "tone: info\naction: {url: 'ftp://x', label: {ca: a, es: b, en: c}}",
     "messages/a-rule.yaml:6", "the action's url must begin with https://, tel: or mailto:", None),
    ("description: A rule for tests.", "description: 'A rule", "messages/a-rule.yaml:2",
     "not YAML: found unexpected end of stream",
     "Often an indentation, or a colon in a text without quotes."),
    ("Títol", "T" * 200, "messages/a-rule.yaml:1", "the title in ca has 200 characters",
     "110 fit."),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "where", "what", "hint"), WRONG)
def test_what_is_wrong_is_told_with_its_place(
    change: Change, old: str, new: str, where: str, what: str | None, hint: str | None
) -> None:
    """Each mistake is told with file, line and, where there is one, a suggestion."""
    with pytest.raises(StationeryError) as refused:
        load_release(change(old, new))
    error = refused.value
    if what is None:
        assert where in str(error)
        assert "Did you mean priority?" in str(error)
    else:
        assert (where, what, hint) == (error.where, error.what, error.hint)


def test_all_that_is_wrong_is_told_at_once(change: Change) -> None:
    """A person corrects everything in one go."""
    folder = change("debt.count > 0", "debt.cont > 0")
    (folder / "returned_debits.yaml").write_text(
        RETURNS.replace("otherwise: contact", "otherwise: x")
    )
    text = (folder / "messages" / "a-rule.yaml").read_text()
    (folder / "messages" / "a-rule.yaml").write_text(text.replace("tone: info", "tone: x"))
    with pytest.raises(StationeryError) as refused:
        load_release(folder)
    told = str(refused.value)
    for place in ("a-rule.yaml:5", "a-rule.yaml:6", "returned_debits.yaml:3"):
        assert place in told


def test_a_stationery_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A wrong folder has an error of its own."""
    with pytest.raises(StationeryError, match="there is no such folder"):
        load_release(tmp_path / "nowhere")


@pytest.mark.parametrize("tagged", ["[]", "''"])
def test_yaml_can_not_build_objects(change: Change, tagged: str) -> None:
    """A tag that would run code is refused."""
    tag = f"description: !!python/object/apply:os.getcwd {tagged} #"
    folder = change("description: A rule", tag)
    with pytest.raises(StationeryError, match=r"a-rule\.yaml:2"):
        load_release(folder)


def test_reason_codes_are_dated(change: Change) -> None:
    """A version of the table counts from its day on."""
    returns = load_release(change("A rule", "A rule")).returned_debits
    facts = example_facts()
    assert returns.action("MD07", facts.today.replace(year=2025)) == "contact"
    assert returns.action("MD07", facts.today) == "deceased"


def test_the_hash_names_the_content(tmp_path: Path) -> None:
    """Any change of any file, asset or name changes the hash; hidden files don't."""
    copy, other = tmp_path / "stationery", tmp_path / "elsewhere"
    shutil.copytree(STATIONERY, copy)
    shutil.copytree(copy, other)
    release = load_release(other)
    (copy / ".swp").write_text("x")
    assert load_release(copy).hash == release.hash
    (copy / "note.svg").write_text("<svg/>")
    changed = load_release(copy).hash
    (copy / "note.svg").rename(copy / "note2.svg")
    assert len({release.hash, changed, load_release(copy).hash}) == 3


def test_a_release_is_kept_under_its_hash(tmp_path: Path) -> None:
    """The copy has the same content; copying again changes nothing."""
    shutil.copytree(STATIONERY, tmp_path / "stationery")
    release = load_release(tmp_path / "stationery")
    releases = tmp_path / "releases"
    kept = copy_release(release, releases)
    assert kept == releases / release.hash
    assert load_release(kept).hash == release.hash
    assert copy_release(release, releases) == kept
    assert [one.name for one in releases.iterdir()] == [release.hash]


def test_a_stationery_that_changed_is_not_kept_under_the_old_name(
    tmp_path: Path, change: Change
) -> None:
    """What is kept is what was loaded."""
    folder = change("A rule", "A rule")
    release = load_release(folder)
    (folder / "company.yaml").write_text("name: Another\n")
    with pytest.raises(StationeryError, match="changed after it was loaded"):
        copy_release(release, tmp_path / "releases")


def test_a_decider_travels_between_processes(decider: Decider) -> None:
    """A pickled decider decides the same."""
    other = pickle.loads(pickle.dumps(decider))  # noqa: S301 (our own bytes)
    assert other.decide(example_facts()) == decider.decide(example_facts())


def test_an_unknown_rule_is_suggested(release: Release) -> None:
    """A misspelt rule gets a suggestion."""
    with pytest.raises(StationeryError, match="Did you mean unpaid-invoices"):
        release.rule("unpaid-invoice")
