"""Shows who is at work: a number for each deliverer, locked for as long as it lives.

What a deliverer has claimed carries its number. When it dies, PostgreSQL frees the lock, and
another one can see that nobody is at work on that any more.
"""

from typing import Self

from django.db import connection

__all__ = ["LOCK_SPACE", "Claimant"]

LOCK_SPACE = 0x42555354
"""First half of the advisory locks' keys, so that they are ours alone."""


class Claimant:
    """One deliverer: a number, and an advisory lock on it that ends with its session."""

    def __enter__(self) -> Self:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval(pg_get_serial_sequence('deliver_attempt', 'id'))")
            self.number = int(cursor.fetchone()[0]) % 2**31
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, self.number])
        return self

    def __exit__(self, *_: object) -> None:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, self.number])
