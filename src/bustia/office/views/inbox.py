"""Every communication sent to a customer, as it was sent, with its state in plain words."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from bustia.deliver.account_messages import MessageKind, messages_of, text_of
from bustia.deliver.correspondence import Standing, correspondence
from bustia.deliver.models import Delivery
from bustia.deliver.sent import said_in
from bustia.office.access import contracts_of, for_account
from bustia.office.models import Account
from bustia.office.services.framed import framed_mail

__all__ = ["inbox", "letter", "letter_html", "notice"]

STANDINGS: Mapping[Standing, Promise] = {
    "coming": _("on its way"),
    "accepted": _("the operator has it"),
    "delivered": _("sent"),
    "here": _("in the Virtual Office"),
    "returned": _("it came back"),
    "not_sent": _("not sent"),
}
CHANNELS: Mapping[str, Promise] = {
    "email": _("E-mail"),
    "sms": _("SMS"),
    "post": _("Post"),
    "office": _("Virtual Office"),
}


@require_safe
@for_account
def inbox(request: HttpRequest, account: Account) -> HttpResponse:
    """List what was sent to the account's contracts and to the account itself."""
    channel = request.GET.get("canal", "")
    channel = channel if channel in CHANNELS else ""
    held = list(contracts_of(account).values_list("pk", flat=True))
    items = correspondence(held, account.pk, channel)
    values = {
        "items": [(one, CHANNELS[one.channel], STANDINGS[one.standing]) for one in items],
        "channels": CHANNELS.items(),
        "channel": channel,
    }
    return render(request, "office/inbox/list.html", values)


def _delivery(account: Account, key: int) -> Delivery:
    """Give a delivery to one of the account's contracts; 404 for any other."""
    own = Delivery.objects.filter(contract__in=contracts_of(account).values("pk"), pk=key)
    found = own.select_related("contract", "invoice").first()
    if found is None:
        raise Http404
    return found


@require_safe
@for_account
def letter(request: HttpRequest, account: Account, letter: int) -> HttpResponse:
    """Show one communication as it was sent."""
    delivery = _delivery(account, letter)
    said = said_in(delivery)
    values = {
        "delivery": delivery,
        "said": said,
        "channel": CHANNELS[delivery.channel],
        "subject": said.header("Subject") if said is not None else "",
    }
    return render(request, "office/inbox/letter.html", values)


@require_safe
@for_account
def letter_html(request: HttpRequest, account: Account, letter: int) -> HttpResponse:
    """Give the HTML of a mail for the frame that shows it."""
    del request
    said = said_in(_delivery(account, letter))
    if said is None or not said.html:
        raise Http404
    return framed_mail(said.html)


@require_safe
@for_account
def notice(request: HttpRequest, account: Account, letter: int) -> HttpResponse:
    """Show a notice about the account."""
    message = messages_of(account.pk).filter(pk=letter, kind=MessageKind.NOTICE).first()
    text = text_of(message) if message is not None else None
    if text is None:
        raise Http404
    return render(request, "office/inbox/notice.html", {"text": text, "message": message})
