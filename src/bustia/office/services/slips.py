"""The payment slip of what a contract owes, made when it is asked for."""

import threading
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.utils.timezone import localdate

from bustia.billing.debts import Debt
from bustia.billing.models import Contract
from bustia.compose.payment import SlipDue
from bustia.compose.slip import SlipComposer, SlipHolder, sheet_view
from bustia.instance import current_instance
from bustia.office.desk import company, labels

__all__ = ["slip_pdf"]

_ONE_AT_A_TIME = threading.Lock()
"""A composer isn't for two threads at once."""


@lru_cache(maxsize=1)
def _composer(stationery: Path) -> SlipComposer:
    return SlipComposer(stationery)


def slip_pdf(
    contract: Contract, debts: Sequence[Debt], language: str, now: datetime, *, online: bool
) -> bytes:
    """Give the sheet with a slip for each of some debts of a contract.

    Raise ``ComposeError`` where there is none, or the bank's form can't hold one.
    """
    today = localdate(now)
    ours = company(language)
    dues = [
        SlipDue(
            one.number,
            one.payment_reference,
            one.rest,
            one.issue_date,
            _until(one, today, ours.slip_days),
        )
        for one in debts
    ]
    holder = SlipHolder(
        contract.customer.name,
        contract.number,
        f"{contract.supply_street}, {contract.supply_postcode} {contract.supply_town}",
        contract.use == "domestic",
    )
    view = sheet_view(dues, holder, ours, labels(language), today=today, online=online)
    with _ONE_AT_A_TIME:
        return _composer(current_instance().stationery).compose(view, now).pdf


def _until(debt: Debt, today: date, days: int) -> date:
    """Give until when a slip is good: its own date, or some days from now if that is later."""
    later = today + timedelta(days=days)
    return max(debt.due_date, later) if debt.due_date else later
