"""A new address or number counts once both ends have confirmed it."""

import json

import pytest
from django.test import Client

from bustia.billing.models import Contract, Customer, CustomerChange
from bustia.deliver.models import AccountMessage
from bustia.office.models import Account
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db
CONFIRM = "/el-meu-compte/confirmar/"


@pytest.fixture
def contract() -> Contract:
    """A contract whose holder's account has the address that billing knows."""
    return Town().contract(1, language="en", email="old@example.org")


@pytest.fixture
def client(contract: Contract) -> Client:
    """Its holder, just signed in."""
    account("old@example.org", contract)
    client = Client()
    client.post("/entrar/", {"login": "old@example.org", "password": "una contrasenya llarga"})
    return client


def _codes() -> dict[str, str]:
    """Give the codes that were sent, by where to."""
    sent = AccountMessage.objects.filter(kind="one_time_code").order_by("pk")
    found = {}
    for one in sent:
        said = json.loads(one.content)
        found[one.recipient] = said.get("code") or said["text"].split("Your code: ")[1][:6]
    return found


def test_an_address_changes_with_both_codes(client: Client) -> None:
    """The account and the customer get the new one, billing is told, and both ends are."""
    client.post("/el-meu-compte/adreca/", {"value": "New@Example.org"})
    codes = _codes()
    both = {"known": codes["old@example.org"], "new": codes["new@example.org"]}
    assert Account.objects.get().email == "old@example.org"
    client.post(CONFIRM, both)
    assert Account.objects.get().email == "new@example.org"
    assert Customer.objects.get().email == "new@example.org"
    assert CustomerChange.objects.filter(kind="email").count() == 1
    told = AccountMessage.objects.filter(kind="notice")
    assert {one.recipient for one in told} == {"old@example.org", "new@example.org"}


@pytest.mark.parametrize("swapped", ["known", "new"])
def test_one_code_is_not_enough(client: Client, swapped: str) -> None:
    """With one of the codes wrong nothing changes, and five tries end it."""
    client.post("/el-meu-compte/adreca/", {"value": "new@example.org"})
    codes = _codes()
    both = {"known": codes["old@example.org"], "new": codes["new@example.org"]}
    other = "000000" if both[swapped] != "000000" else "000001"
    for _ in range(5):
        client.post(CONFIRM, both | {swapped: other})
    client.post(CONFIRM, both)
    assert Account.objects.get().email == "old@example.org"


def test_a_number_changes_with_both_codes(client: Client) -> None:
    """The new number gets an SMS, the present address a mail; then it counts."""
    client.post("/el-meu-compte/mobil/", {"value": "612 34 56 78"})
    codes = _codes()
    client.post(CONFIRM, {"known": codes["old@example.org"], "new": codes["+34612345678"]})
    assert Customer.objects.get().mobile == "+34612345678"


@pytest.mark.parametrize("value", ["977 000 100", "12", "abc", "+34 6123"])
def test_what_is_no_mobile_is_refused(client: Client, value: str) -> None:
    """Landlines and nonsense get no code."""
    page = client.post("/el-meu-compte/mobil/", {"value": value}).content.decode()
    assert "This is no mobile number" in page
    assert not AccountMessage.objects.exists()


def test_a_taken_address_is_told_to_its_owner_only(client: Client) -> None:
    """The page goes on as ever; the other account's owner learns that somebody tried."""
    account("taken@example.org")
    answer = client.post("/el-meu-compte/adreca/", {"value": "taken@example.org"})
    assert answer["Location"] == CONFIRM
    sent = {one.recipient: one for one in AccountMessage.objects.filter(kind="one_time_code")}
    assert "code" not in {
        name for name, value in json.loads(sent["taken@example.org"].content).items() if value
    }


def test_who_signed_in_long_ago_shows_who_they_are(contract: Contract) -> None:
    """Without a recent sign-in the form isn't shown."""
    late = signed_in(account("other@example.org", contract))
    session = late.session
    session["signed_in_at"] = 0
    session.save()
    assert late.get("/el-meu-compte/adreca/").status_code == 302
