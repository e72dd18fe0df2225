"""Objects of a PDF before they have numbers: bytes, references, and what is to come."""

from collections.abc import Callable, Sequence
from typing import Any

from bustia.compose.press.pdf import deflate, value

__all__ = ["Node", "numbered", "parts_of"]


class Node:
    """An object: its body in parts, which are bytes, nodes (a reference), or what gives bytes."""

    __slots__ = ("number", "parts", "stream")

    def __init__(self, parts: list[Any], stream: bytes | None = None) -> None:
        self.parts = parts
        self.stream = stream
        """The content of a stream, deflated."""
        self.number = 0

    @property
    def tells(self) -> bool:
        """Whether it says something of the document that it is in."""
        for part in self.parts:
            kind = type(part)
            if kind is not bytes and kind is not Node:
                return True
        return False

    def written(self) -> tuple[bytes | Callable[[Any], bytes], ...]:
        """Give its parts with references written out and neighbouring bytes joined."""
        joined: list[Any] = []
        still: list[bytes] = []
        for part in self.parts:
            if type(part) is bytes:
                still.append(part)
            elif type(part) is Node:
                still.append(b"%d 0 R" % part.number)
            else:
                joined += [b"".join(still), part]
                still = []
        return (*joined, b"".join(still))

    def body(self) -> bytes:
        """Give the body of an object that says nothing of a document."""
        return b"".join(
            [part if type(part) is bytes else b"%d 0 R" % part.number for part in self.parts]
        )

    def stream_body(self) -> bytes:
        """Give the body of a stream."""
        content = self.stream or deflate(b"")
        return b"<</Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream" % (len(content), content)


def numbered(nodes: Sequence[Node], first: int) -> None:
    """Give the nodes their numbers, in order."""
    for place, node in enumerate(nodes, first):
        node.number = place


def parts_of(one: Any) -> list[Any]:  # noqa: ANN401 (any value of a PDF)
    """Write a value in which nodes and givers of bytes may stand."""
    parts: list[Any] = []
    _add(one, parts)
    return parts


def _add(one: Any, parts: list[Any]) -> None:  # noqa: ANN401
    kind = type(one)
    if kind is bytes or kind is Node:
        parts.append(one)
    elif kind is dict:
        parts.append(b"<<")
        for key, inner in one.items():
            parts.append(key.encode() + b" ")
            _add(inner, parts)
        parts.append(b">>")
    elif kind is list:
        parts.append(b"[")
        for inner in one:
            _add(inner, parts)
            parts.append(b" ")
        parts.append(b"]")
    else:
        parts.append(one if callable(one) else value(one))
