"""Walks every address of the Office and asks for another customer's things: nobody gets them.

Addresses are taken from the URL patterns, so that a new page is walked without being named. One
whose parameters this test can't fill in fails it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from bustia.billing.models import Contract, Customer, OnlinePayment
from bustia.deliver.links import LinkKeys, document_link, preferences_link
from bustia.deliver.models import Delivery
from bustia.deliver.planning import Planned, plan_invoices
from bustia.instance import current_instance
from bustia.office.views.home import DESTINATIONS
from tests.deliver.town import NOW, TOLD, Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

OPEN = {
    "office:language", "office:accessibility", "account_login", "account_logout",
    "api:changes", "api:taken", "office:preferences_link", "office:unsubscribe",
    "mfa_authenticate", "mfa_login_webauthn", "account_signup", "office:link", "office:recover",
}  # fmt: skip
"""Pages that anybody may see, or that know who asks by something else than a session."""


@dataclass(frozen=True)
class Route:
    """One named address, with the names of its parameters."""

    name: str
    parameters: tuple[str, ...]


def routes(
    patterns: list[URLPattern | URLResolver] | None = None,
    namespace: str = "",
    outer: tuple[str, ...] = (),
) -> Iterator[Route]:
    """Give every address that has a name."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        parameters = (*outer, *one.pattern.converters)
        if isinstance(one, URLResolver):
            inner = f"{namespace}{one.namespace}:" if one.namespace else namespace
            yield from routes(one.url_patterns, inner, parameters)
        elif one.name:
            yield Route(f"{namespace}{one.name}", parameters)


ROUTES = sorted(set(routes()), key=lambda route: route.name)


@dataclass(frozen=True)
class People:
    """Two customers, and what is the second one's."""

    mine: Contract
    other: Contract
    values: Mapping[str, tuple[str, ...]]
    """What addresses that lead to the second one's things have for each parameter; for an address
    whose parameter means something else, as in ``mfa_edit_webauthn pk``."""
    secrets: tuple[str, ...]
    """What is known of the second one and must never be told."""


@pytest.fixture
def people() -> People:
    """A customer who looks around, and one who has something to hide."""
    town = Town()
    mine = town.contract(1, language="en")
    town.invoice(mine)
    other = town.contract(2345678, email="hidden@example.org")
    Customer.objects.filter(pk=other.customer_id).update(name="Perfecta Secreta", nif="00000000T")
    document = town.invoice(other)
    mandate = other.mandates.create(
        reference="SECRET-MANDATE", iban="ES9121000418450200051332",
        iban_masked="ES** **** 9999", iban_fingerprint="f", signed_on="2024-01-01", status="active",
    )  # fmt: skip
    planned = Planned(document.pk, document.number, town.facts(document), TOLD, "")
    plan_invoices("2026-03", [planned], NOW)
    delivery = Delivery.objects.get(contract=other)
    payment = OnlinePayment.objects.create(
        order="2345SECRET", contract=other, amount=Decimal("40.61"), started_by="account-2",
        started_at=NOW, expires_at=NOW + timedelta(days=1),
    )  # fmt: skip
    holder = account("hidden-account@example.org", other)
    passkey = Authenticator.objects.create(
        user=holder, type=Authenticator.Type.WEBAUTHN, data={"name": "Perfecta Secreta"}
    )
    keys, base = LinkKeys.parse(current_instance().key("links")), "https://office.example"
    links = (
        document_link(base, keys, document.invoice_id, date(2026, 5, 12)),
        preferences_link(base, keys, other.pk, date(2026, 5, 12)),
    )
    tokens = tuple(link.rsplit("/", 1)[1] for link in links)
    values = {
        "number": (other.number,),
        "place": tuple(DESTINATIONS),
        "rest": ("anything",),
        "letter": (str(delivery.pk),),
        "order": (payment.order,),
        "key": (str(document.invoice_id),),
        "invoice": (document.number,),
        "token": tokens,
        "name": ("anything.eml",),
        "pk": (str(passkey.pk),),
        "office:mailbox_file place": ("0",),
        "office:demo_enter number": (str(holder.pk),),
    }
    secrets = (
        other.number, "Perfecta Secreta", "hidden@example.org", "00000000T", other.customer.mobile,
        document.number, mandate.reference, mandate.iban_masked,
    )  # fmt: skip
    return People(mine, other, values, secrets)


def _addresses(route: Route, people: People, **fixed: str) -> Iterator[str]:
    known = {**people.values, **{name: (value,) for name, value in fixed.items()}}
    for name in route.parameters:
        known[name] = known.get(f"{route.name} {name}", known.get(name, ()))
        assert known[name], f"{route.name}: say in this test what {name} may be"
    for values in product(*(known[name] for name in route.parameters)):
        try:
            yield reverse(route.name, kwargs=dict(zip(route.parameters, values, strict=True)))
        except NoReverseMatch:
            pytest.fail(f"{route.name} can't be reached with {values}")


def _asked(client: Client, address: str) -> Iterator[tuple[str, int, str, str]]:
    """Ask by GET and by POST; give method, status, where to and the content."""
    for method in ("get", "post"):
        answer = getattr(client, method)(address)
        content = b"".join(answer) if answer.streaming else answer.content
        yield method, answer.status_code, answer.get("Location", ""), content.decode("latin-1")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_signed_out_nothing_is_shown(route: Route, people: People) -> None:
    """Who isn't signed in is asked to, at every address that isn't for everybody."""
    for address in _addresses(route, people):
        for method, status, location, content in _asked(Client(), address):
            where = f"{method} {address}"
            assert not any(one in content for one in people.secrets), where
            if route.name not in OPEN:
                assert status in (302, 404, 405), where
                assert status != 302 or location.startswith("/entrar/"), where


@pytest.mark.parametrize("who", ["another customer", "a stranger"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_signed_in_only_ones_own_is_shown(route: Route, who: str, people: People) -> None:
    """Another customer's contract, and whatever is under it, doesn't exist."""
    held = [people.mine] if who == "another customer" else []
    client = signed_in(account("reader@example.org", *held))
    for address in _addresses(route, people):
        for method, status, location, content in _asked(client, address):
            where = f"{method} {address}"
            shown = [one for one in people.secrets if one in content.replace(address, "")]
            assert not shown, where
            if route.parameters and route.name not in OPEN | {"office:go"}:
                assert status in (404, 405) or (status == 302 and location != address), where
                assert status != 302 or "/confirmar/" in location, where


@pytest.mark.parametrize(
    "route",
    [one for one in ROUTES if {"number"} < set(one.parameters)],
    ids=lambda route: route.name,
)
def test_another_customers_things_are_not_under_ones_own_contract(
    route: Route, people: People
) -> None:
    """An own contract's number doesn't open another's invoice, payment or message."""
    client = signed_in(account("reader@example.org", people.mine))
    for address in _addresses(route, people, number=people.mine.number):
        for method, status, _, content in _asked(client, address):
            assert status in (404, 405), f"{method} {address}"
            assert not any(one in content.replace(address, "") for one in people.secrets), address
