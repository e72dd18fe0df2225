"""The API is served with the Office: the same settings, the same clock."""

from tests.office.conftest import office

__all__ = ["office"]
