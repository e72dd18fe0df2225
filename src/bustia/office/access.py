"""Who may see what: every contract and everything under it is looked up through its holder.

A view gets a contract by :func:`for_contract`, and what belongs to it from the contract's own
relations. What isn't the signed-in account's doesn't exist for it: the answer is 404, the same as
for what nobody has.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from bustia.audit.log import Actor, record
from bustia.billing.models import Contract
from bustia.instance import current_instance
from bustia.office.history import holder
from bustia.office.models import Account

__all__ = [
    "account_of",
    "actor_of",
    "contract_of",
    "contracts_of",
    "for_account",
    "for_contract",
]

P = ParamSpec("P")


def account_of(request: HttpRequest) -> Account:
    """Give the account that is signed in."""
    return Account.of(request.user)


def actor_of(request: HttpRequest) -> Actor:
    """Give the signed-in account as the log of changes names it."""
    return holder(account_of(request))


def contracts_of(account: Account) -> "QuerySet[Contract]":
    """Give the contracts that an account holds, with their customers, the newest number last."""
    held = Contract.objects.filter(holdings__account=account)
    return held.select_related("customer").order_by("number")


def contract_of(request: HttpRequest, number: str) -> Contract:
    """Give the contract of this number if it is the signed-in account's; 404 otherwise."""
    account = account_of(request)
    found = contracts_of(account).filter(number=number).first()
    if found is None:
        _note_refusal(request, account)
        raise Http404
    return found


def _note_refusal(request: HttpRequest, account: Account) -> None:
    """Write down that somebody asked for what they don't hold, whether or not it exists."""
    match = request.resolver_match
    record(
        "access.refused",
        actor=actor_of(request),
        about=f"account:{account.pk}",
        at=current_instance().now(),
        detail={"page": match.view_name if match else ""},
    )


def for_account(
    view: Callable[Concatenate[HttpRequest, Account, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Make a view of ``(request, account, …)`` one that asks to sign in first."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, account_of(request), *args, **kwargs)

    return login_required(guarded)


def for_contract(
    view: Callable[Concatenate[HttpRequest, Contract, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Make a view of ``(request, contract, …)`` one whose URL names a contract of the account's."""

    @wraps(view)
    def guarded(
        request: HttpRequest, number: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        contract = contract_of(request, number)
        request.contract = contract  # type: ignore[attr-defined]  # for the page's head
        return view(request, contract, *args, **kwargs)

    return login_required(guarded)
