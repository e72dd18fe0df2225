"""Paying on the bank's page: going there, coming back, and the bank's own word."""

import logging
from typing import Any
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from bustia.billing.debts import debts_of
from bustia.billing.models import Contract, OnlinePayment
from bustia.billing.online_payments import gateway, start_payment, state_of, take_notification
from bustia.billing.paying_states import PaymentState
from bustia.errors import PaymentError
from bustia.instance import current_instance
from bustia.money import cents
from bustia.office.access import actor_of, for_contract
from bustia.office.forms.debts import ChosenInvoices
from bustia.office.views.debts import page
from bustia.payments.gateway import Order, PaymentGateway

__all__ = ["come_back", "notify", "pay", "payment"]

log = logging.getLogger(__name__)


@require_POST
@for_contract
def pay(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Begin a payment of the invoices that were chosen, and lead to where it goes on."""
    now = current_instance().now()
    if gateway() is None:
        raise Http404
    payable = [one for one in debts_of(contract.pk, now) if one.payable_now(localdate(now))]
    form = ChosenInvoices(request.POST, payable=payable)
    if not form.is_valid():
        return page(request, contract, form)
    numbers = [one.number for one in form.chosen]
    try:
        begun = start_payment(contract, numbers, actor=actor_of(request), at=now)
    except PaymentError:  # paid in another window meanwhile
        messages.info(request, _("Something has changed. Please look at your invoices again."))
        return redirect("office:debts", contract.number)
    return redirect("office:payment", contract.number, begun.order)


@require_safe
@for_contract
def payment(request: HttpRequest, contract: Contract, order: str) -> HttpResponseBase:
    """Show a payment: about to go to the bank, paid, refused, or still waiting for word."""
    bank = gateway()
    if bank is None:
        raise Http404
    found = _payment(contract, order)
    state = state_of(found, current_instance().now())
    came_back = "tornada" in request.GET
    shares = list(found.shares.select_related("invoice").order_by("invoice__number"))
    numbers = [one.invoice.number for one in shares]
    values: dict[str, Any] = {
        "payment": found,
        "state": state,
        "came_back": came_back,
        "shares": shares,
    }
    if state is PaymentState.STARTED and not came_back:
        values["redirect"] = bank.redirect(_order(found, numbers, request.LANGUAGE_CODE))

    @csp_update({"form-action": [_origin(bank)]})
    def shown(request: HttpRequest) -> HttpResponse:
        return render(request, "office/debts/payment.html", values)

    return shown(request)


def _payment(contract: Contract, order: str) -> OnlinePayment:
    found = OnlinePayment.objects.filter(contract=contract, order=order).first()
    if found is None:
        raise Http404
    return found


def _origin(bank: PaymentGateway) -> str:
    parts = urlsplit(bank.url)
    return f"{parts.scheme}://{parts.netloc}"


def _order(found: OnlinePayment, numbers: list[str], language: str) -> Order:
    office = current_instance().office_url.rstrip("/")
    back = office + reverse("office:payment_back", args=[found.contract.number, found.order])
    what = ngettext("Invoice %(numbers)s", "Invoices %(numbers)s", len(numbers))
    return Order(
        number=found.order,
        amount_cents=cents(found.amount),
        description=what % {"numbers": ", ".join(numbers)},
        language=language,  # type: ignore[arg-type]  # one of the Office's three
        notify_url=office + reverse("office:payment_notice"),
        paid_url=back,
        refused_url=back,
    )


@require_safe
@for_contract
def come_back(request: HttpRequest, contract: Contract, order: str) -> HttpResponse:
    """Take what the bank gave the customer to bring back, if it is signed, and show the payment."""
    found = _payment(contract, order)
    bank = gateway()
    if bank is not None and request.GET:
        try:
            take_notification(bank, request.GET.dict(), at=current_instance().now())
        except PaymentError as error:
            log.warning("what a customer brought back from the bank: %s", error)
    where = reverse("office:payment", args=[contract.number, found.order])
    return redirect(f"{where}?tornada")


@csrf_exempt  # the bank's server has no cookie of ours: its signature is what counts
@require_POST
def notify(request: HttpRequest) -> HttpResponse:
    """Take the bank's notification; it is answered in a word, as nobody reads it."""
    bank = gateway()
    if bank is None:
        raise Http404
    try:
        take_notification(bank, request.POST.dict(), at=current_instance().now())
    except PaymentError as error:
        log.warning("a notification of a payment: %s", error)
        return HttpResponse("KO", status=400, content_type="text/plain")
    return HttpResponse("OK", content_type="text/plain")
