"""Readings that customers give: taken if they make sense, asked again if not, passed on once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.deliver.town import Town

from bustia.audit.log import Actor, done_to
from bustia.billing.chosen_states import ChangeState
from bustia.billing.models import Contract, CustomerChange, Invoice
from bustia.billing.outgoing import take_change, waiting_changes
from bustia.billing.own_readings import SurprisingReadingError, asked_reading, report_reading
from bustia.errors import ChangeError

pytestmark = pytest.mark.django_db
ACTOR = Actor("customer", "account-1")
AT = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)


@pytest.fixture
def contract() -> Contract:
    """A contract whose meter is read by eye; it showed 424 m³ on 30 April."""
    town = Town()
    made = town.contract(1)
    town.invoice(made)
    Invoice.objects.update(reading_to=Decimal(424))
    made.meters.create(serial="A1", calibre_mm=15, remote_read=False, installed_on=date(2020, 1, 1))
    return made


def test_a_reading_is_passed_on(contract: Contract) -> None:
    """What was read reaches the billing system with meter and day, and is written down."""
    report_reading(contract, 432, sure=False, actor=ACTOR, at=AT)
    (change,) = waiting_changes()
    assert change.values == {"meter": "A1", "reading_m3": "432", "read_on": "2026-06-15"}
    assert [one.action for one in done_to(f"contract:{contract.pk}")] == ["reading.given"]
    assert take_change(change.id, actor=Actor("billing", "feed"), at=AT)
    assert CustomerChange.objects.get().state == ChangeState.CONFIRMED


def test_a_second_reading_replaces_the_first(contract: Contract) -> None:
    """Of two readings that the billing system hasn't taken, the newer one counts."""
    report_reading(contract, 430, sure=False, actor=ACTOR, at=AT)
    report_reading(contract, 433, sure=False, actor=ACTOR, at=AT)
    assert [one.values["reading_m3"] for one in waiting_changes()] == ["433"]
    asked = asked_reading(contract, TODAY)
    assert asked is not None
    assert (asked.given_m3, asked.given_on) == (433, TODAY)


def test_what_cannot_be_is_refused(contract: Contract) -> None:
    """A reading below the last one, or no number of m³ at all, is refused with the reason."""
    with pytest.raises(ChangeError, match="lower than the last"):
        report_reading(contract, 423, sure=True, actor=ACTOR, at=AT)
    with pytest.raises(ChangeError, match="whole number"):
        report_reading(contract, -1, sure=True, actor=ACTOR, at=AT)
    assert waiting_changes() == []


def test_a_surprising_reading_is_asked_again(contract: Contract) -> None:
    """A reading far above the usual is taken only when the customer says that it is right."""
    with pytest.raises(SurprisingReadingError):
        report_reading(contract, 624, sure=False, actor=ACTOR, at=AT)
    report_reading(contract, 624, sure=True, actor=ACTOR, at=AT)
    assert [one.values["reading_m3"] for one in waiting_changes()] == ["624"]


def test_a_remote_meter_needs_none(contract: Contract) -> None:
    """Where the meter is read remotely, no reading is asked for or taken."""
    contract.meters.update(remote_read=True)
    assert asked_reading(contract, TODAY) is None
    with pytest.raises(ChangeError, match="needs no reading"):
        report_reading(contract, 432, sure=True, actor=ACTOR, at=AT)
