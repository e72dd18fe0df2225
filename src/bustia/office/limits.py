"""How often a thing may be tried: limits that all processes of the Office share.

Each limit is a bucket that empties at a steady pace: ``Limit("sign-in", 10, an hour)`` lets ten
through at once, and then one every six minutes. One SQL statement counts a use and judges it, so
two tries at the same moment are two. Count before you try and give back what succeeded: then only
failures are dear. Count outside transactions, for what is rolled back was never counted.

What is stored is a keyed digest and an instant, so the table tells nobody's address. The database
doesn't log it: after a crash it is empty, and everybody has their tries again.

The algorithm is the generic cell rate algorithm (ITU-T I.371): one instant a bucket, the one at
which it will be empty again.
"""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from bustia.instance import current_instance

__all__ = [
    "Limit",
    "Refusal",
    "clear_empty",
    "client_address",
    "client_network",
    "keyed",
    "network_of",
]

_TAKE = """
INSERT INTO office_limit AS kept (key, empty_at, refused)
VALUES (%(key)s, COALESCE(%(at)s, clock_timestamp()) + %(step)s, false)
ON CONFLICT (key) DO UPDATE SET
    refused = GREATEST(kept.empty_at, excluded.empty_at - %(step)s)
              > excluded.empty_at + %(period)s - 2 * %(step)s,
    empty_at = CASE
        WHEN GREATEST(kept.empty_at, excluded.empty_at - %(step)s)
             > excluded.empty_at + %(period)s - 2 * %(step)s
        THEN kept.empty_at
        ELSE GREATEST(kept.empty_at, excluded.empty_at - %(step)s) + %(step)s
    END
RETURNING refused, empty_at + %(step)s - %(period)s - COALESCE(%(at)s, clock_timestamp())
"""
_GIVE_BACK = "UPDATE office_limit SET empty_at = empty_at - %(step)s WHERE key = %(key)s"
_CLEAR = "DELETE FROM office_limit WHERE empty_at < COALESCE(%(at)s, clock_timestamp())"
_CLEARED_EVERY = 500
"""One use in so many also removes the buckets that are empty."""
_IPV6_PREFIX = 64
"""What one customer of a provider is given; a single address of it costs nothing to change."""


@dataclass(frozen=True)
class Refusal:
    """That a use was one too many, and when the next is welcome."""

    wait: timedelta


@dataclass(frozen=True)
class Limit:
    """So many uses within a period, for each of whatever it is asked about."""

    name: str
    times: int
    period: timedelta

    def take(self, of: str, *, at: datetime | None = None) -> Refusal | None:
        """Count a use of this limit by somebody; give a refusal if it is one too many.

        A refused use isn't counted: who goes on trying waits no longer than who doesn't. ``at``
        is for tests: without it the database's clock counts, which all processes share.
        """
        with connection.cursor() as cursor:
            values = self._values(of) | {"period": self.period, "at": at}
            cursor.execute(_TAKE, values)
            refused, wait = cursor.fetchone()
        if secrets.randbelow(_CLEARED_EVERY) == 0:
            clear_empty(at=at)
        return Refusal(max(wait, timedelta())) if refused else None

    def give_back(self, of: str) -> None:
        """Take a use off the count again: what was tried succeeded."""
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, self._values(of))

    def _values(self, of: str) -> dict[str, Any]:
        return {"key": keyed(f"limit {self.name}", of), "step": self.period / self.times}


def clear_empty(*, at: datetime | None = None) -> int:
    """Remove the buckets that are empty; give how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, {"at": at})
        return int(cursor.rowcount)


def keyed(purpose: str, value: str) -> bytes:
    """Give a digest by which a value is found again and never read: 16 bytes, keyed."""
    key = hmac.digest(settings.SECRET_KEY.encode(), b"bustia office " + purpose.encode(), "sha256")
    return hmac.digest(key, value.encode(), "sha256")[:16]


def client_address(request: HttpRequest) -> str:
    """Give the address of the browser, as the outermost of our own proxies saw it.

    Each proxy adds to X-Forwarded-For whom it got the request from; what stands before the entries
    of our own could be anybody's invention.
    """
    own = current_instance().config.office.trusted_proxies
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    given = seen[-own] if own and len(seen) >= own else ""
    for candidate in (given, request.META.get("REMOTE_ADDR", "")):
        try:
            return str(ipaddress.ip_address(candidate))
        except ValueError:
            continue
    return "0.0.0.0"  # noqa: S104 (no address to listen on: that of a client on a local socket)


def network_of(address: str) -> str:
    """Give what one client has: an IPv4 address, or the first half of an IPv6 address."""
    found = ipaddress.ip_address(address)
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.version == 6:
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


def client_network(request: HttpRequest) -> str:
    """Give the network of the browser, by which tries from one place are counted."""
    return network_of(client_address(request))
