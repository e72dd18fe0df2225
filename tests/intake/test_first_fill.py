"""The first import into empty tables: quicker, and with the same tables and rows at its end."""

from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bustia.billing import models
from bustia.instance import current_instance
from bustia.intake import merge
from bustia.intake.first_fill import bare_while_filled
from tests.intake.conftest import Load
from tests.intake.town import change, write_town

pytestmark = pytest.mark.django_db

_TABLES = ["billing_customer", "billing_contract", "billing_meter", "billing_consumption"]


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a small bundle go the way of a large one."""
    monkeypatch.setattr(merge, "_MANY_ROWS", 1)


def _declared() -> set[tuple[str, ...]]:
    """Give every index and constraint of the database, as PostgreSQL declares it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT conrelid::regclass::text, conname || pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
        )
        return set(cursor.fetchall())


def _taken_off(captured: CaptureQueriesContext) -> list[str]:
    return [
        query["sql"]
        for query in captured.captured_queries
        if query["sql"].startswith("DROP INDEX") or " DROP CONSTRAINT " in query["sql"]
    ]


@pytest.mark.usefixtures("few_are_many")
@pytest.mark.parametrize("partial", [False, True])
def test_tables_are_declared_as_before(tmp_path: Path, load: Load, *, partial: bool) -> None:
    """Indexes and constraints come off, and all of them are back at the end, by their names."""
    folder = write_town(tmp_path / "bundle")
    if partial:
        change(folder, "customers.csv", "12345678Z", "12345678A")
    before = _declared()
    with CaptureQueriesContext(connection) as captured:
        assert load(folder, partial=partial).taken
    assert len(_taken_off(captured)) > 20
    assert before == _declared()
    connection.check_constraints()


@pytest.mark.usefixtures("few_are_many")
def test_rows_are_those_of_the_ordinary_way(
    tmp_path: Path, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways give each table the same rows; importing again finds nothing new."""
    folder = write_town(tmp_path / "bundle")
    counts = []
    for many in (1, 1_000_000):
        monkeypatch.setattr(merge, "_MANY_ROWS", many)
        with transaction.atomic():
            report = load(folder)
            lines = models.InvoiceLine.objects.order_by("invoice__number", "position")
            taxes = models.InvoiceTax.objects.order_by("invoice__number", "rate")
            counts.append(
                (
                    [(file.name, file.new, file.unchanged) for file in report.files],
                    list(lines.values_list("invoice__number", "position", "amount")),
                    list(taxes.values_list("invoice__number", "category", "base", "amount")),
                )
            )
            assert {0} == {file.new for file in load(folder).files}
            transaction.set_rollback(True)
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("few_are_many")
def test_reader_is_not_waited_for(tmp_path: Path, load: Load) -> None:
    """While somebody reads a table, the import takes nothing off, and goes the ordinary way."""
    url = current_instance().database_url
    name = connection.settings_dict["NAME"]
    with psycopg.connect(url, dbname=name) as reader, CaptureQueriesContext(connection) as captured:
        reader.execute("SELECT count(*) FROM billing_invoice")
        assert load(write_town(tmp_path / "bundle")).taken
    assert not _taken_off(captured)
    assert models.Invoice.objects.exists()


@pytest.mark.usefixtures("few_are_many")
def test_user_that_does_not_own_the_tables_may_import(tmp_path: Path, load: Load) -> None:
    """A user who may write but not alter the tables imports the ordinary way."""
    before = _declared()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE clerk; GRANT ALL ON ALL TABLES IN SCHEMA public TO clerk;"
            " GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clerk; SET LOCAL ROLE clerk"
        )
        assert load(write_town(tmp_path / "bundle")).taken
        cursor.execute("RESET ROLE; DROP OWNED BY clerk; DROP ROLE clerk")
    assert before == _declared()
    assert models.Invoice.objects.exists()


def test_table_with_rows_keeps_its_indexes(tmp_path: Path, load: Load) -> None:
    """Where one of the tables holds a row, all of them stay as they are."""
    load(write_town(tmp_path / "bundle"))
    before = _declared()
    with connection.cursor() as cursor:
        with bare_while_filled(cursor, [*_TABLES, "billing_calendarentry"]) as bare:
            assert not bare
            assert before == _declared()
        with bare_while_filled(cursor, ["billing_sourcedocument"]) as bare:
            assert bare


_ORPHAN = (
    "INSERT INTO billing_meter (serial, contract_id, calibre_mm, remote_read, installed_on)"
    " VALUES ('A', 4711, 13, true, '2020-01-01')"
)
_TWINS = (
    "INSERT INTO billing_consumption (contract_id, period_from, period_to, m3, estimated)"
    " SELECT 1, '2020-01-01', '2020-02-01', 9, false FROM generate_series(1, 2)"
)


@pytest.mark.parametrize("bad", [_ORPHAN, _TWINS])
def test_bad_row_fails_as_it_would_have_before(bad: str) -> None:
    """A parent that isn't there and a key that stands twice are found when the rows are in."""

    def fill() -> None:
        with connection.cursor() as cursor, bare_while_filled(cursor, _TABLES) as bare:
            assert bare
            cursor.execute(bad)

    with pytest.raises(IntegrityError), transaction.atomic():
        fill()
