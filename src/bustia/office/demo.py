"""The people of a demonstration: made-up customers, each with something of their own to show.

Nothing of this exists on a real instance: the setting ``[office] demo`` is off there, and every
page of it answers that it isn't there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bustia.billing.models import Contract
from bustia.office.models import Account, Holding

__all__ = ["PASSWORD", "Person", "people", "prepare"]

PASSWORD = "aigua-clara-2026"  # noqa: S105 (of people who don't exist, and shown on the page)
_SHOWN_BY = "demonstration: "
_STORIES: dict[str, tuple[str, Promise]] = {
    "e_invoice": ("ca", _("E-invoice, direct debit and a meter that is read remotely")),
    "returned": ("es", _("A direct debit that the bank returned")),
    "plan": ("ca", _("A payment plan with instalments to come")),
    "slip": ("en", _("An unpaid invoice on paper, with its payment slip")),
    "several": ("es", _("Several contracts in one account")),
}
"""What there is to see with each person, and the language that the person would best speak."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to sign in as."""

    account: int
    name: str
    email: str
    language: str
    story: Promise


def people() -> list[Person]:
    """Give the people that one can sign in as, in the order of their stories."""
    held = Holding.objects.filter(shown_by__startswith=_SHOWN_BY)
    found: dict[str, Person] = {}
    for holding in held.select_related("account", "contract__customer").order_by("pk"):
        story = holding.shown_by.removeprefix(_SHOWN_BY)
        account = holding.account
        found.setdefault(
            story,
            Person(
                account.pk,
                holding.contract.customer.name,
                account.email,
                account.language,
                _STORIES[story][1],
            ),
        )
    return [found[story] for story in _STORIES if story in found]


@transaction.atomic
def prepare(now: datetime) -> None:
    """Make an account for each story that the town has somebody for; what is there stays."""
    there = {person.account for person in people()}
    if there:
        return
    taken: set[int] = set()
    for story in _STORIES:
        contracts = _contracts_for(story, taken)
        if contracts:
            taken |= {one.customer_id for one in contracts}
            _make(story, contracts, now)


def _make(story: str, contracts: list[Contract], now: datetime) -> None:
    customer = contracts[0].customer
    email = customer.email or f"{customer.code.lower()}@example.org"
    if Account.objects.filter(email=Account.objects.normalize_email(email)).exists():
        return
    made = Account.objects.create_user(email, PASSWORD, language=customer.language, created_at=now)
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    for contract in contracts:
        Holding.objects.create(
            account=made, contract=contract, since=now, shown_by=f"{_SHOWN_BY}{story}"
        )


def _contracts_for(story: str, taken: set[int]) -> list[Contract]:
    """Give the contracts of the best person for a story who has none yet."""
    language, _told = _STORIES[story]
    found = _candidates(story).exclude(customer__in=taken).order_by("number")
    for some in (found.filter(customer__language=language), found):
        for one in _all_that_fit(some):
            own = Contract.objects.filter(customer=one.customer, end_date=None)
            return list(own.order_by("number")) if story == "several" else [one]
    return []


def _all_that_fit(found: "QuerySet[Contract]") -> Iterator[Contract]:
    """Give candidates with a document to look at; the first of them will do."""
    with_documents = found.filter(documents__isnull=False).distinct()
    yield from with_documents.select_related("customer")[:1]


def _candidates(story: str) -> "QuerySet[Contract]":
    living = Contract.objects.filter(
        end_date=None, customer__deceased=False, customer__kind="person"
    )
    if story == "e_invoice":
        return living.filter(
            invoice_channel="email",
            mandates__status="active",
            meters__remote_read=True,
            meters__removed_on=None,
        ).exclude(customer__email="")
    if story == "returned":
        return living.filter(invoices__status="returned")
    if story == "plan":
        return living.filter(payment_plans__status="active")
    if story == "slip":
        unpaid = living.filter(
            invoice_channel="post", invoices__payment_means="slip", invoices__status="open"
        )
        return unpaid.exclude(payment_plans__status="active")
    several = living.values("customer").annotate(number=Count("pk")).filter(number__gt=1)
    return living.filter(customer__in=several.values("customer"))
