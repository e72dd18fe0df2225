"""The link in an invoice's mail: after signing in, it opens exactly that invoice, to its holder."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from bustia.billing.models import Invoice
from bustia.deliver.links import LinkKeys, Refusal, read_document_link
from bustia.errors import LinkRefusedError
from bustia.instance import current_instance
from bustia.office.access import contract_of, for_account
from bustia.office.models import Account

__all__ = ["open_document"]


@require_safe
@for_account
def open_document(request: HttpRequest, account: Account, token: str) -> HttpResponse:
    """Lead to the invoice. Somebody else's, and one that doesn't exist, get the same page."""
    del account
    instance = current_instance()
    keys = LinkKeys.parse(instance.key("links"))
    try:
        key = read_document_link(token, keys, localdate(instance.now()))
        number = _contract_number(key)
        contract = contract_of(request, number)
    except LinkRefusedError as error:
        return _not_here(request, expired=error.what == Refusal.EXPIRED)
    except Http404:
        return _not_here(request, expired=False)
    return redirect("office:invoice", contract.number, key)


def _contract_number(key: int) -> str:
    number = Invoice.objects.filter(pk=key).values_list("contract__number", flat=True).first()
    if number is None:
        raise Http404
    return number


def _not_here(request: HttpRequest, *, expired: bool) -> HttpResponse:
    values = {"expired": expired}
    return render(request, "office/invoices/not_here.html", values, status=404)
