"""What only shows when rows are seen together: keys, references, totals, conflicts.

Every check is one statement over a staging table: it takes the bad rows out and writes their
problems, so that what is left at the end is good. Parents are checked before children; a parent
that is left out takes its children with it, and an invoice or plan with a bad line is left out
whole. The number of statements depends on the files' kinds, never on their rows.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from bustia.intake.problems import Code
from bustia.intake.records import Record
from bustia.intake.schema import RECORD_BY_FILE, REFERENCES
from bustia.intake.staging import stage

__all__ = ["KNOWN_INVOICES", "run_checks", "run_own_checks"]

KNOWN_INVOICES = """(
    SELECT id, number, mandate, payment_reference FROM billing_invoice WHERE seller = ''
    UNION ALL
    SELECT min(id), number, min(mandate), min(payment_reference) FROM billing_invoice
    WHERE seller <> '' GROUP BY number HAVING count(*) = 1
)"""
"""The invoices that a number alone can mean: the export's own, and e-invoices whose number only
one seller has used (the two have no number in common: such a one is rejected as a conflict)."""

_TABLES = {
    "customers": ("billing_customer", "code"),
    "contracts": ("billing_contract", "number"),
    "invoices": (KNOWN_INVOICES, "number"),
    "payment_plans": ("billing_paymentplan", "number"),
}
_PARENT_WORDS = {
    "customers": "customer",
    "contracts": "contract",
    "invoices": "invoice",
    "payment_plans": "payment plan",
}
_PERIODS = {
    "contracts": ("start_date", "end_date"),
    "meters": ("installed_on", "removed_on"),
    "tariffs": ("valid_from", "valid_to"),
    "invoices": ("period_from", "period_to"),
    "invoice_lines": ("period_from", "period_to"),
    "consumption": ("period_from", "period_to"),
}


@dataclass(frozen=True, slots=True)
class _Check:
    """Rows of a file for which a condition holds are bad. ``s`` is the row."""

    file: str
    field: str
    code: Code
    reason: str
    """An SQL expression over ``s`` (and what ``source`` names) that gives the sentence."""
    where: str
    source: str = ""
    """Further tables, as after USING."""

    def sql(self) -> str:
        """Give the one statement that takes the bad rows out and writes their problems."""
        record_type = RECORD_BY_FILE[self.file]
        using = f"USING {self.source}" if self.source else ""
        return f"""
            WITH bad AS (
                DELETE FROM {stage(self.file)} s {using} WHERE {self.where}
                RETURNING s.line, {self.reason} AS reason, {_key(record_type)} AS key,
                          {_parent(self.file)} AS parent
            )
            INSERT INTO stage_problem (file, line, field, code, reason, key, parent)
            SELECT '{self.file}', line, '{self.field}', '{self.code.value}', reason, key, parent
            FROM bad
        """  # noqa: S608 (all parts are this module's own)


def _key(record_type: type[Record]) -> str:
    return " || '|' || ".join(f's."{name}"::text' for name in record_type.key)


def _parent(file: str) -> str:
    reference = REFERENCES.get(file)
    return f's."{reference.column}"' if reference else "''"


def run_own_checks(cursor: CursorWrapper, file: str) -> None:
    """Check a file's staged rows by themselves, which needs no other file."""
    cursor.execute(_duplicates(file).sql())
    if file in _PERIODS:
        cursor.execute(_period_order(file).sql())
    if file == "invoice_lines":
        cursor.execute(_SUM_LINES)


def run_checks(cursor: CursorWrapper, rejected_files: Collection[str]) -> None:
    """Check staged rows against each other, once ``run_own_checks`` has seen to every file.

    ``rejected_files`` weren't read, as they are bad as a whole.
    """
    for check in _checks(rejected_files):
        cursor.execute(check.sql())


def _checks(rejected_files: Collection[str]) -> Iterator["_Check"]:
    yield from _references("contracts", rejected_files)
    yield _tariff_reference()
    for file in ("meters", "consents", "mandates", "consumption", "invoices"):
        yield from _references(file, rejected_files)
    yield from _INVOICE_CHECKS
    yield _child_rejected("invoices", "invoice_lines")
    if "invoice_lines" in rejected_files:
        yield _children_unread("invoices", "invoice_lines")
    yield from _SUM_CHECKS
    for file in ("invoice_lines", "payments", "returned_debits"):
        yield from _references(file, rejected_files)
    yield from _references("payment_plans", rejected_files)
    yield _child_rejected("payment_plans", "instalments")
    if "instalments" in rejected_files:
        yield _children_unread("payment_plans", "instalments")
    yield _INSTALMENTS
    yield from _references("instalments", rejected_files)


