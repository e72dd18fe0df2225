"""Conditions: what is refused when they are read, and what they answer."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bustia.billing.facts import Facts
from bustia.decide.catalogue import catalogue
from bustia.decide.condition import ConditionProgram, read_condition
from bustia.decide.expression import ExpressionError, parse
from bustia.errors import DecideError

from .customers import customer


def take(leaves: tuple[str, ...]) -> Callable[[Any], Hashable]:
    """Take the values of facts."""
    return attrgetter(*leaves) if leaves else lambda _: ()


def why_false(source: str, facts: Facts) -> str:
    """Ask a condition of a customer."""
    condition = read_condition(source)
    return ConditionProgram(condition, "a-rule", catalogue(), take).why_false(facts)


REFUSED = [
    ("debt.cont > 0", 0, "there is no fact debt.cont", "Did you mean debt.count?"),
    ("debt.count > 0 && office.registred", 18, "there is no fact office.registred",
     "Did you mean office.registered?"),
    ("debt.count > '1'", 0, "a whole number can't be compared with a text",
     "Write the number without quotes."),
    ("contract.route == 3", 0, "a text can't be compared with a whole number",
     "Put the text between quotes."),
    ("customer.language == 'fr'", 21, 'the value is never "fr"', "It is one of ca, es, en."),
    ("customer.language in ['ca', 'fr']", 28, 'the value is never "fr"',
     "It is one of ca, es, en."),
    ("debt.count", 0, "a boolean is needed here, not a whole number",
     "Compare it with something, such as > 0."),
    ("debt.count > 0 && debt.amount", 18, "a boolean is needed here, not a number",
     "Compare it with something, such as > 0."),
    ("customer.nif == 'X'", 0, "customer.nif is private: conditions and texts can't use it", ""),
    ("plan.next_date > today", 0, "plan.next_date may be missing",
     "Write has(plan.next_date) && … before it."),
    ("!has(plan.next_date) && plan.next_date > today", 24, "plan.next_date may be missing",
     "Write has(plan.next_date) && … before it."),
    ("has(plan.next_date) || plan.next_date > today", 23, "plan.next_date may be missing",
     "Write has(plan.next_date) && … before it."),
    ("has(debt.count)", 0, "debt.count is always known, so has(debt.count) is always true",
     "Perhaps you mean debt.count > 0."),
    ("invoice.issue_date > '2026-01-01'", 0, "a date can't be compared with a text",
     'Write the date as date("2026-06-01").'),
    ("invoice.issue_date > date('1 May')", 21, 'a fixed date is written date("2026-06-01")', ""),
    ("debt.amount + 1 > 3", 0, "amounts are compared in conditions, not calculated with",
     "Compare each on its own, or ask for a fact that holds the result."),
    ("debt.count = 1", 11, "'=' can't stand here", "Write == instead."),
    ("debt.count > 1 and meter.known", 15, "an operator such as && is missing before 'and'",
     "Write && instead of and."),
    ("debt.count > ", 13, "a fact or a value is missing at the end", ""),
    ("1 < debt.count < 3", 15, "comparisons can't be chained: join two with &&, before '<'", ""),
    ("", 0, "the condition is empty", "Write true for everyone."),
    ("debt", 0, "debt is a group of facts",
     "Name one of them: debt.count, debt.amount, debt.oldest_due_date, debt.days_overdue, "
     "debt.invoices."),
    ("days_til(today) > 1", 0, "there is no function days_til", "Did you mean days_until?"),
    ("debt.invoices.exists(i, i.amunt > 3)", 24, "there is no i.amunt", "Did you mean i.amount?"),
    ("invoice.lines[0].amount > 1", 13,
     "lists are asked with exists, all or in: an index can't stand before '['", ""),
    ("customer.name.matches(customer.code)", 0, "matches takes one text in quotes", ""),
    ("plan.next_date == null", 18, "conditions don't use null",
     "Ask has(…) whether a fact is known."),
    ("debt.invoices == debt.invoices", 0, "a list can't be compared",
     "Use size(…), exists, all or in."),
    ("meter.known > office.registered", 0, "a boolean has no order", "Use == or !=."),
]  # fmt: skip


@pytest.mark.parametrize(("source", "offset", "what", "hint"), REFUSED)
def test_a_wrong_condition_is_refused(source: str, offset: int, what: str, hint: str) -> None:
    """It is refused with the place, what is wrong and a suggestion."""
    with pytest.raises(ExpressionError) as refused:
        read_condition(source)
    error = refused.value
    assert (offset, what, hint) == (error.offset, error.what, error.hint)


WHOLE_PERIOD = replace(customer().invoice.lines[0], period_from=None, period_to=None)

ANSWERS = [
    ("true", customer(), ""),
    ("false", customer(), "always"),
    ("debt.count > 0", customer(), "debt.count was 0"),
    ("debt.count > 0 && debt.amount > 50", customer(debt__count=1, debt__amount=Decimal("50.00")),
     "debt.amount was 50"),
    ("debt.amount >= 50.10", customer(debt__amount=Decimal("50.10")), ""),
    ("debt.amount > 50.10", customer(debt__amount=Decimal("50.11")), ""),
    ("debt.amount > 50", customer(debt__amount=Decimal("50.01")), ""),
    ("has(plan.next_date) && days_until(plan.next_date) <= 14", customer(),
     "plan.next_date was missing"),
    ("has(plan.next_date) && days_until(plan.next_date) == 14",
     customer(plan__next_date=date(2026, 5, 26)), ""),
    ("has(plan.next_date) && plan.next_date < date('2026-06-01')",
     customer(plan__next_date=date(2026, 6, 1)), "plan.next_date was 2026-06-01"),
    ("!has(plan.next_date) || plan.next_date > today", customer(), ""),
    ("days_since(invoice.period_to) == 12", customer(), ""),
    ("customer.name.startsWith('Mont')", customer(), ""),
    ("customer.name == ''", customer(), "customer.name was given"),
    ("contract.use in ['commercial', 'industrial']", customer(), "contract.use was domestic"),
    ("'AM04' in returned_debit.reasons", customer(returned_debit__reasons=("MS03", "AM04")), ""),
    ("size(returned_debit.reasons) > 1", customer(returned_debit__reasons=("MS03",)),
     "returned_debit.reasons had 1 entry"),
    ("invoice.lines.exists(l, l.amount > 5)", customer(), ""),
    ("invoice.lines.all(l, has(l.period_from))", customer(invoice__lines=(WHOLE_PERIOD,)),
     "invoice.lines had 1 entry"),
    ("(debt.count > 1 || plan.active) && meter.known", customer(),
     "debt.count was 0, plan.active was false"),
    ("debt.count * 2 + 1 == 1", customer(), ""),
    ("(debt.count > 0 ? debt.amount : invoice.total) > 40", customer(), ""),
]  # fmt: skip


@pytest.mark.parametrize(("source", "facts", "why"), ANSWERS)
def test_a_condition_answers_and_says_which_fact_decided(
    source: str, facts: Facts, why: str
) -> None:
    """The reason names the facts of the first part that is false, without personal data."""
    assert why_false(source, facts) == why


@given(
    st.decimals(min_value=-99999, max_value=9999999, places=2),
    st.decimals(min_value=0, max_value=9999999, places=2),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
)
def test_amounts_compare_exactly(amount: Decimal, written: Decimal, operator: str) -> None:
    """A condition compares cents as decimals do."""
    facts = customer(debt__amount=amount)
    expected = {
        "<": amount < written,
        "<=": amount <= written,
        ">": amount > written,
        ">=": amount >= written,
        "==": amount == written,
        "!=": amount != written,
    }[operator]
    assert (why_false(f"debt.amount {operator} {written}", facts) == "") is expected


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fail_otherwise(source: str) -> None:
    """Any text is a condition or is refused as one: nothing else can happen."""
    offset = 0
    try:
        parse(source)
    except ExpressionError as error:
        offset = error.offset
    assert 0 <= offset <= len(source)


@given(
    st.recursive(
        st.sampled_from(["debt.count > 0", "office.registered", "invoice.days < 60", "true"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map(lambda two: f"({two[0]}) && ({two[1]})"),
            st.tuples(inner, inner).map(lambda two: f"{two[0]} || {two[1]}"),
            inner.map(lambda one: f"!({one})"),
        ),
        max_leaves=8,
    ),
    st.integers(0, 2),
    st.booleans(),
)
def test_parts_answer_as_the_whole(source: str, count: int, registered: bool) -> None:
    """Asking the parts joined by && one after the other gives what Python gives for the whole."""
    facts = customer(debt__count=count, office__registered=registered)
    python = source.replace("&&", " and ").replace("||", " or ").replace("!(", " not (")
    for path in ("debt.count", "office.registered", "invoice.days"):
        python = python.replace(path, repr(attrgetter(path)(facts)))
    expected = eval(python.replace("true", "True"), {})  # noqa: S307 (built from our own pieces)
    assert (why_false(source, facts) == "") is bool(expected)


def test_a_failing_condition_names_its_rule() -> None:
    """What fails on a customer's facts becomes an error that names the rule, not the customer."""
    facts = customer(debt__count=2**63 - 1)
    with pytest.raises(DecideError) as failed:
        why_false("debt.count + 1 > 0", facts)
    assert "a-rule" in str(failed.value)
    assert str(2**63 - 1) not in str(failed.value)


def test_equal_amounts_read_the_same() -> None:
    """The reason doesn't depend on which of two equal values was asked first."""
    program = ConditionProgram(read_condition("debt.amount > 9"), "a", catalogue(), take)
    base = customer()
    texts = {
        program.why_false(replace(base, debt=replace(base.debt, amount=Decimal(amount))))
        for amount in ("5", "5.0", "5.00")
    }
    assert texts == {"debt.amount was 5"}
