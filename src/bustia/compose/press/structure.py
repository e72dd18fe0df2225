"""Tells apart what a bill says and how it is built: its leaves, and the structure that holds them.

Leaves are texts and drawings; all else (what is there, how many, which choice) is structure. Two
bills of the same structure are laid out alike, whatever their leaves say.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from bustia.compose.drawing import Drawing
from bustia.compose.parts import Prose, Text

__all__ = ["Leaf", "leaves_of", "replaced", "structure_of"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where a leaf is in its data, and of what kind it is."""

    path: str
    kind: Literal["text", "prose", "drawing"]


Walk = Callable[[Any, list[Any]], Hashable]
"""Adds the leaves of a value to a list; gives its structure."""


def structure_of(kind: Any, value: Any, leaves: list[Any]) -> Hashable:  # noqa: ANN401
    """Add the leaves of ``value``, of the type ``kind``, to ``leaves``; give its structure.

    An empty text is not a leaf: whether it is empty is structure.
    """
    return _walk(kind)(value, leaves)


@cache
def _walk(kind: Any) -> Walk:  # noqa: ANN401 (any type)
    """Make what walks through the values of a type, as one expression: every part of every bill is
    gone through, and this takes half the time of going from field to field."""
    steps: dict[str, Walk] = {}
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        inner = [_step(hints[one.name], f"value.{one.name}", steps) for one in fields(kind)]
        expression = f"({''.join(f'{one}, ' for one in inner)})"
    else:
        expression = _step(kind, "value", steps)
    walk: Walk = eval(f"lambda value, leaves: {expression}", dict(steps))  # noqa: S307 (our types)
    return walk


def _step(kind: Any, value: str, steps: dict[str, Walk]) -> str:  # noqa: ANN401
    """Write the expression for the structure of ``value``; the walks it calls go to ``steps``."""
    if kind is Text or kind is Prose:
        return f"(leaves.append(text) is None) if (text := {value}) else False"
    if kind is Drawing or is_dataclass(kind):
        name = f"walk_{len(steps)}"
        steps[name] = _drawing if kind is Drawing else _walk(cast(Any, kind))
        return f"{name}({value}, leaves)"
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        inner = _step(next(one for one in arguments if one is not NoneType), "some", steps)
        return f"None if (some := {value}) is None else ({inner},)"
    if origin is tuple:
        return f"tuple([{_step(arguments[0], 'one', steps)} for one in {value}])"
    return value


def _drawing(value: Drawing, leaves: list[Any]) -> Hashable:
    leaves.append(value)
    return value.width, value.height, bool(value.alt)


def leaves_of(kind: Any, value: Any) -> list[Leaf]:  # noqa: ANN401
    """List the leaves in the order of :func:`structure_of`, with their paths for people."""
    return list(_leaves(kind, value, ""))


def _leaves(kind: Any, value: Any, path: str) -> Iterator[Leaf]:  # noqa: ANN401
    if kind is Text or kind is Prose:
        if value:
            yield Leaf(path, "text" if kind is Text else "prose")
    elif kind is Drawing:
        yield Leaf(path, "drawing")
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for field in fields(kind):
            inner = f"{path}.{field.name}" if path else field.name
            yield from _leaves(hints[field.name], getattr(value, field.name), inner)
    elif get_origin(kind) in (Union, UnionType) and value is not None:
        some = next(one for one in get_args(kind) if one is not NoneType)
        yield from _leaves(some, value, path)
    elif get_origin(kind) is tuple:
        for place, one in enumerate(value):
            yield from _leaves(get_args(kind)[0], one, f"{path}[{place}]")


def replaced(kind: Any, value: Any, replacements: Iterator[Any]) -> Any:  # noqa: ANN401
    """Give ``value`` as plain data (for JSON) with each leaf replaced by the next replacement."""
    if kind is Text or kind is Prose:
        return next(replacements) if value else ""
    if kind is Drawing:
        return next(replacements)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return {
            field.name: replaced(hints[field.name], getattr(value, field.name), replacements)
            for field in fields(kind)
        }
    if get_origin(kind) in (Union, UnionType) and value is not None:
        some = next(one for one in get_args(kind) if one is not NoneType)
        return replaced(some, value, replacements)
    if get_origin(kind) is tuple:
        return [replaced(get_args(kind)[0], one, replacements) for one in value]
    return value
