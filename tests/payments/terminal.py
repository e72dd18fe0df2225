"""An instance with a terminal at a bank, and invoices that are to be paid there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from bustia.billing.models import Contract, Invoice
from bustia.instance import current_instance
from bustia.instance import instance as instances
from bustia.instance.config import OfficeConfig, PaymentsConfig
from bustia.payments.redsys import TEST_KEY
from tests.payments.bank import FakeBank, running_bank

__all__ = ["MERCHANT", "at_the_bank", "invoice"]

MERCHANT = "327234688"
NOW = datetime(2026, 5, 14, 8, 0, tzinfo=UTC)


@contextmanager
def at_the_bank(patch: pytest.MonkeyPatch) -> Iterator[FakeBank]:
    """Give the open instance a terminal at a fake bank that listens."""
    with running_bank() as bank, patch.context() as within:
        instance = current_instance()
        config = instance.config.model_copy(
            update={
                "payments": PaymentsConfig(adapter="redsys", merchant=MERCHANT, url=bank.url),
                "office": OfficeConfig(demo=True),
            }
        )
        within.setattr(instances, "_open", replace(instance, config=config))
        within.setenv("BUSTIA_REDSYS_KEY", TEST_KEY)
        yield bank


def invoice(contract: Contract, number: str, amount: str = "40.61", **values: Any) -> Invoice:
    """Issue an invoice that is past its date, for a slip."""
    due = values.pop("due_date", date(2026, 4, 1))
    return Invoice.objects.create(
        **{
            "number": number,
            "contract": contract,
            "billing_run": "2026-02",
            "issue_date": date(2026, 3, 10),
            "period_from": date(2026, 1, 1),
            "period_to": date(2026, 2, 28),
            "days": 59,
            "consumption_m3": Decimal(12),
            "net_amount": Decimal(amount),
            "tax_amount": Decimal(0),
            "total_amount": Decimal(amount),
            "payable_amount": Decimal(amount),
            "payment_means": "slip",
            "due_date": due,
            "payment_reference": "".join(filter(str.isdigit, number))[-11:],
        }
        | values
    )
