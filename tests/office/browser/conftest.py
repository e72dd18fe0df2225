"""One town with its Office, for all tests in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.office.served import Served, serving
from tests.payments.bank import FakeBank, running_bank
from tests.tools.browser import NARROW, Window, browser, open_window

__all__ = ["browser"]

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Send all tests of this folder to one worker: they share the town."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def bank() -> Iterator[FakeBank]:
    """A made-up bank, on a real web server of its own."""
    with running_bank() as listening:
        yield listening


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory, bank: FakeBank) -> Iterator[Served]:
    """The Office of a made-up town, on a real web server."""
    with serving(tmp_path_factory.mktemp("office") / "demo", bank.url) as town:
        yield town


@pytest.fixture
def window(browser: Browser, served: Served) -> Iterator[Window]:
    """A window as wide as a desk, in Catalan."""
    with open_window(browser, served.url) as opened:
        yield opened


@pytest.fixture
def telephone(browser: Browser, served: Served) -> Iterator[Window]:
    """A window as narrow as a telephone, in Spanish."""
    with open_window(browser, served.url, size=NARROW, language="es-ES") as opened:
        yield opened
