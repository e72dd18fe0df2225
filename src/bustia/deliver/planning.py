"""Decides over which channel each document goes, and writes that into the ledger."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bustia.billing.facts import Facts
from bustia.decide.decision import Decision
from bustia.deliver.content import invoice_content
from bustia.deliver.models import Delivery
from bustia.deliver.states import DeliveryState
from bustia.rows import copy_rows

__all__ = ["Planned", "channel_for", "plan_invoices"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A document that waits to be delivered, with what is known of its customer."""

    document_id: int
    number: str
    """The document's number, which no other has."""
    facts: Facts
    decision: Decision
    suppression: str
    """Why nothing may be sent to this customer; empty where it may."""


def channel_for(facts: Facts) -> str:
    """Give the channel of a customer's invoice.

    E-mail needs the customer's wish, consent in force and an address (RD 1619/2012, art. 9.2);
    who reads invoices in the Virtual Office only has to be registered there. All others get paper.
    """
    contract = facts.contract
    if contract.e_invoice and facts.customer.has_email:
        return "email"
    if contract.invoice_channel == "office" and facts.office.registered:
        return "office"
    return "post"


def plan_invoices(cycle: str, documents: Sequence[Planned], now: datetime) -> None:
    """Write one delivery for each document, within the transaction that keeps the document."""
    copy_rows(Delivery, _FIELDS, [_row(cycle, one, now) for one in documents])


_FIELDS = (
    "key",
    "kind",
    "channel",
    "cycle",
    "contract",
    "invoice",
    "document",
    "language",
    "content",
    "state",
    "reason",
    "not_before",
    "finished_at",
    "attempts",
    "message_id",
)


def _row(cycle: str, planned: Planned, now: datetime) -> tuple[object, ...]:
    facts, channel = planned.facts, channel_for(planned.facts)
    state, reason = DeliveryState.DUE, ""
    if planned.suppression:
        state, reason = DeliveryState.SUPPRESSED, planned.suppression
    elif channel == "office":
        state, reason = DeliveryState.DELIVERED, "read in the Virtual Office"
    content = "{}"
    if channel == "email":
        told = invoice_content(facts, planned.decision).as_json()
        content = json.dumps(told, ensure_ascii=False)
    return (
        f"{cycle}/{planned.number}/{channel}",
        "invoice",
        channel,
        cycle,
        facts.contract.id,
        facts.invoice.id,
        planned.document_id,
        facts.customer.language,
        content,
        state.value,
        reason,
        now,
        None if state == DeliveryState.DUE else now,
        0,
        "",
    )
