"""What was sent to the holder of some contracts and to their account, as they look it up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bustia.deliver.account_messages import MessageKind, messages_of, text_of
from bustia.deliver.models import AccountMessage, Delivery
from bustia.deliver.states import DeliveryState

__all__ = ["Item", "Standing", "correspondence"]

_S = DeliveryState
Standing = Literal["coming", "accepted", "delivered", "here", "returned", "not_sent"]
"""How a message stands, in words for its reader. ``accepted``: an operator took it, and nobody
knows more. ``here``: it is read in the Virtual Office."""

_STANDINGS: dict[DeliveryState, Standing] = {
    _S.SCHEDULED: "coming",
    _S.DUE: "coming",
    _S.DEFERRED: "coming",
    _S.CLAIMED: "coming",
    _S.UNCERTAIN: "accepted",
    _S.HANDED_OVER: "accepted",
    _S.DELIVERED: "delivered",
    _S.RETURNED: "returned",
    _S.FAILED: "not_sent",
    _S.SUPPRESSED: "not_sent",
    _S.EXPIRED: "not_sent",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One communication in the list."""

    key: int
    kind: str
    channel: str
    at: datetime
    contract: str
    """Number of the contract it is about; empty for a notice about the account."""
    invoice: int | None
    number: str
    """Number of the invoice that it brought, if any."""
    standing: Standing
    title: str = ""


def correspondence(
    contracts: Collection[int], account: int, channel: str = "", limit: int = 200
) -> list[Item]:
    """Give what was sent, the newest first (two queries); not what another channel took over."""
    sent = (
        Delivery.objects.filter(contract__in=contracts)
        .exclude(state=_S.SUPERSEDED)
        .select_related("contract", "invoice")
        .order_by("-not_before", "-pk")
    )
    if channel:
        sent = sent.filter(channel=channel)
    found = [
        Item(
            one.pk,
            one.kind,
            one.channel,
            one.finished_at or one.not_before,
            one.contract.number,
            one.invoice_id,
            one.invoice.number if one.invoice else "",
            _standing(one),
        )
        for one in sent[:limit]
    ]
    notices = messages_of(account).filter(kind=MessageKind.NOTICE)
    if channel:
        notices = notices.filter(channel=channel)
    found += [
        Item(one.pk, "notice", one.channel, one.finished_at or one.created_at, "", None, "",
             "delivered" if one.state == "sent" else "coming", _title(one))
        for one in notices[:limit]
    ]  # fmt: skip
    return sorted(found, key=lambda item: item.at, reverse=True)[:limit]


def _standing(delivery: Delivery) -> Standing:
    if delivery.channel == "office":
        return "here"
    return _STANDINGS[DeliveryState(delivery.state)]


def _title(message: AccountMessage) -> str:
    said = text_of(message)
    return said.subject or said.text if said else ""
