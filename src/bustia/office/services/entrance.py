"""Ways in without a password, and back in: one-time links and a new password; and out for good."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from bustia.billing.changes import note_office_registration
from bustia.deliver.account_messages import Addressee, MessageKind
from bustia.office.history import holder, note
from bustia.office.models import Account, Holding, OneTimeKey
from bustia.office.services import accounts_mail as mails
from bustia.office.services.accounts_mail import Notice
from bustia.office.services.keys import Purpose, issue_key, use_key, void_keys

__all__ = ["ask_link", "ask_recovery", "change_password", "close", "recover", "use_link"]


def _ask(purpose: Purpose, email: str, language: str, next_path: str, at: datetime) -> None:
    address = Account.objects.normalize_email(email)
    account = Account.objects.filter(email=address, is_active=True).first()
    if account is None:
        kind = (
            MessageKind.SIGN_IN_LINK if purpose is Purpose.SIGN_IN else MessageKind.PASSWORD_RESET
        )
        mails.send_no_account(Addressee("email", address, language, None), kind, at=at)
        return
    token = issue_key(
        purpose, at=at, language=account.language, account=account, next_path=next_path
    )
    send = mails.send_sign_in_link if purpose is Purpose.SIGN_IN else mails.send_recovery_link
    send(mails.by_mail(account), token, at=at)


@transaction.atomic
def ask_link(email: str, language: str, next_path: str, *, at: datetime) -> None:
    """Send a link to enter, or word that there is no account: the page says neither."""
    _ask(Purpose.SIGN_IN, email, language, next_path, at)


@transaction.atomic
def ask_recovery(email: str, language: str, *, at: datetime) -> None:
    """Send a link to choose a new password, or word that there is no account."""
    _ask(Purpose.RECOVER, email, language, "", at)


@transaction.atomic
def use_link(key: OneTimeKey, *, at: datetime) -> Account | None:
    """Use a link up and give its account; None if it was used meanwhile."""
    if key.account is None or not key.account.is_active or not use_key(key, at=at):
        return None
    note("signed_in.by_link", key.account, at=at)
    return key.account


@transaction.atomic
def recover(key: OneTimeKey, password: str, *, at: datetime) -> bool:
    """Set a new password by a link; every session ends. False if the link was used meanwhile."""
    if key.account is None or not key.account.is_active or not use_key(key, at=at):
        return False
    _set_password(key.account, password)
    note("password.recovered", key.account, at=at)
    mails.notify(Notice.RECOVERED, mails.by_mail(key.account), at=at)
    return True


@transaction.atomic
def change_password(account: Account, password: str, *, at: datetime) -> None:
    """Set another password; other sessions end, since they knew the former."""
    _set_password(account, password)
    note("password.changed", account, at=at)
    mails.notify(Notice.PASSWORD_CHANGED, mails.by_mail(account), at=at)


@transaction.atomic
def close(account: Account, *, at: datetime) -> None:
    """Close an account for good: nobody enters it any more, and it holds no contract.

    Its address is free again. What customers agreed to and their bank account stay as they are:
    they are the contract's, not the account's.
    """
    mails.notify(Notice.CLOSED, mails.by_mail(account), at=at)
    note("account.closed", account, at=at)
    actor = holder(account)
    for holding in Holding.objects.filter(account=account).select_related("contract__customer"):
        customer = holding.contract.customer
        others = Holding.objects.filter(contract__customer=customer).exclude(account=account)
        if not others.exists():
            note_office_registration(customer, None, actor=actor, at=at)
    Holding.objects.filter(account=account).delete()
    EmailAddress.objects.filter(user=account).delete()
    Authenticator.objects.filter(user=account).delete()
    keys = UserSession.objects.filter(user=account).values_list("session_key", flat=True)
    Session.objects.filter(session_key__in=list(keys)).delete()
    void_keys(account)
    account.email = f"closed-{account.pk}@invalid"
    account.set_unusable_password()
    account.is_active = False
    account.closed_at = at
    account.save()


def _set_password(account: Account, password: str) -> None:
    void_keys(account)
    account.set_password(password)
    account.save(update_fields=["password"])
