"""Pages of a demonstration: people to sign in as, and the mailbox where their mails can be read."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from bustia.billing.models import Customer
from bustia.instance import current_instance
from bustia.office.demo import people
from bustia.office.models import Account
from bustia.office.services.framed import framed_mail
from bustia.office.services.mailbox import Item, Letter, newest, read_letter, search

__all__ = ["enter", "letter", "letter_file", "letter_html", "mailbox"]

P = ParamSpec("P")
_SHOWN = 60
_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def _only_in_demonstrations(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not current_instance().config.office.demo:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@require_POST
@_only_in_demonstrations
def enter(request: HttpRequest, number: int) -> HttpResponse:
    """Sign in as one of the made-up people, without a password."""
    if number not in {person.account for person in people()}:
        raise Http404
    login(request, Account.objects.get(pk=number), backend=_BACKEND)
    return redirect("office:start")


@require_safe
@_only_in_demonstrations
def mailbox(request: HttpRequest) -> HttpResponse:
    """List the mails and SMS, the newest first, or those of one person."""
    instance, words = current_instance(), request.GET.get("q", "").strip()[:120]
    if words:
        items = _merged(
            search(instance, words, _SHOWN),
            *(search(instance, address, _SHOWN) for address in _addresses_of(words)),
        )
    else:
        items = newest(instance, _SHOWN)
    names = _names_of(items)
    listed = [(item, names.get(item.to.lower(), "")) for item in items]
    return render(request, "office/demo/mailbox.html", {"listed": listed, "words": words})


@require_safe
@_only_in_demonstrations
def letter(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail or SMS."""
    found = _found(name)
    person = _names_of([found.item]).get(found.item.to.lower(), "")
    return render(request, "office/demo/letter.html", {"letter": found, "person": person})


@require_safe
@_only_in_demonstrations
def letter_html(request: HttpRequest, name: str) -> HttpResponse:
    """Give the HTML of a mail for the frame that shows it."""
    del request
    found = _found(name)
    if not found.html:
        raise Http404
    return framed_mail(found.html)


@require_safe
@_only_in_demonstrations
def letter_file(request: HttpRequest, name: str, place: int) -> HttpResponse:
    """Give what is attached to a mail."""
    del request
    attachments = _found(name).attachments
    if place >= len(attachments):
        raise Http404
    file = attachments[place]
    response = HttpResponse(file.content, content_type=file.media_type)
    safe = "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in file.name)
    response["Content-Disposition"] = f'inline; filename="{safe}"'
    return response


def _found(name: str) -> Letter:
    found = read_letter(current_instance(), name)
    if found is None:
        raise Http404
    return found


def _addresses_of(words: str) -> list[str]:
    """Give the addresses and telephones of the customers of a name."""
    named = Customer.objects.filter(name__icontains=words).order_by("name")[:10]
    pairs = named.values_list("email", "mobile")
    return [address for pair in pairs for address in pair if address]


def _merged(*lists: list[Item]) -> list[Item]:
    found = {item.name: item for items in lists for item in items}
    return sorted(found.values(), key=lambda item: item.at, reverse=True)[:_SHOWN]


def _names_of(items: list[Item]) -> dict[str, str]:
    """Give the customers' names by their addresses and telephones."""
    addresses = {item.to for item in items}
    names: dict[str, str] = {}
    for customer in Customer.objects.filter(email__in=addresses).order_by("pk"):
        names[customer.email.lower()] = customer.name
    for customer in Customer.objects.filter(mobile__in=addresses).order_by("pk"):
        names[customer.mobile] = customer.name
    return names
