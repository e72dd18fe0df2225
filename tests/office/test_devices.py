"""Guesses at passwords: they are slowed down, and no owner is locked out by somebody else's."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from bustia.office.services.devices import begin_guess, device_of, forget_devices, remember_device

pytestmark = pytest.mark.django_db
OWNER = "anna@example.cat"


def _request(address: str, cookies: dict[str, str] | None = None) -> HttpRequest:
    request = RequestFactory().post("/", REMOTE_ADDR=address)
    request.COOKIES.update(cookies or {})
    return request


def _known(*emails: str) -> dict[str, str]:
    """Give the cookie of a browser that signed in to these accounts, one after the other."""
    cookies: dict[str, str] = {}
    for email in emails:
        response = HttpResponse()
        remember_device(_request("192.0.2.9", cookies), response, email)
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    return cookies


def _wrong(times: int, email: str, address: str, cookies: dict[str, str] | None = None) -> int:
    """Guess wrong so many times; give how many guesses were let through."""
    guesses = [begin_guess(_request(address, cookies), email) for _ in range(times)]
    return sum(guess.refusal is None for guess in guesses)


def test_strangers_are_stopped_wherever_they_come_from() -> None:
    """A botnet's guesses at one account are counted together: ten an hour."""
    let_through = sum(_wrong(1, OWNER, f"198.51.100.{number}") for number in range(100))
    assert let_through == 10


def test_an_attacker_cannot_lock_the_owner_out() -> None:
    """After a thousand wrong guesses from everywhere, the owner's own device gets its tries."""
    cookies = _known(OWNER)
    for number in range(200):
        _wrong(5, OWNER, f"198.51.100.{number}")
    assert begin_guess(_request("192.0.2.9", cookies), OWNER).refusal is None
    assert begin_guess(_request("192.0.2.9"), OWNER).refusal is not None


def test_an_attacker_beside_the_owner_cannot_lock_them_out() -> None:
    """The owner's device isn't stopped by what its own network used up."""
    cookies = _known(OWNER)
    for number in range(100):
        _wrong(1, f"victim-{number}@example.cat", "192.0.2.9")
    assert begin_guess(_request("192.0.2.9"), "other@example.cat").refusal is not None
    assert begin_guess(_request("192.0.2.9", cookies), OWNER).refusal is None


def test_a_stolen_device_has_no_more_guesses_than_a_stranger() -> None:
    """A known device is counted by itself, and stopped as well."""
    assert _wrong(50, OWNER, "192.0.2.9", _known(OWNER)) == 10


def test_right_passwords_cost_nothing() -> None:
    """Who enters rightly, over and over, is never stopped."""
    for _ in range(100):
        guess = begin_guess(_request("192.0.2.1"), OWNER)
        assert guess.refusal is None
        guess.succeeded()


def test_a_device_is_known_to_the_accounts_that_it_entered_only() -> None:
    """The mark of one account opens no other, and capitals in an address don't matter."""
    request = _request("192.0.2.9", _known(OWNER, "jan@example.cat"))
    assert device_of(request, OWNER.upper()) is not None
    assert device_of(request, "jan@example.cat") is not None
    assert device_of(request, OWNER) != device_of(request, "jan@example.cat")
    assert device_of(request, "maria@example.cat") is None


@pytest.mark.parametrize("value", ["", "x", "eyJhIjoxfQ:1vABCD:forged"])
def test_a_forged_mark_says_nothing(value: str) -> None:
    """Only what this Office signed makes a device known."""
    assert device_of(_request("192.0.2.9", {"device": value}), OWNER) is None


def test_the_mark_names_nobody_and_is_out_of_reach_of_scripts() -> None:
    """The cookie holds no address, and no script can read it."""
    response = HttpResponse()
    remember_device(_request("192.0.2.9"), response, OWNER)
    cookie = response.cookies["device"]
    assert "anna" not in cookie.value
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    forget_devices(response)
    assert response.cookies["device"].value == ""


def test_the_address_is_normal_whether_there_is_an_account_or_not() -> None:
    """Addresses without an account are counted and stopped in the same way."""
    assert _wrong(30, "nobody@example.cat", "198.51.100.1") == 10
