"""Reads a condition into a tree, so that it can be checked before any customer is.

The language is CEL, the Common Expression Language (https://cel.dev, langdef.md, "Syntax"). It is
*evaluated* by the CEL library; that library shows no tree, hence this reader. It covers what a
condition needs and refuses the rest: no maps, messages, byte strings, indexes or null.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

__all__ = [
    "Binary",
    "Call",
    "Chain",
    "ExpressionError",
    "ListOf",
    "Literal",
    "Node",
    "Ternary",
    "Unary",
    "conjuncts",
    "parse",
]

MAX_LENGTH = 2_000
MAX_DEPTH = 40


class ExpressionError(Exception):
    """Something in a condition is wrong at ``offset`` (characters from its beginning)."""

    def __init__(self, what: str, offset: int, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a condition, from ``start`` to ``end`` of its text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value written out."""

    value: bool | int | Decimal | str


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """A name with its dots: ``debt.count``."""

    parts: tuple[str, ...]

    @property
    def path(self) -> str:
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """A list written out."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``!x`` or ``-x``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two operands."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Ternary(Node):
    """``a ? b : c``."""

    test: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function, or a method of ``target``."""

    name: str
    target: Node | None
    arguments: tuple[Node, ...]


_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<number>\d+\.\d+|\d+)(?![\w.])
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>"(?:[^"\\\n]|\\["'\\])*"|'(?:[^'\\\n]|\\["'\\])*')
      | (?P<operator>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_SLIPS = {"=": "==", "&": "&&", "|": "||", "“": '"', "”": '"', "’": "'", "‘": "'"}
_WORDS = {"and": "&&", "or": "||", "not": "!"}
# CEL's own words, which can't be names (langdef.md, "Reserved").
_RESERVED = {
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
    "namespace", "package", "return", "var", "void", "while",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def _tokens(source: str) -> Iterator[_Token]:
    position = 0
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None or found.lastgroup is None:
            wrong = source[position]
            right = _SLIPS.get(wrong)
            hint = f"Write {right} instead." if right else ""
            raise ExpressionError(f"{wrong!r} can't stand here", position, hint)
        if found.lastgroup != "space":
            yield _Token(found.lastgroup, found[0], position)
        position = found.end()
    yield _Token("end", "", position)


def parse(source: str) -> Node:
    """Read a condition; raise :class:`ExpressionError` where it isn't one."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"the condition is longer than {MAX_LENGTH} characters", MAX_LENGTH)
    return _Parser(source).whole()


def conjuncts(node: Node) -> list[Node]:
    """Give the parts that ``&&`` joins at the top, in order."""
    if isinstance(node, Binary) and node.operator == "&&":
        return [*conjuncts(node.left), *conjuncts(node.right)]
    return [node]


class _Parser:
    """Recursive descent over CEL's grammar, one method a level of precedence."""

    def __init__(self, source: str) -> None:
        self._tokens = list(_tokens(source))
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _accept(self, *operators: str) -> _Token | None:
        if self._next.kind == "operator" and self._next.text in operators:
            return self._take()
        return None

    def _expect(self, operator: str) -> _Token:
        token = self._accept(operator)
        if token is None:
            raise self._unexpected(f"{operator!r} is missing")
        return token

    def _unexpected(self, what: str) -> ExpressionError:
        token = self._next
        shown = f"before {token.text!r}" if token.kind != "end" else "at the end"
        word = _WORDS.get(token.text)
        hint = f"Write {word} instead of {token.text}." if word else ""
        return ExpressionError(f"{what} {shown}", token.start, hint)

    def whole(self) -> Node:
        if self._next.kind == "end":
            raise ExpressionError("the condition is empty", 0, "Write true for everyone.")
        node = self._expression()
        if self._next.kind != "end":
            raise self._unexpected("an operator such as && is missing")
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("the condition is nested too deeply", self._next.start)
        test = self._either()
        if self._accept("?"):
            yes = self._either()
            self._expect(":")
            no = self._expression()
            test = Ternary(test.start, no.end, test, yes, no)
        self._depth -= 1
        return test

    def _either(self) -> Node:
        node = self._both()
        while self._accept("||"):
            right = self._both()
            node = Binary(node.start, right.end, "||", node, right)
        return node

    def _both(self) -> Node:
        node = self._comparison()
        while self._accept("&&"):
            right = self._comparison()
            node = Binary(node.start, right.end, "&&", node, right)
        return node

    def _comparison(self) -> Node:
        node = self._sum()
        operator = self._accept(*_COMPARISONS)
        if operator is None and self._next.kind == "name" and self._next.text == "in":
            operator = self._take()
        if operator is None:
            return node
        right = self._sum()
        made = Binary(node.start, right.end, operator.text, node, right)
        if self._next.text in _COMPARISONS:
            raise self._unexpected("comparisons can't be chained: join two with &&,")
        return made

    def _sum(self) -> Node:
        node = self._product()
        while operator := self._accept("+", "-"):
            right = self._product()
            node = Binary(node.start, right.end, operator.text, node, right)
        return node

    def _product(self) -> Node:
        node = self._unary()
        while operator := self._accept("*", "/", "%"):
            right = self._unary()
            node = Binary(node.start, right.end, operator.text, node, right)
        return node

    def _unary(self) -> Node:
        operator = self._accept("!", "-")
        if operator is None:
            return self._member()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("the condition is nested too deeply", operator.start)
        operand = self._unary()
        self._depth -= 1
        return Unary(operator.start, operand.end, operator.text, operand)

    def _member(self) -> Node:
        node = self._primary()
        while self._accept("."):
            if self._next.kind != "name":
                raise self._unexpected("a name is missing after the dot")
            name = self._take()
            if self._accept("("):
                arguments = self._arguments(")")
                node = Call(node.start, self._tokens[self._at - 1].end, name.text, node, arguments)
            elif isinstance(node, Chain):
                node = Chain(node.start, name.end, (*node.parts, name.text))
            else:
                raise ExpressionError("a dot can only follow a fact or a name", name.start)
        if self._next.text == "[":
            raise self._unexpected("lists are asked with exists, all or in: an index can't stand")
        return node

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        if self._accept(closing):
            return ()
        while True:
            found.append(self._expression())
            if self._accept(closing):
                return tuple(found)
            self._expect(",")

    def _primary(self) -> Node:
        token = self._next
        if token.kind == "number":
            self._take()
            value = Decimal(token.text) if "." in token.text else int(token.text)
            return Literal(token.start, token.end, value)
        if token.kind == "text":
            self._take()
            return Literal(token.start, token.end, _ESCAPE.sub(r"\1", token.text[1:-1]))
        if token.kind == "name" and token.text not in (*_WORDS, *_RESERVED, "in"):
            return self._name(self._take())
        if self._accept("("):
            node = self._expression()
            closing = self._expect(")")
            return replace(node, start=token.start, end=closing.end)
        if self._accept("["):
            items = self._arguments("]")
            return ListOf(token.start, self._tokens[self._at - 1].end, items)
        raise self._unexpected("a fact or a value is missing")

    def _name(self, token: _Token) -> Node:
        if token.text in ("true", "false"):
            return Literal(token.start, token.end, token.text == "true")
        if token.text == "null":
            hint = "Ask has(…) whether a fact is known."
            raise ExpressionError("conditions don't use null", token.start, hint)
        if self._accept("("):
            arguments = self._arguments(")")
            return Call(token.start, self._tokens[self._at - 1].end, token.text, None, arguments)
        return Chain(token.start, token.end, (token.text,))
