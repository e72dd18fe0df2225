"""Filling empty tables: their indexes and constraints come after the rows.

PostgreSQL keeps indexes and checks foreign keys row by row. Over a whole town it is far quicker to
build and check them in one go once the rows are there. They are taken off and put back as they
were, within one transaction, so that nobody ever sees a table without them; a row that breaks one
of them fails the transaction as it would have before. See docs/decisions/0045.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import errors

__all__ = ["bare_while_filled"]


@dataclass(frozen=True, slots=True)
class _Taken:
    """An index or constraint that was taken off: the statements that do and undo it."""

    drop: str
    restore: str


_CONSTRAINTS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,
                  pg_get_constraintdef(c.oid))
    FROM pg_constraint c
    WHERE conrelid = ANY(%s::regclass[])
    AND (contype IN ('u', 'f') OR contype = 'p' AND NOT EXISTS (
        SELECT FROM pg_constraint r WHERE r.contype = 'f' AND r.confrelid = c.conrelid))
    ORDER BY contype = 'f', conrelid, conname
"""
"""Keys and foreign keys, these last; but for primary keys that a foreign key refers to, as other
packages' tables do too."""
_INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index i
    WHERE indrelid = ANY(%s::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c
                    WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
    ORDER BY indrelid, indexrelid
"""
_REFERENCED = """
    SELECT DISTINCT confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY 1
"""


@contextmanager
def bare_while_filled(cursor: CursorWrapper, tables: Sequence[str]) -> Iterator[bool]:
    """Take indexes and constraints off the tables meanwhile; tell whether that was possible.

    It is if all of them are empty, nobody else is using them at this moment, and the connection's
    user owns them; otherwise they stay as they are. To be called within a transaction.
    """
    taken = _strip(cursor, tables) if _empty(cursor, tables) else []
    yield bool(taken)
    for each in reversed(taken):
        cursor.execute(each.restore)


def _empty(cursor: CursorWrapper, tables: Sequence[str]) -> bool:
    filled = " OR ".join(f"EXISTS (SELECT FROM {table})" for table in tables)
    cursor.execute(f"SELECT NOT ({filled})")
    return bool(cursor.fetchone()[0])


def _strip(cursor: CursorWrapper, tables: Sequence[str]) -> list[_Taken]:
    """Take everything off, foreign keys first; nothing if it can't be done right now."""
    names = list(tables)
    cursor.execute(_REFERENCED, [names])
    locked = sorted({*names, *(name for (name,) in cursor.fetchall())})
    try:
        with transaction.atomic():
            # Whoever reads the tables just now must not wait for us while we wait for him.
            cursor.execute(f"LOCK TABLE {', '.join(locked)} IN ACCESS EXCLUSIVE MODE NOWAIT")
            taken = [*_found(cursor, _INDEXES, names), *_found(cursor, _CONSTRAINTS, names)]
            taken.reverse()
            for each in taken:
                cursor.execute(each.drop)
    except DatabaseError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable | errors.InsufficientPrivilege):
            return []
        raise
    return taken


def _found(cursor: CursorWrapper, query: str, tables: list[str]) -> list[_Taken]:
    cursor.execute(query, [tables])
    return [_Taken(drop, restore) for drop, restore in cursor.fetchall()]
