"""Print runs when something goes wrong: kills, damaged documents, and deaths."""

import shutil
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest

from bustia.archive.models import Document
from bustia.deliver import printing
from bustia.deliver.channels.print_file import PrintFile
from bustia.deliver.models import Delivery, PrintRun
from bustia.deliver.printing import print_due
from bustia.instance import current_instance
from tests.deliver.town import NOW, Town


def states() -> Counter[str]:
    """Count the deliveries by state."""
    return Counter(Delivery.objects.values_list("state", flat=True))


def document_of(delivery: Delivery) -> Document:
    """Give the document of a delivery that has one."""
    assert delivery.document is not None
    return delivery.document


class _Killed(BaseException):
    """The process ends here."""


def _kill(*_: object) -> None:
    raise _Killed


def _killed_after(steps: int) -> Callable[[int], None]:
    left = iter(range(steps))

    def progress(_: int) -> None:
        if next(left, None) is None:
            raise _Killed

    return progress


@pytest.mark.parametrize("after", [0, 3, 5])
def test_a_run_killed_half_way_leaves_nothing_for_the_printers(town: Town, tmp_path: Path, after):
    """Its folder appears whole or not at all; what comes due meanwhile is another run."""
    town.deliveries(6, "post")
    with pytest.raises(_Killed):
        print_due(tmp_path, NOW, _killed_after(after))
    assert not (tmp_path / "2026-03-01").exists()
    assert states() == {"claimed": 6}
    town.deliveries(1, "post", first=6)

    first, second = print_due(tmp_path, NOW)

    assert (first.code, first.mailpieces) == ("2026-03-01", 6)
    assert (second.code, second.mailpieces) == ("2026-03-02", 1)
    assert states() == {"delivered": 7}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["2026-03-01", "2026-03-02"]


def test_a_run_killed_before_its_record_is_the_same_run(town: Town, tmp_path: Path, monkeypatch):
    """The folder was there already: the printers may have it, so not a byte of it changes."""
    town.deliveries(4, "post")
    with monkeypatch.context() as patched:
        patched.setattr(printing, "_mark_written", _kill)
        with pytest.raises(_Killed):
            print_due(tmp_path, NOW)
    before = tmp_path / "before"
    shutil.copytree(tmp_path / "2026-03-01", before)

    (run,) = print_due(tmp_path, NOW)

    for file in before.iterdir():
        assert (run.folder / file.name).read_bytes() == file.read_bytes()
    assert (states(), PrintRun.objects.count()) == ({"delivered": 4}, 1)


def test_a_damaged_document_does_not_hold_up_the_others(town: Town, tmp_path: Path):
    """Its delivery fails with a reason, and the run has the rest."""
    bad = town.deliveries(3, "post", first=700)[1]
    document = document_of(bad)
    assert document.segment is not None
    name = document.segment.name
    (place,) = [file for file in current_instance().archive.rglob("*") if name in file.name]
    good = place.read_bytes()
    content = bytearray(good)
    content[document.offset + document.length // 2] ^= 1
    place.chmod(0o600)
    place.write_bytes(content)
    try:
        (run,) = print_due(tmp_path, NOW)
    finally:  # the archive is shared by the tests
        place.write_bytes(good)

    assert (run.mailpieces, run.pages, run.failed) == (2, 2, 1)
    failed = Delivery.objects.get(state="failed")
    assert failed.pk == bad.pk
    assert failed.reason
    assert document.number not in (run.folder / "manifest.csv").read_text(encoding="utf-8")


def test_who_died_meanwhile_and_what_was_erased_stay_out(town: Town, tmp_path: Path):
    """Before a run is opened, each of its invoices is looked at again."""
    dead, erased, _ = town.deliveries(3, "post")
    dead.contract.customer.deceased = True
    dead.contract.customer.save()
    Document.objects.filter(pk=document_of(erased).pk).update(segment=None)

    (run,) = print_due(tmp_path, NOW)

    assert run.mailpieces == 1
    assert states() == {"suppressed": 1, "failed": 1, "delivered": 1}


def test_odd_values_of_a_page_come_through_as_they_are():
    """Small numbers, names with odd letters, texts and booleans keep their values."""
    source, content, out = pikepdf.new(), BytesIO(), BytesIO()
    page = source.add_blank_page(page_size=(100.5, 200))
    page.obj.Resources = pikepdf.Dictionary(
        Properties=pikepdf.Dictionary(
            {
                "/Tiny": pikepdf.Object.parse(b"0.00000001"),
                "/Flag": True,
                "/Odd name": pikepdf.Name("/with space"),
                "/Text": pikepdf.String("(à\\)"),
                "/List": pikepdf.Array([1, -2, pikepdf.Dictionary(A=False)]),
            }
        )
    )
    page.obj.Rotate = 90
    source.save(content)

    merged = PrintFile(out)
    merged.add(content.getvalue())
    merged.finish()

    with pikepdf.open(out) as opened, pikepdf.open(content) as before:
        kept, given = opened.pages[0].obj, before.pages[0].obj
        assert kept.Resources == given.Resources
        assert str(kept.Resources.Properties["/Tiny"]) == str(given.Resources.Properties["/Tiny"])
        assert kept.Rotate == given.Rotate
        assert kept.MediaBox == given.MediaBox
