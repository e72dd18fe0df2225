"""The messages that ship: who reads which, in which words, in three languages."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bustia.billing.facts import Facts
from bustia.decide.engine import Decider
from bustia.decide.stationery import Release

from .customers import customer, returned

LANGUAGES = ("ca", "es", "en")

PLAN: dict[str, Any] = {"plan__active": True, "plan__next_date": date(2026, 6, 1)}
DEBT: dict[str, Any] = {"debt__count": 2, "debt__amount": Decimal("76.40")}
HIGH: dict[str, Any] = {
    "consumption__litres_a_day": 400,
    "consumption__average_litres_a_day": 200,
    "consumption__change_percent": 100,
}

WHO: list[tuple[str, Facts, Facts]] = [
    # rule, a customer who reads it, a near one who doesn't
    ("credit-note", customer(invoice__kind="credit_note"), customer()),
    ("unpaid-invoices", customer(**DEBT), customer()),
    ("plan-overdue", customer(**PLAN, plan__overdue_count=1), customer(**PLAN)),
    ("plan-next-instalment", customer(**PLAN), customer(**PLAN, plan__overdue_count=1)),
    ("plan-next-instalment", customer(**PLAN), customer(plan__active=True)),
    ("consumption-high", customer(**HIGH), customer(**HIGH | {"consumption__change_percent": 49})),
    ("consumption-high", customer(**HIGH), customer(**HIGH, invoice__estimated=True)),
    (
        "consumption-zero",
        customer(invoice__consumption_m3=Decimal("0.0000"), consumption__litres_a_day=0),
        customer(invoice__consumption_m3=Decimal("0.0001")),
    ),
    ("reading-estimated", customer(invoice__estimated=True), customer()),
    (
        "tariff-change",
        customer(tariff__changed=True, tariff__changed_on=date(2026, 4, 11)),
        customer(tariff__changed=False),
    ),
    ("tariff-applied", customer(tariff__name="Domèstica"), customer()),
    ("social-tariff-applied", customer(contract__social_tariff=True), customer()),
    ("social-tariff-available", customer(**DEBT), customer(**DEBT, contract__social_tariff=True)),
    ("social-tariff-available", customer(**PLAN), customer(**PLAN, customer__kind="company")),
    ("meter-remote-read", customer(meter__remote_read=True), customer(meter__known=True)),
    ("meter-manual-read", customer(meter__known=True), customer()),
    ("alerts-available", customer(contract__alerts_on=False), customer()),
    (
        "e-invoice-available",
        customer(contract__e_invoice=False, contract__invoice_channel="post"),
        customer(contract__e_invoice=False, contract__invoice_channel="office"),
    ),
    ("office-registration", customer(office__registered=False), customer()),
    (
        "direct-debit-available",
        customer(mandate__active=False),
        customer(mandate__active=False, **DEBT),
    ),
    ("next-invoice", customer(calendar__next_issue_date=date(2026, 7, 14)), customer()),
    ("offer-installation-check", customer(contract__promotion=True), customer()),
    (
        "offer-installation-check",
        customer(contract__promotion=True),
        customer(contract__promotion=True, **DEBT),
    ),
]

TOLD = {
    "AC01": "returned-debit-bank-data",
    "RC01": "returned-debit-bank-data",
    "AC04": "returned-debit-mandate-renewal",
    "AC06": "returned-debit-mandate-renewal",
    "AG01": "returned-debit-other-way",
    "AG02": "returned-debit-technical",
    "AM04": "returned-debit-pay-another-way",
    "AM05": "returned-debit-our-error",
    "MD01": "returned-debit-mandate-unclear",
    "MD02": "returned-debit-mandate-unclear",
    "MD06": "returned-debit-refund",
    "MS02": "returned-debit-contact",
    "MS03": "returned-debit-contact",
    "SL01": "returned-debit-ask-your-bank",
    "SL11": "returned-debit-ask-your-bank",
    "SL12": "returned-debit-ask-your-bank",
    "SL13": "returned-debit-ask-your-bank",
    "SL14": "returned-debit-ask-your-bank",
    "XX99": "returned-debit-contact",  # a code that no table knows
}
NOT_TOLD = ("FF01", "FF05", "RR01", "RR02", "RR03", "RR04")


def rules_read(decider: Decider, facts: Facts) -> list[str]:
    """Give the ids of what a customer reads."""
    return [message.rule for message in decider.decide(facts).chosen]


@pytest.mark.parametrize(("rule", "reader", "other"), WHO)
def test_a_rule_speaks_to_whom_it_is_for_and_to_nobody_else(
    decider: Decider, rule: str, reader: Facts, other: Facts
) -> None:
    """Each rule has a customer who reads it and a near one who doesn't."""
    assert rule in rules_read(decider, reader)
    assert rule not in rules_read(decider, other)


def test_every_rule_has_its_cases(release: Release) -> None:
    """No rule ships untested."""
    tested = {rule for rule, _, _ in WHO} | set(TOLD.values())
    assert {rule.id for rule in release.rules} == tested


def test_nothing_is_said_to_a_customer_about_whom_there_is_nothing_to_say(
    decider: Decider,
) -> None:
    """Silence is the default."""
    assert rules_read(decider, customer()) == []


@pytest.mark.parametrize(("reason", "rule"), TOLD.items())
def test_a_returned_debit_is_told_by_its_reason(decider: Decider, reason: str, rule: str) -> None:
    """Each reason code has its message, and the invoice isn't called unpaid a second time."""
    assert rules_read(decider, returned(reason)) == [rule]


