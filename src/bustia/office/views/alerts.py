"""The alerts of a contract: what to be told of, over what, and when not."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bustia.billing.alerts import alerts_of, set_alerts, suggested_threshold, usual_litres
from bustia.billing.chosen_states import Channel
from bustia.billing.models import Contract, Customer
from bustia.instance import current_instance
from bustia.office.access import actor_of, for_contract
from bustia.office.forms.alerts import AlertsForm

__all__ = ["alerts"]


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
def alerts(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show the alerts of a contract, and let its holder set them."""
    usual = usual_litres(contract)
    suggested = suggested_threshold(usual)
    form = AlertsForm(
        request.POST if request.method == "POST" else None,
        alerts=alerts_of(contract),
        ends=_ends(contract.customer),
        suggested=suggested,
    )
    if form.is_bound and form.is_valid():
        set_alerts(
            contract,
            form.choices(),
            form.quiet_hours(),
            actor=actor_of(request),
            at=current_instance().now(),
        )
        messages.success(request, _("Your alerts are saved."), extra_tags="good")
        return redirect("office:alerts", contract.number)
    values = {
        "form": form,
        "usual": usual,
        "suggested": suggested,
        "missing": [
            channel for channel in (Channel.EMAIL, Channel.SMS) if channel not in form.ends
        ],
        "by_hand": not contract.meters.filter(removed_on=None, remote_read=True).exists(),
    }
    return render(request, "office/alerts/alerts.html", values)


def _ends(customer: Customer) -> tuple[Channel, ...]:
    """Give the channels over which the customer can be reached."""
    known = ((Channel.EMAIL, customer.email), (Channel.SMS, customer.mobile))
    return tuple(channel for channel, end in known if end)
