"""What is to be paid, when and how: the panel at the top, the slip, and the tax QR."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from bustia.billing.facts import Facts
from bustia.compose.barcode import FIRST_DATED_SUFFIX, cuaderno57, gs1_128
from bustia.compose.company import Company, TaxQr
from bustia.compose.labels import Labels
from bustia.compose.parts import AmountView, Prose, SlipView, TaxQrView, Text
from bustia.compose.qr import qr_code, verifactu_url
from bustia.formatting import date_long, date_short, money
from bustia.identifiers import normal_nif
from bustia.money import cents

__all__ = ["Payer", "SlipDue", "amount_view", "slip_of", "slip_view", "tax_qr_view"]

_LONG_FIGURE = 13
"""A figure of more characters must be set smaller."""
_LARGEST_SLIP_CENTS = 10**10 - 1
_IBAN_GROUP = re.compile(r".{4}(?=.)")


@dataclass(frozen=True, slots=True)
class SlipDue:
    """What a slip is for: an invoice, and how much of it is to be paid until when."""

    number: str
    payment_reference: str
    amount: Decimal
    issued: date
    until: date | None
    """The last day to pay; none for slips that have none."""


@dataclass(frozen=True, slots=True)
class Payer:
    """What payment needs to know: the facts, who sends, and the words."""

    facts: Facts
    company: Company
    labels: Labels

    @property
    def language(self) -> str:
        """The customer's language."""
        return self.labels.language

    @property
    def is_own(self) -> bool:
        """The company itself sells, not a party whose e-invoice it passes on."""
        invoice = self.facts.invoice
        return not invoice.seller_name or normal_nif(invoice.seller_nif) == self.company.nif

    @property
    def domiciled(self) -> bool:
        """The bank is charged."""
        return self.facts.invoice.payment_means == "direct_debit"


def amount_view(payer: Payer, slip: SlipView | None) -> AmountView:
    """Say how much, by when and how: charged, to be paid, given back, or nothing at all."""
    labels, language = payer.labels, payer.language
    invoice = payer.facts.invoice
    refund = invoice.kind == "credit_note" or invoice.payable < 0
    value = abs(invoice.payable or invoice.total) if refund else invoice.payable
    figure = Text(money(value, language, invoice.currency))

    def view(
        state: Literal["charge", "pay", "refund", "nothing"],
        label: str,
        when_label: str,
        when: date | None,
        how: tuple[Prose, ...],
    ) -> AmountView:
        return AmountView(
            state,
            Text(labels(label)),
            figure,
            Text(labels(when_label)),
            Text(date_long(when, language) if when else ""),
            how,
            len(figure) > _LONG_FIGURE,
        )

    if refund:
        how = (Prose(labels("how_refund")),)
        return view("refund", "amount_refund", "nothing_to_pay", None, how)
    if invoice.payable == 0:
        how = (Prose(labels("how_paid" if invoice.total else "how_nothing")),)
        return view("nothing", "amount_due", "nothing_to_pay", None, how)
    if payer.domiciled:
        day = invoice.charge_date or invoice.due_date
        when = "charge_on" if day else "charge_soon"
        return view("charge", "amount_due", when, day, _charged_to(payer))
    when = "pay_until" if invoice.due_date else "pay_on_receipt"
    return view("pay", "amount_due", when, invoice.due_date, _pay_by(payer, slip))


def _charged_to(payer: Payer) -> tuple[Prose, ...]:
    """Announce the charge as SEPA core asks: account, mandate and creditor."""
    mandate = payer.facts.mandate
    if not (mandate.active and payer.is_own):
        return (Prose(payer.labels("how_charge")),)
    account = mandate.iban_masked.replace("*", "•").replace(" ", "\xa0")
    return (
        Prose(payer.labels("how_charge_account", iban=account)),
        Prose(
            payer.labels(
                "how_charge_mandate",
                mandate=mandate.reference,
                creditor=payer.company.sepa_creditor_id,
            )
        ),
    )


