"""Loads the facts of many invoices at once, with the same few queries for one or for thousands.

Each group of facts is one query over all contracts of the chunk; what it finds is then put
together in memory. A test counts the queries.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Generic, TypeVar

from django.db import connection
from django.utils.timezone import localdate

from bustia.billing.facts import (
    BlockFacts,
    CalendarFacts,
    ConsumptionFacts,
    ContractFacts,
    CustomerFacts,
    DebtFacts,
    Facts,
    HistoryPoint,
    InvoiceFacts,
    LineFacts,
    MandateFacts,
    MeterFacts,
    OfficeFacts,
    OwedInvoice,
    PlanFacts,
    ReturnedDebitFacts,
    SourceFile,
    TariffFacts,
    TaxFacts,
)
from bustia.money import ZERO

__all__ = [
    "HISTORY_PERIODS",
    "OWED",
    "PLANS",
    "RETURNS",
    "debt_facts",
    "litres_a_day",
    "load_facts",
    "plan_facts",
    "returned_debit_facts",
]

HISTORY_PERIODS = 13
"""Earlier billing periods shown beside the present one: two years of bimonthly bills, and one."""

Row = tuple[Any, ...]
T = TypeVar("T")

_INVOICES = """
SELECT i.id, i.contract_id, i.number, i.series, i.kind, i.corrects, i.issue_date, i.period_from,
       i.period_to, i.days, i.reading_from, i.reading_to, i.estimated, i.consumption_m3,
       i.net_amount, i.tax_amount, i.total_amount, i.payable_amount, i.currency,
       i.payment_means, i.payment_reference, i.due_date, i.charge_date, i.details,
       s.id, s.name, s.media_type, s.format,
       c.number, c.supply_point, c.supply_street, c.supply_postcode, c.supply_town, c.use,
       c.persons, c.social_tariff, c.route, c.start_date, c.end_date, c.invoice_channel,
       c.alerts_on, c.tariff,
       u.code, u.kind, u.name, u.nif, u.language, u.email, u.mobile, u.street, u.postcode,
       u.town, u.province, u.country, u.deceased, u.office_since
  FROM billing_invoice i
  JOIN billing_contract c ON c.id = i.contract_id
  JOIN billing_customer u ON u.id = c.customer_id
  LEFT JOIN billing_sourcedocument s ON s.id = i.source_id
 WHERE i.id = ANY(%s)
 ORDER BY i.id
"""

_LINES = """
SELECT invoice_id, concept, kind, coalesce(block, 0), description, quantity, unit, unit_price,
       amount, vat_rate, period_from, period_to
  FROM billing_invoiceline WHERE invoice_id = ANY(%s) ORDER BY invoice_id, position
"""

_TAXES = """
SELECT invoice_id, category, rate, base, amount
  FROM billing_invoicetax WHERE invoice_id = ANY(%s) ORDER BY invoice_id, rate DESC, category
"""

_METERS = """
SELECT DISTINCT ON (contract_id) contract_id, serial, calibre_mm, remote_read
  FROM billing_meter
 WHERE contract_id = ANY(%s) AND installed_on <= %s AND (removed_on IS NULL OR removed_on >= %s)
 ORDER BY contract_id, installed_on DESC, serial
"""

_MANDATES = """
SELECT DISTINCT ON (contract_id) contract_id, reference, iban_masked
  FROM billing_mandate
 WHERE contract_id = ANY(%s) AND status = 'active' AND signed_on <= %s
 ORDER BY contract_id, signed_on DESC, reference DESC
"""

_CONSENTS = """
SELECT contract_id, array_agg(kind) FROM (
    SELECT DISTINCT ON (contract_id, kind) contract_id, kind, granted
      FROM billing_consent WHERE contract_id = ANY(%s) AND given_at <= %s
     ORDER BY contract_id, kind, given_at DESC) newest
 WHERE granted GROUP BY contract_id
"""

# An invoice is owed when its date has passed and payments don't cover it. What was issued up to
# the day an active payment plan was agreed is in that plan, and is not counted again.
OWED = """
SELECT i.contract_id, i.id, i.number, i.issue_date,
       coalesce(i.due_date, i.charge_date, i.issue_date) AS due,
       i.payable_amount - coalesce(p.paid, 0) AS rest
  FROM billing_invoice i
  LEFT JOIN LATERAL (
      SELECT sum(amount) AS paid FROM billing_payment WHERE invoice_id = i.id) p ON true
 WHERE i.contract_id = ANY(%s) AND i.kind = 'invoice' AND i.status IN ('open', 'returned')
   AND coalesce(i.due_date, i.charge_date, i.issue_date) < %s
   AND i.payable_amount > coalesce(p.paid, 0)
   AND NOT EXISTS (
      SELECT FROM billing_paymentplan l
       WHERE l.contract_id = i.contract_id AND l.status = 'active'
         AND l.agreed_on >= i.issue_date)
 ORDER BY i.contract_id, due, i.issue_date, i.number
