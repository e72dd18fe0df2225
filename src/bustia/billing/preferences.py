"""How a customer wants to hear from the company: language, and a channel by kind of communication.

What is optional can be ended at any time. Invoices and what the law asks for can't: of those only
the way can be chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from bustia.audit.log import Actor, record
from bustia.billing.alerts import (
    AlertChoice,
    Alerts,
    alerts_of,
    set_alerts,
    suggested_threshold,
    usual_litres,
)
from bustia.billing.changes import (
    ConsentKind,
    ConsentWording,
    change_invoice_channel,
    record_consent,
    take_turns,
)
from bustia.billing.chosen_states import AlertKind, Channel, Communication
from bustia.billing.models import ChannelPreference, Consent, Contract, Customer
from bustia.errors import ChangeError

__all__ = [
    "Preferences",
    "consent_in_force",
    "end_alerts",
    "invoice_channel_of",
    "preferences_of",
    "set_optional",
    "subscribe_einvoice",
    "unsubscribe_einvoice",
]

_CONSENTS: Mapping[Communication, tuple[ConsentKind, Channel]] = {
    Communication.NOTICES: ("sms_notices", Channel.SMS),
    Communication.PROMOTION: ("promotion", Channel.EMAIL),
}
"""For each kind that needs consent: which, and over what it comes where there is consent."""
_GRACE = timedelta(milliseconds=1)
"""Two words of one instant are told apart by microseconds: the later one counts at once."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the holder of a contract hears from the company."""

    language: str
    invoice: Channel
    """How the next invoice goes: by e-mail only with consent and an address."""
    notices: Channel
    alerts: bool
    promotion: Channel


def consent_in_force(contract: Contract, kind: ConsentKind, now: datetime) -> Consent | None:
    """Give the consent that is in force for a contract; ``None`` if there is none, or no more."""
    said = Consent.objects.filter(contract=contract, kind=kind, given_at__lte=now + _GRACE)
    newest = said.select_related("evidence").order_by("-given_at").first()
    return newest if newest is not None and newest.granted else None


def invoice_channel_of(contract: Contract, now: datetime) -> Channel:
    """Give how the next invoice goes, as ``deliver.planning.channel_for`` will have it."""
    customer = contract.customer
    if contract.invoice_channel == Channel.EMAIL and customer.email:
        if consent_in_force(contract, "e_invoice", now) is not None:
            return Channel.EMAIL
    elif contract.invoice_channel == Channel.OFFICE and customer.office_since is not None:
        return Channel.OFFICE
    return Channel.POST


def preferences_of(contract: Contract, now: datetime) -> Preferences:
    """Give how the holder of a contract hears from the company now."""
    return Preferences(
        language=contract.customer.language,
        invoice=invoice_channel_of(contract, now),
        notices=_channel(contract, Communication.NOTICES, now),
        alerts=alerts_of(contract).on,
        promotion=_channel(contract, Communication.PROMOTION, now),
    )


def _channel(contract: Contract, kind: Communication, now: datetime) -> Channel:
    consent_kind, channel = _CONSENTS[kind]
    consent = consent_in_force(contract, consent_kind, now)
    if consent is None:
        return Channel.NONE
    ended = ChannelPreference.objects.filter(
        customer=contract.customer,
        kind=kind,
        channel=Channel.NONE,
        changed_at__gte=consent.given_at - _GRACE,
    )
    return Channel.NONE if ended.exists() else channel


@transaction.atomic
def set_optional(
    contract: Contract,
    kind: Communication,
    wanted: bool,
    *,
    wording: ConsentWording,
    actor: Actor,
    at: datetime,
) -> None:
    """Let an optional kind come, or end it, for all contracts of the holder.

    Does nothing where it is so already. Raises ``ChangeError`` for a kind that has no consent,
    and where there is no address or number that it could come to.
    """
    if kind not in _CONSENTS:
        raise ChangeError("this kind of communication goes by no consent.", where=kind)
    consent_kind, channel = _CONSENTS[kind]
    take_turns(contract.customer)
    customer = Customer.objects.select_for_update().get(pk=contract.customer_id)
    end = customer.mobile if channel is Channel.SMS else customer.email
    if wanted and not end:
        raise ChangeError(f"there is no way to send this by {channel}.", where=kind)
    mine = [one for one in customer.contracts.order_by("pk") if one.end_date is None]
    behind = [one for one in mine if (_channel(one, kind, at) is not Channel.NONE) != wanted]
    if not behind:
        return
    for one in behind:
        if wanted or consent_in_force(one, consent_kind, at) is not None:
            record_consent(one, consent_kind, wanted, wording=wording, actor=actor, at=at)
    ChannelPreference.objects.update_or_create(
        customer=customer,
        kind=kind,
        defaults={"channel": channel if wanted else Channel.NONE, "changed_at": at},
    )
    record(
        "preference.changed",
        actor=actor,
        about=f"customer:{customer.pk}",
        at=at,
        detail={"kind": kind, "channel": channel if wanted else Channel.NONE},
    )


@transaction.atomic
def end_alerts(contract: Contract, *, actor: Actor, at: datetime) -> None:
    """Switch off every alert of the holder's contracts, remembering how each was set."""
    for one in contract.customer.contracts.order_by("pk"):
        alerts = alerts_of(one)
        if alerts.on:
            set_alerts(one, _all_off(one, alerts), alerts.quiet, actor=actor, at=at)


def _all_off(contract: Contract, alerts: Alerts) -> dict[AlertKind, AlertChoice]:
    """Give every alert switched off, the rest of it as it was; so that the Office's word counts."""
    off = {}
    for kind in AlertKind:
        threshold = (
            suggested_threshold(usual_litres(contract))
            if kind is AlertKind.OVER_THRESHOLD
            else None
        )
        usual = AlertChoice(on=False, channel=Channel.EMAIL, threshold_litres=threshold)
        off[kind] = replace(alerts.choices.get(kind, usual), on=False)
    return off


@transaction.atomic
def subscribe_einvoice(
    contract: Contract, *, wording: ConsentWording, actor: Actor, at: datetime
) -> Consent:
    """Let the next invoice of a contract go by e-mail (RD 1619/2012, art. 9.2).

    Raises ``ChangeError`` where the holder has no e-mail address.
    """
    if not contract.customer.email:
        raise ChangeError("there is no e-mail address that the invoice could go to.")
    consent = record_consent(contract, "e_invoice", True, wording=wording, actor=actor, at=at)
    change_invoice_channel(contract, "email", actor=actor, at=at)
    return consent


@transaction.atomic
def unsubscribe_einvoice(
    contract: Contract, *, wording: ConsentWording, actor: Actor, at: datetime
) -> Consent:
    """Let the next invoice of a contract go by post again."""
    consent = record_consent(contract, "e_invoice", False, wording=wording, actor=actor, at=at)
    change_invoice_channel(contract, "post", actor=actor, at=at)
    return consent
