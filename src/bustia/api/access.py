"""Who may ask: programs that have the token, which comes from the environment."""

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from bustia.api.problems import problem

__all__ = ["TOKEN", "for_programs"]

TOKEN = "BUSTIA_API_TOKEN"  # noqa: S105 (the name of the variable)
_SHORTEST = 32
P = ParamSpec("P")


def for_programs(
    method: str, view: Callable[Concatenate[HttpRequest, P], HttpResponse]
) -> Callable[..., HttpResponse]:
    """Make a view that answers one method, and only to who brings the token.

    There is no session, so there is no forged request to guard against.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        token = os.environ.get(TOKEN, "")
        if len(token) < _SHORTEST:
            return problem(
                HTTPStatus.UNAUTHORIZED,
                f"No token is set: put {_SHORTEST} or more random characters into {TOKEN}.",
                WWW_Authenticate="Bearer",
            )
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not _same(given.strip(), token):
            return problem(
                HTTPStatus.UNAUTHORIZED,
                "Send the token as Authorization: Bearer.",
                WWW_Authenticate="Bearer",
            )
        if request.method != method:
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, f"Use {method}.", Allow=method)
        return view(request, *args, **kwargs)

    return csrf_exempt(guarded)


def _same(given: str, token: str) -> bool:
    """Compare in the same time whatever is given, its length too."""
    ours, theirs = (hashlib.sha256(text.encode()).digest() for text in (token, given))
    return hmac.compare_digest(ours, theirs)
