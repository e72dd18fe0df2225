"""Checks a text of a message before any customer is: known facts, fitting filters, no traps.

The traps are those that a person without programming skills would fall into: an amount shown
without its currency, ``{% if debt.count %}`` (in Liquid 0 counts as true), a date that may be
missing.
"""

from collections.abc import Iterable, Mapping

from liquid.ast import BlockNode, Node
from liquid.builtin.expressions import (
    BooleanExpression,
    Filter,
    FilteredExpression,
    Literal,
    LoopExpression,
    Path,
    PositionalArgument,
    StringLiteral,
)
from liquid.builtin.expressions.logical import (
    EqExpression,
    GeExpression,
    GtExpression,
    LeExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
)
from liquid.builtin.expressions.primitive import FalseLiteral, IntegerLiteral, TrueLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.expression import Expression

from bustia.decide.catalogue import Catalogue, FactType, suggest
from bustia.decide.expression import ExpressionError
from bustia.decide.filters import FILTERS

__all__ = ["TextChecker"]

_COMPARISONS = (
    EqExpression,
    NeExpression,
    LtExpression,
    LeExpression,
    GtExpression,
    GeExpression,
)
_ORDER = (LtExpression, LeExpression, GtExpression, GeExpression)
_FORLOOP = FactType("record")
_FORLOOP_FIELDS = {
    "first": FactType("boolean"),
    "last": FactType("boolean"),
    "index": FactType("whole number"),
    "length": FactType("whole number"),
}
Scope = Mapping[str, FactType]
Known = frozenset[str]


