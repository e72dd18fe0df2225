"""The page on which a holder gives a reading."""

from decimal import Decimal

import pytest
from django.test import Client

from bustia.billing.models import Contract, CustomerChange, Invoice
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db
PATH = "/contracte/K1/lectura/"


@pytest.fixture
def contract() -> Contract:
    """A contract whose meter is read by eye."""
    town = Town()
    made = town.contract(1)
    town.invoice(made)
    Invoice.objects.update(reading_to=Decimal(424))
    made.meters.create(serial="A1", calibre_mm=15, remote_read=False, installed_on="2020-01-01")
    return made


@pytest.fixture
def client(contract: Contract) -> Client:
    """Its holder."""
    return signed_in(account("a@example.org", contract))


def test_a_reading_is_thanked_for(client: Client) -> None:
    """A sensible reading is taken and shown."""
    answer = client.post(PATH, {"m3": "430"}, follow=True)
    assert "We will use your reading" in answer.content.decode()
    assert "430 m³" in answer.content.decode()


def test_a_lower_one_is_pointed_out(client: Client) -> None:
    """A reading below the last one is told at its field, and not taken."""
    page = client.post(PATH, {"m3": "400"}).content.decode()
    assert "It is lower than the last reading." in page
    assert not CustomerChange.objects.exists()


def test_a_surprising_one_is_asked_again(client: Client) -> None:
    """Far above the usual, a box appears in which the holder says that it is right."""
    assert 'name="sure"' not in client.get(PATH).content.decode()
    assert 'name="sure"' in client.post(PATH, {"m3": "900"}).content.decode()
    client.post(PATH, {"m3": "900", "sure": "on"})
    assert CustomerChange.objects.get().after["reading_m3"] == 900


def test_a_remote_meter_is_left_alone(client: Client, contract: Contract) -> None:
    """Where the meter is read remotely the page says so, and takes nothing."""
    contract.meters.update(remote_read=True)
    page = client.post(PATH, {"m3": "430"}).content.decode()
    assert "Your meter is read remotely" in page
    assert not CustomerChange.objects.exists()
