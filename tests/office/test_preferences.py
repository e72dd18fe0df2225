"""Preferences, signed in and by the links of mails; one-click unsubscribing."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.audit.log import Actor, done_to
from bustia.billing.alerts import AlertChoice, alerts_of, set_alerts
from bustia.billing.chosen_states import AlertKind, Channel
from bustia.billing.models import Consent, ConsentEvidence, Contract, Customer
from bustia.billing.preferences import preferences_of
from bustia.deliver.links import (
    LinkKeys,
    OptionalMail,
    document_link,
    preferences_link,
    unsubscribe_link,
)
from bustia.instance import current_instance
from tests.deliver.town import Town, consent
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

PAGE = "/contracte/K1/preferencies/"
NOW = datetime(2026, 5, 14, 8, tzinfo=UTC)
DAY = date(2026, 5, 12)
ALL_ON = {"language": "ca", "notices": "on", "promotion": "on"}


def keys() -> LinkKeys:
    """Give the keys that sign links."""
    return LinkKeys.parse(current_instance().key("links"))


def reader(language: str = "en", **customer: Any) -> tuple[Client, Contract]:
    """Give somebody who is signed in, and the contract, with all that is optional."""
    contract = Town().contract(1, language="ca", **customer)
    consent(contract, "promotion", granted=True, at=datetime(2025, 1, 1, tzinfo=UTC))
    return signed_in(account("a@example.org", contract, language=language)), contract


def coming(contract: Contract) -> tuple[str, str, bool]:
    """Give what comes: notices, promotion, alerts."""
    found = preferences_of(Contract.objects.get(pk=contract.pk), NOW)
    return found.notices.value, found.promotion.value, found.alerts


def test_preferences_are_saved() -> None:
    """Language and consents change as chosen, each with the text that was read."""
    client, contract = reader()
    sent = {"language": "es", "promotion": "on"}
    page = client.post(PAGE, sent, follow=True).content.decode()
    assert "Your preferences are saved." in page
    assert Customer.objects.get().language == "es"
    assert coming(contract) == ("none", "email", False)
    (kept,) = ConsentEvidence.objects.all()
    assert "no more SMS from Aigües de Vallserena" in kept.text
    client.post(PAGE, ALL_ON)
    assert coming(contract) == ("sms", "email", False)
    assert "tell me by SMS" in ConsentEvidence.objects.order_by("-pk")[0].text


def test_saving_what_is_so_records_nothing() -> None:
    """Pressing the button without a change is no evidence of anything."""
    client, contract = reader()
    before = Consent.objects.count()
    client.post(PAGE, ALL_ON)
    assert Consent.objects.count() == before
    assert done_to(f"customer:{contract.customer_id}") == []


def test_what_leads_nowhere_cannot_be_chosen() -> None:
    """Without a mobile number, notices can't be switched on, nor off by mistake."""
    client, contract = reader(mobile="")
    page = client.get(PAGE).content.decode()
    assert "we need a mobile number" in page
    client.post(PAGE, {"language": "ca", "promotion": "on"})
    assert coming(contract)[0] == "sms"  # the consent stays as it was


def test_a_wrong_language_is_told() -> None:
    """A language that we don't speak changes nothing."""
    client, _ = reader()
    page = client.post(PAGE, {"language": "xx"}).content.decode()
    assert 'href="#id_language_0"' in page
    assert Customer.objects.get().language == "ca"


def test_strangers_see_and_change_nothing() -> None:
    """Another customer gets 404, who isn't signed in the sign-in page."""
    _, contract = reader()
    other = signed_in(account("b@example.org", Town().contract(2)))
    assert other.get(PAGE).status_code == other.post(PAGE, ALL_ON).status_code == 404
    assert Client().post(PAGE, ALL_ON)["Location"].startswith("/entrar/")
    assert coming(contract) == ("sms", "email", False)


