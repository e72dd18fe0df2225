"""The e-invoice: asked for with a text that was read, left with one click, kept as evidence."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.audit.log import done_to
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import Consent, ConsentEvidence, Contract
from bustia.deliver.planning import channel_for
from bustia.office.models import Account
from bustia.office.services.consents import wording_of
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

PAGE, LEAVE = "/contracte/K1/factura-electronica/", "/contracte/K1/factura-electronica/baixa/"


def reader(channel: str = "post", language: str = "ca", **customer: Any) -> tuple[Client, Contract]:
    """Give somebody who is signed in, and the contract."""
    contract = Town().contract(1, channel, **customer)
    return signed_in(account("a@example.org", contract, language=language)), contract


def channel_of_next_invoice(contract: Contract) -> str:
    """Give how the next invoice of a contract will go."""
    invoice = contract.invoices.first() or Town().invoice(contract).invoice
    assert invoice is not None
    (facts,) = load_facts([invoice.pk], datetime(2026, 5, 14, 9, tzinfo=UTC))
    return channel_for(facts)


@pytest.mark.parametrize("language", ["ca", "es", "en"])
def test_the_einvoice_is_asked_for(language: str) -> None:
    """Who reads the text and agrees gets the next invoice by e-mail; the text is kept and shown."""
    client, contract = reader(language=language)
    wording = wording_of("e_invoice", contract, language, granted=True)
    page = client.get(PAGE).content.decode()
    assert all(line in page for line in wording.text.split("\n\n"))
    assert "K1" in wording.text
    assert "Aigües de Vallserena" in wording.text

    answer = client.post(PAGE, {"agreed": "on", "version": wording.version}, follow=True)
    assert channel_of_next_invoice(contract) == "email"
    (kept,) = ConsentEvidence.objects.all()
    assert (kept.text, kept.language, kept.version) == (wording.text, language, "2026-1")
    assert kept.given_by == str(Account.objects.get().pk)
    shown = answer.content.decode()
    assert all(line in shown for line in wording.text.split("\n\n"))
    assert "10:00" in shown


def test_who_does_not_tick_the_box_is_told() -> None:
    """Without the tick nothing is recorded, and the error leads to the box."""
    client, contract = reader(language="en")
    page = client.post(PAGE, {"version": "2026-1"}).content.decode()
    assert 'href="#id_agreed"' in page
    assert not Consent.objects.exists()
    assert channel_of_next_invoice(contract) == "post"


def test_a_text_that_changed_is_read_again() -> None:
    """A word on an earlier version of the text is not a word on this one."""
    client, _ = reader(language="en")
    page = client.post(PAGE, {"agreed": "on", "version": "2019-1"}).content.decode()
    assert "has changed" in page
    assert 'value="2026-1"' in page
    assert not Consent.objects.exists()


def test_paper_comes_back() -> None:
    """Who leaves the e-invoice gets paper from the next invoice on, and the record of both."""
    client, contract = reader("email", language="en")
    assert "Your invoice comes by e-mail" in client.get(PAGE).content.decode()
    assert "Keep the e-invoice" in client.get(LEAVE).content.decode()
    shown = client.post(LEAVE, follow=True).content.decode()
    assert channel_of_next_invoice(contract) == "post"
    assert "Your invoice comes on paper" in shown
    assert shown.count("<li>\n<p><span") == 2
    actions = {entry.action for entry in done_to(f"contract:{contract.pk}")}
    assert actions == {"consent.withdrawn", "invoice_channel.changed"}


def test_leaving_twice_is_leaving_once() -> None:
    """Who has no e-invoice can't leave it."""
    client, _ = reader()
    assert client.post(LEAVE)["Location"] == PAGE
    assert not Consent.objects.exists()


def test_subscribing_twice_is_subscribing_once() -> None:
    """A form that is sent again records nothing."""
    client, _ = reader("email")
    client.post(PAGE, {"agreed": "on", "version": "2026-1"})
    assert not ConsentEvidence.objects.exists()


def test_without_an_address_one_is_asked_for() -> None:
    """There is no form where no e-mail could go."""
    client, _ = reader(language="en", email="")
    page = client.get(PAGE).content.decode()
    assert "we need an address of yours first" in page
    assert 'name="agreed"' not in page
    client.post(PAGE, {"agreed": "on", "version": "2026-1"})
    assert not Consent.objects.exists()


def test_an_ended_contract_has_no_next_invoice() -> None:
    """Of a contract that has ended nothing can be asked."""
    client, contract = reader(language="en")
    contract.end_date = date(2026, 5, 13)
    contract.save()
    assert "This contract has ended" in client.get(PAGE).content.decode()
    client.post(PAGE, {"agreed": "on", "version": "2026-1"})
    assert not Consent.objects.exists()


def test_the_saving_is_the_contracts_own() -> None:
    """What paper is saved is counted from the invoices of this contract."""
    client, contract = reader(language="en")
    page = client.get(PAGE).content.decode()
    assert "Each invoice by e-mail is an envelope" in page
    Town().invoice(contract)
    page = client.get(PAGE).content.decode()
    assert "1 envelope and at least 1 sheet less a year" in page


def test_the_saving_counts_since_the_consent() -> None:
    """Who has the e-invoice is told of the invoices since then."""
    client, contract = reader("email", language="en")
    Town().invoice(contract)
    assert "invoice without paper since then" in client.get(PAGE).content.decode()


@pytest.mark.parametrize("path", [PAGE, LEAVE])
def test_strangers_see_and_change_nothing(path: str) -> None:
    """Another customer gets 404, who isn't signed in the sign-in page; nothing is recorded."""
    contract = Town().contract(1, "email")
    other = signed_in(account("b@example.org", Town().contract(2)))
    for ask in (other.get, other.post):
        assert ask(path).status_code == 404
    for ask in (Client().get, Client().post):
        assert ask(path)["Location"].startswith("/entrar/")
    assert not ConsentEvidence.objects.exists()
    assert contract.consents.filter(granted=False).count() == 0


def test_the_page_asks_the_database_as_often_for_any_history(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The number of queries doesn't grow with what was said."""
    client, _ = reader("email")
    client.get(PAGE)
    with django_assert_num_queries(7):
        client.get(PAGE)
    client.post(LEAVE)
    client.post(PAGE, {"agreed": "on", "version": "2026-1"})
    client.get(PAGE)
    with django_assert_num_queries(7):
        client.get(PAGE)
