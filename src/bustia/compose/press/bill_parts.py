"""What a bill is put together from: its frame, and the parts that are laid out by themselves.

The frame is what stands where on the pages; parts are what differs much between bills. Both are
pieces of the bill's view, under the names that the template's ``makers`` have.
"""

from dataclasses import dataclass, replace
from typing import Any

from bustia.compose.drawing import Drawing
from bustia.compose.layouts import Layout
from bustia.compose.parts import (
    BillView,
    ConsumptionView,
    DetailView,
    MessageView,
    Particular,
    Prose,
    SumView,
    Text,
)

__all__ = ["FRAME", "KINDS", "RECURRING", "Part", "frame_view", "parts_of"]


@dataclass(frozen=True, slots=True)
class Account:
    """The detail with what follows it on a page of its own."""

    detail: DetailView
    service: tuple[Particular, ...]
    notes: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class Compact:
    """The detail with the notes below it, on a bill of one page."""

    detail: DetailView
    notes: tuple[Prose, ...]


KINDS: dict[str, Any] = {
    "particulars": tuple[Particular, ...],
    "messages": tuple[MessageView, ...],
    "consumption": ConsumptionView,
    "column": ConsumptionView,
    "account": Account,
    "compact": Compact,
}
"""The type of each part's data."""
FRAME: Any = BillView
RECURRING = frozenset({"messages"})
"""Parts that mostly say what those of other bills say, too."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of one bill: which maker of the template lays it out, and its data."""

    name: str
    number: int
    data: Any

    @property
    def place(self) -> str:
        """The name of its place in the frame."""
        return f"{self.name}-{self.number}"


_NO_TEXT, _NO_PROSE = Text(""), Prose("")
_MESSAGE = MessageView("info", _NO_PROSE, (), None)
_CONSUMPTION = ConsumptionView(_NO_TEXT, _NO_TEXT, Drawing(0, 0, (), (), ""), (), False, None, ())
_DETAIL = DetailView((), (), SumView(_NO_TEXT, _NO_TEXT), (), ())


def frame_view(view: BillView, layout: Layout) -> BillView:
    """Give the bill without what its parts say, but with how many there are."""
    return replace(
        view,
        particulars=(),
        messages=(_MESSAGE,) * len(view.messages),
        consumption=None if view.consumption is None else _CONSUMPTION,
        detail=_DETAIL,
        service=view.service if layout.pages == 1 else (),
        notes=(),
    )


def parts_of(view: BillView, layout: Layout) -> list[Part]:
    """Give the parts of a bill in the order in which they stand."""
    parts = [Part("particulars", 0, view.particulars)]
    parts += [
        Part("messages", first // 2, view.messages[first : first + 2])
        for first in range(0, len(view.messages), 2)
    ]
    if view.consumption is not None:
        name = "column" if layout.pages == 1 else "consumption"
        parts.append(Part(name, 0, view.consumption))
    if layout.pages == 1:
        parts.append(Part("compact", 0, Compact(view.detail, view.notes)))
    else:
        parts.append(Part("account", 0, Account(view.detail, view.service, view.notes)))
    return parts
