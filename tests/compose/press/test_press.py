"""The press by itself: never wrong, always the same, and honest about what it leaves to Typst."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.compose.attachments import Attachment
from bustia.compose.parts import Prose, Text
from bustia.compose.press import Press, assembling, imprint
from bustia.compose.press.imprint import Imprint, Place, imprinted
from bustia.compose.press.judge import differences
from bustia.compose.press.kit import Kit, Style
from bustia.compose.press.known import Known
from bustia.compose.press.lines import Breaker
from bustia.compose.press.pdf import number, single
from bustia.compose.press.typography import Setter
from bustia.compose.view import BillView
from bustia.errors import ComposeError, UnpressableError
from bustia.seal import Sealer, demo_identity, verify
from tests.compose.bills import STAMP, STATIONERY, facts, view

ATTACHED = Attachment("a.xml", b"<a/>", "application/xml", "a")
UNUSUAL = "a line of it may end at an unusual place"


def spoilt(folder: Path, file: str, old: str, new: str) -> Press:
    """Make a press whose templates were changed in one place."""
    shutil.copytree(STATIONERY, folder / "stationery")
    path = folder / "stationery" / "templates" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return Press(folder / "stationery", judged_every=0)


def kit_of(press: Press, language: str = "ca") -> Kit:
    """Give the fonts of a press."""
    return press._kit(language)


# What it refuses


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("parts.typ", "label(t.consumed)", "[#c.figure ] + label(t.consumed)", "moves the text"),
        ("parts.typ", "par(prose(paragraph))", "par(paragraph.lines.first())", "#prose"),
        (
            "parts.typ",
            "display(20pt, c.litres),",
            "display(20pt, c.litres) + context line(length: measure([#c.figure]).width),",
            "size or place",
        ),
    ],
)
def test_a_template_that_cant_be_pressed_says_why(
    file: str, old: str, new: str, reason: str, tmp_path: Path, sealer: Sealer
):
    """The reason names the part, and the field where one is to blame; Typst composes it."""
    press = spoilt(tmp_path, file, old, new)
    with pytest.raises(UnpressableError, match=reason) as caught:
        press.press(view(messages=2), STAMP, sealer.slot(STAMP))
    assert caught.value.where in {"messages", "column", "consumption"}


def test_odd_characters_go_to_typst(press: Press, sealer: Sealer):
    """What the press can't do is composed and sealed all the same, and it says why."""
    odd = replace(view(), recipient=(Prose("Ελένη"), Prose("Vallserena")))
    made = press.compose(odd, (), STAMP, sealer)
    assert (made.composer, made.why) == ("typst", "it has a character that its form does not hold")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((ATTACHED, ATTACHED), "two files attached to it have one name"),
        ((replace(ATTACHED, media_type="xml"),), "a file attached to it is of an unknown media"),
    ],
)
def test_odd_files_are_for_typst_to_judge(
    files: tuple[Attachment, ...], why: str, press: Press, sealer: Sealer
):
    """Typst refuses them too, and its error is the one that is told."""
    with pytest.raises(UnpressableError, match=why):
        press._press(view(), files, STAMP, sealer.slot(STAMP))
    with pytest.raises(ComposeError):
        press.compose(view(), files, STAMP, sealer)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.builds(
            Attachment,
            name=st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
            data=st.binary(max_size=300),
            media_type=st.sampled_from(["application/xml", "text/plain", "image/svg+xml"]),
            description=st.text(max_size=12),
            relationship=st.sampled_from(["source", "data", "alternative", "supplement"]),
        ),
        max_size=3,
        unique_by=lambda one: one.name,
    )
)
def test_files_are_attached_as_typst_does(press: Press, sealer: Sealer, files: list[Attachment]):
    """Whatever they are called: the same names, descriptions and bytes, or left to Typst."""
    bill, slot = view(), sealer.slot(STAMP)
    try:
        made = press._press(bill, files, STAMP, slot)[0].pdf
    except UnpressableError:
        return
    assert differences(made, press.reference.compose(bill, files, STAMP).pdf) == []
    with pikepdf.open(BytesIO(made)) as pdf:
        found = [one.get_file().read_bytes() for one in pdf.attachments.values()]
    assert sorted(found) == sorted(one.data for one in files)


# The judge at work


def test_a_broken_press_gives_typsts_document_and_says_so(
    fresh: Press, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
):
    """With kerning lost, the first document is Typst's, and the next is not even tried."""
    fresh._kit("ca")
    fresh.press(view(messages=1), STAMP, sealer.slot(STAMP))
    kerned = Setter.set

    def unkerned(self: Setter, text: str) -> tuple[bytes, float]:
        shown, width = kerned(self, text)
        return re.sub(rb"\)-?[\d.]+\(", b"", shown), width

    for setter in kit_of(fresh)._setters.values():
        setter.clear()
    monkeypatch.setattr(Setter, "set", unkerned)
    bill = replace(view(messages=1), number=Text("AVAVA-1"))
    made = fresh.compose(bill, (), STAMP, sealer)
    assert made.composer == "typst"
    assert "the judge found that" in made.why
    assert (fresh.verdicts.compared, bool(fresh.verdicts.differences)) == (1, True)
    assert fresh.compose(bill, (), STAMP, sealer).composer == "typst"
    assert fresh.verdicts.compared == 1


