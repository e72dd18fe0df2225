"""Audiences: the narrow way to a rule's facts gives what the full one does."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from bustia.billing import models
from bustia.billing.facts import Facts
from bustia.billing.facts_loader import load_facts
from bustia.billing.population import has_narrow_way, load_population
from bustia.cli.message import command
from bustia.decide.audience import Audience
from bustia.decide.catalogue import catalogue
from bustia.decide.decision import Outcome
from bustia.decide.engine import Decider
from bustia.errors import StationeryError
from bustia.instance import current_instance

pytestmark = pytest.mark.django_db

CUTOFF = datetime(2026, 5, 12, 10, tzinfo=UTC)
TODAY = CUTOFF.date()
WIDE = {"invoice.lines", "invoice.taxes", "consumption.history", "consumption.last_year_m3",
        "tariff.prices"}  # fmt: skip
"""Facts that have no narrow way."""
DERIVED = "returned_debit.action"


class Town:
    """A small town in which everything that a fact can be happens to somebody."""

    def __init__(self, contracts: int) -> None:
        self._random = random.Random(20260512)
        for code in ("DOM", "COM"):
            for since in (date(2024, 1, 1), date(2026, 3, 23 if code == "DOM" else 1)):
                models.TariffPrice.objects.create(
                    code=code, name=f"Tarifa {code}", concept="water", kind="variable",
                    price=Decimal("0.4384"), vat_rate=10, valid_from=since,
                )  # fmt: skip
        for route in ("R1", "R2"):
            models.CalendarEntry.objects.create(
                route=route, billing_run="2026-4", issue_date=date(2026, 7, 14),
                charge_date=date(2026, 7, 30),
            )  # fmt: skip
        for place in range(contracts):
            self._contract(place)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _day(self, first: int, last: int) -> date:
        return TODAY + timedelta(days=self._random.randint(first, last))

    def _contract(self, place: int) -> None:
        holder = models.Customer.objects.create(
            code=f"C{place:04}", kind=self._random.choice(["person", "company"]),
            name=f"Titular {place}", nif="X", language=self._random.choice(["ca", "es", "en"]),
            email="a@example.org" if self._chance(0.5) else "",
            mobile="+34600000001" if self._chance(0.5) else "",
            street="c. Major, 1", postcode="43999", town="Vallserena",
            office_since=date(2024, 1, 1) if self._chance(0.4) else None,
            deceased=self._chance(0.05),
        )  # fmt: skip
        contract = models.Contract.objects.create(
            number=f"{1000 + place}", customer=holder, supply_point=f"S{place}",
            supply_street="c. Major, 1", supply_postcode="43999", supply_town="Vallserena",
            tariff=self._random.choice(["DOM", "COM", "NONE"]),
            use=self._random.choice(["domestic", "commercial"]),
            persons=self._random.randint(1, 6), social_tariff=self._chance(0.2),
            route=self._random.choice(["R1", "R2", "R3"]),
            invoice_channel=self._random.choice(["email", "post", "office"]),
            alerts_on=self._chance(0.3), start_date=date(2015, 3, 1),
            end_date=self._day(-30, 30) if self._chance(0.2) else None,
        )  # fmt: skip
        for kind in ("e_invoice", "sms_notices", "promotion"):
            for days in range(self._random.randint(0, 2)):
                models.Consent.objects.create(
                    contract=contract, kind=kind, granted=self._chance(0.7),
                    given_at=CUTOFF + timedelta(days=self._random.randint(-99, 3), hours=days),
                    source="office", text_version="1",
                )  # fmt: skip
        for number in range(self._random.randint(0, 2)):
            models.Meter.objects.create(
                serial=f"M{place}-{number}", contract=contract, calibre_mm=15,
                remote_read=self._chance(0.5), installed_on=self._day(-900, 2),
                removed_on=self._day(-10, 10) if self._chance(0.3) else None,
            )  # fmt: skip
        if self._chance(0.7):
            models.Mandate.objects.create(
                reference=f"VS-{place}", contract=contract, iban="ES9121000418450200051332",
                iban_masked="ES•• 1332", iban_fingerprint="x", signed_on=self._day(-900, 2),
                status=self._random.choice(["active", "active", "cancelled"]),
            )  # fmt: skip
        for period in range(self._random.randint(0, 9)):
            last = date(2026, 4, 30) - timedelta(days=61 * period)
            models.Consumption.objects.create(
                contract=contract, period_from=last - timedelta(days=60), period_to=last,
                m3=Decimal(self._random.randint(0, 300)) / 10, estimated=False,
            )  # fmt: skip
        self._invoices(place, contract)

    def _invoices(self, place: int, contract: models.Contract) -> None:
        agreed = self._day(-200, 0) if self._chance(0.2) else None
        for back in reversed(range(self._random.randint(1, 4))):
            issued = TODAY - timedelta(days=61 * back)
            total = Decimal(self._random.randint(0, 9000)).scaleb(-2)
            invoice = models.Invoice.objects.create(
                number=f"A-{place}-{back}", contract=contract,
                kind="credit_note" if self._chance(0.1) else "invoice",
                billing_run=f"run-{back}", issue_date=issued,
                period_from=issued - timedelta(days=72), period_to=issued - timedelta(days=12),
                days=61, estimated=self._chance(0.2),
                consumption_m3=Decimal(self._random.randint(0, 400)) / 10,
                net_amount=total, tax_amount=0, total_amount=total, payable_amount=total,
                payment_means="slip",
                due_date=issued + timedelta(days=self._random.randint(-3, 30)),
                status=self._random.choice(["open", "paid", "returned"]),
            )  # fmt: skip
            if self._chance(0.3):
                models.Payment.objects.create(
                    reference=f"P-{place}-{back}", invoice=invoice, paid_on=issued,
                    amount=total if self._chance(0.5) else total / 2, means="card",
                )  # fmt: skip
            if invoice.status == "returned":
                models.ReturnedDebit.objects.create(
                    reference=f"R-{place}-{back}", invoice=invoice, amount=total,
                    returned_on=issued + timedelta(days=self._random.randint(1, 9)),
                    reason=self._random.choice(["AM04", "AC04", "MS03", "MD07", "FF01"]),
                )  # fmt: skip
        if agreed:
            plan = models.PaymentPlan.objects.create(
                number=f"PP-{place}", contract=contract, agreed_on=agreed, total_amount=90,
                status=self._random.choice(["active", "active", "settled"]),
            )  # fmt: skip
            for position in (1, 2, 3):
                models.Instalment.objects.create(
                    plan=plan, position=position, amount=30,
                    due_date=agreed + timedelta(days=60 * position),
                    paid_on=agreed if self._chance(0.4) else None,
                )  # fmt: skip


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[Facts]]:
    """The facts of everybody, loaded in full, by contract number; nothing stays afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        Town(120)
        invoices = models.Invoice.objects.order_by("issue_date", "pk")
        newest = dict(invoices.values_list("contract_id", "pk"))  # the last one of each stays
        facts = load_facts(list(newest.values()), CUTOFF)
        yield sorted(facts, key=lambda one: one.contract.number)
        transaction.set_rollback(True)