def _pay_by(payer: Payer, slip: SlipView | None) -> tuple[Prose, ...]:
    labels, invoice = payer.labels, payer.facts.invoice
    if not payer.is_own:
        return (Prose(labels("how_agreed")),)
    if slip is not None:
        return (Prose(labels("how_slip", office=bare(payer.company.office_url))),)
    iban = _IBAN_GROUP.sub(lambda group: f"{group[0]}\xa0", payer.company.iban)
    return (Prose(labels("how_transfer", iban=iban, number=invoice.number)),)


def bare(url: str) -> str:
    """Give an address as people write it, without ``https://``."""
    return url.removeprefix("https://").removesuffix("/")


def slip_view(payer: Payer) -> SlipView | None:
    """Make the slip for a bill that is not domiciled and not zero, if the bank's form holds it."""
    invoice, company, labels = payer.facts.invoice, payer.company, payer.labels
    if (
        invoice.kind != "invoice"
        or invoice.payable <= 0
        or invoice.payment_means not in {"slip", "transfer"}
        or invoice.currency != "EUR"
        or not payer.is_own
    ):
        return None
    due = SlipDue(
        invoice.number,
        invoice.payment_reference,
        invoice.payable,
        invoice.issue_date,
        invoice.due_date,
    )
    return slip_of(due, payer.facts.customer.name, company, labels)


def slip_of(due: SlipDue, holder: str, company: Company, labels: Labels) -> SlipView | None:
    """Make the slip for an amount, if the bank's form holds it."""
    reference = _reference(due.payment_reference, due.number)
    dated = int(company.slip_suffix) >= FIRST_DATED_SUFFIX
    amount = _whole_cents(due.amount)
    if reference is None or amount is None or (dated and due.until is None):
        return None
    digits = cuaderno57(
        issuer=company.slip_issuer,
        suffix=company.slip_suffix,
        reference=reference,
        identification=(due.until if dated else None) or due.issued,
        amount_cents=amount,
    )
    until = date_short(due.until, labels.language) if due.until else ""
    return SlipView(
        explanation=Prose(labels("slip_explanation")),
        issuer=Text(f"{digits[5:13]}-{digits[13:16]}"),
        reference=Text(digits[16:29]),
        identification=Text(digits[29:35]),
        amount=Text(money(due.amount, labels.language)),
        due=Text(until),
        holder=Prose(holder),
        barcode=gs1_128(digits, labels("barcode_alt", digits=digits)),
        digits=Text(
            f"({digits[:2]}) {digits[2:5]} {digits[5:13]} {digits[13:16]} {digits[16:29]}"
            f" {digits[29:35]} {digits[35:45]} {digits[45]}"
        ),
    )


def _reference(payment_reference: str, number: str) -> str | None:
    """Give the slip's reference: the bank's where it is 11 digits or fewer, else the number's."""
    if payment_reference.isascii() and payment_reference.isdigit() and len(payment_reference) <= 11:
        return payment_reference
    digits = re.sub(r"[^0-9]", "", number)[-11:]
    return digits or None


def _whole_cents(amount: Decimal) -> int | None:
    try:
        value = cents(amount)
    except ValueError:
        return None
    return value if value <= _LARGEST_SLIP_CENTS else None


def tax_qr_view(payer: Payer, mode: TaxQr) -> TaxQrView | None:
    """Draw the QR by which the tax agency answers for the bill, where the switch is on."""
    invoice = payer.facts.invoice
    nif = payer.company.nif if payer.is_own else normal_nif(invoice.seller_nif)
    if mode == "none" or not nif:
        return None
    url = verifactu_url(
        mode,
        nif=nif,
        number=invoice.number,
        issued=invoice.issue_date,
        total=invoice.total,
    )
    return TaxQrView(qr_code(url, payer.labels("tax_qr_alt")), mode == "verifactu")
