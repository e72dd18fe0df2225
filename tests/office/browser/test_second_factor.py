"""Second factors in a real browser: an authenticator app, recovery codes, passkeys, sessions."""

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.office.people import PASSWORD
from tests.office.served import Served
from tests.tools.browser import NARROW, Window, check_accessible, open_window


def _code(secret: str) -> str:
    """Give the code of this half minute, as RFC 6238 counts it."""
    digest = hmac.new(
        b32decode(secret), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1
    ).digest()
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def _confirm(page: Page) -> None:
    """Show once more who one is, where that is asked for."""
    if "/confirmar/" in page.url:
        check_accessible(page)
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("main button.button").first.click()


@pytest.fixture
def window(browser: Browser, served: Served) -> Iterator[Window]:
    """A window at a named host: browsers keep no passkeys for a bare address."""
    with open_window(browser, served.url.replace("127.0.0.1", "localhost")) as opened:
        yield opened


@pytest.fixture
def authenticator(window: Window) -> Iterator[CDPSession]:
    """A device that holds passkeys and always agrees."""
    session = window.context.new_cdp_session(window.page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield session
    session.detach()


def test_an_app_is_set_up_and_asked_for(browser: Browser, served: Served, window: Window) -> None:
    """The app's code switches it on; the next sign-in asks for one, or for a recovery code."""
    served.account("totp@example.org", served.contract(), language="ca")
    window.sign_in("totp@example.org", PASSWORD)
    page = window.go("/seguretat/")
    check_accessible(page)
    page.get_by_role("link", name="Configurar l’aplicació").click()
    _confirm(page)
    check_accessible(page)
    page.locator("input[name=code]").fill(_code(page.locator(".secret").inner_text()))
    page.get_by_role("button", name="Activar").click()
    expect(page.locator("h1")).to_have_text("Codis de recuperació")
    check_accessible(page)
    recovery = page.locator(".codes .secret").first.inner_text()
    with open_window(browser, served.url, size=NARROW) as other:
        page = other.sign_in("totp@example.org", PASSWORD)
        assert "/segon-factor/" in page.url
        check_accessible(page)
        page.locator("input[name=code]").fill("000000")
        page.locator("main button.button").first.click()
        expect(page.locator(".error-summary")).to_be_visible()
        page.locator("input[name=code]").fill(recovery)
        page.locator("main button.button").first.click()
        expect(page.locator(".amount")).to_be_visible()


@pytest.mark.usefixtures("authenticator")
def test_a_passkey_opens_the_account(served: Served, window: Window) -> None:
    """A passkey that was added takes the place of the password's second factor."""
    served.account("passkey@example.org", served.contract(), language="es")
    window.sign_in("passkey@example.org", PASSWORD)
    page = window.go("/seguretat/claus/nova/")
    _confirm(page)
    check_accessible(page)
    page.locator("input[name=passwordless]").check()
    page.locator("#mfa_webauthn_add").click()
    expect(page.locator("h1")).to_have_text("Códigos de recuperación")
    check_accessible(window.go("/seguretat/claus/"))
    window.go("/sortir/").locator("main button.button").click()
    page = window.sign_in("passkey@example.org", PASSWORD)
    page.locator("#mfa_webauthn_authenticate").click()
    expect(page.locator(".amount")).to_be_visible()


def test_other_sessions_are_ended(browser: Browser, served: Served, window: Window) -> None:
    """Who sees a device that isn't theirs signs it out with one button."""
    served.account("devices@example.org", served.contract(), language="en")
    window.sign_in("devices@example.org", PASSWORD)
    with open_window(browser, served.url) as other:
        other.sign_in("devices@example.org", PASSWORD)
        page = window.go("/seguretat/sessions/")
        check_accessible(page)
        page.get_by_role("button", name="Sign out on the others").click()
        page.wait_for_load_state()
        assert "/entrar/" in other.go("/").url