def test_narrow_facts_are_the_full_ones(town: list[Facts]) -> None:
    """Every public fact is the same, loaded by column or in full."""
    paths = [path for path in catalogue().public if path not in WIDE | {DERIVED}]
    assert [path for path in paths if not has_narrow_way(path)] == []
    population = load_population(paths, CUTOFF)
    assert population.contracts == tuple(one.contract.number for one in town)
    for place, path in enumerate(paths):
        expected = [attrgetter(path)(facts) for facts in town]
        assert [row[place] for row in population.rows] == expected, path


def test_wide_facts_are_loaded_in_full(town: list[Facts]) -> None:
    """A list has no narrow way, and is right all the same."""
    paths = ["debt.count", "invoice.lines", "consumption.last_year_m3"]
    population = load_population(paths, CUTOFF)
    expected = [tuple(attrgetter(path)(facts) for path in paths) for facts in town]
    assert list(population.rows) == expected


def test_an_audience_is_what_deciding_says(town: list[Facts], decider: Decider) -> None:
    """For every rule and everybody, up to what depends on other rules."""
    later = {Outcome.CHOSEN, Outcome.OUTRANKED, Outcome.NO_SPACE}
    decided = [decider.decide(facts) for facts in town]
    reached = 0
    for place, rule in enumerate(decider.release.rules):
        audience = Audience(decider.release, rule.id)
        population = load_population(audience.leaves, CUTOFF)
        for row, decision in zip(population.rows, decided, strict=True):
            entry, full = audience.judge(row), decision.trace[place]
            if full.outcome in later:
                assert entry.outcome is Outcome.CHOSEN
                reached += 1
            else:
                assert str(entry) == str(full)
    assert reached > 300


def test_an_audience_takes_few_queries(town: list[Facts], decider: Decider) -> None:
    """The number of queries doesn't grow with the town, and stays small."""
    audience = Audience(decider.release, "e-invoice-available")
    with CaptureQueriesContext(connection) as queries:
        load_population(audience.leaves, CUTOFF)
    assert len(queries) < 60


@pytest.fixture
def run(database_server: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run ``bustia message`` and read its report.

    The instance is the tests' own, which is open already: opening it anew would end the
    transaction that the test's town lives in.
    """
    monkeypatch.setenv("BUSTIA_NOW", CUTOFF.isoformat())
    monkeypatch.setattr("bustia.instance.open_instance", lambda _: nullcontext(current_instance()))

    def ran(*arguments: str) -> dict[str, Any]:
        options = ["--json", "--instance", str(database_server)]
        done = CliRunner().invoke(command, [*arguments, *options], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    return ran


def test_the_command_counts_and_tests(
    town: list[Facts], decider: Decider, run: Callable[..., dict[str, Any]]
) -> None:
    """The commands report what the engine decides."""
    rule = "unpaid-invoices"
    report = run("audience", rule, "--list", "--limit", "3")
    assert report["contracts"] == len(town)
    assert report["audience"] + sum(report["others"].values()) == len(town)
    assert len(report["list"]) == 3
    number = report["list"][0]
    shown = run("test", rule, "--contract", number, "--language", "en")
    facts = next(one for one in town if one.contract.number == number)
    assert shown["trace"] == decider.decide(facts).trace_json()
    assert shown["message"]["title"] == decider.write(rule, facts, "en").title
    unplanned = next(one for one in town if not one.plan.active).contract.number
    assert run("test", "plan-next-instalment", "--contract", unplanned)["message"] is None
    listed = run("list")
    assert [one["id"] for one in listed["rules"]] == [one.id for one in decider.release.rules]


@pytest.mark.parametrize("arguments", [("nothing", "1"), ("unpaid-invoices", "nobody")])
def test_the_command_refuses_what_it_does_not_know(
    town: list[Facts], run: Callable[..., dict[str, Any]], arguments: tuple[str, str]
) -> None:
    """An unknown rule or contract has an error that says what to do."""
    rule, number = arguments
    with pytest.raises(StationeryError) as refused:
        run("test", rule, "--contract", number)
    assert refused.value.hint
