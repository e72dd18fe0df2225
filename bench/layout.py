"""Says what stands on a bill and where, for composers that don't know our templates.

One walk over a bill gives a few neutral blocks: paragraphs, columns, tables, pictures. What draws
them for ReportLab, HTML and XSL-FO is small, so that all peers compose the same texts, the same
table and the same drawings, in about the same look.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from bustia.compose.drawing import Drawing
from bustia.compose.parts import BillView, ConsumptionView, DetailView, MessageView, SlipView

__all__ = [
    "CONTENT_MM",
    "STYLES",
    "BillLayout",
    "Block",
    "Columns",
    "Gap",
    "House",
    "PageBreak",
    "Para",
    "Picture",
    "Row",
    "Rule",
    "Style",
    "Table",
    "Tinted",
    "lay_out",
    "load_house",
]

CONTENT_MM = 170.0
"""Width between the margins of an A4 page."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a paragraph is set: size in points, a colour of the house, and what it is."""

    size: float
    colour: str = "ink"
    strong: bool = False
    level: int = 0
    """Of a heading: 1 to 3; 0 for all else."""
    centred: bool = False
    after: float = 1.0
    """Space that follows, in millimetres."""


STYLES: Mapping[str, Style] = {
    "h1": Style(17, strong=True, level=1, after=2.4),
    "h2": Style(11, "brand", strong=True, level=2, after=2.6),
    "h3": Style(9.8, strong=True, level=3, after=1),
    "name": Style(14.5, "brand", strong=True),
    "post": Style(6.2, "muted", after=2),
    "address": Style(10, after=0.4),
    "body": Style(9),
    "strong": Style(9, strong=True),
    "label": Style(7.4, "muted"),
    "small": Style(6.6, "muted"),
    "amount": Style(32, strong=True, after=3),
    "due": Style(13, strong=True, after=3),
    "figure": Style(20, "brand", strong=True),
    "message": Style(8.6),
    "cell": Style(8.4, after=0),
    "total": Style(11.5, strong=True, after=0),
    "month": Style(6.8, "muted", centred=True, after=0),
    "value": Style(7.8, centred=True, after=0),
    "code": Style(7.6, centred=True),
    **{
        f"tone_{tone}": Style(7, tone, strong=True)
        for tone in ("alert", "info", "offer")
    },
    **{
        f"action_{tone}": Style(8.6, tone, strong=True)
        for tone in ("alert", "info", "offer")
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph, with where it leads, if anywhere."""

    style: str
    text: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing in its own size."""

    drawing: Drawing
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Space, in millimetres."""

    height: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A hairline across."""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows stands on a page of its own."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells side by side, with their widths and the space between in millimetres."""

    widths: tuple[float, ...]
    cells: "tuple[tuple[Block, ...], ...]"
    gutter: float = 4.0
    bars: tuple[str, ...] = ()
    """The colour of the bar at the left of each cell, where there is one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: tuple[str, ...]
    kind: Literal["plain", "strong", "total"] = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures: the first column holds words, the others are set to the right."""

    widths: tuple[float, ...]
    head: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Tinted:
    """Blocks on a coloured ground."""

    width: float
    blocks: "tuple[Block, ...]"


Block = Para | Picture | Gap | Rule | PageBreak | Columns | Table | Tinted


@dataclass(frozen=True, slots=True)
class House:
    """The words and colours of the stationery."""

    colours: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]] = field(repr=False)
    """By language, then by name."""


@dataclass(frozen=True, slots=True)
class BillLayout:
    """A whole bill as blocks, with what stands at the head and foot of its pages."""

    language: str
    title: str
    author: str
    keywords: tuple[str, ...]
    running: str
    legal: str
    page_of: str
    pages: int
    blocks: tuple[Block, ...]


def load_house(stationery: Path) -> House:
    """Read the colours and the fixed words of a stationery folder."""
    company = yaml.safe_load((stationery / "company.yaml").read_text("utf-8"))
    labels = stationery / "templates" / "labels"
    return House(
        colours=company["colours"],
        words={file.stem: yaml.safe_load(file.read_text("utf-8")) for file in labels.iterdir()},
    )


