"""How customers hear from the company: language, and a channel for each kind of communication."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bustia.billing.changes import ConsentKind, change_language
from bustia.billing.chosen_states import Communication
from bustia.billing.models import Contract
from bustia.billing.preferences import preferences_of, set_optional
from bustia.instance import current_instance
from bustia.office.access import actor_of, for_contract
from bustia.office.forms.preferences import PreferencesForm
from bustia.office.services.consents import wording_of

__all__ = ["preferences"]

_CONSENTS: dict[Communication, ConsentKind] = {
    Communication.NOTICES: "sms_notices",
    Communication.PROMOTION: "promotion",
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
def preferences(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show how the holder of a contract hears from the company, and let them change it."""
    now, customer = current_instance().now(), contract.customer
    present = preferences_of(contract, now)
    form = PreferencesForm(
        request.POST if request.method == "POST" else None,
        now=present,
        email=bool(customer.email),
        mobile=bool(customer.mobile),
    )
    if form.is_bound and form.is_valid():
        _save(request, contract, form)
        messages.success(request, _("Your preferences are saved."), extra_tags="good")
        return redirect("office:preferences", contract.number)
    language = request.LANGUAGE_CODE
    values = {
        "form": form,
        "present": present,
        "notices_text": wording_of("sms_notices", contract, language, granted=True).text,
        "promotion_text": wording_of("promotion", contract, language, granted=True).text,
    }
    return render(request, "office/preferences/preferences.html", values)


def _save(request: HttpRequest, contract: Contract, form: PreferencesForm) -> None:
    actor, at = actor_of(request), current_instance().now()
    change_language(contract.customer, form.cleaned_data["language"], actor=actor, at=at)
    for kind, consent in _CONSENTS.items():
        if form.fields[kind.value].disabled:
            continue
        yes = form.cleaned_data[kind.value]
        wording = wording_of(consent, contract, request.LANGUAGE_CODE, granted=yes)
        set_optional(contract, kind, wanted=yes, wording=wording, actor=actor, at=at)
