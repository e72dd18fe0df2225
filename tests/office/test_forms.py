"""Every form of the Office is given nonsense: it answers with a page, never with a failure."""

import random
from collections.abc import Iterator

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bustia.billing.models import Contract
from tests.deliver.town import Town
from tests.office.crawl import Form, Page, crawl, forms_of, route_of
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db

MARK = "<b data-planted=1>"
"""What must never come back as markup."""
_WORDS = (
    "", " ", "0", "-1", "1e999", "NaN", "9" * 400, "\x00", "\ud7ff", "ES00 0000", "' OR 1=1 --",
    "../../etc/passwd", "{{ 7*7 }}", "{% debug %}", "%s%n", "\r\nX-Planted: 1", "٣", "2026-02-30",
    "a@b", "x" * 300 + "@example.org", "javascript:alert(1)", "//elsewhere.example/", "on", "true",
    f"{MARK}x",
)  # fmt: skip
NONSENSE = st.one_of(st.text(max_size=60), st.sampled_from(_WORDS))
_LEAVE = {"sortir/"}
"""Routes that end the session: tried last, by themselves."""


def _page(client: Client, url: str) -> str | None:
    answer = client.get(url, follow=True)
    assert answer.status_code in (200, 404), url
    if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
        return None
    return answer.content.decode()


@pytest.fixture
def contract() -> Contract:
    """A contract with an invoice, whose holder reads it by e-mail."""
    town = Town()
    made = town.contract(1, language="en")
    town.invoice(made)
    return made


@pytest.fixture(params=["signed in", "signed out"])
def client(request: pytest.FixtureRequest, contract: Contract) -> Client:
    """A visitor of each kind."""
    holder = account("reader@example.org", contract)
    return signed_in(holder) if request.param == "signed in" else Client()


def _forms(client: Client) -> Iterator[tuple[Page, Form]]:
    told = set()
    for page in crawl(lambda url: _page(client, url), "/", "/entrar/", "/accessibilitat/"):
        for form in forms_of(page):
            key = (route_of(form.action), form.method, tuple(sorted(form.fields)))
            if key not in told and route_of(form.action) not in _LEAVE:
                told.add(key)
                yield page, form


@pytest.mark.slow
def test_no_form_fails_on_nonsense(client: Client) -> None:
    """Whatever stands in its fields, a form is answered, and nothing of it comes back as markup."""
    forms = list(_forms(client))
    assert forms

    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(seed=st.integers(0, 2**32), values=st.lists(NONSENSE, min_size=8, max_size=8))
    def tried(seed: int, values: list[str]) -> None:
        chosen = random.Random(seed)
        for _, form in forms:
            data = dict(form.fields)
            for name in data:
                if name == "csrfmiddlewaretoken" or chosen.random() < 0.25:
                    continue
                offered = form.choices.get(name)
                usual = offered is not None and chosen.random() < 0.5
                data[name] = chosen.choice(offered if usual and offered else values)
            _submit(client, form, data)

    tried()


def _submit(client: Client, form: Form, data: dict[str, str]) -> None:
    send = client.post if form.method == "post" else client.get
    answer = send(form.action, data)
    assert answer.status_code < 500, (form.action, data)
    if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
        assert MARK not in answer.content.decode(), (form.action, data)
    where = answer.get("Location", "")
    assert not where.startswith(("//", "javascript:")), (form.action, data)
    assert "X-Planted" not in answer
