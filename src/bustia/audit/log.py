"""Writes the log of changes, and reads what was done to a customer or by somebody.

An entry is written in the transaction of the change itself: there is never one without the other.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bustia.audit.models import Entry
from bustia.errors import AuditError

__all__ = ["SYSTEM", "Actor", "Detail", "count_since", "done_by", "done_to", "record"]

Detail = str | int | bool | None | list[str]
"""What an entry may say of a circumstance: names and counts, no texts of a customer's."""

_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_ABOUT = re.compile(r"[a-z][a-z0-9_]*:[^\s:@]{1,60}")
_TELLING = re.compile(r"@|\b[A-Z]{2}\d{2}(?: ?[\dA-Z]{4}){3,}")
"""What only personal data has: an address's @, or an account (IBAN)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something."""

    kind: Literal["customer", "staff", "billing", "system"]
    reference: str = ""
    """An account's number or a user's name; never an e-mail address."""


SYSTEM = Actor("system")
"""Bústia itself, as when an import settles a change."""


def record(
    action: str,
    *,
    actor: Actor,
    about: str,
    at: datetime,
    detail: Mapping[str, Detail] | None = None,
) -> None:
    """Write down that ``actor`` did ``action`` to ``about``, in the caller's transaction.

    ``action`` is as in ``email.changed``, ``about`` as in ``customer:17``. ``detail`` holds
    names of fields and circumstances, not the values of personal data; what looks like an e-mail
    address or a bank account is refused. Raises ``AuditError``.
    """
    detail = dict(detail or {})
    if not _ACTION.fullmatch(action) or not _ABOUT.fullmatch(about):
        raise AuditError(
            "an entry of the log needs an action and what it is about.",
            where=action if _ACTION.fullmatch(action) else "",
            hint="As in email.changed and customer:17.",
        )
    said = [actor.reference, about]
    for value in detail.values():
        said.extend(value if isinstance(value, list) else [str(value)])
    if any(_TELLING.search(text) for text in said):
        raise AuditError(
            "an entry of the log may hold no personal data.",
            where=action,
            hint="Name the field that changed, not its value.",
        )
    Entry.objects.create(
        at=at,
        actor_kind=actor.kind,
        actor=actor.reference,
        action=action,
        about=about,
        detail=detail,
    )


def done_to(about: str, limit: int = 100) -> list[Entry]:
    """Give what was done to a customer, contract or account, the newest first."""
    return list(Entry.objects.filter(about=about).order_by("-pk")[:limit])


def done_by(actor: Actor, limit: int = 100) -> list[Entry]:
    """Give what somebody did, the newest first."""
    found = Entry.objects.filter(actor_kind=actor.kind, actor=actor.reference)
    return list(found.order_by("-pk")[:limit])


def count_since(action: str, actor: Actor, since: datetime) -> int:
    """Count how often somebody did something since an instant."""
    found = Entry.objects.filter(actor_kind=actor.kind, actor=actor.reference, action=action)
    return found.filter(at__gt=since).count()
