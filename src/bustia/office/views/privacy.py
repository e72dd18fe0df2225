"""What is held on a customer: to be downloaded, and to be erased as far as the law lets us."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bustia.audit.log import count_since, record
from bustia.billing.changes import request_erasure
from bustia.billing.chosen_states import ChangeKind
from bustia.billing.models import Contract, CustomerChange
from bustia.instance import current_instance
from bustia.office.access import account_of, actor_of, for_contract
from bustia.office.recent import for_recent
from bustia.office.services.privacy_data import held_data

__all__ = ["download", "erasure", "privacy"]

_DOWNLOADED = "data.downloaded"
_MOST_A_DAY = 5


@require_safe
@for_contract
def privacy(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Say what a customer can ask for, and what was asked for."""
    return render(request, "office/privacy/privacy.html", {"asked": _asked(contract)})


@require_POST
@for_contract
@for_recent
def download(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Give all that is held on the holder of a contract (GDPR, art. 15 and 20), as a ZIP."""
    now, actor = current_instance().now(), actor_of(request)
    if count_since(_DOWNLOADED, actor, now - timedelta(days=1)) >= _MOST_A_DAY:
        told = _("You have downloaded your data several times today. Please try tomorrow.")
        messages.warning(request, told, extra_tags="alert")
        return redirect("office:privacy", contract.number)
    about = f"customer:{contract.customer_id}"
    record(_DOWNLOADED, actor=actor, about=about, at=now)
    name, content = (
        _("my-data"),
        held_data(contract.customer, account_of(request), request.LANGUAGE_CODE, now),
    )
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
@for_recent
def erasure(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Take a request for erasure (GDPR, art. 17), after saying what the law has us keep."""
    if request.method == "POST":
        at = current_instance().now()
        request_erasure(contract.customer, actor=actor_of(request), at=at)
        told = _("We have your request. You will have our answer within a month.")
        messages.success(request, told, extra_tags="good")
        return redirect("office:privacy", contract.number)
    return render(request, "office/privacy/erasure.html", {"asked": _asked(contract)})


def _asked(contract: Contract) -> CustomerChange | None:
    """Give the newest request for erasure."""
    asked = CustomerChange.objects.filter(customer=contract.customer, kind=ChangeKind.ERASURE)
    return asked.order_by("-pk").first()
