"""Choosing: space, groups, consent, caps and order, for any customer."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.billing.facts import Facts
from bustia.decide.catalogue import catalogue
from bustia.decide.catalogue_page import page
from bustia.decide.decision import Outcome
from bustia.decide.engine import Decider
from bustia.decide.release import load_release

from .conftest import STATIONERY
from .customers import TODAY, customer

DECIDER = Decider(load_release(STATIONERY))
REASONS = ["", "AM04", "AC04", "AC01", "AM05", "MD01", "MD06", "MS03", "FF01", "RR04", "SL01"]
BUSY = customer(
    office__registered=False,
    contract__e_invoice=False,
    contract__invoice_channel="post",
    contract__alerts_on=False,
    contract__promotion=True,
    meter__remote_read=True,
    mandate__active=False,
    calendar__next_issue_date=date(2026, 7, 14),
    tariff__name="Domèstica",
)


@st.composite
def customers(draw: st.DrawFn) -> Facts:
    """Any customer, as far as the shipped rules ask."""
    debts = draw(st.integers(0, 3))
    reason = draw(st.sampled_from(REASONS))
    booleans = st.booleans()
    return customer(
        customer__language=draw(st.sampled_from(["ca", "es", "en"])),
        customer__kind=draw(st.sampled_from(["person", "company"])),
        customer__deceased=draw(st.sampled_from([False] * 9 + [True])),
        office__registered=draw(booleans),
        contract__active=draw(booleans),
        contract__promotion=draw(booleans),
        contract__alerts_on=draw(booleans),
        contract__e_invoice=draw(booleans),
        contract__invoice_channel=draw(st.sampled_from(["email", "post", "office"])),
        contract__social_tariff=draw(booleans),
        meter__known=draw(booleans),
        meter__remote_read=draw(booleans),
        mandate__active=draw(booleans),
        invoice__kind=draw(st.sampled_from(["invoice", "credit_note"])),
        invoice__estimated=draw(booleans),
        debt__count=debts,
        debt__amount=Decimal(draw(st.integers(0, 99999))).scaleb(-2),
        returned_debit__present=reason != "",
        returned_debit__reason=reason,
        returned_debit__reasons=(reason,) if reason else (),
        plan__active=draw(booleans),
        plan__overdue_count=draw(st.integers(0, 2)),
        plan__next_date=draw(st.none() | st.dates(TODAY, TODAY + timedelta(days=60))),
        consumption__litres_a_day=draw(st.integers(0, 900)),
        consumption__average_litres_a_day=draw(st.integers(0, 900)),
        consumption__change_percent=draw(st.integers(-100, 300)),
        tariff__name=draw(st.sampled_from(["", "Domèstica"])),
        tariff__changed=draw(booleans),
        calendar__next_issue_date=draw(st.none() | st.just(date(2026, 7, 14))),
    )


@settings(max_examples=150, deadline=None)
@given(customers(), st.integers(0, 8))
def test_every_choice_keeps_the_rules_of_choosing(facts: Facts, space: int) -> None:
    """For anyone: space, one a group, service first, consent, and a reason for every rule."""
    decision = DECIDER.decide(facts, space)
    rules = {rule.id: rule for rule in DECIDER.release.rules}
    chosen = [rules[message.rule] for message in decision.chosen]
    groups = [rule.group for rule in chosen if rule.group]
    assert len(chosen) <= space
    assert len(groups) == len(set(groups))
    assert chosen == sorted(
        chosen, key=lambda one: (one.kind == "promotion", -one.priority, one.id)
    )
    promotional = [rule for rule in chosen if rule.kind == "promotion"]
    if promotional:
        assert facts.contract.promotion
        assert "alert" not in {rule.tone for rule in chosen}
    assert [entry.rule for entry in decision.trace] == [rule.id for rule in DECIDER.release.rules]
    told = {entry.rule for entry in decision.trace if entry.outcome is Outcome.CHOSEN}
    assert told == {rule.id for rule in chosen}
    left = [entry for entry in decision.trace if entry.outcome is Outcome.NO_SPACE]
    assert not left or len(chosen) == space


@settings(max_examples=50, deadline=None)
@given(customers())
def test_deciding_again_gives_the_same(facts: Facts) -> None:
    """A fresh decider, without anything remembered, decides the same."""
    assert Decider(DECIDER.release).decide(facts) == DECIDER.decide(facts)


@settings(max_examples=50, deadline=None)
@given(customers())
def test_the_trace_tells_nothing_personal(facts: Facts) -> None:
    """Neither name nor numbers of contract or invoice stand in a trace."""
    text = " ".join(DECIDER.decide(facts).trace_json().values())
    for secret in (facts.customer.name, facts.contract.number, facts.invoice.number):
        assert secret not in text


def reason(facts: Facts, rule: str, **options: object) -> str:
    """Give the reason for a rule."""
    return DECIDER.decide(facts, **options).trace_json()[rule]  # type: ignore[arg-type]


def test_the_reasons_read_well() -> None:
    """Each outcome is told in words."""
    assert reason(BUSY, "e-invoice-available") == "chosen"
    assert reason(BUSY, "unpaid-invoices") == "condition false: debt.count was 0"
    assert reason(BUSY, "offer-installation-check", space=3) == "no space"
    without = replace(BUSY, contract=replace(BUSY.contract, promotion=False))
    assert reason(without, "offer-installation-check") == "no consent"


def test_a_rule_of_the_same_group_outranks() -> None:
    """Of a group only the most important is shown, and the other says by which."""
    facts = customer(
        tariff__name="Domèstica", tariff__changed=True, tariff__changed_on=date(2026, 4, 1)
    )
    assert reason(facts, "tariff-applied") == "outranked by tariff-change"


def test_advertising_gives_way_to_an_alert() -> None:
    """Who reads an alert isn't sold anything beside it."""
    high = replace(
        BUSY,
        consumption=replace(
            BUSY.consumption, litres_a_day=400, average_litres_a_day=200, change_percent=100
        ),
    )
    assert reason(BUSY, "offer-installation-check", space=20) == "chosen"
    assert reason(high, "offer-installation-check", space=20) == "outranked by consumption-high"


