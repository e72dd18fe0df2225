"""Objects of a PDF before they have numbers: bytes, references, and what is to come."""

from collections.abc import Callable, Sequence
from typing import Any

from bustia.compose.press.pdf import value

__all__ = ["Gap", "Node", "numbered", "parts_of", "reference"]


class Gap(int):
    """The place in an object of a frame for the elements of the part in this slot."""

    __slots__ = ()


class Node:
    """An object: its body in parts, which are bytes, nodes (a reference), gaps, or what gives
    bytes."""

    __slots__ = ("number", "parts")

    def __init__(self, parts: list[Any]) -> None:
        self.parts = parts
        self.number = 0

    @property
    def reference(self) -> bytes:
        """What refers to it."""
        return reference(self.number)

    @property
    def joins(self) -> bool:
        """Whether parts have a place in it."""
        return Gap in map(type, self.parts)

    @property
    def tells(self) -> bool:
        """Whether it says something of the document that it is in."""
        return not {bytes, Node, Gap}.issuperset(map(type, self.parts))

    def written(self) -> tuple[Any, ...]:
        """Give its parts with references written out and neighbouring bytes joined; the last part
        is bytes."""
        joined: list[bytes | Gap | Callable[[Any], bytes]] = []
        still: list[bytes] = []
        for part in self.parts:
            if type(part) is bytes:
                still.append(part)
            elif type(part) is Node:
                still.append(part.reference)
            else:
                joined += [b"".join(still), part]
                still = []
        return (*joined, b"".join(still))

    def body(self) -> bytes:
        """Give the body of an object that says nothing of a document, and joins nothing."""
        return b"".join(
            [part if type(part) is bytes else b"%d 0 R" % part.number for part in self.parts]
        )


def reference(number: int) -> bytes:
    """Write a reference to the object of this number."""
    return b"%d 0 R" % number


def numbered(nodes: Sequence[Node], first: int) -> int:
    """Give the nodes their numbers, in order; give the number after the last one."""
    for place, node in enumerate(nodes, first):
        node.number = place
    return first + len(nodes)


def parts_of(one: Any) -> list[Any]:  # noqa: ANN401 (any value of a PDF)
    """Write a value in which nodes, gaps and givers of bytes may stand."""
    parts: list[Any] = []
    _add(one, parts)
    return parts


def _add(one: Any, parts: list[Any]) -> None:  # noqa: ANN401
    kind = type(one)
    if kind is bytes or kind is Node or kind is Gap:
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
