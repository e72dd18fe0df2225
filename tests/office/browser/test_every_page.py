"""Every page that links lead to is looked at by axe-core, by day and night, wide and narrow."""

import pytest
from playwright.sync_api import Browser

from tests.office.crawl import crawl
from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, WIDE, check_accessible, open_window


@pytest.mark.parametrize(
    ("language", "size", "dark"),
    [("ca", WIDE, False), ("es", NARROW, True), ("en", NARROW, False)],
    ids=["ca wide day", "es narrow night", "en narrow day"],
)
def test_every_page_is_accessible(
    browser: Browser, served: Served, language: str, size: tuple[int, int], dark: bool
) -> None:
    """Signed in with two contracts, no page has a violation or is wider than its window."""
    email = f"every-{language}@example.org"
    held = (
        served.contract(invoices__returned_debits__isnull=False),
        served.contract(meters__remote_read=True),
    )
    served.account(email, *held, language=language)
    with open_window(browser, served.url, size=size, dark=dark) as window:
        window.sign_in(email, PASSWORD)

        def get(path: str) -> str | None:
            answer = window.context.request.get(served.url + path)
            if "text/html" not in answer.headers.get("content-type", "") or not answer.ok:
                return None
            page = window.go(path)
            check_accessible(page)
            assert window.overflow() == 0, path
            return page.content()

        pages = list(crawl(get, "/?triar", "/entrar/", "/accessibilitat/"))
        assert len(pages) >= 4
