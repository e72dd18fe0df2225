"""Hands customers' changes to the billing system: as a batch of CSV, or one by one as it asks.

The bank accounts in a batch are in clear, so its files are for their owner's eyes only. A change is
handed over once; a batch that got lost can be written again by its number.
"""

import csv
import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from django.db import connection, transaction

from bustia import __version__
from bustia.audit.log import SYSTEM, Actor, record
from bustia.billing.changes import settle
from bustia.billing.chosen_states import UNSEEN, ChangeKind, ChangeState
from bustia.billing.models import ChangeBatch, CustomerChange
from bustia.errors import ChangeError

__all__ = [
    "COLUMNS",
    "FORMAT",
    "Outgoing",
    "WrittenBatch",
    "take_change",
    "waiting_changes",
    "write_again",
    "write_batch",
]

FORMAT, VERSION = "bustia-changes", 1
_FILE, _MANIFEST = "changes.csv", "manifest.json"
_LOCK = 0x42555354_4348414E
"""One export at a time."""

VALUES: Mapping[str, str] = {
    "email": "New e-mail address; empty: there is none any more.",
    "mobile": "New mobile number; empty: there is none any more.",
    "language": "Language the customer reads from now on.",
    "invoice_channel": "How the holder wants the invoice: email, post or office.",
    "office_since": "Day of registration in the Virtual Office; empty: the account was closed.",
    "alerts_on": "Whether personalised alerts are switched on.",
    "consent": "What the consent is about: e_invoice, sms_notices or promotion.",
    "granted": "true: agreed; false: withdrawn.",
    "given_at": "When, as an instant with its UTC offset.",
    "text_version": "Version of the text that was agreed to.",
    "mandate": "Reference of the new mandate.",
    "iban": "Account to charge from now on, in clear.",
    "signed_on": "Day the mandate was signed.",
    "replaces": "References of the mandates that it ends, with commas between.",
    "signed_by": "How it was signed, as in code by sms.",
    "signed_at": "When that was confirmed.",
    "asked_on": "Day erasure was asked for.",
    "meter": "Serial number of the meter that was read.",
    "reading_m3": "What it showed, whole m³.",
    "read_on": "The day on which it was read.",
    "order": "Number of the order at the bank; a payment with this reference confirms it.",
    "amount": "What was paid online, in euros.",
    "invoices": "Numbers of the invoices with what was paid of each, with commas between.",
    "paid_at": "When the bank said so, as an instant with its UTC offset.",
    "authorisation": "The bank's code of the payment.",
}
"""What a change may say, and what it is; most changes use few of them."""
COLUMNS: Mapping[str, str] = {
    "id": "Number of the change; ascending in time.",
    "kind": "What changed: one of the kinds above.",
    "customer": "The customer's code.",
    "contract": "Contract number, where the change is about one contract.",
    "asked_at": "When the customer said so, as an instant in UTC.",
    "source": "Where: office.",
    **VALUES,
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One change as the billing system gets it."""

    id: int
    kind: ChangeKind
    customer: str
    contract: str
    asked_at: datetime
    source: str
    values: Mapping[str, str]

    def plain(self) -> dict[str, object]:
        """Give it as plain data for JSON."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "customer": self.customer,
            "contract": self.contract or None,
            "asked_at": _instant(self.asked_at),
            "source": self.source,
            "values": dict(self.values),
        }

    def cells(self) -> list[str]:
        """Give it as a row of CSV."""
        own = {key: str(value or "") for key, value in self.plain().items() if key != "values"}
        told = {**own, **self.values}
        return [told.get(column, "") for column in COLUMNS]


@dataclass(frozen=True, slots=True)
class WrittenBatch:
    """A batch that was written: its number, its folder, and how many changes of each kind."""

    number: int
    folder: Path
    rows: int
    kinds: Mapping[str, int]


def waiting_changes(after: int = 0, limit: int = 100) -> list[Outgoing]:
    """Give the oldest changes that wait, of those whose number is above ``after``."""
    waiting = CustomerChange.objects.filter(state=ChangeState.WAITING, pk__gt=after)
    return _outgoing(waiting.select_related("customer", "contract").order_by("pk")[:limit])


