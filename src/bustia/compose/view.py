"""Turns what is known and what was decided into a bill's display texts, all formatted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bustia.billing.facts import Facts
from bustia.compose.company import Company, TaxQr
from bustia.compose.consumption import consumption_view
from bustia.compose.detail import detail_view
from bustia.compose.labels import Labels
from bustia.compose.parts import (
    ActionView,
    BillView,
    MessageView,
    Particular,
    Prose,
    SenderView,
    Text,
)
from bustia.compose.payment import Payer, amount_view, bare, slip_view, tax_qr_view
from bustia.decide.decision import Decision, Message
from bustia.formatting import LANGUAGES, date_long, days_span

__all__ = ["MOST_MESSAGES", "BillOptions", "BillView", "bill_view"]

MOST_MESSAGES = 6
"""How many messages a bill has space for."""


_WIDE = ("corrects", "holder", "period", "supply")
_LONG_FIGURE = 13
_ADDRESS_LINE, _ADDRESS_LINES = 38, 5
"""Characters that a line of the address takes in the window, and how many such lines."""


@dataclass(frozen=True, slots=True)
class BillOptions:
    """What is switched for one document."""

    duplicate: bool = False
    """A copy, which must say so (RD 1619/2012, art. 14)."""
    tax_qr: TaxQr | None = None
    """The tax QR, where not as the company's file says."""


def bill_view(
    facts: Facts,
    decision: Decision,
    company: Company,
    labels: Labels,
    options: BillOptions | None = None,
) -> BillView:
    """Give the bill of one contract, in the language of ``labels``.

    ``company`` and ``labels`` are those of the customer's language. It reads no clock and no
    file; the same arguments give the same bill.
    """
    options = options or BillOptions()
    invoice = facts.invoice
    payer = Payer(facts, company, labels)
    slip = slip_view(payer)
    amount = amount_view(payer, slip)
    heading = _heading(payer)
    recipient = _recipient(facts, labels.language)
    seller = company.name if payer.is_own else invoice.seller_name
    return BillView(
        language=labels.language,
        kind=invoice.kind,
        duplicate=options.duplicate,
        title=Text(labels("title", heading=heading, number=invoice.number, company=seller)),
        keywords=tuple(Text(word) for word in (heading, invoice.number, facts.contract.number)),
        sender=_sender(payer, seller),
        heading=Prose(heading),
        number=Text(invoice.number),
        issued=Text(date_long(invoice.issue_date, labels.language)),
        recipient=recipient,
        dense_address=sum(1 + len(line) // _ADDRESS_LINE for line in recipient) > _ADDRESS_LINES,
        particulars=tuple(_particulars(facts, labels)),
        amount=replace(amount, long=len(amount.figure) > _LONG_FIGURE),
        messages=tuple(_message(message) for message in decision.chosen[:MOST_MESSAGES]),
        consumption=consumption_view(facts, labels, company.colours),
        detail=detail_view(facts, labels),
        slip=slip,
        tax_qr=tax_qr_view(payer, options.tax_qr or company.tax_qr),
        service=tuple(_service(company, labels)),
        notes=tuple(_notes(payer)),
        running=Text(labels("running", heading=heading, number=invoice.number)),
    )


def _heading(payer: Payer) -> str:
    if payer.facts.invoice.kind == "credit_note":
        return payer.labels("heading_credit_note")
    return payer.labels("heading" if payer.is_own else "heading_other")


def _sender(payer: Payer, seller: str) -> SenderView:
    company, labels = payer.company, payer.labels
    address = f"{company.street}, {company.postcode} {company.town}"
    if payer.is_own:
        legal = f"{company.legal_name} · NIF {company.nif} · {address} · {company.registry}"
    else:
        nif = payer.facts.invoice.seller_nif
        legal = labels("sold_by", seller=f"{seller} · NIF {nif}" if nif else seller)
    return SenderView(payer.is_own, Text(seller), Prose(legal), Text(f"{company.name} · {address}"))


def _recipient(facts: Facts, language: str) -> tuple[Prose, ...]:
    """Give the lines of the address, without empty ones; the country where it is abroad."""
    customer = facts.customer
    town = f"{customer.postcode} {customer.town}".strip()
    if customer.province and customer.province != customer.town:
        town = f"{town} ({customer.province})"
    lines = [customer.name, customer.street, town]
    if customer.country not in {"", "ES"}:
        name = LANGUAGES[language].territories.get(customer.country, customer.country)
        lines.append(name.upper())
    return tuple(Prose(line) for line in lines if line)


def _particulars(facts: Facts, labels: Labels) -> Iterator[Particular]:
    invoice, contract, customer = facts.invoice, facts.contract, facts.customer
    supply = contract.supply_street
    if supply and contract.supply_town:
        supply = f"{supply}, {contract.supply_postcode} {contract.supply_town}"
    if invoice.days:
        days = days_span(invoice.period_from, invoice.period_to, labels.language)
        period = labels("period_days", period=days, days=str(invoice.days))
    else:
        period = ""
    corrects = invoice.corrects if invoice.kind == "credit_note" else ""
    for key, value in (
        ("corrects", corrects),
        ("holder", customer.name),
        ("nif", customer.nif),
        ("contract", contract.number),
        ("period", period),
        ("supply", supply),
    ):
        if value:
            yield Particular(Prose(labels(key)), Prose(value), wide=key in _WIDE)


def _message(message: Message) -> MessageView:
    action = message.action
    return MessageView(
        message.tone,
        Prose(message.title),
        tuple(Prose(paragraph) for paragraph in message.body),
        ActionView(Text(action.label), Text(action.url) if action.url else None)
        if action
        else None,
    )


def _service(company: Company, labels: Labels) -> Iterator[Particular]:
    for key, value in (
        ("service_care", f"{company.phone}, {company.office_hours}"),
        ("service_emergency", company.emergency_phone),
        ("service_office", bare(company.office_url)),
        ("service_email", company.email),
    ):
        yield Particular(Prose(labels(key)), Prose(value))


def _notes(payer: Payer) -> Iterator[Prose]:
    """Give the legal notes; the one on help with payment only where something is to be paid."""
    labels = payer.labels
    if payer.facts.invoice.kind == "invoice" and payer.facts.contract.use == "domestic":
        yield Prose(labels("note_help"))
    yield Prose(labels("note_claims", email=payer.company.email))
    yield Prose(
        labels("note_privacy", company=payer.company.legal_name, url=payer.company.privacy_url)
    )
