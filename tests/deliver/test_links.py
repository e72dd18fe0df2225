"""Links in mails: what they open, for how long, and that nobody can make or change one."""

import hmac
import string
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bustia.deliver import links
from bustia.deliver.links import (
    LinkKeys,
    OptionalMail,
    Refusal,
    document_link,
    preferences_link,
    read_document_link,
    read_preferences_link,
    read_unsubscribe_link,
    unsubscribe_link,
)
from bustia.errors import InstanceError, LinkRefusedError

BASE = "https://oficina.example"
DAY = date(2026, 5, 12)
OLD, NEW = "ab" * 32, "12" * 32
KEYS = LinkKeys.parse(NEW)
LETTERS = string.ascii_letters + string.digits + "-_"

numbers = st.integers(min_value=1, max_value=2**63 - 1)
days = st.dates(date(2024, 1, 1), date(2090, 1, 1))


def token(link: str) -> str:
    """Take the token out of a link."""
    return link.rpartition("/")[2]


def refused(read, text: str, keys: LinkKeys = KEYS, today: date = DAY) -> str:
    """Give why a token is refused."""
    with pytest.raises(LinkRefusedError) as caught:
        read(text, keys, today)
    return caught.value.what


@given(numbers, days)
def test_what_goes_into_a_link_comes_out_of_it(number, day):
    """Each purpose has its own path, and gives back its numbers."""
    document = document_link(BASE, KEYS, number, day)
    preferences = preferences_link(BASE, KEYS, number, day)
    unsubscribe = unsubscribe_link(BASE, KEYS, number, OptionalMail.PROMOTION, day)

    assert document.startswith("https://oficina.example/d/")
    assert preferences.startswith("https://oficina.example/p/")
    assert unsubscribe.startswith("https://oficina.example/u/")
    assert number == read_document_link(token(document), KEYS, day)
    assert number == read_preferences_link(token(preferences), KEYS, day)
    read = read_unsubscribe_link(token(unsubscribe), KEYS, day)
    assert read == (number, OptionalMail.PROMOTION)


@given(numbers, days)
def test_the_same_delivery_has_the_same_short_link(number, day):
    """Nothing in it is random; it needs no escaping and stays on one line of a mail."""
    made = document_link(f"{BASE}/", KEYS, number, day)

    assert made == document_link(BASE, KEYS, number, day)
    assert set(token(made)) <= set(LETTERS)
    assert len(made) < 70
    assert urlsplit(made).geturl() == made


@given(st.data(), numbers)
def test_any_changed_character_is_refused(data, number):
    """Wherever one is changed, left out or added, case and last bits included."""
    good = token(document_link(BASE, KEYS, number, DAY))
    place = data.draw(st.integers(0, len(good) - 1))
    letter = data.draw(st.sampled_from(LETTERS + "=+/. é"))
    change = data.draw(st.sampled_from(["change", "insert", "remove"]))
    rest = good[place if change == "insert" else place + 1 :]
    bad = good[:place] + ("" if change == "remove" else letter) + rest
    assume(bad != good)

    assert refused(read_document_link, bad) == Refusal.BAD


@given(st.text(max_size=200))
def test_what_is_no_link_is_refused_without_ado(text):
    """Whatever somebody types, the answer is that it is bad, nothing else."""
    for read in (read_document_link, read_preferences_link, read_unsubscribe_link):
        assert refused(read, text) == Refusal.BAD


@given(numbers)
def test_a_link_opens_only_what_it_is_for(number):
    """One that changes preferences can't be made to open a document, nor the other way round."""
    made = {
        read_document_link: document_link(BASE, KEYS, number, DAY),
        read_preferences_link: preferences_link(BASE, KEYS, number, DAY),
        read_unsubscribe_link: unsubscribe_link(BASE, KEYS, number, OptionalMail.PROMOTION, DAY),
    }
    for read in made:
        for other, link in made.items():
            if other is not read:
                assert refused(read, token(link)) == Refusal.OTHER_PURPOSE


@pytest.mark.parametrize(
    ("make", "read", "length"),
    [
        (document_link, read_document_link, 1098),
        (preferences_link, read_preferences_link, 90),
    ],
)
@given(number=numbers, day=days)
def test_a_link_is_good_to_its_last_day(make, read, length, number, day):
    """On its last day it opens, on the day after it has expired; they count from the mail's day."""
    made = token(make(BASE, KEYS, number, day))
    last = day + timedelta(days=length)

    assert number == read(made, KEYS, last)
    assert refused(read, made, today=last + timedelta(days=1)) == Refusal.EXPIRED
    assert number == read(made, KEYS, day - timedelta(days=1))


@given(numbers)
def test_keys_can_be_changed(number):
    """The newest key signs; links that an older one signed are good as long as it is kept."""
    before = token(document_link(BASE, LinkKeys.parse(OLD), number, DAY))
    both = LinkKeys.parse(f"{NEW}, {OLD}")

    assert number == read_document_link(before, both, DAY)
    assert refused(read_document_link, before, KEYS) == Refusal.BAD
    assert document_link(BASE, both, number, DAY) == document_link(BASE, KEYS, number, DAY)


def test_a_kind_that_nobody_sends_is_refused():
    """A link for a kind of mail that we don't know unsubscribes from nothing."""
    odd = links._link(BASE, KEYS, links.Purpose.UNSUBSCRIBE, (7, 99), DAY)
    short = links._link(BASE, KEYS, links.Purpose.UNSUBSCRIBE, (7,), DAY)

    assert refused(read_unsubscribe_link, token(odd)) == Refusal.BAD
    assert refused(read_unsubscribe_link, token(short)) == Refusal.BAD


def test_the_signature_is_compared_in_constant_time(monkeypatch):
    """The comparison is the library's, with every key, also after one has matched."""
    compared = list[bool]()
    real = hmac.compare_digest

    def compare(one: bytes, two: bytes) -> bool:
        compared.append(real(one, two))
        return compared[-1]

    monkeypatch.setattr(hmac, "compare_digest", compare)
    both = LinkKeys.parse(f"{NEW},{OLD}")

    read_document_link(token(document_link(BASE, both, 7, DAY)), both, DAY)

    assert compared == [True, False]


@pytest.mark.parametrize("text", ["", "12", "zz" * 32, f"{NEW},", f"{NEW},12"])
def test_a_key_that_is_none_is_refused(text):
    """A weak key would be a weak signature."""
    with pytest.raises(InstanceError, match="64 hexadecimal digits"):
        LinkKeys.parse(text)
