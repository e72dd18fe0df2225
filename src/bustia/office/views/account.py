"""The bank account: seen masked, changed with a new mandate that a one-time code signs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bustia.billing.chosen_states import OPEN, ChangeKind
from bustia.billing.models import Contract, CustomerChange, Mandate
from bustia.errors import ChangeError
from bustia.instance import current_instance
from bustia.office.access import account_of, for_contract
from bustia.office.forms.account import AccountForm, CodeForm
from bustia.office.recent import for_recent
from bustia.office.services import mandates

__all__ = ["bank_account", "cancel", "change", "sign"]

_FORM = require_http_methods(["GET", "HEAD", "POST"])


def _present(contract: Contract) -> Mandate | None:
    active = Mandate.objects.filter(contract=contract, status="active")
    return active.order_by("-signed_on", "-reference").first()


@require_safe
@for_contract
def bank_account(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show which account is charged, by which mandate, and lead to changing it."""
    now = current_instance().now()
    told = CustomerChange.objects.filter(contract=contract, kind=ChangeKind.MANDATE, state__in=OPEN)
    values = {
        "mandate": _present(contract),
        "on_its_way": told.exists(),
        "signing": mandates.open_signing(account_of(request), contract, now),
    }
    return render(request, "office/account/account.html", values)


@_FORM
@for_contract
@for_recent
def change(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Take another account, check it, and send a code to sign with."""
    account, now = account_of(request), current_instance().now()
    ends = mandates.known_ends(account, contract)
    form = AccountForm(request.POST or None, ends=ends, present=_present(contract))
    if request.method == "POST" and form.is_valid():
        begun = mandates.begin_signing(
            account, contract, form.cleaned_data["iban"], form.chosen_end, at=now
        )
        if begun is not None:
            return redirect("office:bank_account_sign", contract.number)
        form.add_error(None, _("We have sent you several codes already. Try again in an hour."))
    return render(request, "office/account/change.html", {"form": form})


@_FORM
@for_contract
@for_recent
def sign(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show the mandate, take the code, and put the new account in force."""
    account, now = account_of(request), current_instance().now()
    signing = mandates.open_signing(account, contract, now)
    if signing is None:
        messages.info(request, _("There is no change of account to sign. Begin again, please."))
        return redirect("office:bank_account", contract.number)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            outcome = mandates.sign(account, contract, form.cleaned_data["code"], at=now)
        except ChangeError:
            outcome = "over"
        if outcome == "signed":
            told = _("Done: your next invoices will be charged to the new account.")
            messages.success(request, told, extra_tags="good")
            return redirect("office:bank_account", contract.number)
        if outcome == "over":
            told = _("This code is no longer good, and nothing was changed. Begin again, please.")
            messages.error(request, told, extra_tags="alert")
            return redirect("office:bank_account", contract.number)
        form.add_error("code", _("This is not the code that we sent. Please check it."))
    return render(request, "office/account/sign.html", {"form": form, "signing": signing})


@require_POST
@for_contract
def cancel(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Forget the account that waits for its code."""
    mandates.give_up(account_of(request), contract, at=current_instance().now())
    return redirect("office:bank_account", contract.number)
