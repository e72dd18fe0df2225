"""Writes many new rows at once, the way PostgreSQL takes them quickest: by COPY.

Django's ``bulk_create`` makes an object a row and writes each value as SQL: with a few hundred
bytes of JSON a row, that takes longer than to store them. After many rows the planner wants new
statistics: these are taken here, too.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

__all__ = ["as_array", "copy_rows", "new_keys", "take_statistics"]


def new_keys(model: type[models.Model], count: int) -> list[int]:
    """Take keys for new rows of a table, in ascending order; nobody else gets them."""
    table = _quoted(model._meta.db_table)  # noqa: SLF001 (public in spite of its name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(keys) FROM pg_get_serial_sequence(%s, 'id') keys,"
            " generate_series(1, %s)",
            [table, count],
        )
        return sorted(key for (key,) in cursor.fetchall())


def copy_rows(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write rows with the values of these fields; JSON and arrays are given as text.

    ``None`` is NULL. A default of the model's is no default of the table's: each field that
    must have a value is in the rows. Raises the same errors as the ORM, such as ``IntegrityError``.
    """
    table = model._meta  # noqa: SLF001 (public in spite of its name)
    by_name = {field.name: _quoted(field.column) for field in table.concrete_fields if field.column}
    columns = ", ".join(by_name[name] for name in fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {_quoted(table.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def take_statistics(cursor: CursorWrapper, tables: str, target: int) -> None:
    """Tell the planner what is in these tables, by samples as large as ``target`` asks for.

    PostgreSQL's own target is 100. To be called within a transaction.
    """
    cursor.execute(
        f"SET LOCAL default_statistics_target = {target}; ANALYZE {tables};"
        " SET LOCAL default_statistics_target = DEFAULT"
    )


def as_array(keys: Iterable[int]) -> str:
    """Write keys as an array of PostgreSQL: quicker than to have the driver look at each."""
    return f"{{{','.join(map(str, keys))}}}"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