def test_a_cap_counts_what_was_shown_within_a_year() -> None:
    """A rule for once a year isn't shown a second time until a year has gone by."""
    rule = "offer-installation-check"
    facts = customer(contract__promotion=True)
    shown = {rule: [TODAY - timedelta(days=364)]}
    assert reason(facts, rule, history=shown) == "capped: shown 1 times since 2025-05-12"
    assert reason(facts, rule, history={rule: [TODAY - timedelta(days=365)]}) == "chosen"


def test_a_rule_out_of_its_dates_is_not_valid() -> None:
    """Validity counts both ends."""
    release = DECIDER.release
    dated = [
        replace(rule, valid_from=TODAY, valid_to=TODAY)
        if rule.id == "e-invoice-available"
        else rule
        for rule in release.rules
    ]
    decider = Decider(replace(release, rules=tuple(dated)))
    assert "e-invoice-available" in {message.rule for message in decider.decide(BUSY).chosen}
    late = replace(BUSY, today=TODAY + timedelta(days=1))
    assert decider.decide(late).trace_json()["e-invoice-available"] == "not valid on 2026-05-13"


def test_the_page_of_facts_is_current() -> None:
    """docs/facts.md is what the catalogue says today."""
    written = (STATIONERY.parent / "docs" / "facts.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m bustia.decide.catalogue_page > docs/facts.md"


def test_every_public_fact_is_documented() -> None:
    """Each fact has words that end like a sentence."""
    for leaf in catalogue().leaves.values():
        assert leaf.doc
        assert not leaf.doc.endswith(" ")
