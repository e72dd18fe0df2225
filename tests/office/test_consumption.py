"""The consumption of a contract: by period, beside the year before, and as a file."""

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.billing.models import Consumption, Contract
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db
PATH = "/contracte/K1/consum/"


@pytest.fixture
def contract() -> Contract:
    """A contract with an invoice over 12 m³, and the period of a year before with 15."""
    town = Town()
    made = town.contract(1)
    town.invoice(made)
    Consumption.objects.create(
        contract=made, period_from=date(2025, 3, 1), period_to=date(2025, 4, 30),
        m3=Decimal(15), estimated=True,
    )  # fmt: skip
    return made


@pytest.fixture
def client(contract: Contract) -> Client:
    """Its holder."""
    return signed_in(account("a@example.org", contract))


def test_the_newest_period_is_told_beside_the_year_before(client: Client) -> None:
    """m³, litres a day and the difference are in words; what was estimated says so."""
    page = client.get(PATH).content.decode()
    assert "12 m³" in page
    assert "197 litres a day" in page
    assert "3 m³ less than a year earlier" in page
    assert "estimated" in page


def test_it_comes_as_a_file_for_spreadsheets(client: Client) -> None:
    """The CSV begins with the mark of UTF-8 and has a line a period."""
    answer = client.get(PATH + "consum.csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert lines[1] == "2026-03-01,2026-04-30,12,197,no,15"
    assert lines[2] == "2025-03-01,2025-04-30,15,246,yes,"


def test_a_new_contract_says_that_there_is_nothing_yet() -> None:
    """Before the first invoice the page says so in words."""
    client = signed_in(account("b@example.org", Town().contract(2)))
    assert "no consumption to show yet" in client.get("/contracte/K2/consum/").content.decode()


def test_the_page_asks_as_often_however_long_the_history(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The number of queries of the page is fixed."""
    client.get(PATH)
    with django_assert_num_queries(6):
        client.get(PATH)
