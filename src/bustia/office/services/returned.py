"""What is said of a returned debit: the stationery's own words, for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse

from bustia.archive.models import Document
from bustia.billing.debts import Returned
from bustia.billing.facts import Facts, ReturnedDebitFacts
from bustia.decide.decision import Message
from bustia.decide.engine import Decider
from bustia.office.desk import company, decider
from bustia.office.views.home import DESTINATIONS

__all__ = ["ToldReturn", "told_returns"]

_GROUP = "returned-debit"


@dataclass(frozen=True, slots=True)
class ToldReturn:
    """A returned debit, and what is said of it; nothing where a person sees to it."""

    returned: Returned
    message: Message | None
    url: str
    """Where its action leads to; empty without one."""


def told_returns(facts: Facts, returns: Sequence[Returned], language: str) -> list[ToldReturn]:
    """Give each returned debit with what the message rules say of its reason.

    Reasons that are ours to see to have no rule, and are not told; where nothing at all is to be
    sent to the customer, neither is anything told.
    """
    if not returns:
        return []
    document = Document.objects.filter(invoice_id=facts.invoice.id).first()
    rules = decider(document.release if document else "none")
    told = []
    for one in returns:
        only = ReturnedDebitFacts(
            True, 1, one.invoice, one.amount, one.returned_on, one.reason, (one.reason,)
        )
        message = _message(rules, replace(facts, returned_debit=only), language)
        told.append(ToldReturn(one, message, _url(message, facts.contract.number, language)))
    return told


def _message(rules: Decider, facts: Facts, language: str) -> Message | None:
    ours = [
        rule.id
        for rule in rules.release.rules
        if rule.group == _GROUP and rule.valid_on(facts.today)
    ]
    found = rules.retell(facts, ours, language)
    return found[0] if found else None


def _url(message: Message | None, contract: str, language: str) -> str:
    """Give where an action leads to within the Office; what leads to this very page, nowhere."""
    if message is None or message.action is None:
        return ""
    path = (message.action.url or "").removeprefix(company(language).office_url.rstrip("/"))
    name = DESTINATIONS.get(path.removeprefix("/anar/").strip("/"), "debts")
    if name == "debts":
        return ""
    try:
        return reverse(f"office:{name}", args=[contract])
    except NoReverseMatch:
        return ""
