"""The list of a contract's invoices: filters, totals, and several of them in one file."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from bustia.billing.invoice_list import Filter, invoice_page, matching
from bustia.billing.models import Contract
from bustia.instance import current_instance
from bustia.office.access import for_contract
from bustia.office.desk import retention_years
from bustia.office.services.invoice_files import (
    MOST_IN_A_ZIP,
    bundle_of,
    documents_of,
    file_name,
    zipped,
)

__all__ = ["invoices", "invoices_zip"]

LABELS = {
    Filter.OWED: gettext_lazy("Pending"),
    Filter.COMING: gettext_lazy("In time to pay"),
    Filter.PAID: gettext_lazy("Paid"),
    Filter.PLAN: gettext_lazy("In a payment plan"),
    Filter.RETURNED: gettext_lazy("Returned by the bank"),
    Filter.CREDIT: gettext_lazy("Credit notes"),
}
_LONGEST_NUMBER = 18
"""Digits that a number in an address may have: those of a key in the database."""


@require_safe
@for_contract
def invoices(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show the invoices asked for, the newest first."""
    now = current_instance().now()
    year, state = _asked(request.GET)
    page = invoice_page(
        contract.pk, now, year=year, state=state, page=_whole(request.GET.get("pagina")) or 1
    )
    documents = documents_of(contract.pk, [row.id for row in page.rows])
    rows = [(row, documents.get(row.id)) for row in page.rows]
    asked = _query(year, state)
    here = reverse("office:invoices", args=[contract.number])
    values = {
        "page": page,
        "rows": rows,
        "year": year,
        "state": state,
        "states": [
            (one, label, page.counts[one])
            for one, label in LABELS.items()
            if page.counts[one] or one is state
        ],
        "previous": _address(here, asked | {"pagina": page.number - 1}),
        "next": _address(here, asked | {"pagina": page.number + 1}),
        "back": urlencode(asked | ({"pagina": page.number} if page.number > 1 else {})),
        "some_kept": any(document and not document.erased_at for _, document in rows),
        "most": MOST_IN_A_ZIP,
        "years_kept": retention_years("invoice", localdate(now)),
    }
    return render(request, "office/invoices/list.html", values)


@require_safe
@for_contract
def invoices_zip(request: HttpRequest, contract: Contract) -> HttpResponseBase:
    """Give the documents that were ticked, or all that were asked for, in one ZIP."""
    now = current_instance().now()
    year, state = _asked(request.GET)
    if "totes" in request.GET:
        keys = matching(contract.pk, now, year, state, MOST_IN_A_ZIP + 1)
    else:
        ticked = dict.fromkeys(_whole(value) for value in request.GET.getlist("f"))
        keys = [key for key in ticked if key is not None]
    bundle = bundle_of(contract.pk, keys[:MOST_IN_A_ZIP])
    if len(keys) > MOST_IN_A_ZIP or not bundle.documents:
        told = _("Tick at least one invoice that has a document.")
        if len(keys) > MOST_IN_A_ZIP:
            told = _("That is too many for one file: choose a year.")
        messages.error(request, told, extra_tags="alert")
        here = reverse("office:invoices", args=[contract.number])
        return redirect(_address(here, _query(year, state)))
    answer = StreamingHttpResponse(zipped(bundle, localdate(now)), content_type="application/zip")
    name = file_name(contract.number, ".zip")
    answer["Content-Disposition"] = content_disposition_header(True, name)
    return answer


def _asked(given: Mapping[str, Any]) -> tuple[int | None, Filter | None]:
    """Read the filters of an address; what isn't one filters nothing."""
    year = _whole(given.get("any"))
    state = str(given.get("estat"))
    known = state in set(Filter)
    return year if year and 1900 <= year <= 2999 else None, Filter(state) if known else None


def _whole(text: str | None) -> int | None:
    """Read a whole number in plain digits."""
    if text and text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return int(text)
    return None


def _query(year: int | None, state: Filter | None) -> dict[str, Any]:
    return ({"any": year} if year else {}) | ({"estat": state.value} if state else {})


def _address(path: str, query: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
