"""How many invoices a contract gets, and so how much paper the e-invoice saves it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q
from django.utils.timezone import localdate

from bustia.billing.models import Consent, Contract, Invoice

__all__ = ["Paper", "paper_of"]

_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Paper:
    """Invoices of a contract, each of which is an envelope and at least one sheet."""

    a_year: int
    """Those issued in the last twelve months."""
    spared: int
    """Those issued since the e-invoice was agreed to, if it is in force."""


def paper_of(contract: Contract, consent: Consent | None, now: datetime) -> Paper:
    """Count the invoices of a contract; ``consent`` is that to the e-invoice, where in force."""
    today = localdate(now)
    since = localdate(consent.given_at) if consent is not None else date.max
    counted = Invoice.objects.filter(contract=contract, issue_date__lte=today).aggregate(
        a_year=Count("pk", filter=Q(issue_date__gt=today - _YEAR)),
        spared=Count("pk", filter=Q(issue_date__gte=since)),
    )
    return Paper(counted["a_year"], counted["spared"])
