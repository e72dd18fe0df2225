"""What is to be paid: told with tact, paid at the bank, and nobody else's business."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bustia.billing.models import (
    Contract,
    Instalment,
    OnlinePayment,
    Payment,
    PaymentPlan,
    ReturnedDebit,
)
from tests.deliver.town import Town
from tests.office.people import account, signed_in
from tests.payments.bank import FakeBank
from tests.payments.terminal import MERCHANT, at_the_bank, invoice

pytestmark = pytest.mark.django_db

HERE = "/contracte/K1/pagaments/"
LANGUAGES = ("ca", "es", "en")


@pytest.fixture
def contract() -> Contract:
    """A contract with two invoices past their date and one to come."""
    made = Town().contract(1, "post", language="en")
    invoice(made, "A26-000001", "40.61")
    invoice(made, "A26-000002", "12.30", due_date=date(2026, 5, 1))
    invoice(made, "A26-000003", "7.00", due_date=date(2026, 6, 1), issue_date=date(2026, 5, 12))
    return made


@pytest.fixture
def client(contract: Contract) -> Client:
    """The holder, signed in."""
    return signed_in(account("holder@example.org", contract))


@pytest.fixture
def stranger() -> Client:
    """Another customer, signed in, with a debt of their own."""
    other = Town().contract(2, "post")
    invoice(other, "B26-000001")
    return signed_in(account("stranger@example.org", other))


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBank]:
    """A terminal at a bank that listens."""
    with at_the_bank(monkeypatch) as found:
        yield found


def page(client: Client, language: str = "") -> str:
    if language:
        client.post("/idioma/", {"language": language, "next": "/"})
    answer = client.get(HERE)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\xa0", " ").split())


def returned(contract: Contract, number: str, reason: str) -> None:
    """Let the bank give the debit of an invoice back."""
    of = contract.invoices.get(number=number)
    of.status, of.payment_means = "returned", "direct_debit"
    of.save()
    ReturnedDebit.objects.create(
        reference=f"R-{number}", invoice=of, returned_on=date(2026, 5, 4), amount=of.payable_amount,
        reason=reason,
    )  # fmt: skip


def begin(client: Client, *numbers: str) -> OnlinePayment:
    """Press the button for some invoices."""
    answer = client.post(f"{HERE}pagar/", {"invoice": list(numbers)})
    assert answer.status_code == 302
    payment = OnlinePayment.objects.latest("pk")
    assert answer["Location"] == f"{HERE}comanda/{payment.order}/"
    return payment


def said(bank: FakeBank, payment: OnlinePayment, response: str = "0000", **changed: str):
    asked = {
        "DS_MERCHANT_ORDER": payment.order,
        "DS_MERCHANT_AMOUNT": str(int(payment.amount * 100)),
        "DS_MERCHANT_CURRENCY": "978",
        "DS_MERCHANT_MERCHANTCODE": MERCHANT,
        "DS_MERCHANT_TERMINAL": "1",
        "DS_MERCHANT_TRANSACTIONTYPE": "0",
    }
    return bank.bank.said(asked, response, **changed)


def test_every_unpaid_invoice_is_told(client: Client):
    """Those past their date are summed and ticked; one to come is offered, and not ticked."""
    read = page(client)
    assert "€52.91" in read
    assert "2 invoices past their date" in read
    ticked = re.findall(r'value="(A26-\d+)"[^>]*?( checked)?>', read)
    assert ticked == [
        ("A26-000001", " checked"), ("A26-000002", " checked"), ("A26-000003", ""),
    ]  # fmt: skip
    assert "01/06/2026" in read


def test_the_only_invoice_is_ticked(contract: Contract, client: Client):
    """The only invoice to pay is ticked before its date; one that is ours to see to is not."""
    contract.invoices.exclude(number="A26-000003").update(status="paid")
    assert re.search(r'value="A26-000003"[^>]*? checked>', page(client))
    returned(contract, "A26-000003", "FF01")
    Town().invoice(contract)
    contract.invoices.filter(number="A26-K1").update(status="paid")
    assert not re.search(r'value="A26-000003"[^>]*? checked>', page(client))


def test_the_rest_of_an_invoice_is_told(contract: Contract, client: Client):
    """Of an invoice that was paid in part, what is left is to be paid."""
    Payment.objects.create(
        reference="P1", invoice=contract.invoices.get(number="A26-000001"), means="cash",
        paid_on=date(2026, 4, 2), amount=Decimal("10.61"),
    )  # fmt: skip
    read = page(client)
    assert ("€30.00" in read, "of €40.61" in read) == (True, True)


def test_nothing_owed_is_good_news(contract: Contract, client: Client):
    """Who owes nothing is thanked, and offered no form."""
    contract.invoices.update(status="paid")
    read = page(client)
    assert "You have nothing to pay now" in read
    assert f'action="{HERE}pagar/"' not in read


@pytest.mark.parametrize(
    ("reason", "title", "leads"),
    [
        ("AM04", "One direct debit could not be collected", False),
        ("AC01", "We need a correct account number", True),
        ("MS03", "The bank returned a charge", False),
        ("ZZ99", "The bank returned a charge", False),
        ("AM05", "We made a mistake with a charge", False),
    ],
)
def test_a_return_is_told_in_the_stationerys_words(
    contract: Contract, client: Client, reason: str, title: str, leads: bool
):
    """What the bank gave back is told by reason, with what to do, and never by its code."""
    Town().invoice(contract)
    returned(contract, "A26-000001", reason)
    read = page(client)
    assert title in read
    assert reason not in read
    assert "Returned by the bank" in read
    assert "insufficient" not in read.lower()


@pytest.mark.parametrize("reason", ["FF01", "FF05", "RR02"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_ours_to_see_to_is_not_told(
    contract: Contract, client: Client, reason: str, language: str
):
    """A failure of ours is no reproach: neither reason nor message, and not counted as owed."""
    Town().invoice(contract)
    contract.invoices.filter(number="A26-K1").update(status="paid")
    returned(contract, "A26-000001", reason)
    read = page(client, language)
    assert reason not in read
    amount = re.search(r'<p class="amount">([^<]+)<', read)
    assert amount is not None
    assert re.sub(r"[^0-9]", "", amount[1]) == "1230"
    ours = {"ca": "Ho estem resolent", "es": "Lo estamos resolviendo", "en": "We are seeing to it"}
    assert ours[language] in read


def test_of_a_death_nothing_is_said(contract: Contract, client: Client):
    """MD07 is never told, in any words."""
    Town().invoice(contract)
    returned(contract, "A26-000001", "MD07")
    read = page(client)
    assert "About your direct debits" not in read
    assert not any(word in read.lower() for word in ("md07", "deceased", "died", "death"))


def test_wording_is_without_threats(contract: Contract, client: Client):
    """Debts of a home come with where to find help (Llei 24/2015), and no threat."""
    Town().invoice(contract)
    for language in LANGUAGES:
        read = page(client, language)
        assert "24/2015" in read
        for threat in (
            "cut off",
            "tall de",
            "corte",
            "recàrrec",
            "recargo",
            "surcharge",
            "legal action",
        ):
            assert threat not in read.lower()


def test_what_will_be_charged_is_not_to_be_paid(contract: Contract, client: Client):
    """An invoice that the bank account is yet to be charged with can't be ticked."""
    invoice(
        contract, "A26-000004", payment_means="direct_debit", charge_date=date(2026, 5, 28),
        issue_date=date(2026, 5, 12),
    )  # fmt: skip
    read = page(client)
    assert 'value="A26-000004"' not in read
    assert "Nothing you need do" in read
    assert "28/05/2026" in read


