"""The feed of changes over HTTP: only with the token, and always in JSON."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from bustia.audit.log import Actor, done_by
from bustia.billing import changes
from bustia.billing.models import CustomerChange
from tests.deliver.town import Town

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
MARIA = Actor("customer", "17")
TOKEN = "a-token-of-thirty-two-characters-"
FEED, TAKEN = "/api/v1/changes", "/api/v1/changes/{}/taken"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A program that has the token."""
    monkeypatch.setenv("BUSTIA_API_TOKEN", TOKEN)
    return Client(headers={"Authorization": f"Bearer {TOKEN}"}, enforce_csrf_checks=True)


def said(count: int = 1) -> list[CustomerChange]:
    """Let some customers change their addresses."""
    for place in range(count):
        customer = Town().contract(place).customer
        changes.change_email(customer, f"nova{place}@example.org", actor=MARIA, at=NOW)
    return list(CustomerChange.objects.order_by("pk"))


def problem_of(response, status: int) -> dict[str, object]:
    """Give the problem that an answer tells; it must be one."""
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    told: dict[str, object] = json.loads(response.content)
    assert told["status"] == status
    assert set(told) == {"type", "title", "status", "detail"}
    return told


def test_what_waits_is_given(program: Client) -> None:
    """A change comes with whose it is and what it says, and the answer stays in no cache."""
    (change,) = said()
    response = program.get(FEED)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json() == {
        "changes": [
            {
                "id": change.pk,
                "kind": "email",
                "customer": "C0",
                "contract": None,
                "asked_at": "2026-05-12T08:00:00Z",
                "source": "office",
                "values": {"email": "nova0@example.org"},
            }
        ],
        "next": None,
    }


def test_pages_follow_each_other(program: Client) -> None:
    """The next page's address is in the answer, until there is none."""
    expected = [one.pk for one in said(5)]
    found, address = [], f"{FEED}?limit=2"
    while address:
        page = program.get(address).json()
        found += [one["id"] for one in page["changes"]]
        address = page["next"]
    assert found == expected


def test_what_was_taken_is_not_given_again(program: Client) -> None:
    """Saying that it was taken needs neither cookie nor CSRF token, and may be said twice."""
    first, second = said(2)
    for _ in range(2):
        assert program.post(TAKEN.format(first.pk)).status_code == 204
    first.refresh_from_db()
    assert first.state == "exported"
    assert [second.pk] == [one["id"] for one in program.get(FEED).json()["changes"]]
    assert [one.action for one in done_by(Actor("billing", "feed"))] == ["change.taken"]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer ñ"},
        {"Cookie": f"token={TOKEN}"},
    ],
)
def test_without_the_token_there_is_nothing(program: Client, sent: dict[str, str]) -> None:
    """No path tells a stranger anything, nor does any method."""
    (change,) = said()
    stranger = Client(headers=sent)
    for path in (FEED, TAKEN.format(change.pk), TAKEN.format(0), "/api/v1/nothing"):
        for ask in (stranger.get, stranger.post, stranger.delete):
            response = ask(path)
            problem_of(response, 401)
            assert response["WWW-Authenticate"] == "Bearer"
    change.refresh_from_db()
    assert change.state == "waiting"


@pytest.mark.parametrize("token", ["", "short"])
def test_a_weak_token_opens_nothing(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the operator set no token, or one that could be guessed, the feed is closed."""
    monkeypatch.setenv("BUSTIA_API_TOKEN", token)
    client = Client(headers={"Authorization": f"Bearer {token}"})
    assert "BUSTIA_API_TOKEN" in str(problem_of(client.get(FEED), 401)["detail"])


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "after=٣", "after=9223372036854775808", "after=", "limit=0",
     "limit=1001", "limit=1e3", "after=1%00"],
)  # fmt: skip
def test_questions_out_of_range_are_refused(program: Client, query: str) -> None:
    """What is no number of the right size is told, not guessed at."""
    problem_of(program.get(f"{FEED}?{query}"), 400)


@pytest.mark.parametrize("number", ["0", "999999", "x", "-1", "9" * 40, "٣"])
def test_an_unknown_change_is_told(program: Client, number: str) -> None:
    """Taking what isn't there is a 404, whatever its number looks like."""
    problem_of(program.post(TAKEN.format(number)), 404)


def test_other_paths_and_methods_are_told(program: Client) -> None:
    """A path that isn't one is a 404, another method a 405 that names the right one."""
    problem_of(program.get("/api/v1/nothing/at/all"), 404)
    assert program.post(FEED)["Allow"] == "GET"
    problem_of(program.post(FEED), 405)
    problem_of(program.get(TAKEN.format(1)), 405)
