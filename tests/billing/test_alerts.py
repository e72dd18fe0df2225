"""Alerts that were set here are what the engine reads, whatever the export's flag says."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from tests.deliver.town import Town

from bustia.audit.log import Actor, done_to
from bustia.billing.alerts import (
    AlertChoice,
    Quiet,
    alerts_of,
    quiet_end,
    set_alerts,
    suggested_threshold,
    usual_litres,
)
from bustia.billing.chosen_states import AlertKind, Channel
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import Consumption, Contract, CustomerChange
from bustia.billing.population import load_population
from bustia.errors import ChangeError

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
MARIA = Actor("customer", "17")
LEAK = {AlertKind.LEAK: AlertChoice(on=True, channel=Channel.EMAIL)}
NO_LEAK = {AlertKind.LEAK: AlertChoice(on=False, channel=Channel.EMAIL)}
NIGHT = Quiet(time(22), time(8))


def alerts_on(contract: Contract) -> bool:
    """Give the fact as the engine has it, by both ways of loading it."""
    invoice = contract.invoices.first() or Town().invoice(contract).invoice
    assert invoice is not None
    (facts,) = load_facts([invoice.pk], NOW)
    population = load_population(["contract.alerts_on"], NOW)
    place = population.contracts.index(contract.number)
    assert population.rows[place] == (facts.contract.alerts_on,)
    return facts.contract.alerts_on


@pytest.mark.django_db
@pytest.mark.parametrize("exported", [False, True])
def test_what_was_set_here_wins_over_the_export(exported: bool) -> None:
    """The fact follows the export's flag until somebody sets an alert, then what was set."""
    contract = Town().contract(1)
    contract.alerts_on = exported
    contract.save()
    assert alerts_on(contract) is exported
    set_alerts(contract, LEAK, None, actor=MARIA, at=NOW)
    assert alerts_on(contract)
    set_alerts(contract, NO_LEAK, None, actor=MARIA, at=NOW)
    assert not alerts_on(contract)
    assert not alerts_of(contract).on


@pytest.mark.django_db
def test_loading_facts_asks_no_more_often() -> None:
    """Alerts of many contracts are loaded with the invoices' own query."""
    town = Town()
    ids = []
    for place in range(20):
        contract = town.contract(place)
        set_alerts(contract, LEAK, NIGHT, actor=MARIA, at=NOW)
        ids.append(town.invoice(contract).invoice_id)
    with CaptureQueriesContext(connection) as queries:
        found = load_facts(ids, NOW)
    assert all(facts.contract.alerts_on for facts in found)
    assert len(queries) == 2


@pytest.mark.django_db
def test_everything_set_is_read_back() -> None:
    """Each alert has its channel and threshold, the customer the quiet hours; all is logged."""
    contract = Town().contract(1)
    choices = {kind: AlertChoice(on=True, channel=Channel.SMS) for kind in AlertKind}
    choices[AlertKind.OVER_THRESHOLD] = AlertChoice(
        on=True, channel=Channel.EMAIL, threshold_litres=450
    )
    set_alerts(contract, choices, NIGHT, actor=MARIA, at=NOW)
    found = alerts_of(contract)
    assert (found.choices, found.quiet) == (choices, NIGHT)
    (entry,) = done_to(f"contract:{contract.pk}")
    assert entry.detail["on"] is True
    assert sorted(entry.detail["fields"]) == sorted([*AlertKind, "quiet_hours"])

    set_alerts(contract, {}, None, actor=MARIA, at=NOW)
    assert (alerts_of(contract).choices, alerts_of(contract).quiet) == (choices, None)


@pytest.mark.django_db
def test_billing_is_told_when_alerts_go_on_or_off() -> None:
    """The billing system learns of the flag, not of each setting; the same again is nothing."""
    contract = Town().contract(1)
    set_alerts(contract, LEAK, NIGHT, actor=MARIA, at=NOW)
    set_alerts(contract, LEAK, NIGHT, actor=MARIA, at=NOW)
    (told,) = CustomerChange.objects.all()
    assert (told.before, told.after) == ({"alerts_on": "false"}, {"alerts_on": "true"})
    assert len(done_to(f"contract:{contract.pk}")) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        (AlertKind.LEAK, AlertChoice(on=True, channel=Channel.SMS)),
        (AlertKind.LEAK, AlertChoice(on=True, channel=Channel.EMAIL, threshold_litres=1)),
        (AlertKind.OVER_THRESHOLD, AlertChoice(on=True, channel=Channel.EMAIL)),
        (AlertKind.OVER_THRESHOLD, AlertChoice(True, Channel.EMAIL, 0)),
        (AlertKind.OVER_THRESHOLD, AlertChoice(True, Channel.EMAIL, 1_000_001)),
    ],
)
def test_what_cannot_work_is_refused(kind: AlertKind, choice: AlertChoice) -> None:
    """An alert needs a known address, and a threshold where it has one; else nothing is saved."""
    contract = Town().contract(1, mobile="")
    with pytest.raises(ChangeError):
        set_alerts(contract, LEAK | {kind: choice}, None, actor=MARIA, at=NOW)
    assert alerts_of(contract).choices == {}


@pytest.mark.django_db
def test_suggestion_comes_from_own_use() -> None:
    """Half again the daily use of the last six periods with any, rounded up to fifty litres."""
    contract = Town().contract(1)
    assert usual_litres(contract) is None
    assert suggested_threshold(None) == 400
    for place in range(8):
        first = date(2025, 1, 1) + timedelta(days=60 * place)
        Consumption.objects.create(
            contract=contract,
            period_from=first,
            period_to=first + timedelta(days=59),
            m3=Decimal(900 if place < 2 else 12),
        )
    assert usual_litres(contract) == 200
    suggested = [suggested_threshold(litres) for litres in (0, 1, 200, 201, 9_999_999)]
    assert suggested == [50, 50, 300, 350, 1_000_000]


MADRID = ZoneInfo("Europe/Madrid")
HOURS = st.times().map(lambda at: at.replace(microsecond=0))


@given(HOURS, HOURS, st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)))  # noqa: DTZ001
def test_quiet_hours_end(starts: time, ends: time, moment: datetime) -> None:
    """Whatever the hours, they end within a day, and at their end it isn't quiet."""
    if starts == ends:
        return
    quiet, at = Quiet(starts, ends), moment.replace(tzinfo=MADRID)
    until = quiet_end(quiet, at)
    assert at <= until <= at + timedelta(days=1)
    assert not quiet.holds(until.time())
    assert (until == at) is not quiet.holds(at.time())


def test_quiet_hours_go_over_midnight() -> None:
    """From ten at night to eight in the morning it is quiet at both ends of the night."""
    quiet = [NIGHT.holds(time(hour)) for hour in (21, 22, 23, 0, 7, 8)]
    assert quiet == [False, True, True, True, True, False]
