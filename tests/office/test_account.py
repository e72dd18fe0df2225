"""Another bank account: checked, signed with a code to a known address, told everywhere."""

from datetime import date

import pytest
from django.test import Client

from bustia.audit.log import done_to
from bustia.billing.fields import fingerprint
from bustia.billing.models import Contract, CustomerChange, Mandate
from bustia.deliver.account_messages import AccountText, text_of
from bustia.deliver.models import AccountMessage
from bustia.identifiers import mask_iban
from bustia.office.models import MandateSigning
from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

HERE = "/contracte/K1/compte/"
OLD, NEW, OTHER = "ES9121000418450200051332", "ES7921000813610123456789", "ES6000491500051234567892"


def domiciled(place: int) -> Contract:
    """Sign a contract that is charged to an account."""
    made = Town().contract(place, "post", language="en")
    Mandate.objects.create(
        reference=f"VS-{place}", contract=made, iban=OLD, iban_masked=mask_iban(OLD),
        iban_fingerprint=fingerprint(OLD), signed_on=date(2020, 1, 1), status="active",
    )  # fmt: skip
    return made


@pytest.fixture
def contract() -> Contract:
    return domiciled(1)


@pytest.fixture
def client(contract: Contract) -> Client:
    """The holder, just signed in, with an address of the account's own."""
    return signed_in(account("holder@example.org", contract))


def give(client: Client, iban: str = NEW, end: str = "sms", holder: str = "on"):
    return client.post(f"{HERE}canviar/", {"iban": iban, "end": end, "holder": holder})


def newest() -> tuple[AccountMessage, AccountText]:
    """Give the message that was queued last."""
    message = AccountMessage.objects.latest("pk")
    text = text_of(message)
    assert text is not None
    return message, text


def code_sent() -> str:
    """Read the code where it went."""
    _, text = newest()
    return text.code or "".join(filter(str.isdigit, text.text.split("Code ")[1][:6]))


def sign(client: Client, code: str):
    return client.post(f"{HERE}signar/", {"code": code}, follow=True)


def test_the_account_is_shown_masked(client: Client):
    """Country and last digits are enough to recognise it."""
    read = client.get(HERE).content.decode()
    assert ("1332" in read, OLD in read.replace(" ", "").replace("\xa0", "")) == (True, False)
    assert "VS-1" in read


@pytest.mark.parametrize("end", ["sms", "email", "account"])
def test_a_code_signs_the_new_account(client: Client, contract: Contract, end: str):
    """The mandate is in force at once, the billing system is told, with the evidence."""
    answer = give(client, "es79 2100 0813 6101 2345 6789", end)
    assert answer["Location"] == f"{HERE}signar/"
    message, _ = newest()
    went_to = {
        "sms": contract.customer.mobile,
        "email": contract.customer.email,
        "account": "holder@example.org",
    }
    assert message.recipient == went_to[end]
    read = client.get(f"{HERE}signar/").content.decode()
    assert "SEPA Direct Debit Mandate" in read
    assert "ES68ZZZA43999127" in read
    code = code_sent()
    assert code not in read

    assert "Done" in sign(client, code).content.decode()

    mandate = Mandate.objects.get(contract=contract, status="active")
    assert mandate.iban == NEW
    assert mandate.reference in read
    assert Mandate.objects.get(reference="VS-1").status == "cancelled"
    told = CustomerChange.objects.get()
    assert (told.kind, told.after["iban"], told.after["mandate"]) == (
        "mandate", NEW, mandate.reference,
    )  # fmt: skip
    evidence = MandateSigning.objects.get()
    assert told.after["text"] == evidence.text
    assert evidence.signed_at is not None
    assert told.after["signed_by"] == ("code by sms" if end == "sms" else "code by e-mail")
    assert evidence.sent_to not in {"", went_to[end]}
    actions = [one.action for one in done_to(f"contract:{contract.pk}")]
    assert actions == ["mandate.replaced", "mandate.code_sent"]


def test_every_known_end_is_told(client: Client, contract: Contract):
    """Telephone, the contract's address and the account's own learn that it was changed."""
    give(client)
    sign(client, code_sent())
    told = AccountMessage.objects.filter(kind="notice")
    ends = {contract.customer.mobile, contract.customer.email, "holder@example.org"}
    assert {one.recipient for one in told} == ends
    assert all(NEW not in str(text_of(one)) for one in told)