def _duplicates(file: str) -> _Check:
    keys = RECORD_BY_FILE[file].key
    listed = ", ".join(f'"{name}"' for name in keys)
    same = " AND ".join(f's."{name}" = twice."{name}"' for name in keys)
    return _Check(
        file,
        keys[-1],
        Code.DUPLICATE_KEY,
        "format('This key stands %s times, first in line %s; it must stand once.', n, first)",
        same,
        f"(SELECT {listed}, count(*) AS n, min(line) AS first FROM {stage(file)}"  # noqa: S608
        f" GROUP BY {listed} HAVING count(*) > 1) twice",
    )


def _period_order(file: str) -> _Check:
    first, last = _PERIODS[file]
    return _Check(
        file,
        last,
        Code.PERIOD_ORDER,
        f"format('{last} %s is before {first} %s.', s.{last}, s.{first})",
        f"s.{last} < s.{first}",
    )


def _references(file: str, rejected_files: Collection[str]) -> Iterator[_Check]:
    """A row whose parent was rejected is left out with it; one that names nobody is bad."""
    reference = REFERENCES[file]
    parent, column = reference.parent, reference.column
    table, key = _TABLES[parent]
    word = _PARENT_WORDS[parent]
    yield _Check(
        file,
        column,
        Code.PARENT_REJECTED,
        f"'Its {word} was rejected.'",
        f"s.{column} = p.key",
        "(SELECT DISTINCT key FROM stage_problem"  # noqa: S608 (our own names)
        f" WHERE file = '{parent}' AND key <> '') p",
    )
    unread = parent in rejected_files
    yield _Check(
        file,
        column,
        Code.PARENT_REJECTED if unread else Code.MISSING_REFERENCE,
        f"'The file {parent} was rejected, and its {word} isn''t known from before.'"
        if unread
        else f"'No such {word}: it is neither in this bundle nor known from before.'",
        f"NOT EXISTS (SELECT FROM {stage(parent)} p WHERE p.{key} = s.{column})"  # noqa: S608
        f" AND NOT EXISTS (SELECT FROM {table} t WHERE t.{key} = s.{column})",
    )


def _tariff_reference() -> _Check:
    """A contract's tariff must be known, where the billing system exports tariffs at all."""
    return _Check(
        "contracts",
        "tariff",
        Code.MISSING_REFERENCE,
        "'No such tariff: it is neither in this bundle nor known from before.'",
        "NOT EXISTS (SELECT FROM stage_tariffs p WHERE p.code = s.tariff)"
        " AND NOT EXISTS (SELECT FROM billing_tariffprice t WHERE t.code = s.tariff)"
        " AND EXISTS (SELECT FROM stage_tariffs)",
    )


def _child_rejected(parent: str, child: str) -> _Check:
    key = RECORD_BY_FILE[parent].key[0]
    return _Check(
        parent,
        key,
        Code.CHILD_REJECTED,
        f"format('A row of it in {child} was rejected (line %s).', bad_child.line)",
        f"s.{key} = bad_child.parent",
        f"(SELECT parent, min(line) AS line FROM stage_problem WHERE file = '{child}'"  # noqa: S608
        " AND parent <> '' GROUP BY parent) bad_child",
    )


def _children_unread(parent: str, child: str) -> _Check:
    key = RECORD_BY_FILE[parent].key[0]
    return _Check(parent, key, Code.CHILD_REJECTED, f"'The file {child} was rejected.'", "true")


_IMMUTABLE = (
    "series",
    "kind",
    "billing_run",
    "issue_date",
    "period_from",
    "period_to",
    "days",
    "consumption_m3",
    "net_amount",
    "tax_amount",
    "total_amount",
    "currency",
)
_CHANGED = " ".join(f"WHEN s.{name} IS DISTINCT FROM t.{name} THEN '{name}'" for name in _IMMUTABLE)

_INVOICE_CHECKS: tuple[_Check, ...] = (
    _Check(
        "invoices",
        "days",
        Code.PERIOD_DAYS,
        "format('%s days billed, but %s to %s are %s.', s.days, s.period_from, s.period_to,"
        " s.period_to - s.period_from + 1)",
        "s.days <> 0 AND s.days NOT IN"
        " (s.period_to - s.period_from, s.period_to - s.period_from + 1)",
    ),
    _Check(
        "invoices",
        "total_amount",
        Code.TOTAL_MISMATCH,
        "format('Net %s and VAT %s are %s, not %s.', s.net_amount, s.tax_amount,"
        " s.net_amount + s.tax_amount, s.total_amount)",
        "s.net_amount + s.tax_amount <> s.total_amount",
    ),
    _Check(
        "invoices",
        "number",
        Code.CONFLICT,
        "CASE WHEN t.seller <> '' THEN 'An e-invoice with this number is known.' ELSE"
        " format('An invoice with this number is known, with another %s. What was issued doesn''t"
        " change: correct it by a credit note.',"
        f" CASE {_CHANGED} WHEN s.contract <> c.number THEN 'contract' ELSE 'reading' END) END",
        "t.number = s.number AND c.id = t.contract_id AND (t.seller <> '' OR "
        + " OR ".join(f"s.{name} IS DISTINCT FROM t.{name}" for name in _IMMUTABLE)
        + " OR s.contract <> c.number OR s.estimated <> t.estimated"
        " OR coalesce(s.corrects, '') <> t.corrects"
        " OR s.reading_from IS DISTINCT FROM t.reading_from"
        " OR s.reading_to IS DISTINCT FROM t.reading_to)",
        "billing_invoice t, billing_contract c",
    ),
)