def lay_out(view: BillView, house: House, pages: int) -> BillLayout:
    """Give the blocks of a bill, on one page or with the detail on a second one."""
    words = house.words[view.language]
    return BillLayout(
        language=view.language,
        title=view.title,
        author=view.sender.name,
        keywords=view.keywords,
        running=view.running,
        legal=view.sender.legal,
        page_of=words["page_of"],
        pages=pages,
        blocks=tuple(_blocks(view, words, pages)),
    )


def _blocks(view: BillView, words: Mapping[str, str], pages: int) -> Iterator[Block]:
    yield from _head(view, words)
    yield Columns(
        tuple((CONTENT_MM - 4 * len(view.particulars) + 4) / len(view.particulars)
              for _ in view.particulars),
        tuple((Para("label", one.label), Para("body", one.value)) for one in view.particulars),
    )  # fmt: skip
    yield Gap(3)
    if view.messages:
        yield Para("h2", words["messages"])
        yield from _messages(view.messages, words)
        yield Gap(3)
    if pages == 1:
        beside = view.consumption is not None
        account = (
            *_detail(view.detail, words, 106 if beside else CONTENT_MM),
            *_small(view.notes),
        )
        if view.consumption is None:
            yield from account
        else:
            column = tuple(_consumption(view.consumption, words))
            yield Columns((54, 106), (column, account), gutter=10)
        yield from _service(view)
        if view.slip is not None:
            yield from _slip(view.slip, words)
        return
    if view.consumption is not None:
        yield from _consumption_wide(view.consumption, words)
    if view.slip is not None:
        yield from _slip(view.slip, words)
    yield PageBreak()
    yield from _detail(view.detail, words, CONTENT_MM)
    yield Gap(6)
    yield from _service(view)
    yield from _small(view.notes)


def _head(view: BillView, words: Mapping[str, str]) -> Iterator[Block]:
    top: list[Block] = [
        Para("h1", view.heading),
        Para("label", words["number"]),
        Para("strong", view.number),
        Para("label", words["issued"]),
        Para("body", view.issued),
    ]
    if view.duplicate:
        top.append(Para("tone_alert", words["duplicate"].upper()))
    qr: list[Block] = []
    if view.tax_qr is not None:
        qr = [Para("code", "QR tributario:"), Picture(view.tax_qr.drawing, centred=True)]
        if view.tax_qr.verifiable:
            qr.append(Para("code", "VERI*FACTU"))
    name = (Para("name", view.sender.name),)
    if qr:
        yield Columns((94, 34, 34), (name, tuple(top), tuple(qr)))
    else:
        yield Columns((94, 72), (name, tuple(top)))
    amount = view.amount
    box: list[Block] = [Para("strong", amount.label), Para("amount", amount.figure)]
    box.append(Para("label" if amount.when else "strong", amount.when_label))
    if amount.when:
        box.append(Para("due", amount.when))
    box += [Para("value", line) for line in amount.how]
    window = (
        Para("post", view.sender.post),
        *(Para("address", line) for line in view.recipient),
    )
    yield Columns((94, 72), (window, (Tinted(72, tuple(box)),)))
    yield Gap(4)


def _messages(messages: tuple[MessageView, ...], words: Mapping[str, str]) -> Iterator[Block]:
    for first in range(0, len(messages), 2):
        pair = messages[first : first + 2]
        yield Columns(
            tuple((CONTENT_MM - 6 * len(pair) + 6) / len(pair) for _ in pair),
            tuple(tuple(_message(one, words)) for one in pair),
            gutter=6,
            bars=tuple(one.tone for one in pair),
        )
        yield Gap(2)


