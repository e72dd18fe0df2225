"""The parts of a bill as display texts: all that the template needs, formatted, nothing else.

Leaves are typed. :data:`Text` stays on one line, :data:`Prose` is a paragraph that may wrap, a
:class:`~bustia.compose.drawing.Drawing` is vector paths in a box. All else is structure: booleans,
counts, choices (``Literal``), what is there and what is not (``None``). A template that looks at
structure alone lays out all bills of the same structure alike.
"""

from dataclasses import dataclass
from typing import Literal, NewType

from bustia.compose.drawing import Drawing

__all__ = [
    "ActionView",
    "AmountView",
    "BillView",
    "ChartColumn",
    "ComparisonView",
    "ConceptView",
    "ConsumptionView",
    "DetailView",
    "LineView",
    "MessageView",
    "Particular",
    "Prose",
    "SenderView",
    "SlipView",
    "SumView",
    "TaxQrView",
    "TaxView",
    "Text",
]

Text = NewType("Text", str)
"""Stays on one line."""
Prose = NewType("Prose", str)
"""A paragraph that may wrap."""


@dataclass(frozen=True, slots=True)
class Particular:
    """A label and its value."""

    label: Prose
    value: Prose
    wide: bool = False
    """It may be long, as names, periods and addresses are."""


@dataclass(frozen=True, slots=True)
class SenderView:
    """Who sends the bill."""

    own: bool
    """The company itself, under its mark; not a party whose e-invoice it passes on."""
    name: Text
    legal: Prose
    """Legal name, tax number, address and registry, on the foot of the page."""
    post: Text
    """The return address, small, above the recipient in the envelope's window."""


@dataclass(frozen=True, slots=True)
class AmountView:
    """What everybody looks for first: how much, by when, and how it is paid."""

    state: Literal["charge", "pay", "refund", "nothing"]
    label: Text
    figure: Text
    when_label: Text
    when: Text
    """Empty where there is no date."""
    how: tuple[Prose, ...]
    long: bool = False
    """The figure has so many digits that it must be set smaller."""


@dataclass(frozen=True, slots=True)
class ActionView:
    """What the reader can do: a label, and its link where there is one."""

    label: Text
    url: Text | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A personal message."""

    tone: Literal["alert", "info", "offer"]
    title: Prose
    body: tuple[Prose, ...]
    action: ActionView | None


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """What stands below a bar of the chart."""

    value: Text
    month: Text
    year: Text
    """Where it begins in the chart; empty elsewhere."""
    present: bool


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Daily litres, now and over the last year."""

    drawing: Drawing
    now: Text
    before: Text
    change: Prose


@dataclass(frozen=True, slots=True)
class ConsumptionView:
    """Water used: in this period, a day, and in the periods before."""

    figure: Text
    litres: Text
    chart: Drawing
    columns: tuple[ChartColumn, ...]
    has_estimates: bool
    comparison: ComparisonView | None
    readings: tuple[Particular, ...]


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the detail."""

    description: Prose
    quantity: Text
    price: Text
    amount: Text


@dataclass(frozen=True, slots=True)
class ConceptView:
    """A concept with its lines and their sum."""

    title: Prose
    amount: Text
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class TaxView:
    """A rate of VAT, what it is charged on, and how much it is."""

    label: Text
    base: Text
    amount: Text


@dataclass(frozen=True, slots=True)
class SumView:
    """A sum of the bill, such as its total."""

    label: Text
    amount: Text


@dataclass(frozen=True, slots=True)
class DetailView:
    """How the amount comes about."""

    concepts: tuple[ConceptView, ...]
    taxes: tuple[TaxView, ...]
    total: SumView
    rest: tuple[SumView, ...]
    """What was paid before and what is left, where they differ from the total."""
    notes: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class SlipView:
    """The payment slip, for those who don't pay by direct debit."""

    explanation: Prose
    issuer: Text
    reference: Text
    identification: Text
    amount: Text
    due: Text
    holder: Prose
    barcode: Drawing
    digits: Text


@dataclass(frozen=True, slots=True)
class TaxQrView:
    """The tax agency's QR code; ``verifiable`` where the bill is sent to the agency."""

    drawing: Drawing
    verifiable: bool


@dataclass(frozen=True, slots=True)
class BillView:
    """A whole bill."""

    language: str
    """``ca``, ``es`` or ``en``."""
    kind: Literal["invoice", "credit_note"]
    duplicate: bool
    title: Text
    """Title of the file."""
    keywords: tuple[Text, ...]
    sender: SenderView
    heading: Prose
    number: Text
    issued: Text
    recipient: tuple[Prose, ...]
    dense_address: bool
    """The recipient's lines are many or long: smaller type keeps them in the window."""
    particulars: tuple[Particular, ...]
    amount: AmountView
    messages: tuple[MessageView, ...]
    consumption: ConsumptionView | None
    detail: DetailView
    slip: SlipView | None
    tax_qr: TaxQrView | None
    service: tuple[Particular, ...]
    notes: tuple[Prose, ...]
    running: Text
    """The running head of the pages after the first."""
