"""The holder's own reading of a meter that isn't read remotely."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bustia.billing.models import Contract
from bustia.billing.own_readings import (
    LowReadingError,
    SurprisingReadingError,
    asked_reading,
    report_reading,
)
from bustia.instance import current_instance
from bustia.office.access import actor_of, for_contract
from bustia.office.forms.reading import ReadingForm

__all__ = ["reading"]


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
def reading(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Take a reading, or say that none is needed."""
    now = current_instance().now()
    asked = asked_reading(contract, localdate(now))
    form = ReadingForm(request.POST or None)
    if asked is not None and request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            report_reading(contract, told["m3"], sure=told["sure"], actor=actor_of(request), at=now)
        except SurprisingReadingError:
            form.ask_again()
        except LowReadingError:
            form.add_error("m3", _("It is lower than the last reading. Look at the meter again."))
        else:
            thanks = _("Thank you. We will use your reading for the next invoice.")
            messages.success(request, thanks, extra_tags="good")
            return redirect("office:reading", contract.number)
    return render(request, "office/reading/reading.html", {"asked": asked, "form": form})