def _message(message: MessageView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Para(f"tone_{message.tone}", words[f"tone_{message.tone}"])
    yield Para("h3", message.title)
    for paragraph in message.body:
        yield Para("message", paragraph)
    if message.action is not None:
        label, url = f"{message.action.label} →", message.action.url or ""
        yield Para(f"action_{message.tone}", label, url)


def _figures(used: ConsumptionView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Columns(
        (25, 25),
        (
            (Para("figure", used.figure), Para("label", words["consumed"])),
            (Para("figure", used.litres), Para("label", words["litres_daily"])),
        ),
    )
    yield Gap(2)


def _chart(used: ConsumptionView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Para("label", words["chart"])
    yield Picture(used.chart)
    if used.columns:
        width = used.chart.width / 72 * 25.4 / len(used.columns)
        yield Columns(
            (width,) * len(used.columns),
            tuple(
                (Para("value", one.value), Para("month", one.month), Para("month", one.year))
                for one in used.columns
            ),
            gutter=0,
        )
    if used.has_estimates:
        yield Para("small", words["estimates"])


def _compared(used: ConsumptionView, words: Mapping[str, str]) -> Iterator[Block]:
    compared = used.comparison
    if compared is None:
        return
    yield Columns(
        (11, 26, 14),
        (
            (Para("label", words["now"]), Para("label", words["before"])),
            (Picture(compared.drawing),),
            (Para("label", compared.now), Para("label", compared.before)),
        ),
        gutter=1,
    )
    yield Para("value", compared.change)


def _readings(used: ConsumptionView, width: float) -> Iterator[Block]:
    if used.readings:
        rows = tuple(Row((one.label, one.value)) for one in used.readings)
        yield Table((width - 26, 26), (), rows)


def _consumption(used: ConsumptionView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Para("h2", words["consumption"])
    yield from _figures(used, words)
    yield from _chart(used, words)
    yield Gap(2)
    yield from _compared(used, words)
    yield Rule()
    yield from _readings(used, 54)


def _consumption_wide(used: ConsumptionView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Para("h2", words["consumption"])
    yield Columns(
        (54, 56, 52),
        (
            (*_figures(used, words), *_compared(used, words)),
            tuple(_chart(used, words)),
            tuple(_readings(used, 52)),
        ),
    )


def _detail(detail: DetailView, words: Mapping[str, str], width: float) -> Iterator[Block]:
    yield Para("h2", words["detail"])
    rows: list[Row] = []
    for concept in detail.concepts:
        rows.append(Row((concept.title, "", "", concept.amount), "strong"))
        rows += [
            Row((line.description, line.quantity, line.price, line.amount))
            for line in concept.lines
        ]
    if rows:
        head = (words["concept"], words["quantity"], words["price"], words["amount"])
        yield Table((width - 57, 21, 17, 19), head, tuple(rows))
        yield Gap(2)
    if detail.taxes:
        taxes = tuple(Row((tax.label, tax.base, tax.amount)) for tax in detail.taxes)
        yield Table(
            (width - 40, 21, 19), (words["taxes"], words["base"], words["tax_amount"]), taxes
        )
        yield Gap(1.2)
    sums = [Row((detail.total.label, detail.total.amount), "total")]
    sums += [Row((one.label, one.amount), "strong") for one in detail.rest]
    yield Table((width - 30, 30), (), tuple(sums))
    yield from _small(detail.notes)


def _small(notes: tuple[str, ...]) -> Iterator[Block]:
    yield Gap(1.5)
    for note in notes:
        yield Para("small", note)


def _service(view: BillView) -> Iterator[Block]:
    yield Rule()
    if view.service:
        width = (CONTENT_MM + 4) / len(view.service) - 4
        yield Columns(
            (width,) * len(view.service),
            tuple((Para("label", one.label), Para("message", one.value)) for one in view.service),
        )


def _slip(slip: SlipView, words: Mapping[str, str]) -> Iterator[Block]:
    yield Rule()
    fields = (
        ((words["slip_issuer"], slip.issuer), (words["slip_identification"], slip.identification)),
        ((words["slip_reference"], slip.reference), (words["slip_holder"], slip.holder)),
        ((words["slip_amount"], slip.amount), (words["slip_due"], slip.due)),
    )
    columns: list[tuple[Block, ...]] = [
        (Para("h2", words["slip"]), Para("small", slip.explanation)),
    ]
    for column in fields:
        cell: list[Block] = []
        for name, value in column:
            cell += [Para("label", name), Para("strong", value)]
        columns.append(tuple(cell))
    yield Columns((44, 38, 38, 38), tuple(columns))
    yield Picture(slip.barcode, centred=True)
    yield Para("code", slip.digits)
