"""Accounts that hold contracts, and clients that are signed in."""

from datetime import UTC, datetime

from allauth.account.models import EmailAddress
from django.test import Client

from bustia.billing.models import Contract
from bustia.office.models import Account, Holding

__all__ = ["PASSWORD", "account", "signed_in"]

PASSWORD = "una contrasenya llarga"
_SINCE = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def account(email: str, *contracts: Contract, language: str = "en") -> Account:
    """Make an account with a confirmed address that holds contracts."""
    made = Account.objects.create_user(email, PASSWORD, language=language, created_at=_SINCE)
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    for contract in contracts:
        hold(made, contract)
    return made


def hold(holder: Account, contract: Contract) -> Holding:
    """Let an account see a contract."""
    return Holding.objects.create(
        account=holder, contract=contract, since=_SINCE, shown_by="a test"
    )


def signed_in(holder: Account) -> Client:
    """Give a client with a session of the account, without going through the sign-in page."""
    client = Client()
    client.force_login(holder)
    return client
