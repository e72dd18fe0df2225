"""The first page: what is owed and when it is charged, what we have to tell, water at a glance."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from bustia.archive.models import Document
from bustia.billing.facts import Facts, HistoryPoint
from bustia.billing.models import Contract
from bustia.billing.standing import standing_of
from bustia.decide.decision import Message
from bustia.instance import current_instance
from bustia.office.access import contracts_of, for_account, for_contract
from bustia.office.charts import Bar, bars
from bustia.office.context import SECTIONS
from bustia.office.desk import company, decider
from bustia.office.models import Account

__all__ = ["go", "home", "start"]

_CHART = (280.0, 84.0)
_PERIODS = 7
DESTINATIONS = {
    "inici": "home",
    "factures": "invoices",
    "pagaments": "debts",
    "consum": "consumption",
    "alertes": "alerts",
    "compte": "bank_account",
    "factura-electronica": "e_invoice",
    "tarifes": "tariffs",
    "lectura": "reading",
}
"""Where a message may lead to, whichever contract its reader holds."""


_ICONS = {
    "office:invoices": "document",
    "office:debts": "card",
    "office:consumption": "drop",
    "office:alerts": "bell",
    "office:bank_account": "bank",
    "office:e_invoice": "leaf",
}
"""The drawing beside each section that the first page offers."""


@require_safe
@for_account
def start(request: HttpRequest, account: Account) -> HttpResponse:
    """Lead to the contract, or offer those that there are."""
    return _towards(request, account, "home")


@require_safe
@for_account
def go(request: HttpRequest, account: Account, place: str) -> HttpResponse:
    """Lead to a section of the contract: what the messages on bills and in mails point to."""
    if place not in DESTINATIONS:
        raise Http404
    return _towards(request, account, DESTINATIONS[place])


def _towards(request: HttpRequest, account: Account, section: str) -> HttpResponse:
    held = list(contracts_of(account))
    if len(held) == 1 and "triar" not in request.GET:
        return redirect(f"office:{section}", held[0].number)
    choices = [(one, reverse(f"office:{section}", args=[one.number])) for one in held]
    return render(request, "office/home/contracts.html", {"choices": choices})


@require_safe
@for_contract
def home(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Show the contract at a glance."""
    instance = current_instance()
    standing = standing_of(contract.pk, instance.now())
    shortcuts = [(_ICONS[name], name, label) for name, label in SECTIONS if name in _ICONS]
    values: dict[str, Any] = {"standing": standing, "shortcuts": shortcuts}
    if standing is not None:
        facts = standing.facts
        document = Document.objects.filter(invoice_id=facts.invoice.id).first()
        history = facts.consumption.history[-_PERIODS:]
        values |= {
            "facts": facts,
            "document": document,
            "messages_told": _messages(document, facts, request.LANGUAGE_CODE) if document else [],
            "chart": _chart(history),
            "chart_size": _CHART,
        }
    return render(request, "office/home/home.html", values)


def _messages(document: Document, facts: Facts, language: str) -> list[tuple[Message, str]]:
    """Give what the document tells, as it is today, each with where its action leads."""
    ours = company(language).office_url.rstrip("/")
    told = []
    for message in decider(document.release).retell(facts, document.messages, language):
        url = message.action.url or "" if message.action else ""
        if url.startswith(ours):
            url = _inside(url.removeprefix(ours), facts.contract.number)
        told.append((message, url))
    return told


def _inside(path: str, contract: str) -> str:
    """Give where a link to the Office leads for one who is in it already, at a contract."""
    place = path.removeprefix("/anar/").strip("/")
    try:
        return reverse(f"office:{DESTINATIONS[place]}", args=[contract])
    except (KeyError, NoReverseMatch):
        return ""


def _chart(history: Sequence[HistoryPoint]) -> list[tuple[HistoryPoint, Bar, bool]]:
    places = bars([float(one.m3) for one in history], width=_CHART[0], height=_CHART[1])
    last = len(history) - 1
    return [
        (point, bar, index == last)
        for index, (point, bar) in enumerate(zip(history, places, strict=True))
    ]
