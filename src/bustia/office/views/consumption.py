"""How much water was used: a chart that is also a table, beside the year before, and as CSV."""

import csv
from io import StringIO

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bustia.billing.models import Contract
from bustia.billing.own_readings import asked_reading
from bustia.billing.used import used_by_period
from bustia.instance import current_instance
from bustia.office.access import for_contract
from bustia.office.charts import bars

__all__ = ["consumption", "consumption_csv"]

_CHART = (340.0, 120.0)
_PERIODS = 8
_BOM = "\ufeff"
"""Spreadsheets take a file of UTF-8 for another encoding unless it begins with this."""


@require_safe
@for_contract
def consumption(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show the use of each billing period."""
    now = current_instance().now()
    periods = used_by_period(contract, now)
    shown = periods[:_PERIODS][::-1]
    places = bars([float(one.m3) for one in shown], width=_CHART[0], height=_CHART[1])
    values = {
        "periods": periods,
        "newest": periods[0] if periods else None,
        "chart": list(zip(shown, places, strict=True)),
        "chart_size": _CHART,
        "asked": asked_reading(contract, now.date()),
    }
    return render(request, "office/consumption/consumption.html", values)


@require_safe
@for_contract
def consumption_csv(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Give the same as a file for a spreadsheet: figures with a point, dates as in 2026-04-30."""
    del request
    out = StringIO()
    lines = csv.writer(out)
    lines.writerow([
        _("First day"), _("Last day"), _("m³"), _("litres a day"), _("estimated"),
        _("m³ a year earlier"),
    ])  # fmt: skip
    for one in used_by_period(contract, current_instance().now()):
        before = "" if one.year_before is None else f"{one.year_before.normalize():f}"
        lines.writerow([
            one.period_from, one.period_to, f"{one.m3.normalize():f}", one.litres_a_day,
            _("yes") if one.estimated else _("no"), before,
        ])  # fmt: skip
    answer = HttpResponse(_BOM + out.getvalue(), content_type="text/csv; charset=utf-8")
    name = "".join(sign if sign.isalnum() else "-" for sign in contract.number)
    answer["Content-Disposition"] = content_disposition_header(True, f"consum-{name}.csv") or ""
    return answer
