"""Invoices in a real browser: read, opened to the byte, checked, and reached from a mail."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, WIDE, check_accessible, open_window

LANGUAGES = [("ca", WIDE, "Factures"), ("es", NARROW, "Facturas"), ("en", NARROW, "Invoices")]


@pytest.mark.parametrize(("language", "size", "title"), LANGUAGES, ids=["ca", "es", "en"])
def test_the_invoices_are_there(
    browser: Browser, served: Served, language: str, size: tuple[int, int], title: str
) -> None:
    """List, invoice, seal and file check can be read by anybody, in each language."""
    email = f"invoices-{language}@example.org"
    number = served.contract(invoice_channel="email")
    served.account(email, number, language=language)
    with open_window(browser, served.url, size=size, dark=language == "en") as window:
        window.sign_in(email, PASSWORD)
        page = window.go(f"/contracte/{number}/factures/")
        expect(page.locator("h1")).to_have_text(title)
        check_accessible(page)
        assert window.overflow() == 0
        page.locator("main tbody a").first.click()
        check_accessible(page)
        assert window.overflow() == 0
        page.goto(page.url + "segell/")
        expect(page.locator("h1")).not_to_be_empty()
        check_accessible(page)
        check_accessible(window.go(f"/contracte/{number}/factures/comprovar/"))


def test_a_mail_leads_to_the_very_document_that_it_brought(
    browser: Browser, served: Served
) -> None:
    """The mail's link opens its invoice after signing in; its PDF is the mail's, to the byte."""
    mail = message_from_bytes(_mails(served)[0].read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    link = re.search(r"https?://\S+/d/\S+", body.get_content())
    assert link is not None
    attached = next(mail.iter_attachments()).get_content()
    customer = str(mail["To"])
    number = served.contract(customer__email=customer)
    served.account(f"again-{customer}", number, language="ca")
    with open_window(browser, served.url) as window:
        page = window.page
        page.goto(link[0])
        page.locator("input[name=login]").fill(f"again-{customer}")
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(re.compile(r"/factures/\d+/$"))
        got = window.context.request.get(page.url + "factura.pdf").body()
        assert got == attached


def _mails(served: Served) -> list[Path]:
    return sorted((served.folder / "mailbox").glob("*.eml"))
