"""Taking checked rows into the tables: new ones added, changed ones updated, the rest untouched.

An invoice that was issued never changes but for where its payment stands. Two statements a
table; the parents' tables first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from bustia.intake.checks import KNOWN_INVOICES
from bustia.intake.first_fill import bare_while_filled
from bustia.intake.staging import stage
from bustia.rows import take_statistics

__all__ = ["Taken", "merge_all"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file's good rows."""

    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Target:
    """How a staging table's rows go into a table."""

    file: str
    table: str
    values: Mapping[str, str]
    """Table column → expression over ``s`` (the staged row) and ``p`` (its parent)."""
    keys: tuple[str, ...]
    """Columns that tell rows apart."""
    parent: str = ""
    """The join that finds the parent ``p``."""
    compared: Mapping[str, str] = field(default_factory=dict)
    """Columns compared to see a change, if not all: column → expression."""
    updated: tuple[str, ...] | None = None
    """Columns that may change; all but the keys if None."""
    on_update: Mapping[str, str] = field(default_factory=dict)
    """Expressions that differ for a row ``t`` that is there already: column → expression."""

    def update_sql(self) -> str:
        """Give the statement that updates the rows that changed; empty if none may."""
        changing = self.updated
        if changing is None:
            changing = tuple(name for name in self.values if name not in self.keys)
        if not changing:
            return ""
        values = {**self.values, **self.on_update}
        compared = self.compared or {name: values[name] for name in changing}
        sets = ", ".join(f'"{name}" = {values[name]}' for name in changing)
        old = ", ".join(f't."{name}"' for name in compared)
        new = ", ".join(compared.values())
        same = " AND ".join(f't."{name}" = {self.values[name]}' for name in self.keys)
        return (
            f"UPDATE {self.table} t SET {sets} FROM {stage(self.file)} s {self.parent}"  # noqa: S608
            f" WHERE {same} AND ROW({old}) IS DISTINCT FROM ROW({new})"
        )

    def insert_sql(self, *, empty: bool) -> str:
        """Give the statement that adds the rows that aren't there yet, in the file's order.

        ``empty`` is whether the table has no rows, so that none can be there.
        """
        listed = ", ".join(f'"{name}"' for name in self.values)
        given = ", ".join(self.values.values())
        same = " AND ".join(f't."{name}" = {self.values[name]}' for name in self.keys)
        new = "true" if empty else f"NOT EXISTS (SELECT FROM {self.table} t WHERE {same})"
        return (
            f"INSERT INTO {self.table} ({listed}) SELECT {given}"  # noqa: S608
            f" FROM {stage(self.file)} s {self.parent} WHERE {new} ORDER BY s.line"
        )


def _same(*names: str) -> dict[str, str]:
    return {name: f's."{name}"' for name in names}


def _or_empty(*names: str) -> dict[str, str]:
    return {name: f"coalesce(s.\"{name}\", '')" for name in names}


def _of(parent: str, column: str, key: str) -> str:
    return f'JOIN billing_{parent} p ON p.{key} = s."{column}"'


_OF_CONTRACT = _of("contract", "contract", "number")
_OF_INVOICE = f"JOIN {KNOWN_INVOICES} p ON p.number = s.invoice"
_OF_OWN_INVOICE = "JOIN billing_invoice p ON p.number = s.invoice AND p.seller = ''"
_PARENT_ID = {"contract_id": "p.id"}

