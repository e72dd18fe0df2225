"""Invoices to bill, a workshop that bills them, and an archive of its own for every test."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from bustia.billing.models import Contract, Customer, Invoice
from bustia.cycles.models import Cycle
from bustia.cycles.planning import plan_cycle
from bustia.cycles.workshop import Workshop, keep_release, open_workshop
from bustia.instance import Instance, create_instance
from bustia.instance import instance as instances
from bustia.instance.config import ArchiveConfig, load_config
from bustia.intake.loader import import_paths
from tests.cycles import rig

NOW = datetime.fromisoformat(rig.NOW)
RUN = "2026-03"
Issue = Callable[..., list[int]]


def make_workshop(folder: Path) -> Workshop:
    """Create an instance with the tests' seal, and set up its engines."""
    path = create_instance(folder, seed="tests")
    instance = Instance(path, load_config(path / "bustia.toml"), "", None)
    return open_workshop(instance, keep_release(instance))


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The engines, once for all tests."""
    return make_workshop(tmp_path_factory.mktemp("workshop") / "instance")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a town of fifty contracts."""
    return rig.export(tmp_path_factory.mktemp("bundle") / "export", 50)


@pytest.fixture
def archive(tmp_path: Path, database_server: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty archive, in which documents are kept for the time of a test."""
    opened = instances.current_instance()
    kept_in = ArchiveConfig(folder=tmp_path / "archive")
    config = opened.config.model_copy(update={"archive": kept_in})
    monkeypatch.setattr(instances, "_open", replace(opened, config=config))
    return tmp_path / "archive"


@pytest.fixture
def issue(db: None) -> Issue:
    """Issue so many invoices of a billing run; give their keys."""

    def issuing(count: int, run: str = RUN) -> list[int]:
        first = Invoice.objects.count()
        return [_invoice(place, run).pk for place in range(first, first + count)]

    return issuing


@pytest.fixture
def billed(db: None, bundle: Path, tmp_path: Path, archive: Path, workshop: Workshop) -> Cycle:
    """The town's invoices, planned as a cycle in chunks of twenty."""
    import_paths([bundle], now=NOW, folder=tmp_path / "intake")
    newest = Invoice.objects.order_by("-issue_date", "-billing_run").values_list("billing_run")
    return plan_cycle(newest[0][0], workshop.release, NOW, 20)


def jobs() -> list[str]:
    """Give the locks of the jobs in the queue."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lock FROM procrastinate_jobs ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def _invoice(place: int, run: str) -> Invoice:
    holder = Customer.objects.create(
        code=f"C{place}",
        kind="person",
        name=f"Titular {place}",
        nif="12345678Z",
        language="ca",
        street="carrer Major, 1",
        postcode="43200",
        town="Vallserena",
    )
    contract = Contract.objects.create(
        number=f"K{place}",
        customer=holder,
        supply_point=f"S{place}",
        supply_street="carrer Major, 1",
        supply_postcode="43200",
        supply_town="Vallserena",
        tariff="DOM",
        use="domestic",
        route="R1",
        invoice_channel="post",
        start_date=date(2020, 1, 1),
    )
    return Invoice.objects.create(
        number=f"A26-{place:04}",
        contract=contract,
        billing_run=run,
        issue_date=date(2026, 5, 12),
        period_from=date(2026, 3, 1),
        period_to=date(2026, 4, 30),
        days=61,
        consumption_m3=Decimal(12),
        net_amount=Decimal("37.64"),
        tax_amount=Decimal("2.97"),
        total_amount=Decimal("40.61"),
        payable_amount=Decimal("40.61"),
        payment_means="slip",
    )
