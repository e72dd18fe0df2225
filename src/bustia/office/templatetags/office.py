"""Filters and tags of the Office's templates: money, dates, icons, one way of writing each."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from bustia import formatting

__all__ = ["register"]

register = template.Library()


def _language() -> str:
    return get_language() or "ca"


@register.filter
def money(value: Decimal, currency: str = "EUR") -> str:
    """Write euros, or another currency: ``40,61 €``."""
    return formatting.money(value, _language(), currency)


@register.filter
def number(value: Decimal | int) -> str:
    """Write a number: ``1.234,5``."""
    return formatting.number(value, _language())


@register.filter
def price(value: Decimal) -> str:
    """Write a unit price: ``0,4384``."""
    return formatting.price(value, _language())


@register.filter
def percent(value: Decimal | int) -> str:
    """Write a percentage: ``21 %``."""
    return formatting.percent(value, _language())


@register.filter
def long_date(value: date | None) -> str:
    """Write a day in words, or nothing."""
    return formatting.date_long(_day(value), _language()) if value else ""


@register.filter
def short_date(value: date | None) -> str:
    """Write a day in figures, or nothing."""
    return formatting.date_short(_day(value), _language()) if value else ""


@register.filter
def short_month(value: date) -> str:
    """Write a month for narrow places: ``abr.``."""
    return formatting.month_short(_day(value), _language())


@register.filter
def clock_time(value: datetime) -> str:
    """Write the time of day where the company is: ``9:05``."""
    local = timezone.localtime(value)
    return f"{local.hour}:{local.minute:02d}"


def _day(value: date) -> date:
    return timezone.localtime(value).date() if isinstance(value, datetime) else value


_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac", "Linux")
_BROWSERS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}


@register.filter
def device(agent: str) -> str:
    """Name a device as its owner would: the browser and the system; whatever it says otherwise."""
    browser = next((name for mark, name in _BROWSERS.items() if f"{mark}/" in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return " · ".join(part for part in (browser, system) if part) or agent[:60]


@register.filter
def masked(account: str) -> str:
    """Write a masked bank account as the bill does, on one line."""
    return account.replace("*", "•").replace(" ", "\xa0")


@register.filter
def unbroken(text: str, part: str) -> str:
    """Keep a part of a text, such as a telephone number, on one line."""
    return text.replace(part, part.replace(" ", "\xa0")) if part else text


@register.filter
def add_float(value: float, more: float) -> float:
    """Move a place in a drawing."""
    return round(value + more, 2)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw one of the icons in ``templates/office/icons``; readers of the screen skip it."""
    return render_to_string(f"office/icons/{name}.svg")


def _first_of(field: BoundField) -> str:
    """Give where one goes on in a field; of several choices, the first."""
    return field.id_for_label or f"{field.auto_id}_0"


@register.inclusion_tag("office/forms/summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """List what is wrong in a form, each with a link to its field; nothing if all is well."""
    wrong = [
        (_first_of(form[name]) if name in form.fields else "", form.fields.get(name), errors)
        for name, errors in form.errors.items()
    ]
    return {"wrong": wrong}
