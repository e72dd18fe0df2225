"""What the tests of notices share."""

import pytest

from tests.deliver.town import Town


@pytest.fixture
def town(db: None) -> Town:
    """A town with nobody in it yet."""
    return Town()
