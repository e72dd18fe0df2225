"""What is left to pay: unpaid invoices, returned debits, the plan, the payment slip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from bustia.billing.debts import Debt, debts_of, plan_of, returns_of
from bustia.billing.models import Contract
from bustia.billing.online_payments import gateway, waiting_payments
from bustia.billing.standing import standing_of
from bustia.errors import ComposeError
from bustia.instance import current_instance
from bustia.money import ZERO
from bustia.office.access import for_contract
from bustia.office.desk import labels
from bustia.office.forms.debts import ChosenInvoices
from bustia.office.services.returned import ToldReturn, told_returns
from bustia.office.services.slips import slip_pdf

__all__ = ["debts", "page", "slip"]


@dataclass(frozen=True, slots=True)
class Row:
    """An unpaid invoice as the page shows it."""

    debt: Debt
    state: str
    """``late``, ``returned``, ``ours``, ``due``, ``charge`` or ``plan``."""
    payable: bool
    checked: bool


@require_safe
@for_contract
def debts(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show all that is left to pay of a contract, and how it can be paid."""
    return page(request, contract, None)


def page(request: HttpRequest, contract: Contract, form: ChosenInvoices | None) -> HttpResponse:
    """Give the page; with a form that was sent, what is wrong with it."""
    now = current_instance().now()
    today = localdate(now)
    owed = debts_of(contract.pk, now)
    told = _returns(contract, now, request.LANGUAGE_CODE)
    chosen = set(form.data.getlist("invoice")) if form is not None else None  # type: ignore[attr-defined]
    if chosen is None:
        chosen = _usual_choice(owed, told, today)
    rows = [_row(one, told, today, chosen) for one in owed]
    payable = [row for row in rows if row.payable]
    late = [row.debt.rest for row in rows if row.state in {"late", "returned"}]
    online = gateway() is not None
    values: dict[str, Any] = {
        "payable": payable,
        "others": [row for row in rows if not row.payable],
        "late_total": sum(late, ZERO),
        "late_count": len(late),
        "payable_total": _total(payable),
        "returns": [one for one in told.values() if one.message is not None],
        "plan": plan_of(contract.pk, now),
        "online": online,
        "waiting": waiting_payments(contract, now) if online else [],
        "help": labels(request.LANGUAGE_CODE)("note_help") if contract.use == "domestic" else "",
        "form": form or ChosenInvoices(payable=[row.debt for row in payable]),
    }
    return render(request, "office/debts/debts.html", values)


def _returns(contract: Contract, now: datetime, language: str) -> dict[str, ToldReturn]:
    found = returns_of(contract.pk, now)
    standing = standing_of(contract.pk, now) if found else None
    if standing is None:
        return {}
    return {one.returned.invoice: one for one in told_returns(standing.facts, found, language)}


def _usual_choice(owed: Sequence[Debt], told: dict[str, ToldReturn], today: date) -> set[str]:
    """Tick what is past its date, save what is ours to see to; or the only one that there is."""
    payable = [one for one in owed if one.payable_now(today)]
    states = {one.number: _row(one, told, today, set()).state for one in payable}
    if list(states.values()) == ["due"]:
        return set(states)
    return {number for number, state in states.items() if state in {"late", "returned"}}


def _row(debt: Debt, told: dict[str, ToldReturn], today: date, chosen: set[str]) -> Row:
    back = told.get(debt.number)
    if debt.in_plan:
        state = "plan"
    elif debt.to_be_charged(today):
        state = "charge"
    elif back is not None:
        state = "returned" if back.message is not None else "ours"
    else:
        state = "late" if debt.late(today) else "due"
    payable = debt.payable_now(today)
    return Row(debt, state, payable, payable and debt.number in chosen)


def _total(rows: list[Row]) -> Decimal:
    return sum((row.debt.rest for row in rows), ZERO)


@require_http_methods(["GET", "HEAD", "POST"])
@for_contract
def slip(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Give the payment slip of the invoices that were chosen, or of all that can be paid."""
    now = current_instance().now()
    payable = [one for one in debts_of(contract.pk, now) if one.payable_now(localdate(now))]
    form = ChosenInvoices(request.POST, payable=payable)
    if request.method == "POST":
        if not form.is_valid():
            return page(request, contract, form)
        payable = form.chosen
    try:
        content = slip_pdf(
            contract, payable, request.LANGUAGE_CODE, now, online=gateway() is not None
        )
    except ComposeError:
        raise Http404 from None
    name = f"document-de-pagament-{contract.number}.pdf"
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