class TextChecker:
    """One pass over the tree of a text; collects the facts and company data that it uses."""

    def __init__(self, catalogue: Catalogue, company: Iterable[str]) -> None:
        self._catalogue = catalogue
        self._company = tuple(company)
        self.leaves: dict[str, None] = {}
        self.company_used: dict[str, None] = {}

    def check(self, nodes: Iterable[Node], known: Known, scope: Scope) -> None:
        """Check nodes; raise :class:`~bustia.decide.expression.ExpressionError`."""
        for node in nodes:
            match node:
                case OutputNode():
                    self._output(node.expression, known, scope)
                case IfNode():
                    self._choice(node, known, scope)
                case ForNode():
                    self._loop(node, known, scope)
                case BlockNode():
                    self.check(node.nodes, known, scope)
                case _:
                    continue  # plain words and comments

    def _output(self, expression: Expression, known: Known, scope: Scope) -> None:
        if not isinstance(expression, FilteredExpression):
            raise ExpressionError("this can't be shown", _place(expression))
        kind = self._value(expression.left, known, scope)
        for one in expression.filters or ():
            kind = self._filtered(one, kind)
        if kind.kind in ("text", "whole number"):
            return
        fitting = [f"| {name}" for name, found in FILTERS.items() if kind.kind in found.takes]
        if fitting:
            raise ExpressionError(
                f"{expression.left} is a {kind.kind}: it needs a filter to be read",
                _place(expression.left),
                f"Add {' or '.join(fitting)}.",
            )
        raise ExpressionError(
            f"{expression.left} is a {kind.kind}: it can't be shown", _place(expression.left)
        )

    def _filtered(self, used: Filter, kind: FactType) -> FactType:
        known = FILTERS.get(used.name)
        if known is None:
            hint = suggest(used.name, FILTERS) or f"There are: {', '.join(FILTERS)}."
            raise ExpressionError(
                f"there is no filter {used.name}", max(used.token.start_index, 0), hint
            )
        if kind.kind not in known.takes:
            raise ExpressionError(
                f"{used.name} takes a {' or '.join(known.takes)}, not a {kind.kind}",
                max(used.token.start_index, 0),
            )
        texts = [
            one.value
            for one in used.args
            if isinstance(one, PositionalArgument) and isinstance(one.value, StringLiteral)
        ]
        if len(texts) != known.texts or len(used.args) != known.texts:
            wanted = f"{known.texts} texts after the colon" if known.texts else "nothing after it"
            raise ExpressionError(
                f"{used.name} takes {wanted}", max(used.token.start_index, 0), known.doc
            )
        return FactType("text")

    def _value(self, expression: Expression, known: Known, scope: Scope) -> FactType:
        match expression:
            case Path():
                return self._path(expression, known, scope)
            case TrueLiteral() | FalseLiteral():
                return FactType("boolean")
            case StringLiteral():
                return FactType("text")
            case IntegerLiteral():
                return FactType("whole number")
            case Literal():
                raise ExpressionError(
                    "numbers with decimals can't stand in a text's condition",
                    _place(expression),
                    "Compare them in the rule's condition.",
                )
            case _:
                raise ExpressionError("this can't stand in a text", _place(expression))

    def _path(self, expression: Path, known: Known, scope: Scope) -> FactType:
        place = _place(expression)
        path = str(expression)
        parts = expression.path
        if not all(isinstance(part, str) for part in parts):
            raise ExpressionError("facts are named with dots, not with brackets", place)
        if parts[0] == "company":
            name = path.removeprefix("company.")
            if name not in self._company:
                known_names = tuple(f"company.{one}" for one in self._company)
                raise ExpressionError(
                    f"company.yaml has no {name}", place, suggest(path, known_names)
                )
            self.company_used[name] = None
            return FactType("text")
        if parts[0] in scope:
            return self._entry(path, [str(part) for part in parts], known, scope, place)
        leaf = self._catalogue.leaves.get(path)
        if leaf is None:
            raise ExpressionError(
                f"there is no fact {path}", place, suggest(path, self._catalogue.public)
            )
        if leaf.private:
            raise ExpressionError(f"{path} is private: conditions and texts can't use it", place)
        if leaf.type.optional and path not in known:
            raise ExpressionError(
                f"{path} may be missing",
                place,
                f"Ask has({path}) in the condition, or put it within {{% if {path} %}}.",
            )
        self.leaves[path] = None
        return leaf.type

    def _entry(
        self, path: str, parts: list[str], known: Known, scope: Scope, place: int
    ) -> FactType:
        """Type the name of a loop, or a field of it."""
        entry = scope[parts[0]]
        if len(parts) == 1:
            return entry
        if entry is _FORLOOP:
            if parts[1] in _FORLOOP_FIELDS and len(parts) == 2:
                return _FORLOOP_FIELDS[parts[1]]
            names = tuple(f"forloop.{name}" for name in _FORLOOP_FIELDS)
            raise ExpressionError(f"there is no {path}", place, suggest(path, names))
        found = entry.fields.get(parts[1])
        if found is None or found.private or len(parts) > 2:
            names = tuple(f"{parts[0]}.{name}" for name in entry.fields)
            raise ExpressionError(f"there is no {path}", place, suggest(path, names))
        if found.type.optional and path not in known:
            raise ExpressionError(
                f"{path} may be missing", place, f"Put it within {{% if {path} %}}."
            )
        return found.type

    def _choice(self, node: IfNode, known: Known, scope: Scope) -> None:
        self.check([node.consequence], known | self._asked(node.condition, known, scope), scope)
        for one in node.alternatives:
            asked = self._asked(one.expression, known, scope)
            self.check([one.block], known | asked, scope)
        if node.default:
            self.check([node.default], known, scope)

    def _asked(self, expression: Expression, known: Known, scope: Scope) -> Known:
        """Check what an ``if`` asks; give the facts that are known where it is true."""
        match expression:
            case BooleanExpression():
                return self._asked(expression.expression, known, scope)
            case LogicalAndExpression():
                left = self._asked(expression.left, known, scope)
                return left | self._asked(expression.right, known | left, scope)
            case LogicalOrExpression():
                left = self._asked(expression.left, known, scope)
                return left & self._asked(expression.right, known, scope)
            case Path():
                return self._asked_fact(expression, scope)
            case (
                EqExpression()
                | NeExpression()
                | LtExpression()
                | LeExpression()
                | GtExpression()
                | GeExpression()
            ):
                self._compared(expression, known, scope)
                return frozenset()
            case _:
                raise ExpressionError("an if asks a fact, or compares one", _place(expression))

    def _asked_fact(self, expression: Path, scope: Scope) -> Known:
        path = str(expression)
        kind = self._path(expression, frozenset({path}), scope)
        optional = self._optional(path, [str(part) for part in expression.path], scope)
        if kind.kind == "boolean" or optional:
            return frozenset({path})
        trap = {"whole number": f"{path} > 0", "number": f"{path} > 0", "text": f'{path} != ""'}
        raise ExpressionError(
            f"{path} always counts as true here, being a {kind.kind}",
            _place(expression),
            f"Write {trap[kind.kind]}." if kind.kind in trap else "",
        )

    def _optional(self, path: str, parts: list[str], scope: Scope) -> bool:
        if parts[0] in scope:
            found = scope[parts[0]].fields.get(parts[1]) if len(parts) == 2 else None
        else:
            found = self._catalogue.leaves.get(path)
        return found is not None and found.type.optional

    def _compared(self, expression: Expression, known: Known, scope: Scope) -> None:
        left_side, right_side = expression.children()
        left = self._value(left_side, known, scope)
        right = self._value(right_side, known, scope)
        if left.kind != right.kind and not (left.numeric and right.numeric):
            raise ExpressionError(
                f"a {left.kind} can't be compared with a {right.kind}", _place(left_side)
            )
        if left.kind not in ("text", "whole number", "number", "date", "boolean"):
            raise ExpressionError(f"a {left.kind} can't be compared", _place(left_side))
        if isinstance(expression, _ORDER) and left.kind in ("text", "boolean"):
            raise ExpressionError(f"a {left.kind} has no order", _place(left_side))
        for kind, other in ((left, right_side), (right, left_side)):
            if kind.choices and isinstance(other, StringLiteral):
                value = str(other.value)
                if value not in kind.choices:
                    raise ExpressionError(
                        f'the value is never "{value}"',
                        _place(other),
                        suggest(value, kind.choices) or f"It is {kind}.",
                    )

    def _loop(self, node: ForNode, known: Known, scope: Scope) -> None:
        expression = node.expression
        if not isinstance(expression, LoopExpression) or not isinstance(expression.iterable, Path):
            raise ExpressionError("a for goes through a list of facts", _place(expression))
        kind = self._path(expression.iterable, known, scope)
        if kind.item is None:
            raise ExpressionError(
                f"{expression.iterable} is not a list", _place(expression.iterable)
            )
        inner = {**scope, str(expression.identifier): kind.item, "forloop": _FORLOOP}
        self.check([node.block], known, inner)
        if node.default:
            self.check([node.default], known, scope)


def _place(expression: Expression) -> int:
    return max(expression.token.start_index, 0)
