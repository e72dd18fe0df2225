"""Composes one customer's bill as it would come out now; nothing is sealed, kept or sent."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from bustia.archive.models import Document
from bustia.billing.facts_loader import load_newest
from bustia.compose.company import load_company
from bustia.compose.labels import load_labels
from bustia.compose.typst_composer import TypstComposer
from bustia.compose.view import bill_view
from bustia.cycles.making import attachments_of, messages_before, sources_of
from bustia.decide.decision import Decision
from bustia.decide.engine import Decider
from bustia.decide.release import load_release

__all__ = ["Language", "Preview", "Previewer"]

Language = Literal["ca", "es", "en"]


@dataclass(frozen=True, slots=True)
class Preview:
    """A bill that nobody got."""

    pdf: bytes
    """Not sealed, so nobody takes it for the bill."""
    pages: int
    invoice: str
    language: str
    decision: Decision


class Previewer:
    """Composes bills with the stationery in a folder, as it is now.

    Make one for each process and keep it. Raises ``StationeryError`` with all that must be
    corrected. It asks the reference composer: that is what the press would press.
    """

    def __init__(self, stationery: Path) -> None:
        self._decider = Decider(load_release(stationery))
        self._companies = load_company(stationery)
        self._labels = load_labels(stationery)
        self._composer = TypstComposer(stationery)

    def preview(self, contract: str, now: datetime, language: Language | None = None) -> Preview:
        """Compose the newest invoice of a contract, as its cycle would at the instant ``now``.

        ``language`` takes the place of the customer's. Raise ``StationeryError`` if there is no
        such contract or invoice, or ``ComposeError`` if the bill can't be composed.
        """
        facts = load_newest(contract, now)
        if language is not None:
            facts = replace(facts, customer=replace(facts.customer, language=language))
        language = facts.customer.language
        made = Document.objects.filter(invoice_id=facts.invoice.id).values_list("cycle", flat=True)
        history = messages_before([facts.contract.id], now, made.first() or "")
        decision = self._decider.decide(facts, history=history.get(facts.contract.id))
        view = bill_view(facts, decision, self._companies[language], self._labels[language])
        files = attachments_of(facts, sources_of([facts]))
        composed = self._composer.compose(view, files, now)
        return Preview(composed.pdf, composed.pages, facts.invoice.number, language, decision)
