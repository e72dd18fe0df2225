"""Texts: what is refused when they are read, what they write, and what they can't reach."""

import pytest

from bustia.decide.catalogue import catalogue, example_facts
from bustia.decide.engine import Decider, facts_taker
from bustia.decide.expression import ExpressionError
from bustia.decide.texts import TextProgram, read_text
from bustia.errors import DecideError

from .customers import customer

COMPANY = {"name": "Aigües", "phone": "977 000 100"}
NOTHING: frozenset[str] = frozenset()

REFUSED = [
    ("{{ debt.cont }}", 3, "there is no fact debt.cont", "Did you mean debt.count?"),
    ("Té\n{{ debt.amount }}", 6, "debt.amount is a number: it needs a filter to be read",
     "Add | money or | number or | percent."),
    ("{{ invoice.issue_date }}", 3, "invoice.issue_date is a date: it needs a filter to be read",
     "Add | date or | the_date."),
    ("{{ customer.deceased }}", 3, "customer.deceased is a boolean: it can't be shown", ""),
    ("{{ debt.invoices }}", 3, "debt.invoices is a list: it can't be shown", ""),
    ("{{ customer.nif }}", 3, "customer.nif is private: conditions and texts can't use it", ""),
    ("{{ company.fax }}", 3, "company.yaml has no fax", "Did you mean company.name?"),
    ("{{ company.phon }}", 3, "company.yaml has no phon", "Did you mean company.phone?"),
    ("{{ debt.count | upcase }}", 16, "there is no filter upcase",
     "There are: money, date, the_date, number, percent, plural."),
    ("{{ debt.count | money }}", 16, "money takes a number, not a whole number", ""),
    ("{{ debt.count | plural: 'a' }}", 16, "plural takes 2 texts after the colon",
     'debt.count | plural: "factura", "factures"'),
    ("{{ plan.next_date | date }}", 3, "plan.next_date may be missing",
     "Ask has(plan.next_date) in the condition, or put it within {% if plan.next_date %}."),
    ("{% if debt.count %}x{% endif %}", 6,
     "debt.count always counts as true here, being a whole number", "Write debt.count > 0."),
    ("{% if debt.amount > 1.5 %}x{% endif %}", 20,
     "numbers with decimals can't stand in a text's condition",
     "Compare them in the rule's condition."),
    ("{% if customer.language == 'fr' %}x{% endif %}", 27, 'the value is never "fr"',
     "It is one of ca, es, en."),
    ("{% if plan.next_date or debt.count > 0 %}{{ plan.next_date | date }}{% endif %}", 44,
     "plan.next_date may be missing",
     "Ask has(plan.next_date) in the condition, or put it within {% if plan.next_date %}."),
    ("{% for i in debt.count %}x{% endfor %}", 12, "debt.count is not a list", ""),
    ("{% for i in debt.invoices %}{{ i.amunt }}{% endfor %}", 31, "there is no i.amunt",
     "Did you mean i.amount?"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "offset", "what", "hint"), REFUSED)
def test_a_wrong_text_is_refused(source: str, offset: int, what: str, hint: str) -> None:
    """It is refused with the place, what is wrong and a suggestion."""
    with pytest.raises(ExpressionError) as refused:
        read_text(source, "ca", catalogue(), COMPANY, NOTHING)
    error = refused.value
    assert (offset, what, hint) == (error.offset, error.what, error.hint)


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'secrets' %}",
        "{% render '/etc/passwd' %}",
        "{% assign x = 1 %}",
        "{% capture x %}y{% endcapture %}",
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{{ customer.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ customer['nif'] }}",
        "{{ company }}",
        "{{ customer }}",
        "{{ debt.invoices[0].__init__ }}",
        "{{ invoice.source.name }}",
        "{% tablerow i in debt.invoices %}{% endtablerow %}",
        "{% liquid\necho customer.name %}",
    ],
)
def test_a_text_reaches_nothing_but_its_facts(source: str) -> None:
    """No files, no other templates, no Python, no endless loops."""
    with pytest.raises(ExpressionError):
        read_text(source, "ca", catalogue(), COMPANY, NOTHING)


def write(decider: Decider, source: str, language: str = "ca") -> str:
    """Write a text for the catalogue's example customer."""
    text = read_text(source, language, decider.release.facts, COMPANY, NOTHING)
    take = facts_taker(decider.release)
    return TextProgram(text, "a-rule", COMPANY).write(take(text.leaves)(example_facts()))


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("ca", "76,40\xa0€, 12 de maig del 2026, el 12 de maig del 2026, 0,438, 6\xa0%, factures"),
        ("es", "76,40\xa0€, 12 de mayo de 2026, el 12 de mayo de 2026, 0,438, 6\xa0%, factures"),
        ("en", "€76.40, 12 May 2026, 12 May 2026, 0.438, 6%, factures"),
    ],
)
def test_filters_write_as_the_language_does(decider: Decider, language: str, written: str) -> None:
    """Money, dates, numbers, per cents and plurals follow the customer's language."""
    source = (
        "{{ debt.amount | money }}, {{ today | date }}, {{ today | the_date }}, "
        "{% for l in invoice.lines %}{{ l.unit_price | number }}{% endfor %}, "
        "{{ consumption.change_percent | percent }}, "
        "{{ debt.count | plural: 'factura', 'factures' }}"
    )
    assert write(decider, source, language) == written


def test_a_loop_goes_through_a_list_and_sees_its_fields(decider: Decider) -> None:
    """A loop writes the public fields of records; forloop knows the last one."""
    source = (
        "{% for i in debt.invoices limit: 3 %}{{ i.number }}: {{ i.amount | money }}"
        "{% if forloop.last %}.{% else %}, {% endif %}{% endfor %}"
    )
    assert write(decider, source) == "A26-000045: 38,20\xa0€."


def test_a_text_that_grows_without_bound_is_stopped(decider: Decider) -> None:
    """Output is limited; the error names the rule."""
    source = "{% for i in debt.invoices %}" + "x" * 17_000 + "{% endfor %}"
    with pytest.raises(DecideError, match="a-rule"):
        write(decider, source)


def test_names_are_written_as_they_are(decider: Decider) -> None:
    """Texts are plain: nothing is escaped, and Liquid in a value isn't run."""
    assert write(decider, "{{ customer.name }} – {{ company.name }}") == (
        "Montserrat Puig Soler – Aigües"
    )


def test_a_text_without_its_facts_is_an_error_of_its_rule(decider: Decider) -> None:
    """Written for somebody whom its condition excludes, it fails as a rule does."""
    facts = customer(plan__next_date=None)
    with pytest.raises(DecideError, match="plan-next-instalment"):
        decider.write("plan-next-instalment", facts)
