"""What the intake's tests share: importing one thing and looking at its report."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bustia.intake.loader import BatchReport, ImportOptions, import_paths
from bustia.intake.report import UnknownBuyer
from tests.intake.town import NOW

Load = Callable[..., BatchReport]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Import one bundle, or some documents, and give the batch's report."""

    def importing(
        *paths: Path,
        partial: bool = False,
        unknown_buyer: UnknownBuyer = "create",
        billing_run: str | None = None,
    ) -> BatchReport:
        options = ImportOptions(
            partial=partial, unknown_buyer=unknown_buyer, billing_run=billing_run
        )
        report = import_paths(paths, options, now=NOW, folder=tmp_path / "intake")
        (batch,) = report.batches
        return batch

    return importing