@pytest.mark.parametrize(
    ("iban", "told"),
    [
        ("", "Write the IBAN"),
        ("2100 0418 4502", "two letters and two digits"),
        ("ES91 2100 0418 45", "has 24 characters; this one has 14"),
        ("ES79 2100 0813 6101 2345 6798", "a digit is wrong or two are swapped"),
        (OLD, "charged to this account already"),
    ],
)
def test_a_wrong_account_is_explained(client: Client, iban: str, told: str):
    """Each mistake is told as exactly as can be, and no code is sent."""
    answer = give(client, iban)
    assert told in answer.content.decode()
    assert not AccountMessage.objects.exists()


def test_the_holder_must_say_so(client: Client):
    """Without the tick nothing goes on, nor with an address that we don't know."""
    assert give(client, holder="").status_code == 200
    assert give(client, end="thief@example.org").status_code == 200
    assert not MandateSigning.objects.exists()


def test_five_tries_and_no_more(client: Client, contract: Contract):
    """After five wrong codes not even the right one signs."""
    give(client)
    right = code_sent()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(4):
        assert "not the code" in sign(client, wrong).content.decode()
    assert "no longer good" in sign(client, wrong).content.decode()
    sign(client, right)
    assert Mandate.objects.get(status="active").iban == OLD


def test_a_code_is_good_for_ten_minutes(client: Client, monkeypatch: pytest.MonkeyPatch):
    """An old code signs nothing."""
    give(client)
    code = code_sent()
    monkeypatch.setenv("BUSTIA_NOW", "2026-05-14T10:10:00+02:00")
    assert "no change of account to sign" in sign(client, code).content.decode()
    assert Mandate.objects.get(status="active").iban == OLD


def test_a_code_signs_what_it_was_sent_for(client: Client):
    """A code for one account doesn't sign another that was given afterwards."""
    give(client, NEW)
    first = code_sent()
    give(client, OTHER)
    if first != code_sent():
        assert "not the code" in sign(client, first).content.decode()
    waiting = MandateSigning.objects.get(ended_at=None)
    MandateSigning.objects.filter(pk=waiting.pk).update(iban=NEW)
    assert "not the code" in sign(client, code_sent()).content.decode()
    assert Mandate.objects.get(status="active").iban == OLD


def test_codes_are_not_sent_without_end(client: Client):
    """Five codes an hour are enough for anybody."""
    for _ in range(5):
        assert give(client).status_code == 302
    assert "several codes already" in give(client).content.decode()
    assert AccountMessage.objects.count() == 5


def test_nothing_secret_is_stored(client: Client):
    """Neither the code nor the account is in the table in clear."""
    from django.db import connection  # noqa: PLC0415

    give(client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT s::text FROM office_mandatesigning s")
        (row,) = cursor.fetchone()
    assert (code_sent() in row, NEW in row) == (False, False)


def test_leaving_it_as_it_is(client: Client):
    """A change that waits can be given up; its code is void."""
    give(client)
    code = code_sent()
    assert "waits for the code" in client.get(HERE).content.decode()
    client.post(f"{HERE}deixar/")
    sign(client, code)
    assert Mandate.objects.get(status="active").iban == OLD


def test_an_old_session_is_asked_again(client: Client):
    """Neither the form nor the signature is open to who signed in long ago."""
    give(client)
    session = client.session
    session["signed_in_at"] = 0
    session.save()
    for path in ("canviar/", "signar/"):
        answer = client.get(HERE + path)
        assert answer.status_code == 302
        assert "/contracte/" not in answer["Location"].split("?")[0]
    sign(client, code_sent())
    assert Mandate.objects.get(status="active").iban == OLD


def test_a_stranger_finds_nothing(client: Client):
    """Another customer neither sees nor changes nor signs it."""
    stranger = signed_in(account("stranger@example.org", domiciled(2)))
    give(client)
    code = code_sent()
    for path in ("", "canviar/", "signar/"):
        assert stranger.get(HERE + path).status_code == 404, path
    for path in ("canviar/", "signar/", "deixar/"):
        data = {"code": code, "iban": OTHER, "end": "sms", "holder": "on"}
        assert stranger.post(HERE + path, data).status_code == 404, path
    stranger.post("/contracte/K2/compte/signar/", {"code": code})
    assert list(Mandate.objects.filter(status="active").values_list("reference", flat=True)) == [
        "VS-1", "VS-2",
    ]  # fmt: skip
