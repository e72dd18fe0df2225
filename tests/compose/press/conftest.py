"""What the tests of the press share: the bills, and a press with its pieces on the disk."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bustia.compose.press import Press
from bustia.compose.view import BillView
from bustia.seal import Sealer, demo_identity
from tests.compose.bills import STATIONERY
from tests.compose.press.corpus import corpus


@pytest.fixture(scope="session")
def bills() -> Mapping[str, BillView]:
    """The corpus."""
    return corpus()


@pytest.fixture(scope="session")
def sealer() -> Sealer:
    """A seal for demonstrations."""
    return Sealer(demo_identity("press"), reason="Aigües de Vallserena")


@pytest.fixture(scope="session")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    """A press that nobody judges, so that the tests do."""
    return Press(STATIONERY, tmp_path_factory.mktemp("press"), judged_every=0)


@pytest.fixture
def fresh(tmp_path: Path) -> Press:
    """A press that knows nothing yet, with its judge."""
    return Press(STATIONERY, tmp_path / "press")
