"""The ways in which a bill may be laid out on its pages, and which of them to try."""

from collections.abc import Iterator
from dataclasses import dataclass

from bustia.compose.parts import BillView, MessageView

__all__ = ["Layout", "layouts"]


@dataclass(frozen=True, slots=True)
class Layout:
    """A way of laying a bill out, and the pages it must come to (0: however many it needs)."""

    pages: int
    full: bool
    """Messages, or some and a slip, leave the first page no space for the consumption."""


def layouts(view: BillView) -> Iterator[Layout]:
    """Give the layouts to try, in order: the first that comes to its number of pages is it."""
    if _may_fit_one_page(view):
        yield Layout(1, full=False)
    full = len(view.messages) > (2 if view.slip else 4)
    if not full:
        yield Layout(2, full=False)
    yield Layout(2, full=True)
    yield Layout(0, full=True)


def _may_fit_one_page(view: BillView) -> bool:
    """Tell roughly, in millimetres, whether trying one page is worth its time."""
    lines = sum(len(concept.lines) + 1 for concept in view.detail.concepts)
    detail = 41 + 3.8 * (lines + len(view.detail.taxes) + len(view.detail.notes))
    height = max(detail, 90 if view.consumption else 0) + (42 if view.slip else 0)
    if view.messages:
        height += 8
    for first in range(0, len(view.messages), 2):
        pair = view.messages[first : first + 2]
        height += 4 + max(_message_height(message, 56 * 3 - 56 * len(pair)) for message in pair)
    return height <= 143


def _message_height(message: MessageView, characters: int) -> float:
    lines = sum(1 + len(paragraph) // characters for paragraph in message.body)
    return 9 + 3.6 * lines + (4 if message.action else 0)
