"""What was made of an object is found again by that object alone."""

from dataclasses import replace

from bustia.compose.labels import Labels
from bustia.compose.remembered import remembered
from bustia.compose.view import bill_view
from tests.compose.bills import COMPANY, LABELS, decision, facts


def test_the_same_object_is_asked_once() -> None:
    """An equal object, and another argument, are made anew."""
    made = []

    @remembered(most=10)
    def write(words: list[str], language: str) -> str:
        made.append(language)
        return " ".join([*words, language])

    one, equal = ["a", "b"], ["a", "b"]
    texts = [write(one, "ca"), write(one, "ca"), write(equal, "ca"), write(one, "es")]
    assert texts == ["a b ca", "a b ca", "a b ca", "a b es"]
    assert made == ["ca", "ca", "es"]


def test_no_more_is_kept_than_is_said_and_none_is_mistaken() -> None:
    """Objects that are gone, whose place in memory others take, don't lend these their texts."""
    most = 5
    kept: list[int] = []

    @remembered(most)
    def write(words: list[int]) -> str:
        kept.append(words[0])
        return str(words[0])

    assert [write([number]) for number in range(50)] == [str(number) for number in range(50)]
    assert kept == list(range(50))


def test_other_labels_write_other_bills() -> None:
    """Two releases in one process, as after an update, don't read each other's words."""
    ours, made = LABELS["ca"], facts()
    others = Labels("ca", {key: f"~{words}" for key, words in ours.words.items()})
    changed = replace(COMPANY["ca"], email="~" + COMPANY["ca"].email)
    told = decision(2, "ca")
    bill, other, third = (
        repr(bill_view(made, told, company, labels))
        for company, labels in ((COMPANY["ca"], ours), (COMPANY["ca"], others), (changed, ours))
    )
    assert bill == other.replace("~", "") == third.replace("~", "")
    assert bill.count("~") == 0
    assert other.count("~") > 40
    assert third.count("~") == 2