"""

RETURNS = """
SELECT i.contract_id, i.id, i.number, r.amount, r.returned_on, r.reason
  FROM billing_returneddebit r
  JOIN billing_invoice i ON i.id = r.invoice_id
 WHERE i.contract_id = ANY(%s) AND i.status IN ('open', 'returned') AND r.returned_on <= %s
   AND i.payable_amount > coalesce(
      (SELECT sum(amount) FROM billing_payment WHERE invoice_id = i.id), 0)
 ORDER BY i.contract_id, r.returned_on DESC, r.reference DESC
"""

PLANS = """
SELECT l.contract_id, l.number, l.total_amount, n.due_date, n.amount, n.paid_on, n.position
  FROM (SELECT DISTINCT ON (contract_id) id, contract_id, number, total_amount
          FROM billing_paymentplan
         WHERE contract_id = ANY(%s) AND status = 'active' AND agreed_on <= %s
         ORDER BY contract_id, agreed_on DESC, number DESC) l
  JOIN billing_instalment n ON n.plan_id = l.id
 ORDER BY l.contract_id, n.position
"""

_CONSUMPTION = """
SELECT contract_id, period_from, period_to, m3, estimated
  FROM billing_consumption WHERE contract_id = ANY(%s) ORDER BY contract_id, period_to
"""

_PRICES = """
SELECT code, name, concept, kind, block, block_to, price, valid_from, valid_to
  FROM billing_tariffprice WHERE code = ANY(%s)
 ORDER BY code, concept, kind DESC, valid_from, block
"""

_CALENDAR = """
SELECT route, issue_date, charge_date
  FROM billing_calendarentry WHERE route = ANY(%s) ORDER BY route, issue_date
