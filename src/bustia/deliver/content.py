"""What a mail says beside the document it brings: taken from the facts, kept as plain data."""

from dataclasses import dataclass, fields
from typing import Any

from bustia.billing.facts import Facts
from bustia.decide.decision import Decision
from bustia.formatting import date_long, days_span, money

__all__ = ["InvoiceContent", "MessageContent", "invoice_content"]


@dataclass(frozen=True, slots=True)
class MessageContent:
    """A personal message as a mail says it."""

    title: str
    body: tuple[str, ...]
    tone: str
    action: str
    url: str


@dataclass(frozen=True, slots=True)
class InvoiceContent:
    """An invoice as a mail announces it; amounts and dates are texts already."""

    number: str
    contract: str
    address: str
    period: str
    total: str
    way: str
    """``charged_on``, ``charged_soon``, ``pay_before``, ``nothing`` or ``back``."""
    date: str
    iban: str
    credit: bool
    messages: tuple[MessageContent, ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as plain data for the ledger."""
        values = {name: getattr(self, name) for name in _NAMES}
        told = tuple({name: getattr(one, name) for name in _MESSAGE_NAMES} for one in self.messages)
        return values | {"messages": told}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "InvoiceContent":
        """Read what ``as_json`` gave."""
        messages = tuple(
            MessageContent(**(one | {"body": tuple(one["body"])})) for one in data["messages"]
        )
        return cls(**(data | {"messages": messages}))


_NAMES = tuple(one.name for one in fields(InvoiceContent))
_MESSAGE_NAMES = tuple(one.name for one in fields(MessageContent))


def invoice_content(facts: Facts, decision: Decision) -> InvoiceContent:
    """Say in the customer's language what a mail needs to say about an invoice."""
    invoice, language = facts.invoice, facts.customer.language
    day = invoice.due_date
    if invoice.kind == "credit_note" or invoice.total < 0:
        way = "back"
    elif not invoice.payable:
        way = "nothing"
    elif invoice.payment_means == "direct_debit" and invoice.charge_date:
        way = "charged_on" if facts.mandate.iban_masked else "charged_soon"
        day = invoice.charge_date
    else:
        way = "pay_before"
    messages = []
    for message in decision.chosen:
        if message.kind == "promotion":
            continue  # an invoice's mail is a service message: no advertising in it (LSSI)
        wording = message.for_email()
        action = message.action
        messages.append(
            MessageContent(
                wording.title,
                wording.body,
                message.tone,
                action.label if action and action.url else "",
                action.url or "" if action else "",
            )
        )
    return InvoiceContent(
        number=invoice.number,
        contract=facts.contract.number,
        address=facts.contract.supply_street,
        period=days_span(invoice.period_from, invoice.period_to, language),
        total=money(abs(invoice.total), language, invoice.currency),
        way=way if day or way in ("nothing", "back") else "nothing",
        date=date_long(day, language) if day else "",
        iban=facts.mandate.iban_masked,
        credit=invoice.kind == "credit_note",
        messages=tuple(messages),
    )
