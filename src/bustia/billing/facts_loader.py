"""Loads the facts of many invoices at once, with the same few queries for one or for thousands.

Each group of facts is one query over all contracts of the chunk; what it finds is then put
together in memory. A test counts the queries. What many invoices share, as the prices of a tariff
in a period, is made once; facts are frozen, so they may share it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
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
    MandateFacts,
    MeterFacts,
    OfficeFacts,
    OwedInvoice,
    PlanFacts,
    ReturnedDebitFacts,
    SourceFile,
    TariffFacts,
)
from bustia.billing.facts_queries import (
    CALENDAR,
    CONSENTS,
    CONSUMPTION,
    INVOICES,
    LINES,
    MANDATES,
    METERS,
    OWED,
    PLANS,
    PRICES,
    RETURNS,
    TAXES,
)
from bustia.billing.facts_shared import lines_of, points_of, taxes_of
from bustia.billing.models import Contract, Invoice
from bustia.errors import StationeryError
from bustia.money import ZERO
from bustia.rows import as_array

__all__ = [
    "HISTORY_PERIODS",
    "debt_facts",
    "litres_a_day",
    "load_facts",
    "load_newest",
    "plan_facts",
    "returned_debit_facts",
]

HISTORY_PERIODS = 13
"""Earlier billing periods shown beside the present one: two years of bimonthly bills, and one."""

_ONE = Decimal(1)
_NEAR = timedelta(days=15)

Row = tuple[Any, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Price:
    """One row of the price list."""

    name: str
    facts: BlockFacts
    valid_to: date | None


def _price(name: str, valid_to: date | None, *block: Any) -> _Price:  # noqa: ANN401
    return _Price(name, BlockFacts(*block), valid_to)


def _row(*values: object) -> Row:
    return values


def _grouped(rows: Iterable[Row]) -> Mapping[Any, list[Row]]:
    """Gather rows by the key in their first place."""
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _made(rows: Iterable[Row], make: Callable[..., T]) -> Mapping[Any, list[T]]:
    """Make something of each row, and gather it by the key in the row's first place."""
    found: defaultdict[Any, list[T]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(make(*row[1:]))
    return found


def _asked_at_once(cursor: CursorWrapper, *queries: tuple[Any, ...]) -> Iterator[list[Row]]:
    """Send queries, each with its parameters, in one message; give the rows of each in turn.

    For a chunk of some hundreds most of them take less time than to wake the server up for them.
    """
    parameters = [value for _, *values in queries for value in values]
    cursor.execute(";".join(sql for sql, *_ in queries), parameters)
    answers = [cursor.fetchall()]
    while cursor.nextset():
        answers.append(cursor.fetchall())
    return iter(answers)


def load_newest(contract: str, now: datetime) -> Facts:
    """Load the facts of the newest invoice of the contract of this number, as known at ``now``.

    Raise ``StationeryError``, as for other names that stationery is tried with, if there is no
    such contract or invoice.
    """
    found = Contract.objects.filter(number=contract).first()
    if found is None:
        raise StationeryError(
            f"there is no contract {contract}",
            hint="bustia message audience RULE --list shows contract numbers.",
        )
    invoices = Invoice.objects.filter(contract=found, issue_date__lte=localdate(now))
    newest = invoices.order_by("-issue_date", "-pk").values_list("pk", flat=True).first()
    if newest is None:
        raise StationeryError(
            f"contract {contract} has no invoice yet", hint="Messages go with an invoice."
        )
    return load_facts([newest], now)[0]


def load_facts(invoice_ids: Sequence[int], cutoff: datetime) -> list[Facts]:
    """Load the facts of the given invoices (rows of ``Invoice``), in the order of their ids.

    ``cutoff`` is the instant of the cycle, aware: what is dated after it is not known yet. It
    runs a fixed number of queries however many invoices there are.
    """
    today = localdate(cutoff)
    with connection.cursor() as cursor:
        cursor.execute(INVOICES, [as_array(invoice_ids)])
        invoices = [_InvoiceRow(row) for row in cursor.fetchall()]
        of_invoices = as_array(invoice.id for invoice in invoices)
        contracts = as_array(sorted({invoice.contract_id for invoice in invoices}))
        answers = _asked_at_once(
            cursor,
            (LINES, of_invoices),
            (TAXES, of_invoices),
            (METERS, contracts, today, today),
            (MANDATES, contracts, today),
            (CONSENTS, contracts, cutoff),
            (OWED, contracts, today),
            (RETURNS, contracts, today),
            (PLANS, contracts, today),
            (CONSUMPTION, contracts),
            (PRICES, sorted({invoice.tariff for invoice in invoices})),
            (CALENDAR, sorted({invoice.route for invoice in invoices})),
        )
    lines: dict[int, str] = dict(next(answers))
    taxes: dict[int, str] = dict(next(answers))
    meters = {row[0]: MeterFacts(True, *row[1:]) for row in next(answers)}
    mandates = {row[0]: MandateFacts(True, *row[1:]) for row in next(answers)}
    consents: dict[int, list[str]] = dict(next(answers))
    owed = _made(next(answers), _row)
    returns = _made(next(answers), _row)
    plans = _made(next(answers), _row)
    history: dict[int, str] = dict(next(answers))
    prices = _made(next(answers), _price)
    calendar = _grouped(next(answers))

    @cache
    def tariff_facts(tariff: str, period_from: date, period_to: date) -> TariffFacts:
        return _tariff_facts(tariff, period_from, period_to, prices.get(tariff, ()))

    @cache
    def calendar_facts(route: str, after: date, domiciled: bool) -> CalendarFacts:
        return _calendar_facts(calendar.get(route, ()), after, domiciled=domiciled)

    found = []
    for invoice in invoices:
        key = invoice.contract_id
        mandate = mandates.get(key, _NO_MANDATE)
        found.append(
            Facts(
                today,
                invoice.customer(),
                _REGISTERED if invoice.office_since is not None else _NOT_REGISTERED,
                invoice.contract(today, consents.get(key, ())),
                meters.get(key, _NO_METER),
                mandate,
                invoice.facts(lines.get(invoice.id), taxes.get(invoice.id)),
                debt_facts(owed.get(key, ()), invoice.id, today),
                returned_debit_facts(returns.get(key, ()), invoice.id),
                plan_facts(plans.get(key, ()), today),
                _consumption_facts(history.get(key), invoice),
                tariff_facts(invoice.tariff, invoice.period_from, invoice.period_to),
                calendar_facts(invoice.route, invoice.issue_date, mandate.active),
            )
        )
    return found


_REGISTERED, _NOT_REGISTERED = OfficeFacts(registered=True), OfficeFacts(registered=False)
_NO_METER = MeterFacts(known=False, serial="", calibre_mm=0, remote_read=False)
_NO_MANDATE = MandateFacts(active=False, reference="", iban_masked="")
_NO_DEBT = DebtFacts(count=0, amount=ZERO, oldest_due_date=None, days_overdue=0, invoices=())
_NO_RETURN = ReturnedDebitFacts(
    present=False, count=0, invoice="", amount=ZERO, returned_on=None, reason="", reasons=()
)
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
        self._customer = row[42:57]
        self.office_since: date | None = row[57]
        self.issue_date: date = row[6]
        self.period_from: date = row[7]
        self.period_to: date = row[8]
        self.days: int = row[9]
        self.estimated: bool = row[12]
        self.m3: Decimal = row[13]
        self.route: str = row[36]

    def facts(self, lines: str | None, taxes: str | None) -> InvoiceFacts:
        seller = self._details.get("seller") or {}
        source = SourceFile(*self._source) if self._source[0] is not None else None
        issued_by = (seller.get("name") or "", seller.get("tax_id") or "")
        charged = (lines_of(lines) if lines else (), taxes_of(taxes) if taxes else ())
        values: Row = (self.id, *self._invoice, *charged, source, *issued_by)
        return InvoiceFacts(*values)

    def customer(self) -> CustomerFacts:
        return CustomerFacts(*self._customer)

    def contract(self, today: date, consents: Collection[str]) -> ContractFacts:
        *supply, start, end, channel, alerts_on = self._contract
        values: Row = (
            self.contract_id,
            *supply,
            start <= today and (end is None or end >= today),
            start,
            channel,
            channel == "email" and "e_invoice" in consents,
            "sms_notices" in consents,
            "promotion" in consents,
            alerts_on,
        )
        return ContractFacts(*values)


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
    invoices = tuple([OwedInvoice(*row[1:]) for row in owed if row[0] != invoice_id])
    if not invoices:
        return _NO_DEBT
    oldest = invoices[0].due_date
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
        return _NO_RETURN
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


def _consumption_facts(history: str | None, invoice: _InvoiceRow) -> ConsumptionFacts:
    """Put the use of the billed period beside that of the earlier ones, the oldest first."""
    period_to = invoice.period_to
    points = points_of(history) if history else []
    if points and points[-1].period_to >= period_to:
        points = [point for point in points if point.period_to < period_to]
    present = HistoryPoint(
        invoice.period_from, period_to, invoice.m3, invoice.days, invoice.estimated
    )
    a_year_before = invoice.period_from - timedelta(days=366)
    now = _litres(invoice.m3, invoice.days)
    m3, days = Decimal(0), 0
    for point in points:
        if point.period_from >= a_year_before:
            m3, days = m3 + point.m3, days + point.days
    before = _litres(m3, days)
    return ConsumptionFacts(
        litres_a_day=now,
        average_litres_a_day=before,
        last_year_m3=_same_period_last_year(points, period_to),
        change_percent=_percent(now - before, before),
        history=(*points[-HISTORY_PERIODS:], present),
    )


def litres_a_day(points: Iterable[HistoryPoint]) -> int:
    """Give the daily use over some periods, in whole litres; 0 where there are no days."""
    m3, days = Decimal(0), 0
    for point in points:
        m3, days = m3 + point.m3, days + point.days
    return _litres(m3, days)


def _litres(m3: Decimal, days: int) -> int:
    """Give cubic metres over some days as whole litres a day."""
    return int((m3 * 1000 / days).quantize(_ONE, ROUND_HALF_UP)) if days else 0


def _percent(part: int, whole: int) -> int:
    if not whole:
        return 0
    return int((Decimal(part) * 100 / whole).quantize(_ONE, ROUND_HALF_UP))


def _same_period_last_year(earlier: Sequence[HistoryPoint], period_to: date) -> Decimal | None:
    """Give the use of the period that ended nearest to a year ago, at most two weeks off."""
    wanted = period_to - timedelta(days=365)
    first, last = wanted - _NEAR, wanted + _NEAR
    near = [point for point in earlier if first <= point.period_to <= last]
    return min(near, key=lambda point: abs(point.period_to - wanted)).m3 if near else None


def _tariff_facts(
    tariff: str, period_from: date, period_to: date, prices: Sequence[_Price]
) -> TariffFacts:
    """Give the prices in force in the billed period, and the newest change within it."""
    in_force = [
        price
        for price in prices
        if price.facts.valid_from <= period_to
        and (price.valid_to is None or price.valid_to >= period_from)
    ]
    # A billing system may leave the end of a price open: a newer price of the same block ends it.
    newest: dict[tuple[str, str, int], list[BlockFacts]] = defaultdict(list)
    for price in in_force:
        block = price.facts
        newest[block.concept, block.kind, block.block].append(block)
    kept, changes = [], []
    for rows in newest.values():
        began = [row for row in rows if row.valid_from <= period_from]
        within = [row for row in rows if row.valid_from > period_from]
        if began:
            kept.append(max(began, key=lambda row: row.valid_from))
            changes += [row.valid_from for row in within]
        kept += within
    return TariffFacts(
        code=tariff,
        name=prices[-1].name if prices else "",
        changed=bool(changes),
        changed_on=max(changes) if changes else None,
        prices=tuple(kept),
    )


def _calendar_facts(entries: Sequence[Row], after: date, *, domiciled: bool) -> CalendarFacts:
    coming = next((entry for entry in entries if entry[1] > after), None)
    if coming is None:
        return CalendarFacts(None, None)
    return CalendarFacts(coming[1], coming[2] if domiciled else None)
