"""The inbox: what was sent, as it was sent, to its reader only."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.billing.models import Contract
from bustia.deliver.account_messages import AccountText, Addressee, MessageKind, queue_message
from bustia.deliver.models import Delivery
from bustia.deliver.planning import Planned, plan_invoices
from bustia.deliver.sent import Said, keep_sent
from bustia.office.models import Account
from tests.deliver.town import NOW, TOLD, Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    """A contract whose invoice was mailed."""
    town = Town()
    made = town.contract(1, language="en")
    document = town.invoice(made)
    planned = Planned(document.pk, document.number, town.facts(document), TOLD, "")
    plan_invoices("2026-03", [planned], NOW)
    Delivery.objects.update(state="delivered", finished_at=NOW)
    html = "<html><head></head><body><script>alert(1)</script><p>As it was.</p></body></html>"
    keep_sent(Delivery.objects.get().pk, Said("As it was.", html, (("Subject", "Your bill"),)))
    return made


@pytest.fixture
def holder(contract: Contract) -> Account:
    """Its holder, who was told of something about the account, and sent a secret."""
    made = account("a@example.org", contract)
    to = Addressee("email", made.email, "en", made.pk)
    for kind, subject in (
        (MessageKind.NOTICE, "Your password was changed"),
        (MessageKind.ONE_TIME_CODE, "Your code"),
    ):
        queue_message(kind, to, AccountText("What happened.", subject), at=NOW, expires_at=NOW)
    return made


def test_all_is_listed_but_secrets(holder: Account) -> None:
    """Mails and notices are there with their state; codes and links are not."""
    page = signed_in(holder).get("/correspondencia/").content.decode()
    assert "Invoice A26-K1" in page
    assert "E-mail · sent" in page
    assert "Your password was changed" in page
    assert "Your code" not in page


def test_a_mail_is_shown_as_it_was_sent(holder: Account) -> None:
    """Its subject, its text, and its HTML in a frame in which nothing runs."""
    client, key = signed_in(holder), Delivery.objects.get().pk
    page = client.get(f"/correspondencia/{key}/").content.decode()
    assert "Your bill" in page
    assert "sandbox=" in page
    framed = client.get(f"/correspondencia/{key}/html/")
    assert "As it was." in framed.content.decode()
    assert "sandbox" in framed["Content-Security-Policy"]
    assert "script-src" not in framed["Content-Security-Policy"]


def test_an_sms_that_was_taken_is_not_called_delivered(holder: Account) -> None:
    """Accepted by the operator is all that is known, and all that is said."""
    Delivery.objects.update(state="handed_over", channel="sms", kind="issue_notice")
    page = signed_in(holder).get("/correspondencia/?canal=sms").content.decode()
    assert "SMS · the operator has it" in page


def test_the_list_asks_as_often_however_much_was_sent(
    holder: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The number of queries of the list is fixed."""
    client = signed_in(holder)
    client.get("/correspondencia/")
    with django_assert_num_queries(5):
        client.get("/correspondencia/")


def test_nobody_else_reads_it(contract: Contract) -> None:
    """A stranger finds nothing in the list, and nothing under its number."""
    client: Client = signed_in(account("b@example.org"))
    key = Delivery.objects.get().pk
    assert "A26-K1" not in client.get("/correspondencia/").content.decode()
    assert client.get(f"/correspondencia/{key}/").status_code == 404
