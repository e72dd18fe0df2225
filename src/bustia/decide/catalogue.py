"""The facts that conditions and texts may use: name, type, unit and example, in one catalogue.

It is read from the annotations of :mod:`bustia.billing.facts`, so that a fact is documented once.
Two groups are added here: what the stationery makes of a returned debit's reason code
(``returned_debit.action``), and the company's own data, for texts only (``company.phone``).
"""

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from bustia.billing.facts import Fact, Facts

__all__ = [
    "Catalogue",
    "FactType",
    "Leaf",
    "catalogue",
    "example_facts",
    "suggest",
]

Kind = Literal["boolean", "whole number", "number", "text", "date", "list", "record"]


@dataclass(frozen=True, slots=True)
class FactType:
    """The type of a fact."""

    kind: Kind
    optional: bool = False
    """It may be missing: a condition must ask ``has(…)`` first."""
    choices: tuple[str, ...] = ()
    """The only values of a text, where they are known."""
    item: "FactType | None" = None
    """What a list holds."""
    fields: Mapping[str, "Leaf"] = field(default_factory=dict)
    """What a record has."""

    @property
    def numeric(self) -> bool:
        return self.kind in ("whole number", "number")

    def __str__(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.item is not None:
            return "list of records" if self.item.kind == "record" else f"list of {self.item.kind}s"
        return self.kind


@dataclass(frozen=True, slots=True)
class Leaf:
    """One documented fact."""

    path: str
    type: FactType
    doc: str
    unit: str
    example: object
    private: bool = False


def _type_of(annotation: Any) -> FactType:  # noqa: ANN401, PLR0911 (annotations have no common type; one return a kind)
    """Turn an annotation into the type of a fact."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        known = _type_of(inner[0])
        return FactType(known.kind, optional=True, choices=known.choices, item=known.item,
                        fields=known.fields)  # fmt: skip
    if origin is Literal:
        return FactType("text", choices=tuple(str(one) for one in get_args(annotation)))
    if origin is tuple:
        return FactType("list", item=_type_of(get_args(annotation)[0]))
    if annotation is bool:
        return FactType("boolean")
    if annotation is int:
        return FactType("whole number")
    if annotation is Decimal:
        return FactType("number")
    if annotation is str:
        return FactType("text")
    if annotation is date:
        return FactType("date")
    if is_dataclass(annotation):
        return FactType("record", fields=dict(_leaves(annotation, "")))
    raise TypeError(f"no fact type for {annotation!r}")


def _leaves(holder: Any, prefix: str) -> Iterator[tuple[str, Leaf]]:  # noqa: ANN401 (a dataclass)
    """Give the documented leaves of a dataclass of facts, by path."""
    hints = get_type_hints(holder, include_extras=True)
    for one in fields(holder):
        hint = hints[one.name]
        path = f"{prefix}{one.name}"
        if get_origin(hint) is Annotated:
            annotation, fact, *_ = get_args(hint)
            if not isinstance(fact, Fact):
                raise TypeError(f"{path} is not documented by a Fact")
            kind = _type_of(annotation)
            yield path, Leaf(path, kind, fact.doc, fact.unit, fact.example, fact.private)
        else:
            yield from _leaves(hint, f"{path}.")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every fact by its path, the private ones too, so that errors can say why."""

    leaves: Mapping[str, Leaf]

    @property
    def public(self) -> dict[str, Leaf]:
        """Facts that conditions and texts may use."""
        return {path: leaf for path, leaf in self.leaves.items() if not leaf.private}

    @property
    def groups(self) -> frozenset[str]:
        """First parts of the paths, such as ``debt``."""
        return frozenset(path.split(".", 1)[0] for path in self.leaves if "." in path)

    def with_choices(self, path: str, choices: tuple[str, ...]) -> "Catalogue":
        """Give the catalogue with the values of a text fact narrowed to the given ones."""
        old = self.leaves[path]
        new = Leaf(path, FactType("text", choices=choices), old.doc, old.unit, old.example)
        return Catalogue({**self.leaves, path: new})


def suggest(wrong: str, known: Mapping[str, object] | frozenset[str] | tuple[str, ...]) -> str:
    """Give ``Did you mean X?`` for the nearest known name, or nothing."""
    near = get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else ""


_ACTION = Leaf(
    "returned_debit.action",
    FactType("text"),
    "What the reason code asks for, as stationery/returned_debits.yaml says; "
    "empty without a returned debit.",
    "",
    "pay_another_way",
)


@cache
def catalogue() -> Catalogue:
    """Give the catalogue of all facts."""
    found: dict[str, Leaf] = {}
    for path, leaf in _leaves(Facts, ""):
        found[path] = leaf
        if path == "returned_debit.reasons":
            found[_ACTION.path] = _ACTION
    return Catalogue(found)


_EMPTY: Mapping[str, object] = {
    "boolean": False,
    "whole number": 0,
    "number": Decimal(0),
    "text": "",
    "date": date(2026, 5, 12),
}


@cache
def example_facts(*, complete: bool = True) -> Facts:
    """Build facts from the documented examples.

    With ``complete=False`` everything that may be missing is missing.
    """
    built: Facts = _example(Facts, complete)
    return built


def _example(holder: Any, complete: bool) -> Any:  # noqa: ANN401 (dataclasses)
    hints = get_type_hints(holder, include_extras=True)
    values: dict[str, Any] = {}
    for one in fields(holder):
        hint = hints[one.name]
        if get_origin(hint) is not Annotated:
            values[one.name] = _example(hint, complete)
            continue
        annotation, fact, *_ = get_args(hint)
        kind = _type_of(annotation)
        if kind.item is not None and kind.item.kind == "record":
            values[one.name] = (_example(get_args(annotation)[0], complete),)
        elif kind.optional and (not complete or kind.kind == "record"):
            values[one.name] = None
        elif fact.example is None:
            values[one.name] = _EMPTY[kind.kind]
        else:
            values[one.name] = fact.example
    return holder(**values)
