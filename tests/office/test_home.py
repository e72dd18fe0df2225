"""The first page: what is owed, what is told, and whose it is."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.audit.log import done_to
from bustia.billing.models import Invoice
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db


def test_who_is_not_signed_in_is_asked_to() -> None:
    """Signed out, the first page leads to the sign-in page and back."""
    answer = Client().get("/")
    assert answer["Location"] == "/entrar/?next=/"


def test_one_contract_is_opened_at_once() -> None:
    """Who holds one contract is led to it; who asks to choose sees the list."""
    contract = Town().contract(1)
    client = signed_in(account("a@example.org", contract))
    assert client.get("/")["Location"] == "/contracte/K1/"
    assert "carrer Major, 1" in client.get("/?triar").content.decode()


def test_another_customers_contract_does_not_exist() -> None:
    """A contract of somebody else and one of nobody get the same answer, and are written down."""
    town = Town()
    mine, other = town.contract(1), town.contract(2)
    holder = account("a@example.org", mine)
    client = signed_in(holder)
    account("b@example.org", other)
    assert client.get("/contracte/K2/").status_code == 404
    assert client.get("/contracte/K99/").status_code == 404
    done = [one.action for one in done_to(f"account:{holder.pk}")]
    assert done.count("access.refused") == 2


def test_what_is_owed_is_told_first() -> None:
    """An invoice past its date is shown with its amount; one to come with its day."""
    town = Town()
    contract = town.contract(1, channel="post")
    town.invoice(contract)
    client = signed_in(account("a@example.org", contract))
    Invoice.objects.update(due_date=date(2026, 6, 5), status="open")
    page = client.get("/contracte/K1/").content.decode()
    assert "€40.61" in page
    assert "Last day: 5 June 2026" in page
    Invoice.objects.update(due_date=date(2026, 5, 13))
    page = client.get("/contracte/K1/").content.decode()
    assert "1 invoice past its date" in page


def test_a_paid_invoice_is_owed_no_more() -> None:
    """What was paid in full leaves nothing to pay."""
    town = Town()
    contract = town.contract(1, channel="post")
    town.invoice(contract)
    client = signed_in(account("a@example.org", contract))
    Invoice.objects.update(due_date=date(2026, 5, 1), payable_amount=Decimal("40.61"))
    invoice = Invoice.objects.get()
    invoice.payments.create(
        reference="P1", paid_on=date(2026, 5, 13), amount=Decimal("40.61"), means="card"
    )
    assert "All is paid" in client.get("/contracte/K1/").content.decode()


def test_the_page_asks_the_database_as_often_for_any_contract(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """The number of queries of the first page is fixed."""
    town = Town()
    contract = town.contract(1)
    town.invoice(contract)
    client = signed_in(account("a@example.org", contract))
    client.get("/contracte/K1/")
    with django_assert_num_queries(7):
        client.get("/contracte/K1/")
