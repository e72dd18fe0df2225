"""What customers change here: it counts at once, and is told to the billing system.

Each of these is one transaction: it changes what the engines read, writes a ``CustomerChange``
for the billing system, and an entry of the log of changes. See docs/changes.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.utils.timezone import localdate

from bustia.audit.log import Actor, record
from bustia.billing.chosen_states import OPEN, ChangeKind, ChangeState, check_move
from bustia.billing.fields import fingerprint
from bustia.billing.models import (
    Consent,
    ConsentEvidence,
    Contract,
    Customer,
    CustomerChange,
    Mandate,
)
from bustia.errors import ChangeError
from bustia.identifiers import check_iban, mask_iban, normal_iban

__all__ = [
    "COLUMNS",
    "ConsentKind",
    "ConsentWording",
    "MandateSignature",
    "change_email",
    "change_invoice_channel",
    "change_language",
    "change_mobile",
    "mandate_reference",
    "note",
    "note_office_registration",
    "record_consent",
    "replace_mandate",
    "request_erasure",
    "settle",
    "take_turns",
]

SOURCE = "office"
"""Where customers say these things; what ``Consent.source`` says of them."""
COLUMNS: Mapping[ChangeKind, Literal["customer", "contract"]] = {
    ChangeKind.EMAIL: "customer",
    ChangeKind.MOBILE: "customer",
    ChangeKind.LANGUAGE: "customer",
    ChangeKind.OFFICE: "customer",
    ChangeKind.INVOICE_CHANNEL: "contract",
}
"""The kinds that are one column of an exported table, with the table; the column has their name."""

ConsentKind = Literal["e_invoice", "sms_notices", "promotion"]


@dataclass(frozen=True, slots=True)
class ConsentWording:
    """What a customer read before they agreed or withdrew."""

    text: str
    version: str
    language: str


@dataclass(frozen=True, slots=True)
class MandateSignature:
    """How a mandate was signed: what was read, and by what it was confirmed."""

    wording: ConsentWording
    way: str
    """As in ``code by sms``."""
    confirmed_at: datetime


@transaction.atomic
def change_email(customer: Customer, new: str, *, actor: Actor, at: datetime) -> None:
    """Let mails go to this address from now on; an empty one means that there is none."""
    _change_column(ChangeKind.EMAIL, customer, None, new, actor=actor, at=at)


@transaction.atomic
def change_mobile(customer: Customer, new: str, *, actor: Actor, at: datetime) -> None:
    """Let SMS go to this number (``+34600000000``) from now on; an empty one means none."""
    _change_column(ChangeKind.MOBILE, customer, None, new, actor=actor, at=at)


@transaction.atomic
def change_language(
    customer: Customer, new: Literal["ca", "es", "en"], *, actor: Actor, at: datetime
) -> None:
    """Let the next invoice and all messages be in this language."""
    _change_column(ChangeKind.LANGUAGE, customer, None, new, actor=actor, at=at)


@transaction.atomic
def change_invoice_channel(
    contract: Contract, new: Literal["email", "post", "office"], *, actor: Actor, at: datetime
) -> None:
    """Let the next invoice of the contract go this way; by e-mail it goes with consent only."""
    _change_column(ChangeKind.INVOICE_CHANNEL, contract.customer, contract, new, actor=actor, at=at)


@transaction.atomic
def note_office_registration(
    customer: Customer, day: date | None, *, actor: Actor, at: datetime
) -> None:
    """Note since when a customer uses the Virtual Office; ``None`` when they closed the account."""
    _change_column(ChangeKind.OFFICE, customer, None, day, actor=actor, at=at)


@transaction.atomic
def record_consent(
    contract: Contract,
    kind: ConsentKind,
    granted: bool,
    *,
    wording: ConsentWording,
    actor: Actor,
    at: datetime,
) -> Consent:
    """Record that the holder agreed to something, or withdrew, with the text that they read.

    A withdrawal or grant is always recorded, also of what was so before: it is evidence.
    """
    take_turns(contract.customer)
    Contract.objects.select_for_update().get(pk=contract.pk)
    given_at = at
    while Consent.objects.filter(contract=contract, kind=kind, given_at=given_at).exists():
        given_at += timedelta(microseconds=1)  # two words of the same instant keep their order
    before = _newest_consent(contract, kind, at)
    consent = Consent.objects.create(
        contract=contract,
        kind=kind,
        granted=granted,
        given_at=given_at,
        source=SOURCE,
        text_version=wording.version,
    )
    ConsentEvidence.objects.create(
        consent=consent,
        text=wording.text,
        language=wording.language,
        version=wording.version,
        given_by=actor.reference,
    )
    after = {
        "consent": kind,
        "granted": granted,
        "given_at": given_at.isoformat(),
        "text_version": wording.version,
    }
    known = {"granted": before.granted, "given_at": before.given_at.isoformat()} if before else {}
    note(ChangeKind.CONSENT, contract.customer, contract, known, after, kind, actor=actor, at=at)
    record(
        "consent.granted" if granted else "consent.withdrawn",
        actor=actor,
        about=f"contract:{contract.pk}",
        at=at,
        detail={"kind": kind, "version": wording.version, "language": wording.language},
    )
    return consent


@transaction.atomic
def replace_mandate(
    contract: Contract, iban: str, *, signature: MandateSignature, actor: Actor, at: datetime
) -> Mandate:
    """Let the contract be charged to another account: a new mandate, and the old one cancelled.

    Raises ``ChangeError`` if the account isn't one (its check digits don't fit), or is the one
    that is charged already.
    """
    if not check_iban(iban):
        raise ChangeError("this is no bank account: its check digits or its length don't fit.")
    take_turns(contract.customer)
    Contract.objects.select_for_update().get(pk=contract.pk)
    plain = normal_iban(iban)
    active = list(Mandate.objects.select_for_update().filter(contract=contract, status="active"))
    if any(one.iban_fingerprint == fingerprint(plain) for one in active):
        raise ChangeError("this is the account that the contract is charged to already.")
    made = Mandate.objects.create(
        reference=mandate_reference(contract),
        contract=contract,
        iban=plain,
        iban_masked=mask_iban(plain),
        iban_fingerprint=fingerprint(plain),
        signed_on=localdate(at),
        status="active",
    )
    Mandate.objects.filter(pk__in=[one.pk for one in active]).update(status="cancelled")
    known = {"mandates": {one.reference: one.iban_fingerprint for one in active}}
    after = {
        "mandate": made.reference,
        "iban": plain,
        "signed_on": made.signed_on.isoformat(),
        "replaces": ", ".join(sorted(one.reference for one in active)),
        "signed_by": signature.way,
        "signed_at": signature.confirmed_at.isoformat(),
        "text": signature.wording.text,
        "text_version": signature.wording.version,
    }
    note(ChangeKind.MANDATE, contract.customer, contract, known, after, actor=actor, at=at)
    record(
        "mandate.replaced",
        actor=actor,
        about=f"contract:{contract.pk}",
        at=at,
        detail={"fields": ["iban"], "way": signature.way, "version": signature.wording.version},
    )
    return made


def mandate_reference(contract: Contract) -> str:
    """Give the reference that the contract's next mandate will have: it is signed with it."""
    ours = Mandate.objects.filter(contract=contract, reference__startswith="OV").count()
    return f"OV{contract.pk:08d}-{ours + 1:03d}"


