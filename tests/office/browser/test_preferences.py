"""Preferences, the links of mails and one's own data, in a real browser."""

import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, Window, check_accessible, open_window


@pytest.fixture(scope="module")
def held(served: Served) -> str:
    """The number of a contract whose holder can be reached both ways."""
    number = served.contract(
        customer__email__contains="@",
        customer__mobile__contains="6",
        invoice_channel="email",
        end_date=None,
    )
    for language in ("ca", "es"):
        served.account(f"prefer-{language}@example.org", number, language=language)
    return number


def _link(served: Served, number: str, kind: str) -> str:
    """Give the path of a link that a mail brings."""
    return str(
        served.run(
            f"""
            from datetime import date
            from bustia.billing.models import Contract
            from bustia.deliver import links
            from bustia.instance import current_instance
            keys = links.LinkKeys.parse(current_instance().key("links"))
            contract, day = Contract.objects.get(number={number!r}).pk, date(2026, 5, 12)
            if {kind!r} == "preferences":
                answer = links.preferences_link("", keys, contract, day)
            else:
                mail = links.OptionalMail.PROMOTION
                answer = links.unsubscribe_link("", keys, contract, mail, day)
            """
        )
    )


def test_preferences_are_saved(window: Window, held: str) -> None:
    """A switch turned and a language chosen are there the next time."""
    window.sign_in("prefer-ca@example.org", PASSWORD)
    page = window.go(f"/contracte/{held}/preferencies/")
    check_accessible(page)
    offers = page.get_by_role("checkbox", name="Ofertes i novetats")
    wanted = not offers.is_checked()
    offers.set_checked(wanted)
    page.get_by_role("radio", name="English").check()
    page.get_by_role("button", name="Desar les preferències").click()
    expect(page.get_by_role("status")).to_contain_text("Hem desat")
    expect(offers).to_be_checked(checked=wanted)
    expect(page.get_by_role("radio", name="English")).to_be_checked()
    check_accessible(page)


def test_own_data_is_downloaded(telephone: Window, held: str, tmp_path: Path) -> None:
    """On a telephone, the ZIP comes with what is held, and the other pages are accessible."""
    telephone.sign_in("prefer-es@example.org", PASSWORD)
    for path in ("preferencies", "dades/supressio", "dades"):
        page = telephone.go(f"/contracte/{held}/{path}/")
        assert telephone.overflow() == 0
        check_accessible(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Descargar mis datos").click()
    assert started.value.suggested_filename == "mis-datos.zip"
    started.value.save_as(tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as packed:
        data = json.loads(packed.read("mis-datos.json"))
    assert data["contracts"][0]["number"] == held


@pytest.mark.parametrize("language", ["ca-ES", "es-ES"])
def test_links_of_mails_work_without_signing_in(
    browser: Browser, served: Served, held: str, language: str
) -> None:
    """Preferences open by the link, in the dark and without scripts; one press unsubscribes."""
    with open_window(
        browser, served.url, size=NARROW, dark=True, scripts=False, language=language
    ) as window:
        page = window.go(_link(served, held, "preferences"))
        assert window.overflow() == 0
        page.locator("main").get_by_role("button").click()
        expect(page.get_by_role("status")).to_be_visible()
        page = window.go(_link(served, held, "unsubscribe"))
        page.locator("main").get_by_role("button").click()
        expect(page.get_by_role("status")).to_be_visible()
    with open_window(browser, served.url, language=language) as window:
        for kind in ("preferences", "unsubscribe"):
            check_accessible(window.go(_link(served, held, kind)))
