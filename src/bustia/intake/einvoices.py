"""From an e-invoice as its file states it to the rows of the tables.

What a file gives is kept exactly in the invoice's ``details``; the tables' columns are the same
figures in the tables' own words. Customers' bank accounts in the details are masked; the whole
file is kept beside it, to be attached to the bill.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from bustia.billing.models import Invoice, InvoiceLine, InvoiceTax
from bustia.identifiers import mask_iban, normal_nif
from bustia.intake.documents import (
    AllowanceCharge,
    InvoiceDocument,
    InvoiceKind,
    InvoiceLineDocument,
    Party,
    PaymentMeans,
)
from bustia.money import ZERO, round_money

__all__ = ["InvoiceRows", "content_digest", "invoice_rows", "party_id", "tables_problem"]

_UNITS = {
    "MTQ": "m3",
    "DAY": "day",
    "C62": "unit",
    "EA": "unit",
    "H87": "unit",
    "NAR": "unit",
    "ZZ": "unit",
}
_MONEY_LIMIT = Decimal(10) ** 10
_QUANTITY = Decimal("0.0001")
_PRICE = Decimal("0.000001")
_FIGURES_LIMIT = Decimal(10) ** 8


@dataclass(frozen=True, slots=True)
class InvoiceRows:
    """One invoice with its lines and taxes, not saved yet; the contract is still to be set."""

    invoice: Invoice
    lines: tuple[InvoiceLine, ...]
    taxes: tuple[InvoiceTax, ...]


def party_id(party: Party) -> str:
    """Give what tells a party from others: its tax number, else its registration, else its name."""
    known = party.vat_id or party.tax_id or (party.legal_id.value if party.legal_id else "")
    return (normal_nif(known) or party.name.strip())[:200]


def content_digest(document: InvoiceDocument) -> str:
    """Give a digest of what an invoice says: the same invoice in another syntax has the same."""
    totals = document.totals
    content = (
        document.kind,
        document.issued_on,
        document.currency,
        party_id(document.buyer),
        (totals.without_tax, totals.tax or ZERO, totals.with_tax, totals.payable),
        tuple(
            (line.name, line.quantity, line.net_amount, line.category, line.rate)
            for line in document.lines
        ),
        tuple((t.category, t.rate, t.base, t.amount) for t in document.tax_subtotals),
    )
    text = json.dumps(_plain(content), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def tables_problem(document: InvoiceDocument) -> tuple[str, str] | None:
    """Give the field and the reason if a document doesn't fit the tables."""
    if len(document.full_number) > 40:
        return "BT-1", "The invoice number is longer than 40 characters."
    totals = document.totals
    for term, amount in (
        ("BT-109", totals.without_tax),
        ("BT-110", totals.tax or ZERO),
        ("BT-112", totals.with_tax),
        ("BT-115", totals.payable),
    ):
        if abs(amount) >= _MONEY_LIMIT:
            return term, "The amount is beyond ten digits."
        if amount != round_money(amount):
            return term, "The amount has fractions of a cent."
    for line in document.lines:
        figures = (line.quantity, line.net_price, line.net_amount)
        if any(abs(figure) >= _FIGURES_LIMIT for figure in figures):
            return "BG-25", f"A figure of line {line.id[:20]} is beyond eight digits."
    return None


def invoice_rows(document: InvoiceDocument, billing_run: str | None) -> InvoiceRows:
    """Make the rows of an e-invoice; ``billing_run`` is its month of issue if None."""
    totals = document.totals
    first, last, days = _period(document)
    means = _means(document)
    kind = _payment_means(document, means)
    due = document.due_on or (means.due_on if means else None)
    reference = means.remittance if means else ""
    invoice = Invoice(
        number=document.full_number,
        seller=party_id(document.seller),
        series=document.series[:20],
        kind=document.kind.value,
        corrects=(
            document.preceding[0].number[:40]
            if document.kind is InvoiceKind.CREDIT_NOTE and document.preceding
            else ""
        ),
        billing_run=billing_run or f"{document.issued_on:%Y-%m}",
        issue_date=document.issued_on,
        period_from=first,
        period_to=last,
        days=days,
        consumption_m3=ZERO,
        net_amount=totals.without_tax,
        tax_amount=totals.tax or ZERO,
        total_amount=totals.with_tax,
        payable_amount=totals.payable,
        currency=document.currency,
        payment_means=kind,
        mandate=means.mandate[:35] if means else "",
        due_date=due,
        charge_date=due if kind == "direct_debit" else None,
        status="open" if document.owed > 0 else "paid",
        payment_reference=reference if len(reference) <= 35 else "",
        details=_details(document),
    )
    lines = [_line(invoice, place, line) for place, line in enumerate(document.lines, start=1)]
    lines.extend(
        _allowance(invoice, place, item)
        for place, item in enumerate(document.allowances_charges, start=len(lines) + 1)
    )
    return InvoiceRows(invoice, tuple(lines), _taxes(invoice, document))


