"""The e-invoice of a contract: ask for it, leave it, and see what was agreed to and when."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bustia.billing.chosen_states import Channel
from bustia.billing.models import Consent, Contract
from bustia.billing.paper import paper_of
from bustia.billing.preferences import (
    consent_in_force,
    invoice_channel_of,
    subscribe_einvoice,
    unsubscribe_einvoice,
)
from bustia.instance import current_instance
from bustia.office.access import actor_of, for_contract
from bustia.office.forms.einvoice import ConsentForm
from bustia.office.services.consents import wording_of

__all__ = ["e_invoice", "leave"]

_FORM = require_http_methods(["GET", "HEAD", "POST"])


@_FORM
@for_contract
def e_invoice(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show how the invoice comes, and let the holder ask for it by e-mail."""
    now = current_instance().now()
    wording = wording_of("e_invoice", contract, request.LANGUAGE_CODE, granted=True)
    form = ConsentForm(request.POST or None, wording=wording)
    subscribed = invoice_channel_of(contract, now) is Channel.EMAIL
    possible = bool(contract.customer.email) and not _ended(contract) and not subscribed
    if request.method == "POST" and possible and form.is_valid():
        subscribe_einvoice(contract, wording=wording, actor=actor_of(request), at=now)
        told = _("Done: your next invoice will come by e-mail.")
        messages.success(request, told, extra_tags="good")
        return redirect("office:e_invoice", contract.number)
    consent = consent_in_force(contract, "e_invoice", now) if subscribed else None
    history = Consent.objects.filter(contract=contract, kind="e_invoice")
    values = {
        "subscribed": subscribed,
        "possible": possible,
        "ended": _ended(contract),
        "consent": consent,
        "history": history.select_related("evidence").order_by("-given_at"),
        "paper": paper_of(contract, consent, now),
        "form": form,
        "wording": wording,
    }
    return render(request, "office/einvoice/einvoice.html", values)


@_FORM
@for_contract
def leave(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Let the holder go back to paper; nobody asks why."""
    now = current_instance().now()
    if invoice_channel_of(contract, now) is not Channel.EMAIL:
        return redirect("office:e_invoice", contract.number)
    wording = wording_of("e_invoice", contract, request.LANGUAGE_CODE, granted=False)
    if request.method == "POST":
        unsubscribe_einvoice(contract, wording=wording, actor=actor_of(request), at=now)
        told = _("Done: your next invoice will come on paper.")
        messages.success(request, told, extra_tags="good")
        return redirect("office:e_invoice", contract.number)
    return render(request, "office/einvoice/leave.html", {"wording": wording})


def _ended(contract: Contract) -> bool:
    end = contract.end_date
    return end is not None and end < localdate(current_instance().now())
