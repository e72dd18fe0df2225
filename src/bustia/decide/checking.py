"""Checks a condition against the catalogue: known facts, fitting types, nothing missing.

What it refuses would otherwise fail, or quietly be wrong, on some customer in the middle of a
billing run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bustia.decide.catalogue import Catalogue, FactType, Leaf, suggest
from bustia.decide.expression import (
    Binary,
    Call,
    Chain,
    ExpressionError,
    ListOf,
    Literal,
    Node,
    Ternary,
    Unary,
)

__all__ = ["FUNCTIONS", "Checked", "check"]

FUNCTIONS: Mapping[str, str] = {
    "has": "has(fact): the fact is known; only for facts that may be missing",
    "size": "size(list): how many entries",
    "days_until": "days_until(date): days from today to that date, negative if it has passed",
    "days_since": "days_since(date): days from that date to today",
    "date": 'date("2026-06-01"): a fixed date',
}
_TEXT_METHODS = ("startsWith", "endsWith", "contains", "matches")
_LIST_METHODS = ("exists", "exists_one", "all")

_BOOLEAN = FactType("boolean")
_WHOLE = FactType("whole number")
_NUMBER = FactType("number")
_TEXT = FactType("text")
_DATE = FactType("date")
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a correct condition uses, and which facts are surely known where it holds."""

    leaves: tuple[str, ...]
    """Paths of the facts it uses, in the order of their first use."""
    known_where_true: frozenset[str]
    by_part: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """For each part joined by ``&&`` at the top, by its start: the facts it uses."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """The type of a part, and which facts are known where it is true or false."""

    type: FactType
    if_true: frozenset[str] = _NOTHING
    if_false: frozenset[str] = _NOTHING


def check(parts: list[Node], catalogue: Catalogue) -> Checked:
    """Check the parts that ``&&`` joins at the top; raise :class:`ExpressionError`."""
    checker = _Checker(catalogue)
    known = _NOTHING
    by_part: dict[int, tuple[str, ...]] = {}
    everything: dict[str, None] = {}
    for part in parts:
        checker.leaves = {}
        typed = checker.typed(part, known, {})
        _need(typed.type, "boolean", part)
        known |= typed.if_true
        by_part[part.start] = tuple(checker.leaves)
        everything.update(checker.leaves)
    return Checked(tuple(everything), known, by_part)


class _Checker:
    """One pass over the tree; ``scope`` holds the names that ``exists`` and ``all`` bring."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.leaves: dict[str, None] = {}

    def typed(  # noqa: PLR0911 (one return for each form of the language)
        self, node: Node, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> _Typed:
        match node:
            case Literal():
                return _Typed(_literal_type(node))
            case Chain():
                return _Typed(self._fact(node, known, scope))
            case ListOf():
                return _Typed(self._list(node, known, scope))
            case Unary():
                return self._unary(node, known, scope)
            case Binary(operator="&&" | "||"):
                return self._logical(node, known, scope)
            case Binary(operator="+" | "-" | "*" | "/" | "%"):
                return _Typed(self._arithmetic(node, known, scope))
            case Binary(operator="in"):
                return _Typed(self._membership(node, known, scope))
            case Binary():
                return _Typed(self._comparison(node, known, scope))
            case Ternary():
                return _Typed(self._ternary(node, known, scope))
            case Call():
                return self._call(node, known, scope)
            case _:
                raise ExpressionError("this can't stand in a condition", node.start)

    def _leaf(self, node: Chain) -> Leaf:
        leaf = self._catalogue.leaves.get(node.path)
        if leaf is not None and not leaf.private:
            return leaf
        if leaf is not None:
            raise ExpressionError(
                f"{node.path} is private: conditions and texts can't use it", node.start
            )
        if node.path in self._catalogue.groups:
            names = ", ".join(
                path for path in self._catalogue.public if path.startswith(f"{node.path}.")
            )
            raise ExpressionError(
                f"{node.path} is a group of facts", node.start, f"Name one of them: {names}."
            )
        raise ExpressionError(
            f"there is no fact {node.path}", node.start, suggest(node.path, self._catalogue.public)
        )

    def _fact(self, node: Chain, known: frozenset[str], scope: Mapping[str, FactType]) -> FactType:
        if node.parts[0] in scope:
            return self._entry(node, known, scope)
        leaf = self._leaf(node)
        if leaf.type.optional and leaf.path not in known:
            raise ExpressionError(
                f"{leaf.path} may be missing", node.start, f"Write has({leaf.path}) && … before it."
            )
        self.leaves[leaf.path] = None
        return leaf.type

    def _entry(self, node: Chain, known: frozenset[str], scope: Mapping[str, FactType]) -> FactType:
        """Type a name of ``exists`` or ``all``, or a field of it."""
        entry = scope[node.parts[0]]
        if len(node.parts) == 1:
            return entry
        found = entry.fields.get(node.parts[1])
        if found is None or found.private or len(node.parts) > 2:
            public = tuple(f"{node.parts[0]}.{name}" for name in entry.fields)
            raise ExpressionError(
                f"there is no {node.path}", node.start, suggest(node.path, public)
            )
        if found.type.optional and node.path not in known:
            raise ExpressionError(
                f"{node.path} may be missing", node.start, f"Write has({node.path}) && … before it."
            )
        return found.type

    def _list(self, node: ListOf, known: frozenset[str], scope: Mapping[str, FactType]) -> FactType:
        if not node.items:
            raise ExpressionError("the list is empty", node.start)
        kinds = [self.typed(item, known, scope).type for item in node.items]
        for item, kind in zip(node.items, kinds, strict=True):
            if not _comparable(kinds[0], kind):
                raise ExpressionError(
                    f"the list mixes a {kinds[0].kind} and a {kind.kind}", item.start
                )
        return FactType("list", item=FactType(kinds[0].kind))

    def _unary(self, node: Unary, known: frozenset[str], scope: Mapping[str, FactType]) -> _Typed:
        operand = self.typed(node.operand, known, scope)
        if node.operator == "!":
            _need(operand.type, "boolean", node.operand)
            return _Typed(_BOOLEAN, operand.if_false, operand.if_true)
        if not operand.type.numeric:
            raise ExpressionError(f"a {operand.type.kind} has no minus", node.start)
        return _Typed(FactType(operand.type.kind))

    def _logical(
        self, node: Binary, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> _Typed:
        left = self.typed(node.left, known, scope)
        _need(left.type, "boolean", node.left)
        both = node.operator == "&&"
        right = self.typed(node.right, known | (left.if_true if both else left.if_false), scope)
        _need(right.type, "boolean", node.right)
        if both:
            return _Typed(_BOOLEAN, left.if_true | right.if_true, left.if_false & right.if_false)
        return _Typed(_BOOLEAN, left.if_true & right.if_true, left.if_false | right.if_false)

    def _arithmetic(
        self, node: Binary, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        for side in (node.left, node.right):
            kind = self.typed(side, known, scope).type
            if kind.kind == "number":
                raise ExpressionError(
                    "amounts are compared in conditions, not calculated with",
                    node.start,
                    "Compare each on its own, or ask for a fact that holds the result.",
                )
            if kind.kind != "whole number":
                raise ExpressionError(f"can't calculate with a {kind.kind}", side.start)
        if node.operator in "/%":
            raise ExpressionError("conditions don't divide", node.start, "Multiply the other side.")
        return _WHOLE

    def _membership(
        self, node: Binary, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        left = self.typed(node.left, known, scope).type
        right = self.typed(node.right, known, scope).type
        if right.item is None or right.item.kind == "record":
            raise ExpressionError(f"'in' needs a list, not a {right.kind}", node.right.start)
        if not _comparable(left, right.item):
            raise ExpressionError(f"a {left.kind} can't be in a {right}", node.start)
        if isinstance(node.right, ListOf):
            for item in node.right.items:
                _check_choice(left, item)
        return _BOOLEAN

    def _comparison(
        self, node: Binary, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        left = self.typed(node.left, known, scope).type
        right = self.typed(node.right, known, scope).type
        if left.kind in ("list", "record") or right.kind in ("list", "record"):
            raise ExpressionError(
                "a list can't be compared", node.start, "Use size(…), exists, all or in."
            )
        if not _comparable(left, right):
            raise ExpressionError(
                f"a {left.kind} can't be compared with a {right.kind}",
                node.start,
                _comparison_hint(node, left, right),
            )
        if node.operator not in ("==", "!=") and left.kind in ("boolean", "text"):
            raise ExpressionError(f"a {left.kind} has no order", node.start, "Use == or !=.")
        _check_choice(left, node.right)
        _check_choice(right, node.left)
        return _BOOLEAN

    def _ternary(
        self, node: Ternary, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        test = self.typed(node.test, known, scope)
        _need(test.type, "boolean", node.test)
        yes = self.typed(node.yes, known | test.if_true, scope).type
        no = self.typed(node.no, known | test.if_false, scope).type
        if not _comparable(yes, no):
            raise ExpressionError(f"one side is a {yes.kind}, the other a {no.kind}", node.start)
        return yes if yes.kind == "number" or not yes.numeric else no

    def _call(self, node: Call, known: frozenset[str], scope: Mapping[str, FactType]) -> _Typed:
        if node.target is not None:
            return _Typed(self._method(node, node.target, known, scope))
        if node.name == "has":
            return self._has(node, scope)
        if node.name not in FUNCTIONS:
            raise ExpressionError(
                f"there is no function {node.name}",
                node.start,
                suggest(node.name, tuple(FUNCTIONS)) or f"There are: {', '.join(FUNCTIONS)}.",
            )
        if len(node.arguments) != 1:
            raise ExpressionError(f"{node.name} takes one value: {FUNCTIONS[node.name]}",
                                  node.start)  # fmt: skip
        argument = node.arguments[0]
        if node.name == "date":
            return _Typed(_fixed_date(node, argument))
        kind = self.typed(argument, known, scope).type
        if node.name == "size":
            _need(kind, "list", argument)
            return _Typed(_WHOLE)
        _need(kind, "date", argument)
        self.leaves["today"] = None
        return _Typed(_WHOLE)

    def _has(self, node: Call, scope: Mapping[str, FactType]) -> _Typed:
        if len(node.arguments) != 1 or not isinstance(node.arguments[0], Chain):
            raise ExpressionError("has(…) takes the name of a fact", node.start)
        asked = node.arguments[0]
        if asked.parts[0] in scope:
            self._entry(asked, frozenset({asked.path}), scope)
            return _Typed(_BOOLEAN, frozenset({asked.path}))
        leaf = self._leaf(asked)
        if not leaf.type.optional:
            empty = {"text": '!= ""', "list": "", "boolean": ""}.get(leaf.type.kind, "> 0")
            raise ExpressionError(
                f"{leaf.path} is always known, so has({leaf.path}) is always true",
                node.start,
                f"Perhaps you mean {leaf.path} {empty}".rstrip() + ".",
            )
        self.leaves[leaf.path] = None
        return _Typed(_BOOLEAN, frozenset({leaf.path}))

    def _method(
        self, node: Call, target: Node, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        kind = self.typed(target, known, scope).type
        if kind.kind == "text" and node.name in _TEXT_METHODS:
            if len(node.arguments) != 1 or not (
                isinstance(node.arguments[0], Literal) and isinstance(node.arguments[0].value, str)
            ):
                raise ExpressionError(f"{node.name} takes one text in quotes", node.start)
            return _BOOLEAN
        if kind.item is not None and node.name in _LIST_METHODS:
            return self._for_each(node, kind.item, known, scope)
        methods = {"text": _TEXT_METHODS, "list": _LIST_METHODS}.get(kind.kind, ())
        hint = suggest(node.name, methods) or (f"It has: {', '.join(methods)}." if methods else "")
        raise ExpressionError(f"a {kind.kind} has no {node.name}", node.start, hint)

    def _for_each(
        self, node: Call, item: FactType, known: frozenset[str], scope: Mapping[str, FactType]
    ) -> FactType:
        name = node.arguments[0] if len(node.arguments) == 2 else None
        if not isinstance(name, Chain) or len(name.parts) != 1:
            raise ExpressionError(
                f"{node.name} takes a name and a condition", node.start,
                "Such as debt.invoices.exists(i, i.amount > 100).",
            )  # fmt: skip
        if name.path in self._catalogue.groups or name.path in self._catalogue.leaves:
            raise ExpressionError(f"{name.path} is a fact: choose another name", name.start)
        inner = self.typed(node.arguments[1], known, {**scope, name.path: item})
        _need(inner.type, "boolean", node.arguments[1])
        return _BOOLEAN


def _literal_type(node: Literal) -> FactType:
    value = node.value
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, int):
        return _WHOLE
    return _NUMBER if isinstance(value, Decimal) else _TEXT


def _comparable(left: FactType, right: FactType) -> bool:
    return left.kind == right.kind or (left.numeric and right.numeric)


def _need(found: FactType, kind: str, node: Node) -> None:
    if found.kind != kind:
        hint = "Compare it with something, such as > 0." if kind == "boolean" else ""
        raise ExpressionError(f"a {kind} is needed here, not a {found.kind}", node.start, hint)


def _check_choice(kind: FactType, other: Node) -> None:
    """Refuse a text that the fact can never have."""
    if kind.choices and isinstance(other, Literal) and other.value not in kind.choices:
        near = suggest(str(other.value), kind.choices)
        raise ExpressionError(
            f'the value is never "{other.value}"',
            other.start,
            near or f"It is {kind}.",
        )


def _comparison_hint(node: Binary, left: FactType, right: FactType) -> str:
    for one, other, side in ((left, right, node.right), (right, left, node.left)):
        written = isinstance(side, Literal)
        if one.kind == "date" and other.kind == "text" and written:
            return 'Write the date as date("2026-06-01").'
        if one.numeric and other.kind == "text" and written:
            return "Write the number without quotes."
        if one.kind == "text" and other.numeric and written:
            return "Put the text between quotes."
        if one.kind == "date" and other.numeric:
            return "Use days_until(…) or days_since(…)."
    return ""


def _fixed_date(node: Call, argument: Node) -> FactType:
    if isinstance(argument, Literal) and isinstance(argument.value, str):
        try:
            date.fromisoformat(argument.value)
        except ValueError:
            pass
        else:
            return _DATE
    raise ExpressionError('a fixed date is written date("2026-06-01")', node.start)
