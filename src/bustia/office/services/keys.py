"""Makes, finds and uses up the links that are sent by mail.

A link is 256 random bits; what is kept is its digest. It works once, for a while, on any device.
Looking at a link changes nothing, since programs that check mails look at links, too: only the
button on its page uses it up.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from bustia.billing.models import Contract
from bustia.office.models import Account, OneTimeKey

__all__ = ["VALID", "Purpose", "clear_keys", "find_key", "issue_key", "use_key", "void_keys"]


class Purpose(StrEnum):
    """What a link opens."""

    REGISTER = "register"
    ADD_CONTRACT = "add_contract"
    SIGN_IN = "sign_in"
    RECOVER = "recover"


VALID = {
    Purpose.REGISTER: timedelta(hours=24),
    Purpose.ADD_CONTRACT: timedelta(hours=24),
    Purpose.SIGN_IN: timedelta(minutes=10),  # OWASP ASVS 2.7.2
    Purpose.RECOVER: timedelta(minutes=10),
}


def issue_key(
    purpose: Purpose,
    *,
    at: datetime,
    language: str,
    account: Account | None = None,
    contract: Contract | None = None,
    address: str = "",
    next_path: str = "",
) -> str:
    """Make a link's key and give it; it can't be read again."""
    token = secrets.token_urlsafe(32)
    OneTimeKey.objects.create(
        purpose=purpose,
        digest=_digest(token),
        account=account,
        contract=contract,
        address=address,
        language=language,
        next_path=next_path,
        created_at=at,
        expires_at=at + VALID[purpose],
    )
    return token


def find_key(purpose: Purpose, token: str, *, at: datetime) -> OneTimeKey | None:
    """Give what a link opens, if it is still good; this doesn't use it up."""
    found = OneTimeKey.objects.select_related("account", "contract__customer").filter(
        purpose=purpose, digest=_digest(token), used_at=None, expires_at__gt=at
    )
    return found.first()


def use_key(key: OneTimeKey, *, at: datetime) -> bool:
    """Use a link up; False if somebody was faster, or it expired in between."""
    still_good = OneTimeKey.objects.filter(pk=key.pk, used_at=None, expires_at__gt=at)
    return still_good.update(used_at=at) == 1


def void_keys(account: Account) -> None:
    """Make all links of an account useless: its password or address changed."""
    OneTimeKey.objects.filter(account=account).delete()


def clear_keys(*, at: datetime) -> int:
    """Remove the links that no longer open anything; give how many."""
    return OneTimeKey.objects.filter(expires_at__lt=at).delete()[0]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