_TARGETS: tuple[_Target, ...] = (
    _Target(
        "customers",
        "billing_customer",
        _same("code", "kind", "name", "nif", "language")
        | _or_empty("email", "mobile")
        | _same("street", "postcode", "town", "province", "country", "office_since", "deceased"),
        ("code",),
    ),
    _Target(
        "contracts",
        "billing_contract",
        _same("number")
        | {"customer_id": "p.id"}
        | _same("supply_point", "supply_street", "supply_postcode", "supply_town", "tariff")
        | _same("use", "persons", "social_tariff", "route", "invoice_channel", "alerts_on")
        | _same("start_date", "end_date"),
        ("number",),
        _of("customer", "customer", "code"),
    ),
    _Target(
        "meters",
        "billing_meter",
        _same("serial")
        | _PARENT_ID
        | _same("calibre_mm", "remote_read", "installed_on", "removed_on"),
        ("serial",),
        _OF_CONTRACT,
    ),
    _Target(
        "consents",
        "billing_consent",
        _PARENT_ID | _same("kind", "granted", "given_at", "source", "text_version"),
        ("contract_id", "kind", "given_at"),
        _OF_CONTRACT,
    ),
    _Target(
        "mandates",
        "billing_mandate",
        _same("reference")
        | _PARENT_ID
        | _same("iban", "iban_masked", "iban_fingerprint", "signed_on", "status"),
        ("reference",),
        _OF_CONTRACT,
        compared=_PARENT_ID | _same("iban_fingerprint", "signed_on", "status"),
    ),
    _Target(
        "tariffs",
        "billing_tariffprice",
        _same("code", "name", "concept", "kind", "block", "block_to", "price", "vat_rate")
        | _same("valid_from", "valid_to"),
        ("code", "concept", "kind", "block", "valid_from"),
    ),
    _Target(
        "invoices",
        "billing_invoice",
        _same("number")
        | {"seller": "''"}
        | _same("series")
        | _PARENT_ID
        | _same("kind")
        | _or_empty("corrects")
        | _same("billing_run", "issue_date", "period_from", "period_to", "days")
        | _same("reading_from", "reading_to", "estimated", "consumption_m3")
        | _same("net_amount", "tax_amount", "total_amount")
        | {"payable_amount": "s.total_amount"}
        | _same("currency", "payment_means")
        | _or_empty("mandate")
        | _same("due_date", "charge_date")
        | _same("status", "payment_reference"),
        ("number", "seller"),
        _OF_CONTRACT,
        updated=(
            "payment_means",
            "mandate",
            "due_date",
            "charge_date",
            "status",
            "payment_reference",
        ),
        on_update={
            # an older export doesn't know of a return that the bank's file told of meanwhile
            "status": "CASE WHEN s.status = 'open' AND t.status = 'returned'"
            " THEN 'returned' ELSE s.status END"
        },
    ),
    _Target(
        "invoice_lines",
        "billing_invoiceline",
        {"invoice_id": "p.id"}
        | _same("position", "concept", "kind", "block", "description", "quantity", "unit")
        | _same("unit_price", "amount", "vat_rate")
        | {"vat_category": "CASE WHEN s.vat_rate = 0 THEN 'E' ELSE 'S' END"}
        | _same("period_from", "period_to"),
        ("invoice_id", "position"),
        _OF_OWN_INVOICE,
        updated=(),
    ),
    _Target(
        "consumption",
        "billing_consumption",
        _PARENT_ID | _same("period_from", "period_to", "m3", "estimated"),
        ("contract_id", "period_to"),
        _OF_CONTRACT,
    ),
    _Target(
        "payments",
        "billing_payment",
        _same("reference") | {"invoice_id": "p.id"} | _same("paid_on", "amount", "means"),
        ("reference",),
        _OF_INVOICE,
    ),
    _Target(
        "returned_debits",
        "billing_returneddebit",
        _same("reference")
        | {
            "invoice_id": "p.id",
            "mandate": "p.mandate",
            "end_to_end_id": "p.payment_reference",
        }
        | _same("returned_on", "amount", "reason")
        | {"matched_by": "'bundle'"},
        ("reference",),
        _OF_INVOICE,
        updated=("invoice_id", "returned_on", "amount", "reason"),
    ),
    _Target(
        "payment_plans",
        "billing_paymentplan",
        _same("number") | _PARENT_ID | _same("agreed_on", "total_amount", "status"),
        ("number",),
        _OF_CONTRACT,
    ),
    _Target(
        "instalments",
        "billing_instalment",
        {"plan_id": "p.id"} | _same("position", "due_date", "amount", "paid_on"),
        ("plan_id", "position"),
        _of("paymentplan", "plan", "number"),
    ),
    _Target(
        "calendar",
        "billing_calendarentry",
        _same("route", "billing_run", "issue_date", "charge_date"),
        ("route", "billing_run"),
    ),
)

_TAXES = """
    INSERT INTO billing_invoicetax (invoice_id, category, rate, base, amount)
    SELECT p.id, CASE WHEN x.vat_rate = 0 THEN 'E' ELSE 'S' END, x.vat_rate, x.base, x.tax
    FROM stage_tax x
    JOIN stage_invoices s ON s.number = x.invoice
    JOIN billing_invoice p ON p.number = x.invoice AND p.seller = ''
    WHERE NOT EXISTS (SELECT FROM billing_invoicetax t WHERE t.invoice_id = p.id)
    ORDER BY p.id, x.vat_rate
"""


_TABLES = (*(target.table for target in _TARGETS), "billing_invoicetax")
_STATISTICS = 30
"""A third of the usual sample: a table of the export has few columns whose values differ in how
often they come, and those have few values. The whole sample took a tenth of an import."""
_MANY_ROWS = 20_000
"""From how many rows on it is worth while to take the indexes off empty tables."""


def merge_all(cursor: CursorWrapper) -> dict[str, Taken]:
    """Take everything that is staged; give what became of each file's rows."""
    counts = ", ".join(f"(SELECT count(*) FROM {stage(target.file)})" for target in _TARGETS)  # noqa: S608
    cursor.execute(f"SELECT {counts}")
    staged = dict(zip((target.file for target in _TARGETS), cursor.fetchone(), strict=True))
    if sum(staged.values()) < _MANY_ROWS:
        return _merge(cursor, staged, empty=False)
    with bare_while_filled(cursor, _TABLES) as empty:
        return _merge(cursor, staged, empty=empty)


def _merge(cursor: CursorWrapper, staged: Mapping[str, int], *, empty: bool) -> dict[str, Taken]:
    taken: dict[str, Taken] = {}
    for target in _TARGETS:
        changed = 0
        update = target.update_sql()
        if update and not empty:
            cursor.execute(update)
            changed = cursor.rowcount
        cursor.execute(target.insert_sql(empty=empty))
        new = cursor.rowcount
        taken[target.file] = Taken(new, changed, staged[target.file] - new - changed)
        if new or changed:
            take_statistics(cursor, target.table, _STATISTICS)
    cursor.execute(_TAXES)
    if cursor.rowcount:
        take_statistics(cursor, "billing_invoicetax", _STATISTICS)
    return taken
