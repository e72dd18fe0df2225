"""Whether somebody showed who they are just now, whichever way: what opens the most private pages.

A session remembers when it was signed in, and django-allauth adds each time that a password or a
second factor was given again. Who has neither, as they come by one-time links, signs in anew.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.contrib.auth.views import redirect_to_login
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from bustia.billing.models import Contract
from bustia.office.models import Account

__all__ = ["SIGNED_IN_AT", "for_recent"]

SIGNED_IN_AT = "signed_in_at"
P = ParamSpec("P")
Held = TypeVar("Held", Contract, Account)


@receiver(user_logged_in)
def _remember(request: HttpRequest, **_: Any) -> None:  # noqa: ANN401 (as the signal sends it)
    request.session[SIGNED_IN_AT] = time.time()


def for_recent(
    view: Callable[Concatenate[HttpRequest, Held, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Make a view within ``for_contract`` or ``for_account`` want a recent sign-in."""

    @wraps(view)
    def guarded(
        request: HttpRequest, held: Held, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if _is_recent(request):
            return view(request, held, *args, **kwargs)
        asked: HttpResponseBase
        if get_adapter().get_reauthentication_methods(request.user):
            asked = suspend_request(request, reverse("account_reauthenticate"))
        else:
            logout(request)
            back = request.path if request.method == "GET" else reverse("office:start")
            asked = redirect_to_login(back)
        return asked

    return guarded


def _is_recent(request: HttpRequest) -> bool:
    shown = [float(one["at"]) for one in get_authentication_records(request, request.user)]
    newest = max([*shown, float(request.session.get(SIGNED_IN_AT, 0))])
    return time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
