"""Loads a few facts of every contract at once, for questions about the whole town.

:func:`~bustia.billing.facts_loader.load_facts` gives all that is known of a chunk of invoices;
asking it of 50,000 contracts takes many seconds, most of them for facts that a question doesn't
need. Here each needed fact is one column. What debts, returned debits and plans mean is asked of
the loader's own functions; tariff and calendar, which many contracts share, come from
``load_facts`` for one contract of each kind; a test compares every fact.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from typing import Any

from django.db import connection
from django.utils.timezone import localdate

from bustia.billing.facts import Facts
from bustia.billing.facts_loader import (
    debt_facts,
    load_facts,
    plan_facts,
    returned_debit_facts,
)
from bustia.billing.facts_queries import ALERTS_ON, OWED, PLANS, RETURNS

__all__ = ["Population", "has_narrow_way", "load_population"]

CHUNK = 2_000

Row = tuple[Any, ...]

# The invoice that speaks for a contract is its newest one.
_BASE = """
SELECT {columns}
  FROM (SELECT DISTINCT ON (contract_id) id FROM billing_invoice
         WHERE issue_date <= %(today)s
         ORDER BY contract_id, issue_date DESC, id DESC) newest
  JOIN billing_invoice i ON i.id = newest.id
  JOIN billing_contract c ON c.id = i.contract_id
  JOIN billing_customer u ON u.id = c.customer_id
 ORDER BY c.number
"""
_BASE_COLUMNS = ("i.id", "c.id", "c.number", "c.tariff", "c.route", "i.period_from",
                 "i.period_to", "i.issue_date", "i.days", "i.consumption_m3")  # fmt: skip

_COLUMNS = {
    "customer.code": "u.code",
    "customer.kind": "u.kind",
    "customer.name": "u.name",
    "customer.language": "u.language",
    "customer.has_email": "u.email <> ''",
    "customer.has_mobile": "u.mobile <> ''",
    "customer.deceased": "u.deceased",
    "office.registered": "u.office_since IS NOT NULL",
    "contract.number": "c.number",
    "contract.supply_point": "c.supply_point",
    "contract.supply_street": "c.supply_street",
    "contract.supply_postcode": "c.supply_postcode",
    "contract.supply_town": "c.supply_town",
    "contract.use": "c.use",
    "contract.persons": "c.persons",
    "contract.social_tariff": "c.social_tariff",
    "contract.route": "c.route",
    "contract.active": (
        "c.start_date <= %(today)s AND (c.end_date IS NULL OR c.end_date >= %(today)s)"
    ),
    "contract.start_date": "c.start_date",
    "contract.invoice_channel": "c.invoice_channel",
    "contract.alerts_on": ALERTS_ON,
    "invoice.number": "i.number",
    "invoice.series": "i.series",
    "invoice.kind": "i.kind",
    "invoice.corrects": "i.corrects",
    "invoice.issue_date": "i.issue_date",
    "invoice.period_from": "i.period_from",
    "invoice.period_to": "i.period_to",
    "invoice.days": "i.days",
    "invoice.reading_from": "i.reading_from",
    "invoice.reading_to": "i.reading_to",
    "invoice.estimated": "i.estimated",
    "invoice.consumption_m3": "i.consumption_m3",
    "invoice.net": "i.net_amount",
    "invoice.tax": "i.tax_amount",
    "invoice.total": "i.total_amount",
    "invoice.payable": "i.payable_amount",
    "invoice.currency": "i.currency",
    "invoice.payment_means": "i.payment_means",
    "invoice.payment_reference": "i.payment_reference",
    "invoice.due_date": "i.due_date",
    "invoice.charge_date": "i.charge_date",
}
"""Facts that stand in a column of the invoice, its contract or its customer."""

_CONSENTED = {
    "contract.e_invoice": "e_invoice",
    "contract.sms_notices": "sms_notices",
    "contract.promotion": "promotion",
}
_CONSENTS = """
SELECT contract_id, kind FROM (
    SELECT DISTINCT ON (contract_id, kind) contract_id, kind, granted
      FROM billing_consent WHERE given_at <= %(cutoff)s
     ORDER BY contract_id, kind, given_at DESC) newest
 WHERE granted
"""

_METERS = """
SELECT DISTINCT ON (contract_id) contract_id, serial, calibre_mm, remote_read
  FROM billing_meter
 WHERE installed_on <= %(today)s AND (removed_on IS NULL OR removed_on >= %(today)s)
 ORDER BY contract_id, installed_on DESC, serial
"""

_MANDATES = """
SELECT DISTINCT ON (contract_id) contract_id, reference, iban_masked
  FROM billing_mandate
 WHERE status = 'active' AND signed_on <= %(today)s
 ORDER BY contract_id, signed_on DESC, reference DESC
