"""Changes the address or the mobile number of a customer, once both ends have confirmed it.

One code goes to an end that we knew before, another to the new one; both must be given within ten
minutes and five tries. So neither a stolen session nor a slip of the finger moves anybody's mail.
"""

import hmac
import secrets
from datetime import datetime
from typing import Literal

from allauth.account.models import EmailAddress
from django.db import transaction

from bustia.billing.changes import change_email, change_mobile
from bustia.billing.models import Customer
from bustia.deliver.account_messages import Addressee
from bustia.office.history import holder, note
from bustia.office.limits import keyed
from bustia.office.models import Account, ContactChange
from bustia.office.services import accounts_mail as mails
from bustia.office.services.accounts_mail import CODE_LASTS, Notice
from bustia.office.services.keys import void_keys

__all__ = ["Kind", "Outcome", "begin", "confirm", "customers_of", "give_up", "waiting"]

Kind = Literal["email", "mobile"]
Outcome = Literal["changed", "wrong", "over"]
_MOST_TRIES = 5


def customers_of(account: Account) -> list[Customer]:
    """Give the customers whose contracts an account holds."""
    held = Customer.objects.filter(contracts__holdings__account=account)
    return list(held.distinct().order_by("pk"))


def waiting(account: Account, now: datetime) -> ContactChange | None:
    """Give the change that waits for its codes."""
    return ContactChange.objects.filter(account=account, expires_at__gt=now).first()


def give_up(account: Account) -> None:
    """Forget the change that waits for its codes."""
    ContactChange.objects.filter(account=account).delete()


def _digest(account: Account, code: str, value: str) -> bytes:
    return keyed("contact code", f"{account.pk}\x1f{code}\x1f{value}")


@transaction.atomic
def begin(account: Account, kind: Kind, value: str, *, at: datetime) -> ContactChange:
    """Send a code to each end: to the account's present address, and to what shall be new.

    An address that has an account of its own is told so instead; the page says nothing of it.
    """
    Account.objects.select_for_update().get(pk=account.pk)
    give_up(account)
    codes = [f"{secrets.randbelow(10**6):06d}" for _ in range(2)]
    channel: Literal["email", "sms"] = "email" if kind == "email" else "sms"
    new = Addressee(channel, value, account.language, account.pk)
    change = ContactChange.objects.create(
        account=account,
        kind=kind,
        new_value=value,
        known_channel="email",
        known_digest=_digest(account, codes[0], "known"),
        new_digest=_digest(account, codes[1], value),
        created_at=at,
        expires_at=at + CODE_LASTS,
    )
    mails.send_code(mails.by_mail(account), codes[0], at=at)
    if kind == "email" and Account.objects.filter(email=value).exists():
        mails.send_address_taken(Addressee("email", value, account.language, None), at=at)
    else:
        mails.send_code(new, codes[1], at=at)
    note(f"{kind}.change_asked", account, at=at)
    return change


@transaction.atomic
def confirm(account: Account, known_code: str, new_code: str, *, at: datetime) -> Outcome:
    """Change it, if both codes are right; ``over``: too late, or tried too often."""
    change = (
        ContactChange.objects.select_for_update().filter(account=account, expires_at__gt=at).first()
    )
    if change is None:
        return "over"
    right = hmac.compare_digest(
        bytes(change.known_digest), _digest(account, known_code, "known")
    ) & hmac.compare_digest(bytes(change.new_digest), _digest(account, new_code, change.new_value))
    if not right:
        change.tries += 1
        if change.tries >= _MOST_TRIES:
            change.delete()
            return "over"
        change.save(update_fields=["tries"])
        return "wrong"
    change.delete()
    if change.kind == "email":
        if Account.objects.filter(email=change.new_value).exists():
            return "over"
        _change_address(account, change.new_value, at)
    else:
        _change_number(account, change.new_value, at)
    return "changed"


def _change_address(account: Account, new: str, at: datetime) -> None:
    old = account.email
    to_old = mails.by_mail(account)
    actor = holder(account)
    for customer in customers_of(account):
        if customer.email.strip().lower() in ("", old):
            change_email(customer, new, actor=actor, at=at)
    void_keys(account)
    account.email = new
    account.save(update_fields=["email"])
    EmailAddress.objects.filter(user=account).update(email=new, verified=True)
    note("account.address_changed", account, at=at)
    for to in (to_old, mails.by_mail(account)):
        mails.notify(Notice.EMAIL_CHANGED, to, at=at)


def _change_number(account: Account, new: str, at: datetime) -> None:
    actor = holder(account)
    customers = customers_of(account)
    former = {customer.mobile for customer in customers if customer.mobile}
    for customer in customers:
        # Of several customers, those that had the same number, or none.
        if not customer.mobile or len(former) == 1:
            change_mobile(customer, new, actor=actor, at=at)
    note("account.number_changed", account, at=at)
    ends = [Addressee("sms", number, account.language, account.pk) for number in sorted(former)]
    for to in (mails.by_mail(account), *ends):
        mails.notify(Notice.MOBILE_CHANGED, to, at=at)
