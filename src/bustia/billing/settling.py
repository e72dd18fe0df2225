"""Settles what customers changed here against what the billing system's newest export says.

An export that still says what was before doesn't know of the change yet: the change is held. One
that says the same confirms it. One that says something else is newer, and takes its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from bustia.audit.log import SYSTEM, record
from bustia.billing.changes import COLUMNS, settle
from bustia.billing.chosen_states import ChangeKind, ChangeState
from bustia.billing.fields import fingerprint
from bustia.billing.models import Contract, Customer, CustomerChange, Mandate

__all__ = ["Said", "SaidConsent", "SaidMandate", "Verdict", "apply_verdict", "earlier_of", "judge"]

_SECOND = timedelta(seconds=1)
"""Billing systems keep instants to the second."""


class Verdict(Enum):
    """What becomes of a change once an export has spoken."""

    HOLD = "hold"
    CONFIRMED = "confirmed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class SaidConsent:
    """One word on a consent, as an export has it."""

    granted: bool
    given_at: datetime


@dataclass(frozen=True, slots=True)
class SaidMandate:
    """One mandate, as an export has it."""

    reference: str
    fingerprint: str
    active: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What an export says of the thing that a change is about; nothing where it is silent."""

    value: str | None = None
    """For one column: its value; a flag is ``true`` or ``false``."""
    consents: tuple[SaidConsent, ...] = ()
    mandates: tuple[SaidMandate, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A change and the ones it took the place of, as far as the billing system may know them."""

    kind: ChangeKind
    state: ChangeState
    after: Mapping[str, Any]
    befores: tuple[Mapping[str, Any], ...]
    """What was so before it and before each of those."""


def earlier_of(changes: Sequence[CustomerChange]) -> dict[int, Told]:
    """Give each change with those it replaced; as many queries as the longest chain has links."""
    links = {one.pk: one for one in changes}
    wanted = {one.replaces_id for one in changes if one.replaces_id} - links.keys()
    while wanted:
        found = CustomerChange.objects.in_bulk(wanted)
        links.update(found)
        wanted = {one.replaces_id for one in found.values() if one.replaces_id} - links.keys()
    return {one.pk: _told(one, links) for one in changes}


def _told(change: CustomerChange, links: Mapping[int, CustomerChange]) -> Told:
    befores, link = [change.before], change
    while link.replaces_id is not None:
        link = links[link.replaces_id]
        befores.append(link.before)
    kind, state = ChangeKind(change.kind), ChangeState(change.state)
    return Told(kind, state, change.after, tuple(befores))


def judge(told: Told, said: Said) -> Verdict:
    """Judge a change by what an export says; knows no database."""
    if told.kind is ChangeKind.CONSENT:
        return _judge_consent(told, said.consents)
    if told.kind is ChangeKind.MANDATE:
        return _judge_mandate(told, said.mandates)
    if said.value is None:
        return Verdict.HOLD
    if told.kind is ChangeKind.ALERTS:  # there is no third value, and what was set here counts
        same = said.value == told.after["alerts_on"]
        return Verdict.CONFIRMED if same else Verdict.HOLD
    return _judge_value(told, said.value)


def _judge_value(told: Told, value: str) -> Verdict:
    kind = told.kind
    wanted = _comparable(kind, told.after[kind.value])
    known = {_comparable(kind, before[kind.value]) for before in told.befores}
    said = _comparable(kind, value)
    # Back to what it was: the billing system may have yet to take what was wanted in between.
    still_to_be_told = told.state is ChangeState.WAITING and wanted in known
    if said == wanted and not still_to_be_told:
        return Verdict.CONFIRMED
    if said == wanted or said in known:
        return Verdict.HOLD
    return Verdict.SUPERSEDED


def _comparable(kind: ChangeKind, value: str) -> str:
    """Write a value so that the billing system's way of writing it makes no difference."""
    if kind is ChangeKind.EMAIL:
        return value.strip().casefold()
    if kind is ChangeKind.MOBILE:
        digits = "".join(filter(str.isdigit, value))
        return digits.removeprefix("00").removeprefix("34") if len(digits) > 9 else digits
    return value


def _judge_consent(told: Told, said: Sequence[SaidConsent]) -> Verdict:
    """The newest word counts: ours, until an export brings one that isn't older."""
    if not said:
        return Verdict.HOLD
    newest = max(said, key=lambda one: one.given_at)
    ours = datetime.fromisoformat(told.after["given_at"]).replace(microsecond=0)
    if newest.given_at < ours:
        return Verdict.HOLD
    if newest.granted == told.after["granted"]:
        return Verdict.CONFIRMED
    return Verdict.SUPERSEDED if newest.given_at >= ours + _SECOND else Verdict.HOLD


def _judge_mandate(told: Told, said: Sequence[SaidMandate]) -> Verdict:
    account = fingerprint(told.after["iban"])
    ours = [one for one in said if one.reference == told.after["mandate"]]
    if ours:
        taken = ours[0].active and ours[0].fingerprint == account
        return Verdict.CONFIRMED if taken else Verdict.SUPERSEDED
    known = _known_mandates(told)
    newer = [one for one in said if one.active and known.get(one.reference) != one.fingerprint]
    if not newer:
        return Verdict.HOLD
    taken = any(one.fingerprint == account for one in newer)
    return Verdict.CONFIRMED if taken else Verdict.SUPERSEDED


def _known_mandates(told: Told) -> dict[str, str]:
    """Give the accounts (fingerprints) of the mandates that the change meant to end."""
    return {name: account for one in told.befores for name, account in one["mandates"].items()}


def apply_verdict(
    change: CustomerChange, told: Told, said: Said, verdict: Verdict, now: datetime
) -> None:
    """Write what a verdict means: a change that is held counts again, the others are settled.

    To be called in the transaction of the import, after its rows were merged.
    """
    if told.kind is ChangeKind.MANDATE:
        _apply_to_mandates(change, told, said, verdict)
    elif verdict is Verdict.HOLD and told.kind in COLUMNS:
        _apply_to_column(change, told)
    if verdict is Verdict.HOLD:
        return
    settle(change, ChangeState(verdict.value), now)
    about = f"customer:{change.customer_id}"
    if change.contract_id is not None:
        about = f"contract:{change.contract_id}"
    record(
        f"change.{verdict.value}",
        actor=SYSTEM,
        about=about,
        at=now,
        detail={"change": change.pk, "kind": change.kind},
    )


def _apply_to_column(change: CustomerChange, told: Told) -> None:
    value: str | date | None = told.after[told.kind.value]
    if told.kind is ChangeKind.OFFICE:
        value = date.fromisoformat(str(value)) if value else None
    if change.contract_id is None:
        Customer.objects.filter(pk=change.customer_id).update(**{told.kind.value: value})
    else:
        Contract.objects.filter(pk=change.contract_id).update(**{told.kind.value: value})


def _apply_to_mandates(change: CustomerChange, told: Told, said: Said, verdict: Verdict) -> None:
    """Keep the old mandates cancelled while ours is held; end ours where there is a newer one."""
    mandates = Mandate.objects.filter(contract=change.contract, status="active")
    if verdict is Verdict.HOLD:
        mandates.filter(reference__in=_known_mandates(told)).update(status="cancelled")
    elif not _names(said.mandates, told.after["mandate"]):
        mandates.filter(reference=told.after["mandate"]).update(status="cancelled")


def _names(mandates: Iterable[SaidMandate], reference: str) -> bool:
    return any(one.reference == reference for one in mandates)
