"""The alerts that a customer switched on, over which channel each comes, and when none may.

What is set here is what the engine reads; a contract that nobody set up here goes by the flag
of the export.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from django.db import transaction
from django.db.models import F

from bustia.audit.log import Actor, record
from bustia.billing.changes import note, take_turns
from bustia.billing.chosen_states import AlertKind, ChangeKind, Channel
from bustia.billing.models import (
    AlertSetting,
    Consumption,
    Contract,
    Customer,
    QuietHours,
)
from bustia.errors import ChangeError

__all__ = [
    "MOST_LITRES",
    "AlertChannel",
    "AlertChoice",
    "Alerts",
    "Quiet",
    "alerts_of",
    "quiet_end",
    "quiet_hours_of",
    "set_alerts",
    "suggested_threshold",
    "usual_litres",
]

MOST_LITRES = 1_000_000
"""The highest threshold, litres a day: more than any contract of a town uses."""
_USUAL_LITRES = 400
"""What is suggested where nothing is known: twice what a household of three uses."""
_STEP = 50
_EARLIER_PERIODS = 6


AlertChannel = Literal[Channel.EMAIL, Channel.SMS]


@dataclass(frozen=True, slots=True)
class AlertChoice:
    """One alert as its holder wants it."""

    on: bool
    channel: AlertChannel
    threshold_litres: int | None = None
    """Litres a day; only where the alert has a threshold."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours without alerts by the clock in Madrid; ``ends`` is not included."""

    starts: time
    ends: time

    def holds(self, moment: time) -> bool:
        """Tell whether it is quiet at this hour."""
        if self.starts < self.ends:
            return self.starts <= moment < self.ends
        return moment >= self.starts or moment < self.ends


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of a contract and the quiet hours of its holder."""

    choices: Mapping[AlertKind, AlertChoice]
    """Those that were ever set here; none where nobody did."""
    quiet: Quiet | None
    exported_on: bool
    """What the export's flag says; it counts while nothing was set here."""

    @property
    def on(self) -> bool:
        """Whether any alert is switched on, as the facts have it."""
        if not self.choices:
            return self.exported_on
        return any(choice.on for choice in self.choices.values())


def quiet_end(quiet: Quiet | None, moment: datetime) -> datetime:
    """Give the first moment from ``moment`` (by the clock in Madrid) on that isn't quiet."""
    if quiet is None or not quiet.holds(moment.time()):
        return moment
    ends = datetime.combine(moment.date(), quiet.ends, tzinfo=moment.tzinfo)
    return ends if ends > moment else ends + timedelta(days=1)


def alerts_of(contract: Contract) -> Alerts:
    """Give what is set for a contract."""
    settings = AlertSetting.objects.filter(contract=contract)
    choices = {
        AlertKind(one.kind): AlertChoice(
            one.on,
            Channel.SMS if one.channel == Channel.SMS else Channel.EMAIL,
            one.threshold_litres,
        )
        for one in settings
    }
    return Alerts(choices, quiet_hours_of(contract.customer), contract.alerts_on)


def quiet_hours_of(customer: Customer) -> Quiet | None:
    """Give the hours in which a customer wants no alert."""
    found = QuietHours.objects.filter(customer=customer).first()
    return Quiet(found.starts, found.ends) if found else None


@transaction.atomic
def set_alerts(
    contract: Contract,
    choices: Mapping[AlertKind, AlertChoice],
    quiet: Quiet | None,
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Set the alerts of a contract, those that are named, and the quiet hours of its holder.

    Raises ``ChangeError`` for a channel whose address or number isn't known, and for a threshold
    that is missing, out of range, or out of place.
    """
    take_turns(contract.customer)
    customer = Customer.objects.select_for_update().get(pk=contract.customer_id)
    before = alerts_of(contract)
    for kind, choice in choices.items():
        _check(kind, choice, customer)
    for kind, choice in choices.items():
        if before.choices.get(kind) == choice:
            continue
        AlertSetting.objects.update_or_create(
            contract=contract,
            kind=kind,
            defaults={
                "on": choice.on,
                "channel": choice.channel,
                "threshold_litres": choice.threshold_litres,
                "changed_at": at,
            },
        )
    _set_quiet_hours(customer, quiet)
    after = alerts_of(contract)
    if after == before:
        return
    if after.on != before.on:
        known, new = ({"alerts_on": "true" if one.on else "false"} for one in (before, after))
        note(ChangeKind.ALERTS, customer, contract, known, new, actor=actor, at=at)
    changed = [kind for kind in choices if before.choices.get(kind) != after.choices.get(kind)]
    record(
        "alerts.changed",
        actor=actor,
        about=f"contract:{contract.pk}",
        at=at,
        detail={
            "fields": [*changed, *(["quiet_hours"] if before.quiet != after.quiet else [])],
            "on": after.on,
        },
    )


def _check(kind: AlertKind, choice: AlertChoice, customer: Customer) -> None:
    known = customer.mobile if choice.channel is Channel.SMS else customer.email
    if choice.on and not known:
        raise ChangeError(f"there is no way to send this alert by {choice.channel}.", where=kind)
    if kind is not AlertKind.OVER_THRESHOLD:
        if choice.threshold_litres is not None:
            raise ChangeError("this alert has no threshold.", where=kind)
    elif choice.threshold_litres is None or not 0 < choice.threshold_litres <= MOST_LITRES:
        raise ChangeError("the threshold is missing or out of range.", where=kind)


def _set_quiet_hours(customer: Customer, quiet: Quiet | None) -> None:
    if quiet is None:
        QuietHours.objects.filter(customer=customer).delete()
        return
    if quiet.starts == quiet.ends:
        raise ChangeError("quiet hours need an end that differs from their start.")
    QuietHours.objects.update_or_create(
        customer=customer, defaults={"starts": quiet.starts, "ends": quiet.ends}
    )


def usual_litres(contract: Contract) -> int | None:
    """Give the daily use of a contract over about a year, in litres; ``None`` if none is known."""
    newest = Consumption.objects.filter(contract=contract).order_by("-period_to")
    used = newest.filter(m3__gt=0).values("m3", days=F("period_to") - F("period_from"))
    periods = list(used[:_EARLIER_PERIODS])
    days: int = sum(period["days"].days + 1 for period in periods)
    if not days:
        return None
    m3: Decimal = sum((period["m3"] for period in periods), Decimal(0))
    return round(m3 * 1000 / days)


def suggested_threshold(usual: int | None) -> int:
    """Suggest a threshold, litres a day: half again the usual use, rounded up to fifty litres.

    Where no use is known it is twice that of a usual household.
    """
    if usual is None:
        return _USUAL_LITRES
    steps = -(-usual * 3 // (2 * _STEP))
    return min(max(steps * _STEP, _STEP), MOST_LITRES)
