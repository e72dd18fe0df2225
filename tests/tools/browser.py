"""A real Chromium, and axe-core's judgement of the pages that it shows.

The browser is the machine's own, or Debian's, unpacked beside the checkout. Each test gets a fresh
profile. A page that logs an error, or breaks its own content security policy, fails its test.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.tools.debian import program

__all__ = ["NARROW", "WIDE", "Window", "browser", "check_accessible", "open_window"]

NARROW, WIDE = (375, 812), (1280, 900)
"""Sizes of a telephone and of a desk, in CSS pixels."""
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a module.

    Not of a process: while Playwright drives it, its loop runs in this thread, and other tests have
    loops of their own.
    """
    found = program("chromium")
    path = found.path
    environment: dict[str, str | float | bool] = dict(os.environ)
    if found.root is not None:
        # Debian's /usr/bin/chromium is a script that looks for the browser under /usr.
        path = str(found.root / "usr/lib/chromium/chromium")
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, found.libraries))
        fonts = found.root / "etc/fonts"
        if fonts.is_dir() and not Path("/etc/fonts/fonts.conf").exists():
            environment["FONTCONFIG_PATH"] = str(fonts)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=_OPTIONS, env=environment)
        # Its loop runs in this thread, and Django takes us for asynchronous code.
        before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        try:
            yield chromium
        finally:
            chromium.close()
            if before is None:
                del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Window:
    """A window with a profile of its own, and what went wrong in it."""

    context: BrowserContext
    page: Page
    url: str
    """The address of the Office, before every path."""
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        """Open a page of the Office and wait until it is there."""
        self.page.goto(self.url + path)
        return self.page

    def sign_in(self, email: str, password: str) -> Page:
        """Sign in by password."""
        page = self.go("/entrar/")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(password)
        page.locator("input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/entrar/" not in url)
        return page

    def overflow(self) -> int:
        """Give by how many pixels the page is wider than the window."""
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return max(int(wider), 0)


@contextmanager
def open_window(
    browser: Browser,
    url: str,
    *,
    size: tuple[int, int] = WIDE,
    language: str = "ca-ES",
    dark: bool = False,
    scripts: bool = True,
    **options: Any,
) -> Iterator[Window]:
    """Open a window; at the end of the block, fail if anything was logged as an error."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        locale=language,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        java_script_enabled=scripts,
        **options,
    )
    context.set_default_timeout(15_000)
    window = Window(context, context.new_page(), url)

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            window.complaints.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: window.complaints.append(str(error.error)))
    try:
        yield window
    finally:
        context.close()
    assert window.complaints == []


def check_accessible(page: Page) -> None:
    """Fail if axe-core finds anything on the page as it is now."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    rules = json.dumps({"runOnly": {"type": "tag", "values": _RULES}})
    found = page.evaluate(f"() => axe.run(document, {rules})")
    told = [
        f"{one['id']}: {one['help']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
    if told:
        pytest.fail("axe-core found on " + page.url + ":\n" + "\n".join(told), pytrace=False)
