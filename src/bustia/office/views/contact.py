"""A new address or mobile number, confirmed by both ends."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bustia.instance import current_instance
from bustia.office.access import for_account
from bustia.office.forms.accounts import BothCodesForm, NewAddressForm, NewNumberForm
from bustia.office.limits import Limit
from bustia.office.models import Account
from bustia.office.recent import for_recent
from bustia.office.services import contact

__all__ = ["change_address", "change_number", "confirm"]

_FORM = require_http_methods(["GET", "HEAD", "POST"])
CHANGES_OF_ACCOUNT = Limit("changes of contact data", 5, timedelta(hours=1))


def _begin(
    request: HttpRequest, account: Account, kind: contact.Kind, form: NewAddressForm | NewNumberForm
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        if CHANGES_OF_ACCOUNT.take(str(account.pk)) is None:
            now = current_instance().now()
            contact.begin(account, kind, form.cleaned_data["value"], at=now)
            return redirect("office:contact_confirm")
        form.add_error(None, _("Too many tries. Wait an hour, please, or call us."))
    values = {"form": form, "kind": kind, "account": account}
    return render(request, "office/accounts/contact.html", values)


@_FORM
@for_account
@for_recent
def change_address(request: HttpRequest, account: Account) -> HttpResponse:
    """Take another e-mail address and send the codes."""
    return _begin(request, account, "email", NewAddressForm(request.POST or None))


@_FORM
@for_account
@for_recent
def change_number(request: HttpRequest, account: Account) -> HttpResponse:
    """Take another mobile number and send the codes."""
    return _begin(request, account, "mobile", NewNumberForm(request.POST or None))


@_FORM
@for_account
@for_recent
def confirm(request: HttpRequest, account: Account) -> HttpResponse:
    """Take both codes and make the change."""
    now = current_instance().now()
    change = contact.waiting(account, now)
    if change is None:
        return redirect("office:account")
    form = BothCodesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        outcome = contact.confirm(account, given["known"], given["new"], at=now)
        if outcome == "changed":
            messages.success(request, _("Done: it is changed."), extra_tags="good")
            return redirect("office:account")
        if outcome == "over":
            told = _("These codes are no longer good, and nothing was changed.")
            messages.error(request, told, extra_tags="alert")
            return redirect("office:account")
        form.add_error(None, _("One of the codes is wrong. Please check both."))
    values = {"form": form, "change": change, "account": account}
    return render(request, "office/accounts/contact_confirm.html", values)
