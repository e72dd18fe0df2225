"""Changing the bank account in a real browser, with the code out of the real outbox."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.office.browser.test_debts import picture
from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import Window, check_accessible

NEW, OTHER = "ES79 2100 0813 6101 2345 6789", "ES60 0049 1500 0512 3456 7892"


@pytest.fixture(scope="module")
def domiciled(served: Served) -> str:
    """The number of a contract that is charged to an account, with accounts that hold it."""
    number = served.contract(mandates__status="active", end_date=None, customer__mobile__gt="")
    for language in ("ca", "es"):
        served.account(f"bank-{language}@example.org", number, language=language)
    return number


def code_by_sms(served: Served) -> str:
    """Hand over what waits in the outbox, and read the newest SMS where it arrived."""
    served.run(
        """
        from bustia.deliver.account_handing import AccountSender
        from bustia.instance import current_instance
        instance = current_instance()
        AccountSender(instance, "sms", instance.now).pass_once()
        """
    )
    spool = served.instance / "outbox" / "sms"
    newest = max(spool.rglob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    found = re.search(r"\b(\d{6})\b", json.loads(newest.read_text("utf-8"))["text"])
    assert found is not None
    return found[1]


def _change(window: Window, served: Served, number: str, words: tuple[str, ...], name: str) -> Page:
    language, iban, send, sign, box = words
    window.sign_in(f"bank-{language}@example.org", PASSWORD)
    page = window.go(f"/contracte/{number}/compte/")
    picture(page, f"account-{name}")
    check_accessible(page)
    assert window.overflow() == 0
    window.go(f"/contracte/{number}/compte/canviar/")
    page.get_by_label("IBAN").fill("ES79 2100 0813 6101 2345 6798")
    page.get_by_label(box).check()
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name=send).click()
    expect(page.get_by_role("alert")).to_be_visible()
    picture(page, f"account-wrong-{name}")
    check_accessible(page)
    page.get_by_label("IBAN").fill(iban)
    page.get_by_role("button", name=send).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_url("**/signar/")
    picture(page, f"account-sign-{name}")
    check_accessible(page)
    assert window.overflow() == 0
    page.locator("input[name=code]").fill(code_by_sms(served))
    page.get_by_role("button", name=sign).click()
    return page


def test_the_account_is_changed(window: Window, served: Served, domiciled: str) -> None:
    """In Catalan: a wrong IBAN is explained, the right one signed by the code of the SMS."""
    words = ("ca", NEW, "Enviar-me el codi", "Signar amb el codi", "Soc titular d’aquest compte")
    page = _change(window, served, domiciled, words, "wide")
    expect(page.get_by_role("status")).to_contain_text("Fet")
    expect(page.locator(".account-number")).to_contain_text("6789")


def test_the_account_is_changed_on_a_telephone(
    telephone: Window, served: Served, domiciled: str
) -> None:
    """In Spanish, on a telephone: the same, once more."""
    words = (
        "es",
        OTHER,
        "Enviarme el código",
        "Firmar con el código",
        "Soy titular de esta cuenta",
    )
    page = _change(telephone, served, domiciled, words, "narrow")
    expect(page.locator(".account-number")).to_contain_text("7892")
