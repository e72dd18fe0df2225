"""What the tests of deciding share: the shipped stationery, and customers made to measure."""

from pathlib import Path

import pytest

from bustia.decide.engine import Decider
from bustia.decide.release import load_release
from bustia.decide.stationery import Release

STATIONERY = Path(__file__).parents[2] / "stationery"


@pytest.fixture(scope="session")
def release() -> Release:
    """The stationery that ships."""
    return load_release(STATIONERY)


@pytest.fixture(scope="session")
def decider(release: Release) -> Decider:
    """Decides by the stationery that ships."""
    return Decider(release)
