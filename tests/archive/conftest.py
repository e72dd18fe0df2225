"""An archive in a folder, and a contract whose invoices are kept in it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bustia.archive.models import Document
from bustia.archive.segments import Packable
from bustia.archive.services import ToKeep, keep
from bustia.archive.store import FolderStore
from bustia.billing.models import Contract, Customer, Invoice

AT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
Keep = Callable[[dict[str, bytes]], list[Document]]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(tmp_path / "archive")


@pytest.fixture
def contract(db: None) -> Contract:
    """A contract."""
    holder = Customer.objects.create(
        code="C1",
        kind="person",
        name="Titular",
        nif="12345678Z",
        language="ca",
        street="carrer Major, 1",
        postcode="43200",
        town="Vallserena",
    )
    return Contract.objects.create(
        number="K1",
        customer=holder,
        supply_point="S1",
        supply_street="carrer Major, 1",
        supply_postcode="43200",
        supply_town="Vallserena",
        tariff="DOM",
        use="domestic",
        route="R1",
        invoice_channel="post",
        start_date=date(2020, 1, 1),
    )


@pytest.fixture
def keep_all(store: FolderStore, contract: Contract) -> Keep:
    """Issue invoices with these numbers, and keep these bytes for them as one segment."""

    def kept(contents: dict[str, bytes]) -> list[Document]:
        keys = keep([_to_keep(contract, *one) for one in contents.items()], store)
        return list(Document.objects.filter(pk__in=keys).order_by("pk"))

    return kept


def _to_keep(contract: Contract, number: str, content: bytes) -> ToKeep:
    invoice = Invoice.objects.create(
        number=number,
        contract=contract,
        billing_run="2026-03",
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
    return ToKeep(
        packable=Packable(number, content),
        kind="invoice",
        cycle="2026-03",
        contract_id=contract.pk,
        invoice_id=invoice.pk,
        language="ca",
        release="r",
        composer="typst",
        pages=1,
        sealed_at=AT,
        messages=(),
        trace={},
        retain_until=date(2032, 12, 31),
    )
