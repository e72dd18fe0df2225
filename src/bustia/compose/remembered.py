"""Remembers what was made of an object, and knows that object again by its identity."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

__all__ = ["remembered"]

T = TypeVar("T")
V = TypeVar("V")
P = ParamSpec("P")
Making = Callable[Concatenate[T, P], V]


def remembered(most: int) -> Callable[[Making[T, P, V]], Making[T, P, V]]:
    """Let a function make something of an object once for that very object.

    Its other arguments go by position and are compared as usual. Facts and messages that many
    bills share are one object each (``billing.facts_shared``, ``decide.engine``): to compare all
    that is in them would take as long as to write it anew. What is remembered holds its object,
    so no other can get its identity meanwhile. Where ``most`` are remembered, all are forgotten.
    """

    def remembering(make: Making[T, P, V]) -> Making[T, P, V]:
        kept: dict[tuple[int, tuple[Hashable, ...]], tuple[V, T]] = {}
        make_any = cast("Callable[..., V]", make)

        @wraps(make)
        def find(thing: T, *others: Hashable) -> V:
            key = (id(thing), others)
            found = kept.get(key)
            if found is None:
                if len(kept) >= most:
                    kept.clear()
                found = kept[key] = (make_any(thing, *others), thing)
            return found[0]

        return cast("Making[T, P, V]", find)

    return remembering
