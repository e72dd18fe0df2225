"""Objects of a PDF before they have numbers: bytes, references to each other, and texts to come."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bustia.compose.press.pdf import deflate, value

__all__ = ["Node", "numbered", "parts_of"]


class Node:
    """An object: its body in parts, which are bytes, nodes (a reference), or what gives a text."""

    __slots__ = ("number", "parts", "stream")

    def __init__(self, parts: list[Any], stream: bytes | None = None) -> None:
        self.parts = parts
        self.stream = stream
        """The content of a stream, deflated."""
        self.number = 0

    @property
    def tells(self) -> bool:
        """Whether it says something of the document that it is in."""
        return any(callable(part) for part in self.parts)

    def written(self) -> tuple[bytes | Callable[[Any], str], ...]:
        """Give its parts with references written out and neighbouring bytes joined."""
        joined: list[Any] = []
        for part in self.parts:
            one = b"%d 0 R" % part.number if isinstance(part, Node) else part
            if joined and isinstance(one, bytes) and isinstance(joined[-1], bytes):
                joined[-1] += one
            else:
                joined.append(one)
        return tuple(joined)

    def body(self) -> bytes:
        """Give the body of an object that says nothing of a document."""
        return b"".join(part for part in self.written() if isinstance(part, bytes))

    def stream_body(self) -> bytes:
        """Give the body of a stream."""
        content = self.stream or deflate(b"")
        return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(content), content)


def numbered(nodes: Sequence[Node], first: int) -> None:
    """Give the nodes their numbers, in order."""
    for place, node in enumerate(nodes, first):
        node.number = place


def parts_of(one: Any) -> list[Any]:  # noqa: ANN401 (any value of a PDF)
    """Write a value in which nodes and givers of texts may stand."""
    if isinstance(one, Node) or callable(one):
        return [one]
    if isinstance(one, Mapping):
        parts: list[Any] = [b"<<"]
        for key, inner in one.items():
            parts += [key.encode() + b" ", *parts_of(inner)]
        return [*parts, b">>"]
    if isinstance(one, list):
        parts = [b"["]
        for inner in one:
            parts += [*parts_of(inner), b" "]
        return [*parts, b"]"]
    return [value(one)]