"""

# Litres and days of the last year before the invoice, summed up by the database: two years of
# every contract's history would be half a million rows.
_CONSUMPTION = """
SELECT i.id, sum(n.m3), sum(n.period_to - n.period_from + 1)
  FROM (SELECT DISTINCT ON (contract_id) id FROM billing_invoice
         WHERE issue_date <= %(today)s
         ORDER BY contract_id, issue_date DESC, id DESC) newest
  JOIN billing_invoice i ON i.id = newest.id
  JOIN billing_consumption n ON n.contract_id = i.contract_id
   AND n.period_to < i.period_to AND n.period_from >= i.period_from - 366
 GROUP BY i.id
"""


@dataclass(frozen=True, slots=True)
class Population:
    """The wanted facts of every contract that has an invoice, in the order of contract numbers."""

    contracts: tuple[str, ...]
    """Contract numbers."""
    invoice_ids: tuple[int, ...]
    """The newest invoice of each."""
    rows: tuple[Row, ...]
    """The wanted facts of each, in the order they were asked for."""


def load_population(
    paths: Sequence[str],
    cutoff: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Population:
    """Load the facts with the given paths for every contract.

    A path that has no narrow way here (a list such as ``invoice.lines``) makes it load all facts
    of everybody: the answer is the same, some seconds later. ``progress`` is told how many
    contracts were done since the last call.
    """
    base = _Base(cutoff, [path for path in paths if path in _COLUMNS])
    if all(has_narrow_way(path) for path in paths):
        columns = _Columns(base)
        found = [columns.column(path) for path in paths]
        progress(len(base.rows))
        rows = tuple(zip(*found, strict=True)) if found else ((),) * len(base.rows)
    else:
        take = [attrgetter(path) for path in paths]
        every = _facts(base.invoice_ids, cutoff, progress)
        rows = tuple(tuple([get(facts) for get in take]) for facts in every)
    return Population(base.contracts, base.invoice_ids, rows)


def has_narrow_way(path: str) -> bool:
    """Say whether a fact can be loaded without loading all the others."""
    group, _, name = path.partition(".")
    return (
        path in _COLUMNS
        or path in _CONSENTED
        or path == "today"
        or group in (*_LOOKED_UP, *_FEW, "calendar")
        or (group == "tariff" and name != "prices")
        or path in _CONSUMED
    )


class _Base:
    """One row a contract: what is needed to find the rest, and the facts that are columns."""

    def __init__(self, cutoff: datetime, paths: Sequence[str]) -> None:
        self.cutoff = cutoff
        self.today = localdate(cutoff)
        self.paths = tuple(paths)
        columns = [*_BASE_COLUMNS, *(_COLUMNS[path] for path in paths)]
        self.rows = self.fetch(_BASE.format(columns=", ".join(columns)))
        self.invoice_ids = tuple(row[0] for row in self.rows)
        self.contract_ids = tuple(row[1] for row in self.rows)
        self.contracts = tuple(row[2] for row in self.rows)

    def fetch_of(self, sql: str, contract_ids: list[int]) -> list[Row]:
        """Run one of the loader's queries: its parameters are contracts and the day."""
        with connection.cursor() as cursor:
            cursor.execute(sql, [contract_ids, self.today])
            rows: list[Row] = cursor.fetchall()
            return rows

    def fetch(self, sql: str) -> list[Row]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"today": self.today, "cutoff": self.cutoff})
            rows: list[Row] = cursor.fetchall()
            return rows