_SUM_LINES = """
    INSERT INTO stage_tax (invoice, vat_rate, base, tax)
    SELECT invoice, vat_rate, sum(amount), round(sum(amount) * vat_rate / 100, 2)
    FROM stage_invoice_lines GROUP BY invoice, vat_rate;
    INSERT INTO stage_sum (invoice, base, tax)
    SELECT invoice, sum(base), sum(tax) FROM stage_tax GROUP BY invoice;
    ANALYZE stage_tax, stage_sum
"""
"""The VAT breakdown: each rate's lines summed, then the tax rounded once (half away from 0)."""

_LINE_FIELDS = (
    "concept",
    "kind",
    "block",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "amount",
    "vat_rate",
    "period_from",
    "period_to",
)

_SUM_CHECKS: tuple[_Check, ...] = (
    _Check(
        "invoices",
        "net_amount",
        Code.LINES_MISMATCH,
        "format('The lines add up to %s, not to the net amount %s.', sums.base, s.net_amount)",
        "sums.invoice = s.number AND sums.base <> s.net_amount",
        "stage_sum sums",
    ),
    _Check(
        "invoices",
        "tax_amount",
        Code.VAT_MISMATCH,
        "format('The VAT of the lines, rounded for each rate, is %s, not %s.', sums.tax,"
        " s.tax_amount)",
        "sums.invoice = s.number AND sums.tax <> s.tax_amount",
        "stage_sum sums",
    ),
    _Check(
        "invoices",
        "number",
        Code.LINES_MISSING,
        "'The invoice has no lines; only those of earlier runs may come as bare totals.'",
        """
        s.total_amount <> 0
        AND s.billing_run IN (
            (SELECT billing_run FROM stage_invoices
             ORDER BY issue_date DESC, billing_run DESC LIMIT 1)
            UNION ALL
            SELECT DISTINCT i.billing_run FROM stage_invoices i JOIN stage_sum x
            ON x.invoice = i.number
        )
        AND NOT EXISTS (SELECT FROM stage_sum x WHERE x.invoice = s.number)
        AND NOT EXISTS (SELECT FROM billing_invoice t WHERE t.number = s.number)
        """,
    ),
    _Check(
        "invoices",
        "number",
        Code.CONFLICT,
        "'An invoice with this number is known, with other lines. What was issued doesn''t"
        " change: correct it by a credit note.'",
        "s.number = changed.number",
        f"""(
            SELECT DISTINCT t.number FROM billing_invoice t
            JOIN stage_invoice_lines n ON n.invoice = t.number AND t.seller = ''
            LEFT JOIN billing_invoiceline o ON o.invoice_id = t.id AND o.position = n.position
            WHERE ({", ".join("o." + name for name in _LINE_FIELDS)}) IS DISTINCT FROM
                  ({", ".join("n." + name for name in _LINE_FIELDS)})
            AND EXISTS (SELECT FROM billing_invoiceline any_line WHERE any_line.invoice_id = t.id)
            UNION
            SELECT t.number FROM (
                SELECT invoice, count(*) AS n FROM stage_invoice_lines GROUP BY invoice
            ) n
            JOIN billing_invoice t ON t.number = n.invoice AND t.seller = ''
            JOIN billing_invoiceline o ON o.invoice_id = t.id
            GROUP BY t.number, n.n HAVING count(*) <> n.n
        ) changed""",  # noqa: S608 (all parts are this module's own)
    ),
)

_INSTALMENTS = _Check(
    "payment_plans",
    "total_amount",
    Code.INSTALMENTS_MISMATCH,
    "format('The instalments add up to %s, not to the total %s.', sums.total, s.total_amount)",
    "sums.plan = s.number AND sums.total <> s.total_amount",
    "(SELECT plan, sum(amount) AS total FROM stage_instalments GROUP BY plan) sums",
)