"""


@dataclass(frozen=True, slots=True)
class _Price:
    """One row of the price list."""

    name: str
    facts: BlockFacts
    valid_to: date | None


class _Grouped(Generic[T]):
    """Values by key, with an empty answer for the others."""

    def __init__(self, pairs: Iterable[tuple[Any, T]]) -> None:
        self._found: defaultdict[Any, list[T]] = defaultdict(list)
        for key, value in pairs:
            self._found[key].append(value)

    def of(self, key: object) -> tuple[T, ...]:
        return tuple(self._found.get(key, ()))


def load_facts(invoice_ids: Sequence[int], cutoff: datetime) -> list[Facts]:
    """Load the facts of the given invoices (rows of ``Invoice``), in the order of their ids.

    ``cutoff`` is the instant of the cycle, aware: what is dated after it is not known yet. It
    runs a fixed number of queries however many invoices there are.
    """
    today = localdate(cutoff)
    with connection.cursor() as cursor:

        def fetch(sql: str, *parameters: Any) -> list[Row]:  # noqa: ANN401 (what SQL takes)
            cursor.execute(sql, parameters)
            rows: list[Row] = cursor.fetchall()
            return rows

        invoices = [_InvoiceRow(row) for row in fetch(_INVOICES, list(invoice_ids))]
        ids = [invoice.id for invoice in invoices]
        contracts = sorted({invoice.contract_id for invoice in invoices})
        tariffs = sorted({invoice.tariff for invoice in invoices})
        routes = sorted({invoice.route for invoice in invoices})

        lines = _Grouped((row[0], LineFacts(*row[1:])) for row in fetch(_LINES, ids))
        taxes = _Grouped((row[0], TaxFacts(*row[1:])) for row in fetch(_TAXES, ids))
        meters = {
            row[0]: MeterFacts(True, *row[1:]) for row in fetch(_METERS, contracts, today, today)
        }
        mandates = {
            row[0]: MandateFacts(True, *row[1:]) for row in fetch(_MANDATES, contracts, today)
        }
        consents: dict[int, list[str]] = dict(fetch(_CONSENTS, contracts, cutoff))
        owed = _Grouped((row[0], row[1:]) for row in fetch(OWED, contracts, today))
        returns = _Grouped((row[0], row[1:]) for row in fetch(RETURNS, contracts, today))
        plans = _Grouped((row[0], row[1:]) for row in fetch(PLANS, contracts, today))
        history = _Grouped((row[0], row[1:]) for row in fetch(_CONSUMPTION, contracts))
        prices = _Grouped(
            (row[0], _Price(row[1], BlockFacts(*row[2:8]), row[8]))
            for row in fetch(_PRICES, tariffs)
        )
        calendar = _Grouped((row[0], row[1:]) for row in fetch(_CALENDAR, routes))

    found = []
    for invoice in invoices:
        key = invoice.contract_id
        mandate = mandates.get(key, _NO_MANDATE)
        found.append(
            Facts(
                today=today,
                customer=invoice.customer(),
                office=OfficeFacts(invoice.office_since is not None),
                contract=invoice.contract(today, consents.get(key, ())),
                meter=meters.get(key, _NO_METER),
                mandate=mandate,
                invoice=invoice.facts(lines.of(invoice.id), taxes.of(invoice.id)),
                debt=debt_facts(owed.of(key), invoice.id, today),
                returned_debit=returned_debit_facts(returns.of(key), invoice.id),
                plan=plan_facts(plans.of(key), today),
                consumption=_consumption_facts(history.of(key), invoice),
                tariff=_tariff_facts(invoice, prices.of(invoice.tariff)),
                calendar=_calendar_facts(
                    calendar.of(invoice.route), invoice.issue_date, domiciled=mandate.active
                ),
            )
        )
    return found


_NO_METER = MeterFacts(known=False, serial="", calibre_mm=0, remote_read=False)
_NO_MANDATE = MandateFacts(active=False, reference="", iban_masked="")
_NO_PLAN = PlanFacts(False, "", ZERO, ZERO, ZERO, 0, 0, 0, None, ZERO, None, 0, ZERO)


class _InvoiceRow:
    """One row of the invoices' query, with names for what the other groups ask of it."""

    def __init__(self, row: Row) -> None:
        (self.id, self.contract_id) = row[:2]
        self._invoice = row[2:23]
        self._details: Mapping[str, Any] = _json(row[23])
        self._source = row[24:28]
        self._contract = row[28:41]
        self.tariff: str = row[41]
        self._customer = row[42:55]
        self.office_since: date | None = row[55]
        self.issue_date: date = row[6]
        self.period_from: date = row[7]
        self.period_to: date = row[8]
        self.days: int = row[9]
        self.estimated: bool = row[12]
        self.m3: Decimal = row[13]
        self.route: str = row[36]

    def facts(self, lines: tuple[LineFacts, ...], taxes: tuple[TaxFacts, ...]) -> InvoiceFacts:
        seller = self._details.get("seller") or {}
        source = SourceFile(*self._source) if self._source[0] is not None else None
        issued_by = (seller.get("name") or "", seller.get("tax_id") or "")
        values: Row = (self.id, *self._invoice, lines, taxes, source, *issued_by)
        return InvoiceFacts(*values)

    def customer(self) -> CustomerFacts:
        *person, email, mobile = self._customer[:7]
        reachable = (email, mobile, bool(email), bool(mobile))
        values: Row = (*person, *reachable, *self._customer[7:])
        return CustomerFacts(*values)

    def contract(self, today: date, consents: Iterable[str]) -> ContractFacts:
        (number, point, street, postcode, town, use, persons, social, route, start, end,
         channel, alerts) = self._contract  # fmt: skip
        granted = set(consents)
        return ContractFacts(
            id=self.contract_id,
            number=number,
            supply_point=point,
            supply_street=street,
            supply_postcode=postcode,
            supply_town=town,
            use=use,
            persons=persons,
            social_tariff=social,
            route=route,
            active=start <= today and (end is None or end >= today),
            start_date=start,
            invoice_channel=channel,
            e_invoice=channel == "email" and "e_invoice" in granted,
            sms_notices="sms_notices" in granted,
            promotion="promotion" in granted,
            alerts_on=alerts,
        )


def _json(value: object) -> Mapping[str, Any]:
    """Read a JSON column: Django's cursors give it as text."""
    if value is None:
        return {}
    if isinstance(value, str):
        read = json.loads(value)
        return read if isinstance(read, dict) else {}
    return value if isinstance(value, Mapping) else {}


def debt_facts(owed: Sequence[Row], invoice_id: int | None, today: date) -> DebtFacts:
    """Sum up what is owed: rows of id, number, issue date, due date and rest, oldest first."""
    invoices = tuple(OwedInvoice(*row[1:]) for row in owed if row[0] != invoice_id)
    oldest = invoices[0].due_date if invoices else None
    return DebtFacts(
        count=len(invoices),
        amount=sum((one.amount for one in invoices), ZERO),
        oldest_due_date=oldest,
        days_overdue=(today - oldest).days if oldest else 0,
        invoices=invoices,
    )