class _Columns:
    """Gives the values of one fact for all contracts."""

    def __init__(self, base: _Base) -> None:
        self._base = base
        self._groups: dict[str, list[Facts]] = {}
        self._consents: dict[str, set[int]] | None = None
        self._found: dict[str, dict[int, Row]] = {}
        self._few: dict[str, list[object]] = {}

    def column(self, path: str) -> Sequence[object]:
        """Give the values of a fact, in the order of the base's rows."""
        group, _, name = path.partition(".")
        base = self._base
        if path in base.paths:
            place = len(_BASE_COLUMNS) + base.paths.index(path)
            found = [row[place] for row in base.rows]
        elif path == "today":
            found = [base.today] * len(base.rows)
        elif path in _CONSENTED:
            found = self._consented(path)
        elif group in _LOOKED_UP:
            found = self._looked_up(group, name)
        elif path in _CONSUMED:
            found = self._consumption(name)
        elif group in _FEW:
            found = self._of_few(group, name)
        else:
            get = attrgetter(path)
            found = [get(facts) for facts in self._shared(group)]
        return found

    def _consented(self, path: str) -> list[object]:
        if self._consents is None:
            self._consents = {}
            for contract, kind in self._base.fetch(_CONSENTS):
                self._consents.setdefault(kind, set()).add(contract)
        granted = self._consents.get(_CONSENTED[path], set())
        if path != "contract.e_invoice":
            return [contract in granted for contract in self._base.contract_ids]
        with_email = {row[0] for row in self._base.fetch(_WITH_EMAIL)}
        return [one in granted and one in with_email for one in self._base.contract_ids]

    def _looked_up(self, group: str, name: str) -> list[object]:
        sql, names, default = _LOOKED_UP[group]
        if group not in self._found:
            self._found[group] = {row[0]: (True, *row[1:]) for row in self._base.fetch(sql)}
        found, place = self._found[group], names.index(name)
        return [found.get(one, default)[place] for one in self._base.contract_ids]

    def _consumption(self, name: str) -> list[object]:
        if "consumption" not in self._found:
            before = {row[0]: row[1:] for row in self._base.fetch(_CONSUMPTION)}
            self._found["consumption"] = {
                row[0]: _consumed(row[9], row[8], *before.get(row[0], (None, 0)))
                for row in self._base.rows
            }
        place = _CONSUMED_PLACES[name]
        found = self._found["consumption"]
        return [found[invoice][place] for invoice in self._base.invoice_ids]

    def _of_few(self, group: str, name: str) -> list[object]:
        """Give a fact that most contracts have nothing to say about."""
        base = self._base
        if group not in self._few:
            concerned, sql, sum_up = _FEW[group]
            rows: dict[int, list[Row]] = {}
            for row in base.fetch_of(sql, [row[0] for row in base.fetch(concerned)]):
                rows.setdefault(row[0], []).append(row[1:])
            invoice = dict(zip(base.contract_ids, base.invoice_ids, strict=True))
            nothing = sum_up((), 0, base.today)
            self._few[group] = [
                sum_up(rows[one], invoice[one], base.today) if one in rows else nothing
                for one in base.contract_ids
            ]
        get = attrgetter(name)
        return [get(facts) for facts in self._few[group]]

    def _shared(self, group: str) -> list[Facts]:
        """Give, for every contract, facts whose tariff or calendar is the contract's own."""
        if group not in self._groups:
            base = self._base
            if group == "tariff":
                keys = [(row[3], row[5], row[6]) for row in base.rows]
            else:
                domiciled = self.column("mandate.active")
                keys = [
                    (row[4], row[7], active)
                    for row, active in zip(base.rows, domiciled, strict=True)
                ]
            example = dict(zip(keys, base.invoice_ids, strict=True))
            invoices = sorted(example.values())
            known = dict(zip(invoices, _facts(invoices, base.cutoff), strict=True))
            self._groups[group] = [known[example[key]] for key in keys]
        return self._groups[group]


_FEW: dict[str, tuple[str, str, Callable[[Sequence[Row], int, date], object]]] = {
    "debt": (
        "SELECT DISTINCT contract_id FROM billing_invoice WHERE kind = 'invoice'"
        " AND status IN ('open', 'returned')"
        " AND coalesce(due_date, charge_date, issue_date) < %(today)s",
        OWED,
        debt_facts,
    ),
    "returned_debit": (
        "SELECT DISTINCT i.contract_id FROM billing_returneddebit r"
        " JOIN billing_invoice i ON i.id = r.invoice_id WHERE i.status IN ('open', 'returned')",
        RETURNS,
        lambda rows, invoice, _: returned_debit_facts(rows, invoice),
    ),
    "plan": (
        "SELECT contract_id FROM billing_paymentplan WHERE status = 'active'",
        PLANS,
        lambda rows, _, today: plan_facts(rows, today),
    ),
}
"""For each group that most contracts have nothing to say about: a cheap query for the contracts
that may have something, the loader's query for what they have, and what to make of its rows."""
_LOOKED_UP: dict[str, tuple[str, tuple[str, ...], Row]] = {
    "meter": (_METERS, ("known", "serial", "calibre_mm", "remote_read"), (False, "", 0, False)),
    "mandate": (_MANDATES, ("active", "reference", "iban_masked"), (False, "", "")),
}
_CONSUMED_PLACES = {"litres_a_day": 0, "average_litres_a_day": 1, "change_percent": 2}
_CONSUMED = {f"consumption.{name}" for name in _CONSUMED_PLACES}
_WITH_EMAIL = "SELECT id FROM billing_contract WHERE invoice_channel = 'email'"


def _consumed(
    m3: Decimal, days: int, earlier_m3: Decimal | None, earlier_days: int
) -> tuple[int, int, int]:
    """Give the daily litres of the invoice, of the year before, and the change in per cent."""
    now = _litres(m3, days)
    before = _litres(earlier_m3 or Decimal(0), earlier_days)
    change = (Decimal(now - before) * 100 / before) if before else Decimal(0)
    return now, before, int(change.quantize(Decimal(1), ROUND_HALF_UP))


def _litres(m3: Decimal, days: int) -> int:
    return int((m3 * 1000 / days).quantize(Decimal(1), ROUND_HALF_UP)) if days else 0


def _facts(
    invoice_ids: Sequence[int],
    cutoff: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterable[Facts]:
    """Load all facts, some thousand invoices at a time, in the order of the ids."""
    for start in range(0, len(invoice_ids), CHUNK):
        part = invoice_ids[start : start + CHUNK]
        by_invoice = {facts.invoice.id: facts for facts in load_facts(part, cutoff)}
        yield from (by_invoice[invoice] for invoice in part)
        progress(len(part))
