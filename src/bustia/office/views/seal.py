"""Is it the invoice that was sealed? Of one that we keep, and of a file that somebody has."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from bustia.billing.models import Contract
from bustia.office.access import account_of, for_contract
from bustia.office.forms.check_file import CheckFileForm
from bustia.office.limits import Limit
from bustia.office.services import seals
from bustia.office.views.invoice import kept_document, row_of

__all__ = ["check_file", "check_kept"]

FILES_OF_ACCOUNT = Limit("files checked", 30, timedelta(hours=1))


@require_safe
@for_contract
def check_kept(request: HttpRequest, contract: Contract, key: int) -> HttpResponse:
    """Check the seal of an invoice of the contract."""
    document = kept_document(contract, key)
    values = {
        "row": row_of(contract, key),
        "document": document,
        "seal": seals.check_kept(document),
    }
    return render(request, "office/invoices/seal.html", values)


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
def check_file(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Take a file and tell whether we sealed it; nothing of it is kept."""
    posted = request.method == "POST"
    form = CheckFileForm(request.POST, request.FILES) if posted else CheckFileForm()
    checked = None
    if posted and form.is_valid():
        content = form.cleaned_data["file"].read()
        account = account_of(request).pk
        refused = FILES_OF_ACCOUNT.take(str(account))
        checked = seals.CheckedFile("busy") if refused else seals.check_file(content, account)
    document = checked.document if checked else None
    mine = document is not None and document.contract_id == contract.pk
    values = {"form": form, "checked": checked, "document": document if mine else None}
    return render(request, "office/invoices/check.html", values)
