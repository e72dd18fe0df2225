"""Asking for the e-invoice and leaving it, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import Window, check_accessible


@pytest.fixture(scope="module")
def by_post(served: Served) -> str:
    """The number of a contract whose invoices come on paper, and who has an address."""
    number = served.contract(invoice_channel="post", customer__email__contains="@", end_date=None)
    for language in ("ca", "es"):
        served.account(f"paper-{language}@example.org", number, language=language)
    return number


def _go(window: Window, number: str, language: str) -> Page:
    window.sign_in(f"paper-{language}@example.org", PASSWORD)
    return window.go(f"/contracte/{number}/factura-electronica/")


def test_the_einvoice_is_asked_for_and_left(window: Window, by_post: str) -> None:
    """A tick and a press switch to e-mail, with the text as evidence; two presses back to paper."""
    page = _go(window, by_post, "ca")
    check_accessible(page)
    page.get_by_role("button", name="Passar-me a la factura electrònica").click()
    expect(page.get_by_role("checkbox")).to_be_focused()  # the browser asks for the tick
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Passar-me a la factura electrònica").click()
    expect(page.get_by_role("status")).to_contain_text("Fet")
    page.get_by_text("Llegir el text").click()
    expect(page.locator("blockquote")).to_contain_text(by_post)
    check_accessible(page)

    page.get_by_role("link", name="Tornar al paper").click()
    check_accessible(page)
    page.get_by_role("button", name="Rebre la factura en paper").click()
    expect(page.get_by_role("heading", name="Rep la factura en paper")).to_be_visible()
    expect(page.locator(".record > li")).to_have_count(2)


def test_it_fits_a_telephone(telephone: Window, by_post: str) -> None:
    """Nothing is wider than a telephone, and axe-core finds nothing."""
    page = _go(telephone, by_post, "es")
    assert telephone.overflow() == 0
    check_accessible(page)
