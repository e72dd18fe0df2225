"""The feed of customers' changes: a billing system reads what waits, and says what it took."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from bustia.api.access import for_programs
from bustia.api.problems import problem
from bustia.audit.log import Actor
from bustia.billing.outgoing import take_change, waiting_changes
from bustia.instance import current_instance

__all__ = ["changes", "not_found", "taken"]

_USUAL, _MOST = 100, 1000
_LARGEST = 2**63 - 1
_BILLING = Actor("billing", "feed")


def _changes(request: HttpRequest) -> HttpResponse:
    """Give changes that wait, the oldest first, after the number given."""
    after = _number(request.GET.get("after", "0"), 0, _LARGEST)
    limit = _number(request.GET.get("limit", str(_USUAL)), 1, _MOST)
    if after is None or limit is None:
        detail = f"after is a change's number, limit a number from 1 to {_MOST}."
        return problem(HTTPStatus.BAD_REQUEST, detail)
    found = waiting_changes(after, limit)
    following = None
    if len(found) == limit:
        query = urlencode({"after": found[-1].id, "limit": limit})
        following = f"{reverse('api:changes')}?{query}"
    return JsonResponse({"changes": [one.plain() for one in found], "next": following})


def _taken(_: HttpRequest, number: str) -> HttpResponse:
    """Note that a change was taken; saying so again is harmless."""
    key = _number(number, 1, _LARGEST)
    at = current_instance().now()
    if key is None or not take_change(key, actor=_BILLING, at=at):
        return problem(HTTPStatus.NOT_FOUND, "There is no change of this number.")
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _not_found(_: HttpRequest, rest: str) -> HttpResponse:
    """Answer for every path that isn't one."""
    del rest
    return problem(HTTPStatus.NOT_FOUND, "There is nothing here; see docs/changes.md.")


def _number(text: str, least: int, most: int) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    return int(text) if least <= int(text) <= most else None


changes = for_programs("GET", _changes)
taken = for_programs("POST", _taken)
not_found = for_programs("GET", _not_found)
