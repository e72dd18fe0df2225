"""What all tests of the Office share: plain static files, and a clock that stands still."""

from pathlib import Path

import pytest
from pytest_django import Settings

NOW = "2026-05-14T10:00:00+02:00"


@pytest.fixture(autouse=True)
def office(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, database_server: object, tmp_path: Path
) -> None:
    """Serve static files under their own names, and stop the clock two days after the cycle."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.STATIC_ROOT = tmp_path  # WhiteNoise looks for a folder
    monkeypatch.setenv("BUSTIA_NOW", NOW)
