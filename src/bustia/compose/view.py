"""A bill as display texts: all that the template needs, formatted, and nothing else.

Leaves are typed. ``Text`` stays on one line, ``Prose`` is a paragraph that may wrap, a ``Drawing``
is vector paths in a box; booleans, counts and tuples are structure. A template that only looks at
structure is laid out alike for all bills of the same structure.
"""

from dataclasses import dataclass
from typing import NewType

from bustia.compose.drawing import Drawing

__all__ = [
    "BillView",
    "ChartView",
    "CompanyView",
    "FigureView",
    "GlanceView",
    "GroupView",
    "LineView",
    "MessageView",
    "Pair",
    "Prose",
    "QrView",
    "SlipView",
    "TaxView",
    "Text",
]

Text = NewType("Text", str)
Prose = NewType("Prose", str)


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and its value."""

    label: Text
    value: Text


@dataclass(frozen=True, slots=True)
class CompanyView:
    """Who sends the bill."""

    name: Text
    legal: Text
    address: Text
    contact: Text
    register: Text
    phone: Text
    emergency: Text
    hours: Text
    web: Text
    email: Text


@dataclass(frozen=True, slots=True)
class GlanceView:
    """What everybody looks for first: how much, and until when or when it is charged."""

    label: Text
    total: Text
    when_label: Text
    when: Text
    how: Prose
    in_favour: bool
    """The customer gets money back, or has nothing to pay."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A personal message."""

    tone: str
    title: Text
    body: tuple[Prose, ...]
    action: Text
    url: str


@dataclass(frozen=True, slots=True)
class ChartView:
    """Consumption of the last periods."""

    drawing: Drawing
    labels: tuple[Text, ...]
    values: tuple[Text, ...]
    has_estimates: bool
    note: Text


@dataclass(frozen=True, slots=True)
class FigureView:
    """A number that stands out, with what it is."""

    number: Text
    unit: Text
    label: Text


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the detail."""

    description: Text
    quantity: Text
    price: Text
    amount: Text


@dataclass(frozen=True, slots=True)
class GroupView:
    """A concept with its lines and subtotal."""

    title: Text
    lines: tuple[LineView, ...]
    amount: Text


@dataclass(frozen=True, slots=True)
class TaxView:
    """A rate of VAT, what it is charged on, and how much it is."""

    label: Text
    base: Text
    amount: Text


@dataclass(frozen=True, slots=True)
class SlipView:
    """The payment slip, for those who don't pay by direct debit."""

    title: Text
    explanation: Prose
    fields: tuple[Pair, ...]
    barcode: Drawing
    digits: Text


@dataclass(frozen=True, slots=True)
class QrView:
    """The tax agency's QR code with its two captions; the lower one may be empty."""

    above: Text
    drawing: Drawing
    below: Text


@dataclass(frozen=True, slots=True)
class BillView:
    """A whole bill."""

    language: str
    title: Text
    """Title of the PDF."""
    kind: Text
    number: Text
    duplicate: Text
    """"Duplicate" in the customer's language, or empty."""
    company: CompanyView
    recipient: tuple[Text, ...]
    facts: tuple[Pair, ...]
    """Number, dates, contract: beside the recipient."""
    supply: tuple[Pair, ...]
    """Holder, address, tariff, meter: below."""
    glance: GlanceView
    qr: QrView | None
    messages_title: Text
    messages: tuple[MessageView, ...]
    consumption_title: Text
    figures: tuple[FigureView, ...]
    chart: ChartView | None
    readings: tuple[Pair, ...]
    detail_title: Text
    detail_columns: tuple[Text, Text, Text, Text]
    groups: tuple[GroupView, ...]
    net: Pair
    taxes_title: Text
    taxes: tuple[TaxView, ...]
    total: Pair
    tariff_note: Prose
    slip: SlipView | None
    legal: tuple[Prose, ...]
    page_of: Text
    """As in "page {page} of {pages}", to be filled in by the template."""
    continued: Text
    """The running head of the pages after the first."""
