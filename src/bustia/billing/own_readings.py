"""Meter readings that customers give themselves: asked for, looked at for sense, passed on."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from bustia.audit.log import Actor, record
from bustia.billing.changes import note
from bustia.billing.chosen_states import OPEN, ChangeKind
from bustia.billing.models import Contract, CustomerChange
from bustia.errors import ChangeError

__all__ = [
    "LowReadingError",
    "OwnReading",
    "SurprisingReadingError",
    "asked_reading",
    "report_reading",
]

_MOST_M3 = 99_999_999
_SLACK_M3 = Decimal(20)
_TIMES_THE_USUAL = 4


class LowReadingError(ChangeError):
    """A reading that is below the last one."""


class SurprisingReadingError(ChangeError):
    """A reading that may be right, but is far from what was to be expected."""


@dataclass(frozen=True, slots=True)
class OwnReading:
    """The meter whose reading is asked for, and what is known of it."""

    meter: str
    """Its serial number."""
    last_m3: Decimal | None
    last_on: date | None
    usual_m3_a_day: Decimal
    given_m3: int | None
    """What the customer told us and the billing system hasn't used yet."""
    given_on: date | None


def asked_reading(contract: Contract, today: date) -> OwnReading | None:
    """Give the meter whose reading is welcome; None where it is read remotely, or there is none."""
    meter = (
        contract.meters.filter(Q(removed_on__isnull=True) | Q(removed_on__gte=today))
        .filter(installed_on__lte=today)
        .order_by("-installed_on")
        .first()
    )
    if meter is None or meter.remote_read:
        return None
    read = (
        contract.invoices.filter(reading_to__isnull=False, period_to__gte=meter.installed_on)
        .order_by("-period_to")
        .first()
    )
    waiting = (
        CustomerChange.objects.filter(contract=contract, kind=ChangeKind.READING, state__in=OPEN)
        .order_by("-pk")
        .first()
    )
    told = waiting.after if waiting is not None else {}
    return OwnReading(
        meter.serial,
        read.reading_to if read else None,
        read.period_to if read else None,
        read.consumption_m3 / read.days if read and read.days else Decimal(0),
        int(told["reading_m3"]) if told else None,
        date.fromisoformat(told["read_on"]) if told else None,
    )


@transaction.atomic
def report_reading(
    contract: Contract, m3: int, *, sure: bool, actor: Actor, at: datetime
) -> CustomerChange:
    """Take a reading, whole m³, and pass it on to the billing system; a newer one replaces it.

    Raises ``SurprisingReadingError`` for one that is far above the usual, unless ``sure``, and
    ``ChangeError`` for one that can't be.
    """
    Contract.objects.select_for_update().get(pk=contract.pk)
    today = localdate(at)
    asked = asked_reading(contract, today)
    if asked is None:
        raise ChangeError("the meter of this contract needs no reading by its holder.")
    if not 0 <= m3 <= _MOST_M3:
        raise ChangeError("a reading is a whole number of cubic metres, from 0 up.")
    if asked.last_m3 is not None and asked.last_on is not None:
        if m3 < asked.last_m3:
            raise LowReadingError("the reading is lower than the last one.")
        days = max((today - asked.last_on).days, 1)
        expected = asked.usual_m3_a_day * days * _TIMES_THE_USUAL + _SLACK_M3
        if m3 - asked.last_m3 > expected and not sure:
            raise SurprisingReadingError("the reading is far above the usual.")
    after = {"meter": asked.meter, "reading_m3": m3, "read_on": today.isoformat()}
    made = note(ChangeKind.READING, contract.customer, contract, {}, after, actor=actor, at=at)
    record("reading.given", actor=actor, about=f"contract:{contract.pk}", at=at)
    return made
