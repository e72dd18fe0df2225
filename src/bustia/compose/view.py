"""Turns what is known and what was decided into a bill's display texts, all formatted."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

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
from bustia.compose.remembered import remembered
from bustia.decide.decision import Decision, Message
from bustia.formatting import LANGUAGES, date_long, days_span

__all__ = ["MOST_MESSAGES", "BillOptions", "BillView", "bill_view", "own_sender", "service"]

MOST_MESSAGES = 6
"""How many messages a bill has space for."""


_WIDE = ("corrects", "holder", "period", "supply")
_ADDRESS_LINE, _ADDRESS_LINES = 38, 5
"""Characters that a line of the address takes in the window, and how many such lines."""
_MOST_HOUSES = 20
"""Companies and labels remembered: a process has three of one release, or of two."""
_MOST_SPANS = 1_000
_MOST_MADE = 2_000
"""Periods and messages remembered, which many bills share."""


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
    heading = _heading(payer)
    recipient = _recipient(facts, labels.language)
    seller = company.name if payer.is_own else invoice.seller_name
    return BillView(
        language=labels.language,
        kind=invoice.kind,
        duplicate=options.duplicate,
        title=Text(labels("title", heading=heading, number=invoice.number, company=seller)),
        keywords=(Text(heading), Text(invoice.number), Text(facts.contract.number)),
        sender=_sender(payer, seller),
        heading=Prose(heading),
        number=Text(invoice.number),
        issued=Text(date_long(invoice.issue_date, labels.language)),
        recipient=recipient,
        dense_address=sum([1 + len(line) // _ADDRESS_LINE for line in recipient]) > _ADDRESS_LINES,
        particulars=_particulars(facts, labels),
        amount=amount_view(payer, slip),
        messages=tuple([_message(message) for message in decision.chosen[:MOST_MESSAGES]]),
        consumption=consumption_view(facts, labels, company.colours),
        detail=detail_view(facts, labels),
        slip=slip,
        tax_qr=tax_qr_view(payer, options.tax_qr or company.tax_qr),
        service=service(company, labels),
        notes=_notes(
            company, labels, invoice.kind == "invoice" and facts.contract.use == "domestic"
        ),
        running=Text(labels("running", heading=heading, number=invoice.number)),
    )


def _heading(payer: Payer) -> str:
    if payer.facts.invoice.kind == "credit_note":
        return payer.labels("heading_credit_note")
    return payer.labels("heading" if payer.is_own else "heading_other")


def _sender(payer: Payer, seller: str) -> SenderView:
    company = payer.company
    if payer.is_own:
        return own_sender(company)
    nif = payer.facts.invoice.seller_nif
    legal = payer.labels("sold_by", seller=f"{seller} · NIF {nif}" if nif else seller)
    post = f"{company.name} · {_address(company)}"
    return SenderView(False, Text(seller), Prose(legal), Text(post))


@lru_cache(maxsize=_MOST_HOUSES)
def own_sender(company: Company) -> SenderView:
    address = _address(company)
    legal = f"{company.legal_name} · NIF {company.nif} · {address} · {company.registry}"
    post = f"{company.name} · {address}"
    return SenderView(True, Text(company.name), Prose(legal), Text(post))


def _address(company: Company) -> str:
    return f"{company.street}, {company.postcode} {company.town}"


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
    return tuple([Prose(line) for line in lines if line])


def _particulars(facts: Facts, labels: Labels) -> tuple[Particular, ...]:
    invoice, contract, customer = facts.invoice, facts.contract, facts.customer
    supply = contract.supply_street
    if supply and contract.supply_town:
        supply = f"{supply}, {contract.supply_postcode} {contract.supply_town}"
    period = ""
    if invoice.days:
        period = _period(invoice.period_from, invoice.period_to, invoice.days, labels)
    corrects = invoice.corrects if invoice.kind == "credit_note" else ""
    values = (
        ("corrects", corrects),
        ("holder", customer.name),
        ("nif", customer.nif),
        ("contract", contract.number),
        ("period", period),
        ("supply", supply),
    )
    return tuple(
        [
            Particular(Prose(labels(key)), Prose(value), key in _WIDE)
            for key, value in values
            if value
        ]
    )


@lru_cache(maxsize=_MOST_SPANS)
def _period(first: date, last: date, days: int, labels: Labels) -> str:
    return labels("period_days", period=days_span(first, last, labels.language), days=str(days))


@remembered(_MOST_MADE)
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


@lru_cache(maxsize=_MOST_HOUSES)
def service(company: Company, labels: Labels) -> tuple[Particular, ...]:
    values = (
        ("service_care", f"{company.phone}, {company.office_hours}"),
        ("service_emergency", company.emergency_phone),
        ("service_office", bare(company.office_url)),
        ("service_email", company.email),
    )
    return tuple(Particular(Prose(labels(key)), Prose(value)) for key, value in values)


@lru_cache(maxsize=_MOST_HOUSES)
def _notes(company: Company, labels: Labels, may_need_help: bool) -> tuple[Prose, ...]:
    """Give the legal notes; the one on help with payment only where something is to be paid."""
    claims = labels("note_claims", email=company.email)
    privacy = labels("note_privacy", company=company.legal_name, url=company.privacy_url)
    help_first = (labels("note_help"),) if may_need_help else ()
    return tuple(map(Prose, (*help_first, claims, privacy)))
