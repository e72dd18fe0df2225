"""The payment slip as a document of its own: what is still owed of a contract, to pay at a bank.

One sheet with a slip (Cuaderno 57) for each invoice, in the look of the bill, as PDF/A-3a and
PDF/UA-1. It is not sealed: it is a form to pay with, not an invoice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from bustia.compose.company import Company
from bustia.compose.labels import Labels
from bustia.compose.parts import AmountView, Particular, Prose, SenderView, SlipView, Text
from bustia.compose.payment import SlipDue, bare, slip_of
from bustia.compose.typst_composer import Composed, compiled, plain, typst_compiler
from bustia.compose.view import own_sender, service
from bustia.errors import ComposeError
from bustia.formatting import date_long, money
from bustia.money import ZERO

__all__ = ["SheetView", "SlipComposer", "SlipHolder", "sheet_view"]


@dataclass(frozen=True, slots=True)
class SlipHolder:
    """Who pays, and for which contract."""

    name: str
    contract: str
    supply: str
    """Address of the supply."""
    domestic: bool
    """May need to know where there is help with paying (Llei 24/2015)."""


@dataclass(frozen=True, slots=True)
class OneSlip:
    """A slip, and the invoice that it is for."""

    heading: Prose
    slip: SlipView


@dataclass(frozen=True, slots=True)
class SheetView:
    """The sheet as display texts."""

    language: str
    title: Text
    sender: SenderView
    heading: Prose
    subject: Prose
    printed_label: Text
    printed: Text
    amount: AmountView
    particulars: tuple[Particular, ...]
    how_heading: Text
    how: tuple[Prose, ...]
    slips: tuple[OneSlip, ...]
    service: tuple[Particular, ...]
    notes: tuple[Prose, ...]


def sheet_view(
    dues: Sequence[SlipDue],
    holder: SlipHolder,
    company: Company,
    labels: Labels,
    *,
    today: date,
    online: bool = False,
) -> SheetView:
    """Give the sheet for some invoices; ``online`` says that they can be paid by card, too.

    Raise ``ComposeError`` where there is nothing to pay, or a bank's form can't hold it.
    """
    slips = [(due, slip_of(due, holder.name, company, labels)) for due in dues]
    made = [
        OneSlip(Prose(labels("sheet_for", number=due.number)), slip)
        for due, slip in slips
        if slip is not None
    ]
    if not made or len(made) < len(dues):
        raise ComposeError("a payment slip can't hold what is to be paid.")
    language = labels.language
    until = min((due.until for due in dues if due.until is not None), default=None)
    figure = Text(money(sum((due.amount for due in dues), ZERO), language))
    many = len(dues) > 1
    subject = (
        labels("sheet_many", count=str(len(dues)))
        if many
        else labels("sheet_one", number=dues[0].number)
    )
    particulars = (
        Particular(Prose(labels("holder")), Prose(holder.name), wide=True),
        Particular(Prose(labels("contract")), Prose(holder.contract)),
        Particular(Prose(labels("supply")), Prose(holder.supply), wide=True),
    )
    how = [labels("sheet_bank"), labels("sheet_home")]
    if online:
        how.append(labels("sheet_online", office=bare(company.office_url)))
    if many:
        how.append(labels("sheet_each"))
    return SheetView(
        language=language,
        title=Text(labels("sheet_title", company=company.name)),
        sender=own_sender(company),
        heading=Prose(labels("sheet_heading")),
        subject=Prose(subject),
        printed_label=Text(labels("sheet_printed")),
        printed=Text(date_long(today, language)),
        amount=AmountView(
            "pay",
            Text(labels("sheet_total" if many else "amount_due")),
            figure,
            Text(labels("sheet_valid") if until else ""),
            Text(date_long(until, language) if until else ""),
            (),
            len(figure) > 13,
        ),
        particulars=particulars,
        how_heading=Text(labels("sheet_how")),
        how=tuple(map(Prose, how)),
        slips=tuple(made),
        service=service(company, labels),
        notes=tuple(
            Prose(labels(key))
            for key in ("sheet_paid", *(("note_help",) if holder.domestic else ()))
        ),
    )


class SlipComposer:
    """Composes payment slips with the templates of one stationery folder.

    Make one for each process and keep it. It is not for use by two threads at once.
    """

    def __init__(self, stationery: Path) -> None:
        self._template = stationery / "templates" / "slip.typ"
        if not self._template.is_file():
            raise ComposeError("there is no template of the payment slip", where="slip.typ")
        self._compiler = typst_compiler(self._template, stationery)

    def compose(self, view: SheetView, stamp: datetime) -> Composed:
        """Give the document; the same arguments give the same bytes."""
        return compiled(self._compiler, self._template, {"sheet": plain(view)}, stamp)