def plan(contract: Contract) -> None:
    made = PaymentPlan.objects.create(
        number="P-0042", contract=contract, agreed_on=date(2026, 4, 20),
        total_amount=Decimal("180.00"), status="active",
    )  # fmt: skip
    for position, (due, paid) in enumerate(
        [
            (date(2026, 4, 5), date(2026, 4, 4)),
            (date(2026, 5, 5), None),
            (date(2026, 6, 5), None),
            (date(2026, 7, 5), None),
        ],
        1,
    ):
        Instalment.objects.create(
            plan=made, position=position, due_date=due, amount=Decimal("45.00"), paid_on=paid
        )


def test_the_plan_tells_its_milestones(contract: Contract, client: Client):
    """Paid, late, next and to come are told in words; what is in the plan isn't asked for again."""
    plan(contract)
    read = page(client)
    milestones = re.search(r'<ol class="milestones">(.*?)</ol>', read)
    assert milestones is not None
    told = re.findall(r'<li class="(\w+)">', milestones[1])
    assert told == ["paid", "late", "next", "coming"]
    words = ("Paid: 04/04/2026", "Its date has passed", "Next", "To come")
    places = [milestones[1].find(word) for word in words]
    assert (False, sorted(places)) == (-1 in places, places)
    assert "1 of 4 instalments paid. Left to pay: €135.00" in read
    assert "In your payment plan" in read
    assert 'value="A26-000001"' not in read


