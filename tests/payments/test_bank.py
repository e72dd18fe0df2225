"""The made-up bank: a real server that checks, asks, tells the merchant and sends back."""

import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from bustia.errors import PaymentError
from bustia.payments.demo import DemoBank, running_demo_bank
from bustia.payments.gateway import Order, Redirect
from bustia.payments.redsys import TEST_KEY, Redsys
from tests.payments.bank import FakeBank, running_bank


class _Merchant(BaseHTTPRequestHandler):
    """A shop that keeps what the bank tells it."""

    told: list[dict[str, str]]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.told.append(dict(parse_qsl(self.rfile.read(length).decode())))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def merchant() -> Iterator[tuple[str, list[dict[str, str]]]]:
    told: list[dict[str, str]] = []
    with HTTPServer(("127.0.0.1", 0), type("M", (_Merchant,), {"told": told})) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", told
        finally:
            server.shutdown()
            thread.join()


def order(shop: str) -> Order:
    return Order(
        "2611AB12CD34", 4061, "Factura <1>", "ca", f"{shop}/told", f"{shop}/ok", f"{shop}/ko"
    )


def post(url: str, fields: dict[str, str]) -> tuple[str, str]:
    """Post a form as a browser; give where it ends and what the page says."""
    with urllib.request.urlopen(url, urlencode(fields).encode()) as answer:  # noqa: S310
        return answer.url, answer.read().decode()


def press(bank: FakeBank, form: Redirect, outcome: str) -> str:
    """Go to the bank and press a button there; give where the browser is sent."""
    _, page = post(form.url, dict(form.fields))
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    assert ("40,61\xa0€" in page, "Factura &lt;1&gt;" in page) == (True, True)
    return post(f"{bank.url}decide", {"token": token[1], "outcome": outcome})[0]


@pytest.mark.parametrize(
    ("outcome", "path", "paid"), [("pay", "/ok", True), ("refuse", "/ko", False)]
)
def test_the_bank_tells_the_merchant_and_sends_back(outcome: str, path: str, paid: bool):
    """Both the notification and the return carry the same signed word."""
    with running_bank() as bank, merchant() as (shop, told):
        gateway = Redsys("327234688", "1", bank.url, TEST_KEY)
        back = urlsplit(press(bank, gateway.redirect(order(shop)), outcome))
        notices = [gateway.read(one) for one in (*told, dict(parse_qsl(back.query)))]
    assert back.path == path
    assert [(one.order, one.amount_cents, one.authorised) for one in notices] == [
        ("2611AB12CD34", 4061, paid)
    ] * 2
    assert all(bool(one.authorisation) is paid for one in notices)


def test_the_bank_turns_a_forged_order_away():
    """An order that isn't signed with the merchant's key gets no pay page."""
    with running_bank() as bank, merchant() as (shop, _):
        gateway = Redsys("327234688", "1", bank.url, "Mk9m98IfEblmPfrpsawt7BmxObt98Jev")
        form = gateway.redirect(order(shop))
        with pytest.raises(urllib.error.HTTPError) as caught:
            post(form.url, dict(form.fields))
    with caught.value:
        assert caught.value.code == 400


def test_an_order_is_decided_once():
    """Pressing back and the button again pays nothing twice."""
    bank = FakeBank(hold=True)
    form = Redsys("327234688", "1", "https://bank.example/", TEST_KEY).redirect(order("https://s"))
    token = re.search(r'name="token" value="([^"]+)"', bank.bank.take(dict(form.fields)))
    assert token is not None
    bank.bank.decide(token[1], pay=True)
    with pytest.raises(PaymentError, match="decided before"):
        bank.bank.decide(token[1], pay=True)


def test_the_made_up_bank_stays_in_demonstrations():
    """Outside a demonstration it doesn't start."""
    with (
        pytest.raises(PaymentError, match="demonstrations only"),
        running_demo_bank(DemoBank(TEST_KEY), demo=False),
    ):
        pass


def test_the_bank_speaks_the_customers_language():
    """Each language has its page."""
    gateway = Redsys("327234688", "1", "https://bank.example/", TEST_KEY)
    bank = DemoBank(TEST_KEY)
    pages = [
        bank.take(dict(gateway.redirect(replace(order("https://s"), language=one)).fields))
        for one in ("ca", "es", "en")
    ]
    assert [re.findall(r'lang="(..)".*?value="pay">(\w+)<', page, re.DOTALL) for page in pages] == [
        [("ca", "Pagar")], [("es", "Pagar")], [("en", "Pay")],
    ]  # fmt: skip