def test_the_page_asks_the_database_as_often(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The number of queries is fixed."""
    client, _ = reader()
    client.get(PAGE)
    with django_assert_num_queries(10):
        client.get(PAGE)


def link_of(contract: Contract, day: date = DAY) -> str:
    """Give the path of a preferences link of a mail."""
    return preferences_link("", keys(), contract.pk, day)


def test_the_link_shows_nobodys_data() -> None:
    """The page says what comes, in the language of the mail, and nothing of whom it comes to."""
    _, contract = reader()
    customer = contract.customer
    page = Client().get(link_of(contract)).content.decode().replace(link_of(contract), "")
    assert '<html lang="ca">' in page
    assert 'name="notices"' in page
    private = (
        customer.name, customer.nif, customer.email, customer.mobile, customer.street,
        customer.postcode, contract.number, contract.supply_street, customer.code,
    )  # fmt: skip
    assert [value for value in private if re.search(rf"\b{re.escape(value)}\b", page)] == []


def test_the_link_ends_what_is_optional() -> None:
    """What is unticked ends, for the contract of the mail; the log says that a link did it."""
    _, contract = reader()
    leak = {AlertKind.LEAK: AlertChoice(on=True, channel=Channel.EMAIL)}
    set_alerts(contract, leak, None, actor=Actor("customer", "1"), at=NOW)
    client = Client()
    answer = client.post(link_of(contract), {"language": "en", "promotion": "on"})
    assert answer["Location"] == f"{link_of(contract)}?desat"
    assert coming(contract) == ("none", "email", False)
    assert not alerts_of(contract).on
    assert Customer.objects.get().language == "en"
    assert {entry.actor for entry in done_to(f"customer:{contract.customer_id}")} == {"link"}
    page = client.get(answer["Location"]).content.decode()
    assert "Your preferences are saved." in page
    assert "sessionid" not in client.cookies
    assert "session" not in client.cookies


def test_the_link_agrees_to_nothing() -> None:
    """What doesn't come can't be asked for by a link, whatever is posted."""
    contract = Town().contract(1, "post", language="en")
    page = Client().get(link_of(contract)).content.decode()
    assert 'name="promotion"' not in page
    assert "to ask for it, sign in" in page
    Client().post(link_of(contract), ALL_ON | {"alerts": "on"})
    assert coming(contract) == ("none", "none", False)
    assert not Consent.objects.exists()


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_that_is_not_ours_is_refused(method: str) -> None:
    """A changed link, or one of another purpose, is a page that isn't there; an old one says so."""
    _, contract = reader()
    ask = getattr(Client(), method)
    good, unsubscribe = (
        link_of(contract),
        unsubscribe_link("", keys(), contract.pk, OptionalMail.PROMOTION, DAY),
    )
    document = document_link("", keys(), contract.pk, DAY)
    others = [unsubscribe.replace("/u/", "/p/"), document.replace("/d/", "/p/"),
              good.replace("/p/", "/u/"), good[:-1], good + "A", "/p/x", "/u/ñ"]  # fmt: skip
    assert [ask(path).status_code for path in others] == [404] * len(others)
    old = link_of(contract, date(2026, 1, 1))
    answer = ask(old, {"language": "es"})
    assert answer.status_code == 410
    gone = preferences_link("", keys(), 10**6, DAY)
    assert ask(gone).status_code == 404
    assert coming(contract) == ("sms", "email", False)
    assert Customer.objects.get().language == "ca"


def click_of(contract: Contract) -> str:
    """Give the path of the unsubscribe link of a mail."""
    return unsubscribe_link("", keys(), contract.pk, OptionalMail.PROMOTION, DAY)


def test_one_click_unsubscribes() -> None:
    """A mail program's POST, without cookies and CSRF token, ends it; again does no harm."""
    _, contract = reader()
    client = Client(enforce_csrf_checks=True)
    for _ in range(2):
        answer = client.post(click_of(contract), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert coming(contract) == ("sms", "none", False)
    assert Consent.objects.filter(kind="promotion", granted=False).count() == 1
    (kept,) = ConsentEvidence.objects.all()
    assert (kept.language, kept.given_by) == ("ca", "link")


def test_looking_does_not_unsubscribe() -> None:
    """A GET or HEAD, as scanners of mails make, only shows a button; so does another POST."""
    _, contract = reader()
    client = Client(enforce_csrf_checks=True)
    page = client.get(click_of(contract)).content.decode()
    assert 'name="List-Unsubscribe" value="One-Click"' in page
    assert contract.customer.name not in page
    client.head(click_of(contract))
    client.post(click_of(contract), {"something": "else"})
    assert coming(contract) == ("sms", "email", False)


def test_the_reader_may_choose_another_language() -> None:
    """The language of the mail is spoken, until the reader chooses another."""
    _, contract = reader()
    client = Client()
    assert '<html lang="ca">' in client.get(click_of(contract)).content.decode()
    client.post("/idioma/", {"language": "es", "next": click_of(contract)})
    assert '<html lang="es">' in client.get(click_of(contract)).content.decode()