def test_the_page_asks_the_database_as_often_for_any_contract(
    contract: Contract, client: Client, django_assert_num_queries: DjangoAssertNumQueries
):
    """However many invoices are owed, the number of queries is the same."""
    page(client)
    with django_assert_num_queries(6):
        page(client)
    for number in range(5, 12):
        invoice(contract, f"A26-{number:06d}")
    with django_assert_num_queries(6):
        page(client)


def barcodes(content: bytes) -> list[str]:
    return sorted(
        one.text.replace("(90)", "90")[35:45]
        for sheet in pypdfium2.PdfDocument(BytesIO(content))
        for one in zxingcpp.read_barcodes(sheet.render(scale=250 / 72).to_pil())
    )


def test_the_slip_is_of_what_was_ticked(client: Client):
    """The slip holds what was chosen; asked for plainly, all that can be paid."""
    answer = client.post(f"{HERE}document.pdf", {"invoice": ["A26-000002"]})
    assert (answer["Content-Type"], answer["Cache-Control"]) == ("application/pdf", "no-store")
    assert "attachment" in answer["Content-Disposition"]
    assert barcodes(answer.content) == ["0000001230"]
    assert barcodes(client.get(f"{HERE}document.pdf").content) == [
        "0000000700", "0000001230", "0000004061",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data", [{}, {"invoice": ["B26-000001"]}, {"invoice": ["A26-000001", "x"]}]
)
@pytest.mark.parametrize("where", ["document.pdf", "pagar/"])
def test_a_wrong_choice_is_explained(
    client: Client, stranger: Client, bank: FakeBank, where: str, data: dict[str, Any]
):
    """Nothing chosen, or what isn't there to be paid, comes back with a summary on top."""
    answer = client.post(f"{HERE}{where}", data)
    assert answer.status_code == 200
    assert 'class="error-summary"' in answer.content.decode()
    assert not OnlinePayment.objects.exists()


def test_no_slip_for_who_owes_nothing(contract: Contract, client: Client):
    """There is no document where there is nothing to pay."""
    contract.invoices.update(status="paid")
    assert client.get(f"{HERE}document.pdf").status_code == 404


def test_without_a_terminal_there_is_no_card(client: Client):
    """Where the company takes no cards, none is offered and none of its pages exist."""
    assert "Pay by card" not in page(client)
    assert client.post(f"{HERE}pagar/", {"invoice": "A26-000001"}).status_code == 404
    assert client.post("/pagaments/avis/", {}).status_code == 404


