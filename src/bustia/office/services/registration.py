"""Opens accounts for who shows contract, NIF and a recent invoice, and adds contracts to them.

Whatever is asked for, the page says the same and the same is done: what was found out goes by mail,
to the address that asked and to whom we knew before. An account exists only once its address is
confirmed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils.timezone import localdate

from bustia.audit.log import SYSTEM, record
from bustia.billing.changes import note_office_registration
from bustia.billing.models import Contract
from bustia.deliver.account_messages import Addressee
from bustia.identifiers import normal_nif
from bustia.office.history import holder, note
from bustia.office.models import Account, Holding, OneTimeKey
from bustia.office.services import accounts_mail as mails
from bustia.office.services.accounts_mail import Notice
from bustia.office.services.keys import Purpose, issue_key, use_key

__all__ = ["Proofs", "add_contract", "ask", "hold", "matching", "open_account"]

_RECENT = timedelta(days=366)
_NEWEST = 6
"""Invoices that show who somebody is: those of the last year, and the newest ones."""
_SHOWN_BY = "contract, NIF and invoice"


@dataclass(frozen=True, slots=True)
class Proofs:
    """What somebody knows who holds a contract."""

    contract: str
    nif: str
    invoice: str


def matching(proofs: Proofs, now: datetime) -> Contract | None:
    """Give the contract that all three belong to; the same queries whether they do or not."""
    contract = (
        Contract.objects.select_related("customer").filter(number=proofs.contract.strip()).first()
    )
    today = localdate(now)
    newest = (
        list(
            contract.invoices.filter(issue_date__lte=today)
            .order_by("-issue_date")
            .values_list("number", "issue_date")[: _NEWEST * 4]
        )
        if contract is not None
        else []
    )
    recent = {
        number.upper()
        for place, (number, issued) in enumerate(newest)
        if place < _NEWEST or today - issued <= _RECENT
    }
    if contract is None or contract.customer.deceased:
        return None
    shown = normal_nif(contract.customer.nif) == normal_nif(proofs.nif)
    return contract if shown and proofs.invoice.strip().upper() in recent else None


@transaction.atomic
def ask(proofs: Proofs, email: str, language: str, *, at: datetime) -> None:
    """Take a wish to register; what comes of it is told by mail only."""
    address = Account.objects.normalize_email(email)
    account = Account.objects.filter(email=address, is_active=True).first()
    contract = matching(proofs, at)
    to = Addressee("email", address, language, account.pk if account else None)
    if contract is None:
        mails.send_no_match(to, at=at)
        return
    holders = set(Holding.objects.filter(contract=contract).values_list("account", flat=True))
    if account is not None and account.pk in holders:
        mails.send_contract_known(to, at=at)
    elif holders:
        mails.send_contract_elsewhere(to, at=at)
        _warn(contract, address, done=False, at=at)
    elif account is not None:
        token = issue_key(
            Purpose.ADD_CONTRACT, at=at, language=language, account=account, contract=contract
        )
        mails.send_contract_link(to, token, at=at)
    else:
        token = issue_key(
            Purpose.REGISTER, at=at, language=language, contract=contract, address=address
        )
        mails.send_register_link(to, token, at=at)
    record(
        "registration.asked", actor=SYSTEM, about=f"contract:{contract.pk}", at=at,
        detail={"held": bool(holders)},
    )  # fmt: skip


def _warn(contract: Contract, address: str, *, done: bool, at: datetime) -> None:
    """Tell whom the contract's customer was known by, if that is another address."""
    known = contract.customer.email.strip().lower()
    if known and known != address:
        to = Addressee("email", contract.customer.email, contract.customer.language, None)
        mails.warn_of_registration(to, done=done, at=at)


@transaction.atomic
def open_account(key: OneTimeKey, password: str, *, at: datetime) -> Account | None:
    """Open the account that a link is for; None if the link was used meanwhile."""
    taken = Account.objects.filter(email=key.address).exists()
    if key.contract is None or taken or not use_key(key, at=at):
        return None
    account = Account.objects.create_user(
        key.address, password, language=key.language, created_at=at
    )
    EmailAddress.objects.create(user=account, email=account.email, verified=True, primary=True)
    note("account.opened", account, at=at)
    hold(account, key.contract, at=at)
    _warn(key.contract, account.email, done=True, at=at)
    mails.notify(Notice.WELCOME, mails.by_mail(account), at=at)
    return account


@transaction.atomic
def add_contract(key: OneTimeKey, *, at: datetime) -> bool:
    """Add the contract that a link is for to the account it is for; False if it was used."""
    if key.account is None or key.contract is None or not use_key(key, at=at):
        return False
    hold(key.account, key.contract, at=at)
    mails.notify(Notice.CONTRACT_ADDED, mails.by_mail(key.account), at=at)
    return True


@transaction.atomic
def hold(account: Account, contract: Contract, *, at: datetime) -> None:
    """Let an account see a contract from now on."""
    actor = holder(account)
    Holding.objects.get_or_create(
        account=account, contract=contract, defaults={"since": at, "shown_by": _SHOWN_BY}
    )
    if contract.customer.office_since is None:
        note_office_registration(contract.customer, localdate(at), actor=actor, at=at)
    record("contract.held", actor=actor, about=f"contract:{contract.pk}", at=at)
