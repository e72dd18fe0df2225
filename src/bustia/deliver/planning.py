"""Decides over which channel each document goes, and writes that into the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bustia.billing.facts import Facts
from bustia.decide.decision import Decision
from bustia.deliver.content import invoice_content
from bustia.deliver.models import Delivery
from bustia.deliver.states import DeliveryState

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


def plan_invoices(cycle: str, documents: Sequence[Planned], now: datetime) -> list[Delivery]:
    """Write one delivery for each document, within the transaction that keeps the document."""
    deliveries = []
    for one in documents:
        facts, channel = one.facts, channel_for(one.facts)
        state, reason = DeliveryState.DUE, ""
        if one.suppression:
            state, reason = DeliveryState.SUPPRESSED, one.suppression
        elif channel == "office":
            state, reason = DeliveryState.DELIVERED, "read in the Virtual Office"
        deliveries.append(
            Delivery(
                key=f"{cycle}/{one.number}/{channel}",
                kind="invoice",
                channel=channel,
                cycle=cycle,
                contract_id=facts.contract.id,
                invoice_id=facts.invoice.id,
                document_id=one.document_id,
                language=facts.customer.language,
                content=invoice_content(facts, one.decision).as_json()
                if channel == "email"
                else {},
                state=state,
                reason=reason,
                not_before=now,
                finished_at=None if state == DeliveryState.DUE else now,
            )
        )
    return Delivery.objects.bulk_create(deliveries)