def returned_debit_facts(returns: Sequence[Row], invoice_id: int | None) -> ReturnedDebitFacts:
    """Sum up returns: rows of invoice id, number, amount, day and reason, the newest first."""
    others = [row[1:] for row in returns if row[0] != invoice_id]
    if not others:
        return ReturnedDebitFacts(
            present=False, count=0, invoice="", amount=ZERO, returned_on=None, reason="", reasons=()
        )
    number, amount, returned_on, reason = others[0]
    return ReturnedDebitFacts(
        present=True,
        count=len(others),
        invoice=number,
        amount=amount,
        returned_on=returned_on,
        reason=reason,
        reasons=tuple(row[3] for row in others),
    )


def plan_facts(instalments: Sequence[Row], today: date) -> PlanFacts:
    """Sum up the active plan: rows of number, total, due date, amount, paid on and position."""
    if not instalments:
        return _NO_PLAN
    number, total = instalments[0][:2]
    paid = [row for row in instalments if row[4] is not None]
    unpaid = [row for row in instalments if row[4] is None]
    late = [row for row in unpaid if row[2] < today]
    coming = next((row for row in unpaid if row[2] >= today), None)
    amount_paid = sum((row[3] for row in paid), ZERO)
    return PlanFacts(
        active=True,
        number=number,
        total=total,
        paid=amount_paid,
        remaining=total - amount_paid,
        instalments=len(instalments),
        instalments_paid=len(paid),
        next_position=coming[5] if coming else 0,
        next_date=coming[2] if coming else None,
        next_amount=coming[3] if coming else ZERO,
        last_date=instalments[-1][2],
        overdue_count=len(late),
        overdue_amount=sum((row[3] for row in late), ZERO),
    )


def _consumption_facts(rows: Sequence[Row], invoice: _InvoiceRow) -> ConsumptionFacts:
    earlier = [
        HistoryPoint(first, last, m3, (last - first).days + 1, estimated)
        for first, last, m3, estimated in rows
        if last < invoice.period_to
    ]
    present = HistoryPoint(
        invoice.period_from, invoice.period_to, invoice.m3, invoice.days, invoice.estimated
    )
    a_year_before = invoice.period_from - timedelta(days=366)
    last_year = [one for one in earlier if one.period_from >= a_year_before]
    now, before = litres_a_day([present]), litres_a_day(last_year)
    return ConsumptionFacts(
        litres_a_day=now,
        average_litres_a_day=before,
        last_year_m3=_same_period_last_year(earlier, invoice.period_to),
        change_percent=_percent(now - before, before),
        history=(*earlier[-HISTORY_PERIODS:], present),
    )


def litres_a_day(points: Iterable[HistoryPoint]) -> int:
    """Give the daily use over some periods, in whole litres; 0 where there are no days."""
    m3, days = Decimal(0), 0
    for point in points:
        m3, days = m3 + point.m3, days + point.days
    return int((m3 * 1000 / days).quantize(Decimal(1), ROUND_HALF_UP)) if days else 0


def _percent(part: int, whole: int) -> int:
    if not whole:
        return 0
    return int((Decimal(part) * 100 / whole).quantize(Decimal(1), ROUND_HALF_UP))


def _same_period_last_year(points: Sequence[HistoryPoint], period_to: date) -> Decimal | None:
    """Give the use of the period that ended nearest to a year ago, at most two weeks off."""
    wanted = period_to - timedelta(days=365)
    near = [one for one in points if abs((one.period_to - wanted).days) <= 15]
    return min(near, key=lambda one: abs((one.period_to - wanted).days)).m3 if near else None


def _tariff_facts(invoice: _InvoiceRow, prices: Sequence[_Price]) -> TariffFacts:
    """Give the prices in force in the billed period, and the newest change within it."""
    in_force = [
        price
        for price in prices
        if price.facts.valid_from <= invoice.period_to
        and (price.valid_to is None or price.valid_to >= invoice.period_from)
    ]
    # A billing system may leave the end of a price open: a newer price of the same block ends it.
    newest: dict[tuple[str, str, int], list[BlockFacts]] = defaultdict(list)
    for price in in_force:
        block = price.facts
        newest[block.concept, block.kind, block.block].append(block)
    kept, changes = [], []
    for rows in newest.values():
        began = [row for row in rows if row.valid_from <= invoice.period_from]
        within = [row for row in rows if row.valid_from > invoice.period_from]
        if began:
            kept.append(max(began, key=lambda row: row.valid_from))
            changes += [row.valid_from for row in within]
        kept += within
    return TariffFacts(
        code=invoice.tariff,
        name=prices[-1].name if prices else "",
        changed=bool(changes),
        changed_on=max(changes) if changes else None,
        prices=tuple(kept),
    )


def _calendar_facts(entries: Sequence[Row], after: date, *, domiciled: bool) -> CalendarFacts:
    coming = next((entry for entry in entries if entry[0] > after), None)
    if coming is None:
        return CalendarFacts(None, None)
    return CalendarFacts(coming[0], coming[1] if domiciled else None)
