"""What is held on a customer: downloaded by who signed in just now, erased on request."""

import io
import json
import time
import zipfile
from typing import Any

import pytest
from django.test import Client

from bustia.audit.log import Actor, done_to
from bustia.billing import changes
from bustia.billing.changes import ConsentWording, MandateSignature
from bustia.billing.models import Contract, CustomerChange
from bustia.instance import current_instance
from bustia.office.models import Account
from bustia.office.recent import SIGNED_IN_AT
from tests.deliver.town import Town
from tests.office.people import PASSWORD, account, signed_in

pytestmark = pytest.mark.django_db

PAGE = "/contracte/K1/dades/"
DOWNLOAD, ERASURE = f"{PAGE}baixar/", f"{PAGE}supressio/"
IBAN = "ES9121000418450200051332"


def reader(*, minutes_ago: float = 1, language: str = "en") -> tuple[Client, Contract]:
    """Give somebody who signed in some minutes ago, and the contract."""
    town = Town()
    contract = town.contract(1)
    town.invoice(contract)
    holder = account("a@example.org", contract, language=language)
    client = signed_in(holder)
    session = client.session
    session[SIGNED_IN_AT] = time.time() - minutes_ago * 60
    session.save()
    return client, contract


def unpacked(client: Client) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """Download, and give the data and the page."""
    answer = client.post(DOWNLOAD)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        data, page = sorted(packed.namelist(), reverse=True)
        return json.loads(packed.read(data)), packed.read(page).decode()


def test_everything_is_in_the_download() -> None:
    """Customer, contract, invoice, account, consents with their texts, changes: all is there."""
    client, contract = reader()
    maria, now = Actor("customer", "1"), current_instance().now()
    wording = ConsentWording("I agree to all of it.", "1", "en")
    signature = MandateSignature(wording, "code by sms", now)
    changes.record_consent(contract, "promotion", True, wording=wording, actor=maria, at=now)
    changes.replace_mandate(contract, IBAN, signature=signature, actor=maria, at=now)
    data, page = unpacked(client)
    assert data["customer"][0]["email"] == "titular1@example.org"
    assert data["account"][0]["email"] == "a@example.org"
    assert data["contracts"][0]["number"] == "K1"
    assert data["invoices"][0]["total_amount"] == "40.61"
    assert data["mandates"][0]["iban"] == IBAN
    assert data["consent_texts"][0]["text"] == wording.text
    assert {"consent", "mandate"} == {one["kind"] for one in data["changes"]}
    assert {"mandate.replaced", "data.downloaded"} <= {one["action"] for one in data["log"]}
    assert "titular1@example.org" in page
    assert wording.text in page
    assert "argon2" not in json.dumps(data)


def test_nothing_of_others_is_in_the_download() -> None:
    """A town full of others leaves no trace in one customer's data."""
    client, _ = reader()
    town = Town()
    for place in range(2, 5):
        contract = town.contract(place)
        town.invoice(contract)
        account(f"b{place}@example.org", contract)
    data, page = unpacked(client)
    told = json.dumps(data) + page
    assert [
        place for place in range(2, 5) if f"K{place}" in told or f"titular{place}" in told
    ] == []


def test_no_secret_is_in_the_download() -> None:
    """What waits to be sent to the account's mailbox may be a key to it."""
    client, _ = reader()
    data, _ = unpacked(client)
    assert all("content" not in one for one in data["account_messages"])
    assert all("password" not in one for one in data["account"])


def test_who_signed_in_long_ago_signs_in_again() -> None:
    """A session that was left open gives nothing away."""
    client, contract = reader(minutes_ago=11)
    for answer in (client.post(DOWNLOAD), client.get(ERASURE), client.post(ERASURE)):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/confirmar/?next=%2Fcontracte%2FK1%2Fdades%2F")
    assert not CustomerChange.objects.exists()
    assert done_to(f"customer:{contract.customer_id}") == []


def test_who_confirms_goes_on() -> None:
    """The password once more, and what was asked for comes."""
    client, _ = reader(minutes_ago=11)
    asked = client.post(DOWNLOAD)["Location"]
    assert 'name="password"' in client.get(asked).content.decode()
    sent = {"password": PASSWORD, "next": DOWNLOAD}
    assert client.post("/confirmar/", sent)["Content-Type"] == "application/zip"


def test_who_has_no_password_signs_in_anew() -> None:
    """Who comes by one-time links has nothing to write once more: the session ends."""
    client, _ = reader(minutes_ago=11)
    holder = Account.objects.get()
    holder.set_unusable_password()
    holder.save()
    client.force_login(holder)  # the old session ended with the old password
    session = client.session
    session[SIGNED_IN_AT] = time.time() - 660
    session.save()
    assert client.get(ERASURE)["Location"] == f"/entrar/?next={ERASURE}"
    assert client.post(DOWNLOAD)["Location"].startswith("/entrar/")


def test_downloads_are_counted() -> None:
    """Five a day are enough for anybody; the sixth is for tomorrow."""
    client, contract = reader()
    for _ in range(5):
        unpacked(client)
    answer = client.post(DOWNLOAD, follow=True)
    assert "Please try tomorrow" in answer.content.decode()
    assert len(done_to(f"customer:{contract.customer_id}")) == 5


def test_a_download_is_not_a_link() -> None:
    """Nothing is downloaded by a GET, which a browser may make by itself."""
    client, _ = reader()
    assert client.get(DOWNLOAD).status_code == 405


def test_erasure_is_asked_for_once() -> None:
    """The request waits for the billing system and a person; asking again changes nothing."""
    client, contract = reader()
    assert "six years" in client.get(ERASURE).content.decode()
    page = client.post(ERASURE, follow=True).content.decode()
    assert "within a month" in page
    client.post(ERASURE)
    assert CustomerChange.objects.get().kind == "erasure"
    assert "Day of your request: 14 May 2026" in client.get(PAGE).content.decode()
    actions = [entry.action for entry in done_to(f"customer:{contract.customer_id}")]
    assert actions == ["erasure.requested"]


@pytest.mark.parametrize("path", [PAGE, DOWNLOAD, ERASURE])
def test_strangers_get_nothing(path: str) -> None:
    """Another customer gets 404, who isn't signed in the sign-in page."""
    reader()
    other = signed_in(account("b@example.org", Town().contract(2)))
    method = "post" if path == DOWNLOAD else "get"
    assert getattr(other, method)(path).status_code == 404
    assert getattr(Client(), method)(path)["Location"].startswith("/entrar/")
    assert not CustomerChange.objects.exists()
