"""What every answer says about itself: policy, caches, frames, types (OWASP ASVS 14.4)."""

import pytest
from django.test import Client

from tests.deliver.town import Town
from tests.office.people import account, signed_in

pytestmark = pytest.mark.django_db
PATHS = ("/entrar/", "/accessibilitat/", "/nowhere/", "/contracte/K1/", "/")


@pytest.fixture
def client() -> Client:
    """Somebody who holds a contract."""
    return signed_in(account("a@example.org", Town().contract(1)))


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(client: Client, path: str) -> None:
    """Pages, redirects and errors alike carry the policy, and stay out of every cache."""
    headers = client.get(path).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PATHS)
def test_no_script_or_style_may_stand_in_a_page(client: Client, path: str) -> None:
    """The policy forbids inline scripts and styles, and pages have none."""
    answer = client.get(path)
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer.headers["Content-Security-Policy"].split(";")
        if " " in part.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    content = answer.content.decode()
    assert "<style" not in content
    assert " style=" not in content
    assert "<script>" not in content
    assert " onclick=" not in content


def test_cookies_are_for_the_server_alone(client: Client) -> None:
    """Scripts can't read the session's or the form's cookie, and other sites don't send them."""
    for cookie in client.get("/entrar/").cookies.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_https_is_for_good_behind_the_proxy(client: Client, settings: object) -> None:
    """What the proxy took by TLS is answered with HSTS, for all below this host too."""
    settings.SECURE_HSTS_SECONDS = 3600  # type: ignore[attr-defined]
    answer = Client().get("/entrar/", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=3600; includeSubDomains"
