"""Where the links of mails lead to without signing in: preferences, and one-click unsubscribing.

Whoever has the mail has the link. So these pages tell nothing of whom it was sent to, and nothing
can be agreed to here, only ended.
"""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.timezone import localdate
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bustia.audit.log import Actor
from bustia.billing.changes import ConsentKind, change_language
from bustia.billing.chosen_states import Communication
from bustia.billing.models import Contract
from bustia.billing.preferences import end_alerts, preferences_of, set_optional
from bustia.deliver.links import (
    LinkKeys,
    OptionalMail,
    Refusal,
    read_preferences_link,
    read_unsubscribe_link,
)
from bustia.errors import LinkRefusedError
from bustia.instance import current_instance
from bustia.office.forms.preferences import LinkForm
from bustia.office.services.consents import wording_of

__all__ = ["by_link", "unsubscribe"]

_BY_LINK = Actor("customer", "link")
_FORM = require_http_methods(["GET", "HEAD", "POST"])
_CONSENTS: dict[Communication, ConsentKind] = {
    Communication.NOTICES: "sms_notices",
    Communication.PROMOTION: "promotion",
}
_KINDS = {OptionalMail.PROMOTION: Communication.PROMOTION}


def _obeyed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer for a link that is cut off, changed, of another purpose or too old."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return view(request, token)
        except LinkRefusedError as error:
            expired = error.what == Refusal.EXPIRED
            page = "office/preferences/expired.html" if expired else "office/errors/404.html"
            return render(request, page, status=410 if expired else 404)

    return guarded


@_FORM
@_obeyed
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a customer gets, without saying who that is, and let them end what is optional."""
    keys, now = _keys(), current_instance().now()
    contract = _contract(read_preferences_link(token, keys, localdate(now)))
    _speak(request, contract)
    form = LinkForm(
        request.POST if request.method == "POST" else None, now=preferences_of(contract, now)
    )
    if form.is_bound and form.is_valid():
        language = form.cleaned_data["language"]
        change_language(contract.customer, language, actor=_BY_LINK, at=now)
        for kind in form.ended():
            _end(request, contract, kind)
        return redirect(f"{request.path}?desat")
    values = {"form": form, "saved": "desat" in request.GET}
    return render(request, "office/preferences/by_link.html", values)


@csrf_exempt  # RFC 8058: a mail program posts without cookies; the signed link is what allows it
@_FORM
@_obeyed
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End an optional kind of mail; a GET, which programs make to look, only asks (RFC 8058)."""
    keys, now = _keys(), current_instance().now()
    number, mail = read_unsubscribe_link(token, keys, localdate(now))
    contract = _contract(number)
    _speak(request, contract)
    done = request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click"
    if done:
        _end(request, contract, _KINDS[mail])
    return render(request, "office/preferences/unsubscribe.html", {"done": done})


def _keys() -> LinkKeys:
    return LinkKeys.parse(current_instance().key("links"))


def _contract(number: int) -> Contract:
    """Give the contract that a link means; it may have gone since the mail."""
    found = Contract.objects.select_related("customer").filter(pk=number).first()
    if found is None:
        raise LinkRefusedError(Refusal.BAD)
    return found


def _speak(request: HttpRequest, contract: Contract) -> None:
    """Speak the language of the mail, unless the reader has chosen another one here."""
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and not request.user.is_authenticated:
        translation.activate(contract.customer.language)
        request.LANGUAGE_CODE = contract.customer.language


def _end(request: HttpRequest, contract: Contract, kind: Communication) -> None:
    at = current_instance().now()
    if kind is Communication.ALERTS:
        end_alerts(contract, actor=_BY_LINK, at=at)
        return
    wording = wording_of(_CONSENTS[kind], contract, request.LANGUAGE_CODE, granted=False)
    set_optional(contract, kind, wanted=False, wording=wording, actor=_BY_LINK, at=at)
