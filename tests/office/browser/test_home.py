"""The first page in a real browser: by day and night, on a telephone, by keyboard, enlarged."""

import pytest
from playwright.sync_api import Browser, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, Window, check_accessible, open_window


@pytest.fixture(scope="module")
def reader(served: Served) -> str:
    """An account with one contract by e-mail."""
    served.account("lector@example.org", served.contract(invoice_channel="email"))
    return "lector@example.org"


def test_home_tells_what_is_to_pay(window: Window, reader: str) -> None:
    """After signing in, the amount and its day are the first thing to be read."""
    page = window.sign_in(reader, PASSWORD)
    expect(page.locator(".amount")).to_contain_text("€")
    check_accessible(page)


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
def test_home_fits_a_telephone(browser: Browser, served: Served, reader: str, dark: bool) -> None:
    """Nothing is wider than the window of a telephone, and axe-core finds nothing."""
    with open_window(browser, served.url, size=NARROW, language="es-ES", dark=dark) as window:
        page = window.sign_in(reader, PASSWORD)
        assert window.overflow() == 0
        page.get_by_text("Menú").click()
        check_accessible(page)


def test_home_is_readable_at_twice_the_size(browser: Browser, served: Served, reader: str) -> None:
    """A window of 1,280 pixels at 200 % is one of 640: all is there, nothing overflows."""
    with open_window(browser, served.url, size=(640, 450), language="en-GB") as window:
        page = window.sign_in(reader, PASSWORD)
        assert window.overflow() == 0
        check_accessible(page)


def test_home_needs_no_scripts(browser: Browser, served: Served, reader: str) -> None:
    """Signing in, the menu and the language work with scripts switched off."""
    with open_window(browser, served.url, scripts=False) as window:
        page = window.sign_in(reader, PASSWORD)
        page.get_by_role("button", name="English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_keyboard_is_enough(window: Window) -> None:
    """The first stop is the link to the content; the sign-in form is filled by keys alone."""
    page = window.go("/entrar/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