# Always the same


def test_the_same_bill_gives_the_same_bytes(tmp_path: Path, sealer: Sealer):
    """In another process, with pieces from the disk, and with these damaged."""
    bill = view(messages=3)
    first = Press(STATIONERY, tmp_path).compose(bill, (), STAMP, sealer)
    again = Press(STATIONERY, tmp_path).compose(bill, (), STAMP, sealer)
    for file in tmp_path.rglob("*.json"):
        file.write_text("{" if "0" in file.name[:4] else json.dumps({"tuple": [1]}))
    damaged = Press(STATIONERY, tmp_path).compose(bill, (), STAMP, sealer)
    alone = Press(STATIONERY, None).compose(bill, (), STAMP, sealer)

    assert first.composer == "press"
    assert {first.pdf} == {again.pdf, damaged.pdf, alone.pdf}


def test_what_came_before_does_not_matter(
    bills: Mapping[str, BillView], tmp_path: Path, sealer: Sealer
):
    """Two presses make the same bills in opposite order: what they keep shows in no byte."""
    some = [bill for name, bill in bills.items() if bill.language == "ca"][:40]
    made = []
    for order in (some, some[::-1]):
        press = Press(STATIONERY, tmp_path, judged_every=0)
        made.append({id(bill): press.compose(bill, (), STAMP, sealer).sha256 for bill in order})
    assert made[0] == made[1]


def test_a_piece_is_made_ready_once_for_its_place(
    press: Press, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
):
    """Of a bill that differs in its last part from one before, only that part is new."""
    made: list[Place] = []

    def counted(kit: Kit, known: Known, place: Place) -> Imprint:
        made.append(place)
        return imprinted(kit, known, place)

    monkeypatch.setattr(assembling, "imprinted", counted)
    bill, slot = view(messages=3), sealer.slot(STAMP)
    press.press(bill, STAMP, slot)
    made.clear()
    detail = replace(bill.detail, concepts=bill.detail.concepts[:1])
    press.press(replace(bill, detail=detail), STAMP, slot)
    assert len(made) == 1


def test_a_part_with_too_many_links_goes_to_typst(
    tmp_path: Path, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
):
    """It has no keys of the parent tree that are free for them, and says so."""
    monkeypatch.setattr(imprint, "MOST_LINKS", 0)
    made = Press(STATIONERY, tmp_path).compose(view(messages=2), (), STAMP, sealer)
    assert (made.composer, made.why) == (
        "typst",
        "a part of it has more links than there are places for",
    )


def test_what_is_known_on_the_disk_is_not_laid_out_again(
    tmp_path: Path, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
):
    """A second press asks Typst for the page of characters alone, and its judge for nothing."""
    bill = view(messages=3)
    Press(STATIONERY, tmp_path).compose(bill, (), STAMP, sealer)
    second = Press(STATIONERY, tmp_path, judged_every=10**9)
    monkeypatch.setattr(Press, "_probe_part", None)
    monkeypatch.setattr(Press, "_probe_frame", None)
    assert second.compose(bill, (), STAMP, sealer).composer == "press"
    assert second.verdicts.compared == 0


def test_its_seal_is_valid_and_covers_all(press: Press, sealer: Sealer):
    """Our own verification, by pyHanko, finds a whole and valid PAdES signature."""
    made = press.press(view(messages=4), STAMP, sealer.slot(STAMP))
    verdict = verify(made.pdf, sealer.identity.chain)
    assert (verdict.reason, verdict.good) == ("", True)
    with pikepdf.open(BytesIO(made.pdf)) as pdf:
        assert pdf.check_pdf_syntax() == []
        signature = pdf.Root.AcroForm.Fields[0].V
        start, length, after, rest = (int(one) for one in signature.ByteRange)
    assert (0, len(made.pdf)) == (start, after + rest)
    assert made.pdf[length : length + 1] == b"<"
    assert demo_identity("press").subject == sealer.identity.subject


# Type


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, b"0"), (12.0, b"12"), (-3.5, b"-3.5"), (585.39996, b"585.39996"), (1e-7, b"0.0000001")],
)
def test_numbers_are_written_in_single_precision(value: float, written: bytes):
    """With as few digits as tell the number of single precision."""
    assert written == number(value)
    assert single(value) == single(float(number(value)))


@pytest.mark.parametrize(
    "text", ["un )mot aquí", "x (a)(b) y", "preu €€ 3 i", "a -b i c", "vés-hi! o</b> no"]
)
def test_what_may_break_in_unknown_ways_is_refused(text: str, press: Press):
    """Rather than being wrong where a line ends, the press leaves it to Typst."""
    kit = kit_of(press)
    breaker = Breaker(kit.setter(Style(kit.plain, 9.0, 0.0)), 20.0)
    with pytest.raises(UnpressableError, match=UNUSUAL):
        breaker[text]


def test_every_bill_of_the_corpus_is_composed(bills: Mapping[str, BillView]):
    """Names are unique, and each has a language that the press has words for."""
    assert {"ca", "es", "en"} == {bill.language for bill in bills.values()}
    assert facts().customer.language == "ca"