def _period(document: InvoiceDocument) -> tuple[date, date, int]:
    """Give first and last day billed and their number; 0 days where no period is stated."""
    periods = [document.period, *(line.period for line in document.lines)]
    stated = [period for period in periods if period is not None]
    if document.period is not None and (document.period.start or document.period.end):
        stated = [document.period]
    starts = [period.start for period in stated if period.start]
    ends = [period.end for period in stated if period.end]
    first = min(starts) if starts else min(ends, default=document.issued_on)
    last = max(ends) if ends else max(starts, default=document.issued_on)
    if not (starts and ends) or last < first:
        return min(first, last), max(first, last), 0
    return first, last, min((last - first).days + 1, 32_767)


def _means(document: InvoiceDocument) -> PaymentMeans | None:
    """Give the way to pay that counts: direct debit before others."""
    for means in document.payment_means:
        if means.is_direct_debit:
            return means
    return document.payment_means[0] if document.payment_means else None


def _payment_means(document: InvoiceDocument, means: PaymentMeans | None) -> str:
    if means is None or document.owed <= 0:
        return "none"
    if means.is_direct_debit:
        return "direct_debit"
    return "transfer" if means.account else "none"


def _line(invoice: Invoice, place: int, line: InvoiceLineDocument) -> InvoiceLine:
    text = line.name if line.description in {"", line.name} else f"{line.name}: {line.description}"
    per = line.base_quantity or Decimal(1)
    return InvoiceLine(
        invoice=invoice,
        position=place,
        concept="other",
        kind="other",
        description=text[:1000],
        quantity=line.quantity.quantize(_QUANTITY),
        unit=_UNITS.get(line.unit, line.unit[:12]) or "unit",
        unit_price=(line.net_price / per).quantize(_PRICE),
        amount=round_money(line.net_amount),
        vat_rate=round_money(line.rate or ZERO),
        vat_category=line.category[:2] or "S",
        period_from=line.period.start if line.period else None,
        period_to=line.period.end if line.period else None,
    )


def _allowance(invoice: Invoice, place: int, item: AllowanceCharge) -> InvoiceLine:
    """Make a discount or surcharge on the whole document a line of its own."""
    amount = round_money(item.amount if item.is_charge else -item.amount)
    return InvoiceLine(
        invoice=invoice,
        position=place,
        concept="other",
        kind="other",
        description=item.reason[:1000],
        quantity=Decimal(1),
        unit="unit",
        unit_price=amount,
        amount=amount,
        vat_rate=round_money(item.rate or ZERO),
        vat_category=item.category[:2] or "S",
    )


def _taxes(invoice: Invoice, document: InvoiceDocument) -> tuple[InvoiceTax, ...]:
    """Make the VAT breakdown; an equivalence surcharge (Facturae) has the category RE."""
    sums: dict[tuple[str, Decimal], tuple[Decimal, Decimal]] = {}

    def add(category: str, rate: Decimal | None, base: Decimal, amount: Decimal) -> None:
        key = (category[:2] or "S", round_money(rate or ZERO))
        before = sums.get(key, (ZERO, ZERO))
        sums[key] = (before[0] + base, before[1] + amount)

    for part in document.tax_subtotals:
        add(part.category, part.rate, part.base, part.amount)
        if part.surcharge:
            add("RE", part.surcharge_rate, part.base, part.surcharge)
    return tuple(
        InvoiceTax(
            invoice=invoice,
            category=category,
            rate=rate,
            base=round_money(base),
            amount=round_money(amount),
        )
        for (category, rate), (base, amount) in sums.items()
    )


def _details(document: InvoiceDocument) -> dict[str, Any]:
    found: dict[str, Any] = _plain(document)
    for means in found.get("payment_means", []):
        if means.get("debited_account"):
            means["debited_account"] = mask_iban(means["debited_account"])
    seller = found.setdefault("seller", {})
    seller["registration"] = seller.get("tax_id", "")
    seller["tax_id"] = seller.get("vat_id") or seller.get("tax_id") or ""
    found["content_sha256"] = content_digest(document)
    return found


def _plain(value: object) -> Any:  # noqa: ANN401, PLR0911 (a JSON value; one case a line)
    """Turn a document into what JSON can hold; empty fields are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _plain(part) for name, part in pairs if part not in (None, "", ())}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value
