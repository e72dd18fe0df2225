"""Paying at the bank and by slip, in a real browser."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.payments.bank import FakeBank
from tests.tools.browser import Window, check_accessible, open_window

_OWING = {"invoices__status": "returned", "payment_plans__isnull": True, "end_date": None}


@pytest.fixture(scope="module")
def owing(served: Served) -> str:
    """The number of a contract that owes something, with accounts that hold it."""
    number = served.contract(**_OWING)
    for language in ("ca", "es", "en"):
        served.account(f"owing-{language}@example.org", number, language=language)
    return number


def picture(page: Page, name: str) -> None:
    """Keep a picture where the environment asks for pictures."""
    folder = os.environ.get("BUSTIA_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def _go(window: Window, number: str, language: str) -> Page:
    window.sign_in(f"owing-{language}@example.org", PASSWORD)
    return window.go(f"/contracte/{number}/pagaments/")


def test_the_bank_says_no(telephone: Window, owing: str, bank: FakeBank) -> None:
    """On a telephone, in Spanish: the bank is left without paying, and all stays owed."""
    page = _go(telephone, owing, "es")
    picture(page, "debts-narrow")
    check_accessible(page)
    assert telephone.overflow() == 0
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Pagar con tarjeta").click()
    picture(page, "go-narrow")
    check_accessible(page)
    assert telephone.overflow() == 0
    page.get_by_role("button", name="Ir a la página del banco").click()
    expect(page.get_by_role("heading", name="Banco de muestra")).to_be_visible()
    page.get_by_role("button", name="No pagar").click()
    expect(page.get_by_role("status")).to_contain_text("El pago no se ha hecho")
    picture(page, "refused-narrow")
    check_accessible(page)


def test_the_slip_is_downloaded(window: Window, owing: str) -> None:
    """What is ticked comes as a PDF."""
    page = _go(window, owing, "ca")
    picture(page, "debts-wide")
    check_accessible(page)
    page.get_by_role("checkbox").first.check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Document de pagament (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")


def test_paying_without_scripts(
    browser: Browser, served: Served, owing: str, bank: FakeBank
) -> None:
    """With scripts off, in Catalan: at the bank and back, and nothing is owed any more."""
    with open_window(browser, served.url, scripts=False) as window:
        page = _go(window, owing, "ca")
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Pagar amb targeta").click()
        page.get_by_role("button", name="Anar a la pàgina del banc").click()
        page.get_by_role("button", name="Pagar", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("Pagat. Gràcies.")
        picture(page, "paid-wide")
        window.go(f"/contracte/{owing}/pagaments/")
        expect(page.get_by_role("checkbox")).to_have_count(0)


def test_the_plan_is_a_line_of_milestones(browser: Browser, served: Served) -> None:
    """A plan is told in words beside its drawing, by day and night."""
    number = served.contract(payment_plans__status="active", end_date=None)
    served.account("plan@example.org", number, language="ca")
    for dark in (False, True):
        with open_window(browser, served.url, dark=dark) as window:
            window.sign_in("plan@example.org", PASSWORD)
            page = window.go(f"/contracte/{number}/pagaments/")
            expect(page.locator(".milestones > li").first).to_be_visible()
            picture(page, f"plan-{'dark' if dark else 'light'}")
            check_accessible(page)