@transaction.atomic
def request_erasure(customer: Customer, *, actor: Actor, at: datetime) -> CustomerChange:
    """Ask that all that needn't be kept by law be erased (GDPR art. 17); once while it is open."""
    take_turns(customer)
    Customer.objects.select_for_update().get(pk=customer.pk)
    asked = CustomerChange.objects.filter(customer=customer, kind=ChangeKind.ERASURE)
    waiting = asked.filter(state=ChangeState.WAITING).first()
    if waiting is not None:
        return waiting
    after = {"asked_on": localdate(at).isoformat()}
    made = note(ChangeKind.ERASURE, customer, None, {}, after, actor=actor, at=at)
    record("erasure.requested", actor=actor, about=f"customer:{customer.pk}", at=at)
    return made


def note(
    kind: ChangeKind,
    customer: Customer,
    contract: Contract | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    topic: str = "",
    *,
    actor: Actor,
    at: datetime,
) -> CustomerChange:
    """Write a change for the billing system; one of the same thing that is open gives way to it.

    To be called in the transaction of the change, with the row it is about locked.
    """
    same = CustomerChange.objects.select_for_update().filter(
        kind=kind, topic=topic, customer=customer, contract=contract, state__in=OPEN
    )
    earlier = same.first()
    if earlier is not None:
        settle(earlier, ChangeState.SUPERSEDED, at)
    return CustomerChange.objects.create(
        kind=kind,
        topic=topic,
        customer=customer,
        contract=contract,
        before=before,
        after=after,
        asked_at=at,
        source=SOURCE,
        asked_by=actor.reference,
        replaces=earlier,
    )


def take_turns(customer: Customer) -> None:
    """Lock the open changes of a customer before anything else of theirs is locked.

    An import locks all open changes before it writes rows; who does the same in the same order
    waits for it, and is never waited for in turn. To be called first in each transaction here.
    """
    mine = CustomerChange.objects.filter(customer=customer, state__in=OPEN).order_by("pk")
    list(mine.select_for_update().values_list("pk"))


def settle(change: CustomerChange, state: ChangeState, at: datetime) -> None:
    """Move a change to another state."""
    check_move(change.pk, ChangeState(change.state), state)
    change.state = state
    if state is ChangeState.EXPORTED:
        change.exported_at = at
    else:
        change.settled_at = at
    change.save(update_fields=["state", "exported_at", "settled_at"])


def _newest_consent(contract: Contract, kind: str, at: datetime) -> Consent | None:
    found = Consent.objects.filter(contract=contract, kind=kind, given_at__lte=at)
    return found.order_by("-given_at").first()


def _change_column(
    kind: ChangeKind,
    customer: Customer,
    contract: Contract | None,
    new: str | date | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Change one column of a customer or a contract, unless it says so already."""
    take_turns(customer)
    holder = customer if contract is None else contract
    model = type(holder)
    stored = model._default_manager.select_for_update().get(pk=holder.pk)  # noqa: SLF001
    before = getattr(stored, kind.value)
    setattr(holder, kind.value, new)
    if before == new:
        return
    setattr(stored, kind.value, new)
    stored.save(update_fields=[kind.value])
    note(
        kind,
        customer,
        contract,
        {kind.value: _plain(before)},
        {kind.value: _plain(new)},
        actor=actor,
        at=at,
    )
    about = f"customer:{customer.pk}" if contract is None else f"contract:{contract.pk}"
    record(
        f"{kind.value}.changed", actor=actor, about=about, at=at, detail={"fields": [kind.value]}
    )


def _plain(value: str | date | None) -> str:
    return value.isoformat() if isinstance(value, date) else value or ""
