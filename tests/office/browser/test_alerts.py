"""Setting alerts in a real browser, by mouse and by keyboard, with scripts and without."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, Window, check_accessible, open_window


@pytest.fixture(scope="module")
def watched(served: Served) -> str:
    """The number of a contract with a remote-read meter, whose holder can be reached both ways."""
    number = served.contract(
        customer__email__contains="@",
        customer__mobile__contains="6",
        meters__remote_read=True,
        end_date=None,
    )
    for language in ("ca", "es", "en"):
        served.account(f"alert-{language}@example.org", number, language=language)
    return number


def _go(window: Window, number: str, language: str) -> Page:
    window.sign_in(f"alert-{language}@example.org", PASSWORD)
    return window.go(f"/contracte/{number}/alertes/")


def test_alerts_are_switched_on(window: Window, watched: str) -> None:
    """A switch opens how to be told; what is saved is there the next time."""
    page = _go(window, watched, "ca")
    check_accessible(page)
    limit = page.get_by_label("Límit, en litres al dia")
    expect(limit).to_be_hidden()
    page.get_by_role("checkbox", name="Consum per sobre d’un límit").check()
    expect(limit).to_be_visible()
    limit.fill("")
    page.get_by_role("button", name="Desar les alertes").click()
    page.get_by_role("link", name="Escrigui el límit").click()
    expect(limit).to_be_focused()
    check_accessible(page)
    limit.fill("420")
    page.get_by_label("No molestar").check()
    page.get_by_role("button", name="Desar les alertes").click()
    expect(page.get_by_role("status")).to_contain_text("Hem desat")
    expect(page.get_by_label("Límit, en litres al dia")).to_have_value("420")
    check_accessible(page)


def test_the_keyboard_is_enough(telephone: Window, watched: str) -> None:
    """On a telephone's width a switch is turned by the space bar, and nothing overflows."""
    page = _go(telephone, watched, "es")
    assert telephone.overflow() == 0
    switch = page.get_by_role("checkbox", name="Factura nueva")
    switch.focus()
    before = switch.is_checked()
    page.keyboard.press("Space")
    assert switch.is_checked() is not before
    check_accessible(page)


def test_it_works_without_scripts_by_night(browser: Browser, served: Served, watched: str) -> None:
    """In the dark and without scripts an alert is switched on all the same."""
    with open_window(
        browser, served.url, size=NARROW, language="en-GB", dark=True, scripts=False
    ) as window:
        page = _go(window, watched, "en")
        page.get_by_role("checkbox", name="Possible leak").check()
        page.get_by_role("group", name="Possible leak").get_by_label("SMS").check()
        page.get_by_role("button", name="Save the alerts").click()
        expect(page.get_by_role("status")).to_contain_text("saved")
        expect(page.get_by_role("checkbox", name="Possible leak")).to_be_checked()
