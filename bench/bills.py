"""The bills that are composed: those of a made-up town, once with one page and once with two.

They are made by the product itself, from the export of the town to what each bill says, in an
instance that is thrown away; they are kept for the next run as long as nothing changes that they
are made by.
"""

import hashlib
import multiprocessing
import os
import pickle
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import bustia
from bustia.compose.parts import BillView
from bustia.instance.config import shipped_stationery

__all__ = ["STAMP", "Bill", "bills", "read_bills", "views_of_the_newest_run", "write_bills"]

STAMP = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
"""When the documents are composed and sealed."""

_ISSUED = date(2026, 5, 12)
_BATCH = 500
_MADE_BY = ("billing", "decide", "intake", "synth", "formatting.py", "money.py")


@dataclass(frozen=True, slots=True)
class Bill:
    """What a bill says, and how many pages it comes to."""

    view: BillView
    pages: int


def bills(contracts: int, pages: int, folder: Path) -> Path:
    """Give the file with the bills of a town of so many contracts that have so many pages.

    Bills of one page are those of two with their first message only, or with none, and without
    a slip where even that doesn't help: that is what they would be without the personal part.
    """
    file = folder / f"bills-{contracts}-{pages}-{_fingerprint()}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for outdated in folder.glob(f"bills-{contracts}-{pages}-*"):
            outdated.unlink()
        # In a process of its own: a process can be set up for one database only.
        making = multiprocessing.get_context("spawn").Process(
            target=_make, args=(contracts, pages, file)
        )
        making.start()
        making.join()
        if not file.exists():
            raise RuntimeError("the bills could not be made; the reason stands above.")
    return file


def read_bills(file: Path) -> list[Bill]:
    """Read bills that this program wrote."""
    return cast("list[Bill]", pickle.loads(file.read_bytes()))  # noqa: S301 (our own file)


def write_bills(file: Path, made: Sequence[Bill]) -> None:
    """Write bills so that the file is whole as soon as it is there."""
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(pickle.dumps(list(made), pickle.HIGHEST_PROTOCOL))
    unfinished.replace(file)


def _fingerprint() -> str:
    """Give a digest of all that the bills are made by."""
    source = Path(bustia.__file__).parent
    found = [path for name in _MADE_BY for path in (source / name).rglob("*.py")]
    found += [source / name for name in _MADE_BY if name.endswith(".py")]
    found += [one for one in (source / "compose").glob("*.py") if "press" not in one.name]
    found += [path for path in shipped_stationery().rglob("*") if path.is_file()]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(found):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _make(contracts: int, pages: int, file: Path) -> None:
    from bustia.compose.typst_composer import TypstComposer

    composer = TypstComposer(shipped_stationery())
    made: list[Bill] = []
    for view in _views(contracts):
        for candidate in _candidates(view, pages):
            if composer.compose(candidate, (), STAMP).pages == pages:
                made.append(Bill(candidate, pages))
                break
    write_bills(file, made)


def _candidates(view: BillView, pages: int) -> Sequence[BillView]:
    if pages != 1:
        return (view,)
    plain = replace(view, messages=())
    return (replace(view, messages=view.messages[:1]), plain, replace(plain, slip=None))


def _views(contracts: int) -> list[BillView]:
    """Give what the bills of a town say, by way of an instance that is thrown away."""
    from bustia.instance import create_instance, open_instance
    from bustia.instance.postgres import remove_data
    from bustia.synth import write_town

    os.environ.pop("DATABASE_URL", None)
    os.environ["BUSTIA_NOW"] = STAMP.isoformat()
    place = Path(tempfile.mkdtemp(prefix="bustia-bench-"))
    try:
        write_town(place / "export", contracts, 1, _ISSUED)
        instance_path = create_instance(place / "instance", seed="bench")
        with open_instance(instance_path) as instance:
            instance.migrate()
            from bustia.intake.loader import import_paths

            import_paths([place / "export"], now=instance.now(), folder=instance_path / "intake")
            found = views_of_the_newest_run()
        remove_data(instance_path)
        return found
    finally:
        shutil.rmtree(place, ignore_errors=True)


def views_of_the_newest_run(most: int | None = None) -> list[BillView]:
    """Give what the bills of an open instance's newest run say; of ``most``, from all over it."""
    from bustia.billing.facts_loader import load_facts
    from bustia.billing.models import Invoice
    from bustia.compose.company import load_company
    from bustia.compose.labels import load_labels
    from bustia.compose.view import bill_view
    from bustia.cycles.planning import newest_billing_run
    from bustia.decide.engine import Decider
    from bustia.decide.release import load_release

    stationery = shipped_stationery()
    companies, labels = load_company(stationery), load_labels(stationery)
    decider = Decider(load_release(stationery))
    run = Invoice.objects.filter(billing_run=newest_billing_run(), kind="invoice", source=None)
    ids = list(run.order_by("number").values_list("pk", flat=True))
    ids = ids[:: max(1, len(ids) // most)] if most else ids
    found = []
    for first in range(0, len(ids), _BATCH):
        for facts in load_facts(ids[first : first + _BATCH], STAMP):
            decision = decider.decide(facts, history=None)
            language = facts.customer.language
            found.append(bill_view(facts, decision, companies[language], labels[language]))
    return found