def test_going_to_the_bank(bank: FakeBank, client: Client):
    """The form is signed, over billing's amount, and this page alone may post to the bank."""
    assert "Pay by card" in page(client)
    payment = begin(client, "A26-000001", "A26-000002")
    answer = client.get(f"{HERE}comanda/{payment.order}/")
    read = answer.content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(Ds_\w+)" value="([^"]+)"', read))
    assert "52.91" in read
    assert f'action="{bank.url}"' in read
    policy = answer["Content-Security-Policy"]
    assert f"form-action 'self' {bank.url.rstrip('/')}" in policy
    assert bank.url.rstrip("/") not in client.get(HERE)["Content-Security-Policy"]
    assert "52,91" in bank.bank.take(fields).replace(".", ",")


def test_the_amount_is_never_the_browsers(bank: FakeBank, client: Client):
    """What else a form says of amounts is not looked at."""
    answer = client.post(f"{HERE}pagar/", {"invoice": "A26-000001", "amount": "0.01", "rest": "1"})
    assert answer.status_code == 302
    assert OnlinePayment.objects.get().amount == Decimal("40.61")


@pytest.mark.parametrize(
    ("response", "wanted"),
    [("0000", "Paid. Thank you."), ("0190", "The payment was not made")],
)
def test_the_banks_word_settles_it(bank: FakeBank, client: Client, response: str, wanted: str):
    """The notification needs no cookie; afterwards the page tells how it ended."""
    payment = begin(client, "A26-000001")
    server = Client(enforce_csrf_checks=True)
    answer = server.post("/pagaments/avis/", said(bank, payment, response))
    assert (answer.status_code, answer.content, dict(answer.cookies)) == (200, b"OK", {})
    assert wanted in client.get(f"{HERE}comanda/{payment.order}/").content.decode()
    assert ('value="A26-000001"' in page(client)) == (response != "0000")


def test_coming_back_before_the_bank_told(bank: FakeBank, client: Client):
    """That the browser is back proves nothing: we wait, and the page looks again by itself."""
    payment = begin(client, "A26-000001")
    answer = client.get(f"{HERE}comanda/{payment.order}/tornada/")
    read = client.get(answer["Location"]).content.decode()
    assert "Waiting for the bank" in read
    assert 'hx-trigger="every 3s"' in read
    assert "You began a payment of €40.61" in page(client)
    assert 'value="A26-000001"' in page(client)


def test_what_the_customer_brings_is_believed_if_signed(bank: FakeBank, client: Client):
    """The bank's signed word in the return is as good as its notification; the address is clean."""
    payment = begin(client, "A26-000001")
    where = f"{HERE}comanda/{payment.order}/tornada/"
    forged = said(bank, payment) | {"Ds_Signature": "AAAA"}
    client.get(where, forged)
    payment.refresh_from_db()
    assert payment.state == "started"
    answer = client.get(where, said(bank, payment))
    assert answer["Location"] == f"{HERE}comanda/{payment.order}/?tornada"
    payment.refresh_from_db()
    assert payment.state == "authorised"


@pytest.mark.parametrize(
    "changed", [{"Ds_Amount": "1"}, {"Ds_Order": "2605ZZZZZZZZ"}, {"Ds_Terminal": "9"}]
)
def test_a_wrong_notification_is_refused(
    bank: FakeBank, client: Client, changed: dict[str, str], caplog: pytest.LogCaptureFixture
):
    """It is answered with an error, changes nothing, and is logged without personal data."""
    payment = begin(client, "A26-000001")
    answer = Client().post("/pagaments/avis/", said(bank, payment, **changed))
    assert (answer.status_code, answer.content) == (400, b"KO")
    payment.refresh_from_db()
    assert payment.state == "started"
    assert "holder@example.org" not in caplog.text


def test_an_old_payment_has_expired(
    bank: FakeBank, client: Client, monkeypatch: pytest.MonkeyPatch
):
    """After an hour without word, the page says so and offers another way."""
    payment = begin(client, "A26-000001")
    monkeypatch.setenv("BUSTIA_NOW", "2026-05-14T11:30:00+02:00")
    read = client.get(f"{HERE}comanda/{payment.order}/").content.decode()
    assert "The payment was not finished" in read
    assert "Ds_Signature" not in read


def test_a_stranger_finds_nothing(bank: FakeBank, client: Client, stranger: Client):
    """Another customer's debts, slip and payment don't exist: not by contract, nor by order."""
    payment = begin(client, "A26-000001")
    order = f"comanda/{payment.order}/"
    for path in ("", "document.pdf", order, f"{order}tornada/"):
        assert stranger.get(HERE + path).status_code == 404, path
    for path in ("document.pdf", "pagar/"):
        assert stranger.post(HERE + path, {"invoice": "A26-000001"}).status_code == 404, path
    theirs = "/contracte/K2/pagaments/"
    assert stranger.get(theirs + order).status_code == 404
    assert stranger.get(f"{theirs}{order}tornada/", said(bank, payment)).status_code == 404
    assert Client().get(HERE)["Location"].startswith("/entrar/")
    payment.refresh_from_db()
    assert payment.state == "started"
