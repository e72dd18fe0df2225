"""A made-up bank for demonstrations and tests: a pay page on this machine that takes no money.

It does what Redsys does: it checks the merchant's signature, shows what is to be paid, and when the
customer has pressed a button it tells the merchant, server to server, and sends the browser back.
It listens on this machine alone, and starts in a demonstration only.
"""

import base64
import hmac
import html
import json
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode

from bustia.errors import PaymentError
from bustia.formatting import money
from bustia.payments.redsys import signature

__all__ = ["DemoBank", "running_demo_bank", "tell"]

Fields = Mapping[str, str]
_LANGUAGES = {"001": "es", "002": "en", "003": "ca"}
_LONGEST_BODY = 20_000
_WORDS = {
    "ca": ("Banc de mostra", "Això és una demostració: no es cobra res ni es demana cap targeta.",
           "Comerç", "Comanda", "Concepte", "Import", "Pagar", "No pagar"),
    "es": ("Banco de muestra", "Esto es una demostración: no se cobra nada ni se pide tarjeta.",
           "Comercio", "Pedido", "Concepto", "Importe", "Pagar", "No pagar"),
    "en": ("Sample bank", "This is a demonstration: nothing is charged and no card is asked for.",
           "Merchant", "Order", "For", "Amount", "Pay", "Don’t pay"),
}  # fmt: skip
_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
:root {{ color-scheme: light; font: 1.125rem/1.5 system-ui, sans-serif; }}
body {{ margin: 0; background: #eceef2; color: #1d2433; }}
main {{ max-width: 26rem; margin: 2rem auto; padding: 1.5rem; background: #fff;
  border-top: .4rem dashed #7a4fbf; border-radius: .5rem; }}
h1 {{ margin: 0 0 .5rem; font-size: 1.5rem; color: #4b2a86; }}
dl {{ display: grid; grid-template-columns: auto 1fr; gap: .4rem 1rem; margin: 1.5rem 0; }}
dt {{ color: #525b6f; }} dd {{ margin: 0; font-weight: 600; overflow-wrap: anywhere; }}
button {{ width: 100%; min-height: 3rem; margin-top: .75rem; font: inherit; font-weight: 600;
  border: 2px solid #4b2a86; border-radius: .4rem; background: #fff; color: #4b2a86; }}
button[value=pay] {{ background: #4b2a86; color: #fff; }}
</style></head><body><main><h1>{title}</h1><p>{note}</p>{content}</main></body></html>
"""


def tell(url: str, fields: Fields) -> None:
    """Post a notification to the merchant; a merchant that doesn't answer is not told twice."""
    request = urllib.request.Request(url, urlencode(fields).encode())  # noqa: S310 (the merchant's)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            answer.read()
    except urllib.error.URLError:
        return


@dataclass
class DemoBank:
    """The bank's own side: orders that wait for a button, and what is said of them then.

    ``sign`` makes a signature of key, order and parameters; the tests give one that shares no code
    with the merchant's. ``notify`` hands a notification over.
    """

    key: str = field(repr=False)
    sign: Callable[[str, str, str], bytes] = signature
    notify: Callable[[str, Fields], None] = tell
    _waiting: dict[str, Fields] = field(default_factory=dict)

    def take(self, fields: Fields) -> str:
        """Take an order, as the customer's browser brings it; give the page that asks for a button.

        Raise ``PaymentError`` where the merchant's signature is wrong.
        """
        parameters = fields.get("Ds_MerchantParameters", "")
        try:
            asked = json.loads(base64.b64decode(parameters))
            given = base64.b64decode(fields.get("Ds_Signature", ""))
            order = str(asked["DS_MERCHANT_ORDER"])
        except (ValueError, KeyError, TypeError):
            raise PaymentError("the order can't be read.") from None
        if not hmac.compare_digest(self.sign(self.key, order, parameters), given):
            raise PaymentError("the merchant's signature is wrong.", where="order")
        token = secrets.token_urlsafe(16)
        self._waiting[token] = asked
        return self._page(token, asked)

    def decide(self, token: str, *, pay: bool) -> str:
        """Tell the merchant what the customer chose; give where the browser goes next."""
        asked = self._waiting.pop(token, None)
        if asked is None:
            raise PaymentError("there is no such order, or it was decided before.")
        said = self.said(asked, "0000" if pay else "0190")
        self.notify(asked["DS_MERCHANT_MERCHANTURL"], said)
        back = asked["DS_MERCHANT_URLOK" if pay else "DS_MERCHANT_URLKO"]
        return f"{back}{'&' if '?' in back else '?'}{urlencode(said)}"

    def said(self, asked: Fields, response: str, **changed: str) -> dict[str, str]:
        """Give the signed fields of a notification; ``changed`` says other than what was asked."""
        paid = response.startswith("00")
        order = asked["DS_MERCHANT_ORDER"]
        told = {
            "Ds_Amount": asked["DS_MERCHANT_AMOUNT"],
            "Ds_Currency": asked["DS_MERCHANT_CURRENCY"],
            "Ds_Order": order,
            "Ds_MerchantCode": asked["DS_MERCHANT_MERCHANTCODE"],
            "Ds_Terminal": asked["DS_MERCHANT_TERMINAL"].zfill(3),
            "Ds_Response": response,
            "Ds_TransactionType": asked["DS_MERCHANT_TRANSACTIONTYPE"],
            "Ds_SecurePayment": "1",
            "Ds_AuthorisationCode": f"{secrets.randbelow(10**6):06d}" if paid else "      ",
        } | changed
        parameters = base64.urlsafe_b64encode(json.dumps(told).encode()).decode()
        signed = self.sign(self.key, told["Ds_Order"], parameters)
        return {
            "Ds_SignatureVersion": "HMAC_SHA256_V1",
            "Ds_MerchantParameters": parameters,
            "Ds_Signature": base64.urlsafe_b64encode(signed).decode(),
        }

    def _page(self, token: str, asked: Fields) -> str:
        language = _LANGUAGES.get(asked.get("DS_MERCHANT_CONSUMERLANGUAGE", ""), "es")
        title, note, merchant, order, what, amount, pay, refuse = _WORDS[language]
        value = money(Decimal(asked["DS_MERCHANT_AMOUNT"]).scaleb(-2), language)
        facts = (
            (merchant, asked["DS_MERCHANT_MERCHANTCODE"]),
            (order, asked["DS_MERCHANT_ORDER"]),
            (what, asked.get("DS_MERCHANT_PRODUCTDESCRIPTION", "")),
            (amount, value),
        )
        rows = "".join(
            f"<dt>{name}</dt><dd>{html.escape(said)}</dd>" for name, said in facts if said
        )
        form = (
            '<form method="post" action="/decide">'
            f'<input type="hidden" name="token" value="{token}">'
            f'<button name="outcome" value="pay">{pay}</button>'
            f'<button name="outcome" value="refuse">{refuse}</button></form>'
        )
        return _PAGE.format(
            language=language, title=title, note=note, content=f"<dl>{rows}</dl>{form}"
        )


class _Handler(BaseHTTPRequestHandler):
    bank: DemoBank

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LONGEST_BODY:
            self._answer(413, "Too long.")
            return
        fields = dict(parse_qsl(self.rfile.read(length).decode("utf-8", "replace")))
        try:
            if self.path == "/decide":
                pay = fields.get("outcome") == "pay"
                self._send_on(self.bank.decide(fields.get("token", ""), pay=pay))
            else:
                self._answer(200, self.bank.take(fields))
        except PaymentError as error:
            self._answer(400, html.escape(str(error)))

    def do_GET(self) -> None:
        """Have nothing to show but to who brings an order."""
        self._answer(404, "There is nothing here.")

    def _send_on(self, url: str) -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, page: str) -> None:
        body = page.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: what it would say may be personal."""


@contextmanager
def running_demo_bank(bank: DemoBank, *, demo: bool, port: int = 0) -> Iterator[str]:
    """Let the bank listen on this machine while the block runs; give its pay page's address.

    ``demo`` says that the instance is a demonstration: without it ``PaymentError`` is raised. Port
    0 takes a free one.
    """
    if not demo:
        raise PaymentError(
            "the made-up bank starts in demonstrations only.",
            hint="In bustia.toml set [payments] to the terminal that your bank gave you.",
        )
    handler = type("Handler", (_Handler,), {"bank": bank})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
