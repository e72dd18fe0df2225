"""Who did what to an account, for the log of changes."""

from datetime import datetime

from bustia.audit.log import Actor, record
from bustia.office.models import Account

__all__ = ["holder", "note"]


def holder(account: Account) -> Actor:
    """Give the holder of an account as the log of changes names them."""
    return Actor("customer", str(account.pk))


def note(action: str, account: Account, *, at: datetime, kind: str = "") -> None:
    """Write down what its holder did to an account; ``kind`` says to which of several things."""
    record(
        action,
        actor=holder(account),
        about=f"account:{account.pk}",
        at=at,
        detail={"kind": kind} if kind else None,
    )