@transaction.atomic
def take_change(number: int, *, actor: Actor, at: datetime) -> bool:
    """Note that the billing system took a change; tell whether there is such a change.

    Taking one again, or one that the customer has changed again meanwhile, is harmless.
    """
    change = CustomerChange.objects.select_for_update().filter(pk=number).first()
    if change is None:
        return False
    if change.state == ChangeState.WAITING:
        _hand_over(change, at)
        record(
            "change.taken",
            actor=actor,
            about=f"change:{change.pk}",
            at=at,
            detail={"kind": change.kind},
        )
    return True


def write_batch(folder: Path, *, now: datetime) -> WrittenBatch | None:
    """Write everything that waits as one batch into a new folder under ``folder``.

    ``None`` if nothing waits. The files are complete before anything is marked as handed over, and
    the folder gets its name afterwards: one with a name is complete. Raises ``ChangeError`` if it
    can't be written.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        changes = list(
            CustomerChange.objects.select_for_update(of=("self",))
            .filter(state=ChangeState.WAITING)
            .select_related("customer", "contract")
            .order_by("pk")
        )
        if not changes:
            return None
        batch = ChangeBatch.objects.create(created_at=now, rows=len(changes))
        rows = _outgoing(changes)
        made = _write(folder, batch, rows)
        for change in changes:
            change.batch = batch
            change.save(update_fields=["batch"])
            _hand_over(change, now)
        about = f"batch:{batch.pk}"
        record("changes.exported", actor=SYSTEM, about=about, at=now, detail={"rows": len(rows)})
    return _finished(made, batch, rows)


def write_again(number: int, folder: Path) -> WrittenBatch:
    """Write a batch again, the same to the byte; raise ``ChangeError`` if there is none such."""
    batch = ChangeBatch.objects.filter(pk=number).first()
    if batch is None:
        raise ChangeError("there is no such batch.", where=f"batch {number}")
    changes = batch.changes.select_related("customer", "contract").order_by("pk")
    rows = _outgoing(changes)
    return _finished(_write(folder, batch, rows), batch, rows)


def _hand_over(change: CustomerChange, at: datetime) -> None:
    """Mark a change as handed over; what no export can show is thereby confirmed."""
    settle(change, ChangeState.EXPORTED, at)
    if change.kind in UNSEEN:
        settle(change, ChangeState.CONFIRMED, at)


def _outgoing(changes: Iterable[CustomerChange]) -> list[Outgoing]:
    return [
        Outgoing(
            one.pk,
            ChangeKind(one.kind),
            one.customer.code,
            one.contract.number if one.contract is not None else "",
            one.asked_at,
            one.source,
            {name: _text(one.after[name]) for name in VALUES if name in one.after},
        )
        for one in changes
    ]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _write(folder: Path, batch: ChangeBatch, rows: list[Outgoing]) -> Path:
    """Write the files of a batch under a name that says that they aren't finished."""
    name = _name(batch)
    if (folder / name).exists():
        raise ChangeError(
            "this batch is there already.",
            where=str(folder / name),
            hint="Remove it first, or choose another folder with --out.",
        )
    made = folder / f".{name}.partial"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        with _private(made / _FILE) as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(COLUMNS)
            lines.writerows(row.cells() for row in rows)
        entry = {
            "name": _FILE,
            "format": "csv",
            "rows": len(rows),
            "sha256": hashlib.sha256((made / _FILE).read_bytes()).hexdigest(),
        }
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "producer": f"Bústia {__version__}",
            "batch": batch.pk,
            "created_at": _instant(batch.created_at),
            "files": [entry],
        }
        with _private(made / _MANIFEST) as file:
            file.write(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    except OSError as error:
        raise ChangeError(
            f"the batch can't be written: {error.strerror}.", where=str(folder)
        ) from error
    return made


@contextmanager
def _private(path: Path) -> Iterator[TextIO]:
    """Open a new file that only its owner may read; it is on disk when it is closed."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def _finished(made: Path, batch: ChangeBatch, rows: list[Outgoing]) -> WrittenBatch:
    """Give a written batch its name."""
    final = made.with_name(_name(batch))
    try:
        made.rename(final)
    except OSError as error:
        raise ChangeError(
            f"the batch can't be given its name: {error.strerror}.",
            where=str(made),
            hint=f"Its changes are marked as handed over: bustia export --batch {batch.pk}",
        ) from error
    kinds = Counter(row.kind.value for row in rows)
    return WrittenBatch(batch.pk, final, len(rows), dict(sorted(kinds.items())))


def _name(batch: ChangeBatch) -> str:
    return f"changes-{batch.pk:06d}"