@pytest.mark.parametrize("reason", NOT_TOLD)
def test_technical_and_regulatory_returns_are_not_told(decider: Decider, reason: str) -> None:
    """Our own failures and what a person sees to are never told, nor called a debt."""
    assert rules_read(decider, returned(reason)) == []


def test_other_debts_are_told_beside_an_untold_return(decider: Decider) -> None:
    """A return that isn't told doesn't hide the other unpaid invoices."""
    facts = replace(returned("FF01"), debt=customer(**DEBT).debt)
    assert rules_read(decider, facts) == ["unpaid-invoices", "social-tariff-available"]


@pytest.mark.parametrize("facts", [returned("MD07"), customer(customer__deceased=True)])
def test_nothing_is_mailed_where_the_holder_has_died(decider: Decider, facts: Facts) -> None:
    """A death suppresses every message, and the trace says so without detail."""
    decision = decider.decide(facts)
    assert decision.chosen == ()
    assert decider.suppression(facts) != ""
    assert {entry.outcome.value for entry in decision.trace} == {"suppressed"}


def test_a_death_among_older_returns_still_suppresses(decider: Decider) -> None:
    """MD07 counts even if a newer return has another reason."""
    facts = returned("AM04")
    facts = replace(facts, returned_debit=replace(facts.returned_debit, reasons=("AM04", "MD07")))
    assert decider.suppression(facts) == "deceased (MD07)"


def all_texts(decider: Decider, release: Release) -> list[tuple[str, str, str]]:
    """Write every text of every rule in every language, for several customers."""
    common: dict[str, Any] = {
        **PLAN,
        "returned_debit__invoice": "A26-000045",
        "returned_debit__amount": Decimal("38.20"),
        "calendar__next_issue_date": date(2026, 7, 1),
        "tariff__changed_on": date(2026, 4, 11),
        "tariff__name": "Domèstica",
    }
    people = [
        customer(**common, **DEBT, **HIGH, meter__remote_read=True),
        customer(**common, debt__count=1, plan__overdue_count=1, contract__persons=1),
        customer(
            **common,
            plan__overdue_count=3,
            plan__next_position=6,
            contract__use="commercial",
            calendar__next_charge_date=date(2026, 7, 15),
            invoice__corrects="A26-000044",
            invoice__estimated=True,
        ),
    ]
    found = []
    for rule in release.rules:
        for facts in people:
            for language in LANGUAGES:
                message = decider.write(rule.id, facts, language)
                text = "\n".join([message.title, *message.body, message.sms or ""])
                found.append((rule.id, language, text))
    return found


def test_texts_have_nothing_left_over(decider: Decider, release: Release) -> None:
    """No text has Liquid, doubled spaces, straight apostrophes, or a space before a full stop."""
    for rule, language, text in all_texts(decider, release):
        for wrong in ("{", "}", "  ", "'", " .", " ,", "..", "None"):
            assert wrong not in text, (rule, language, text)


def test_debts_are_told_without_threats(decider: Decider, release: Release) -> None:
    """No text threatens with cutting off the supply, a lawsuit or surcharges (Llei 24/2015)."""
    threat = re.compile(
        r"tall|corte|cort[ao]r|suspen|judici|embarg|recàrrec|recargo|cut off|disconnect|legal|"
        r"morós|moros|deut|deuda|debt|insuficient|fons|fondos|funds",
        re.IGNORECASE,
    )
    money_matters = ("unpaid", "plan", "returned-debit")
    for rule, language, text in all_texts(decider, release):
        if rule.startswith(money_matters):
            found = threat.search(text.replace("domiciliació", "").replace("detall", ""))
            assert found is None, (rule, language, text)


def test_unpaid_bills_come_with_help(decider: Decider) -> None:
    """A home that owes is told of a plan, of the social services and of the law that protects."""
    for language, services in (("ca", "serveis socials"), ("es", "servicios sociales"),
                               ("en", "social services")):  # fmt: skip
        text = " ".join(decider.write("unpaid-invoices", customer(**DEBT), language).body)
        assert services in text
        assert "24/2015" in text
        assert "76,40" in text or "76.40" in text


def test_catalan_elides_the_article_before_the_first_and_the_eleventh(decider: Decider) -> None:
    """Dates read l’1 and l’11, but el 2."""
    titles = {
        day: decider.write(
            "next-invoice", customer(calendar__next_issue_date=date(2026, 7, day)), "ca"
        ).title
        for day in (1, 2, 11)
    }
    assert titles == {
        1: "La pròxima factura, l’1 de juliol del 2026",
        2: "La pròxima factura, el 2 de juliol del 2026",
        11: "La pròxima factura, l’11 de juliol del 2026",
    }


def test_numbers_agree_with_their_nouns(decider: Decider) -> None:
    """One invoice is singular, two are plural."""
    one = customer(debt__count=1, debt__amount=Decimal("38.20"))
    assert decider.write("unpaid-invoices", one, "ca").title == "Té una factura pendent"
    assert decider.write("unpaid-invoices", customer(**DEBT), "es").title == (
        "Tiene 2 facturas pendientes"
    )


def test_advertising_says_so_and_how_to_refuse_it(decider: Decider, release: Release) -> None:
    """Promotional messages are marked as advertising and have an opt-out (LSSI, articles 20-21)."""
    marks = {
        "ca": ("Publicitat", "no vol"),
        "es": ("Publicidad", "no quiere"),
        "en": ("Advertisement", "do not want"),
    }
    promotional = [rule for rule in release.rules if rule.kind == "promotion"]
    assert promotional
    for rule in promotional:
        for language, (mark, refusal) in marks.items():
            message = decider.write(rule.id, customer(), language)
            assert mark in message.title
            assert refusal in " ".join(message.body)
