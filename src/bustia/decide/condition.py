"""Asks a condition of a customer's facts, and says which fact decided.

The CEL library evaluates; this module gives it only the facts that the condition names, already
prepared, and remembers the answer for every combination of their values: in a town, most
customers share theirs.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, get_type_hints

import cel

from bustia.billing.facts import Fact
from bustia.decide.catalogue import Catalogue, catalogue
from bustia.decide.checking import Checked, check
from bustia.decide.expression import conjuncts, parse
from bustia.errors import DecideError

__all__ = ["Condition", "ConditionProgram", "Take", "read_condition"]

Take = Callable[[tuple[str, ...]], Callable[[Any], Hashable]]

MOST_REMEMBERED = 20_000
"""Values remembered for one part of a condition; beyond it memory would grow for nothing."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition, as plain data that can travel between processes."""

    source: str
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    """The parts joined by ``&&``, each with the paths of the facts it uses."""
    leaves: tuple[str, ...]
    """Paths of all facts it uses, in the order of their first use."""
    known_where_true: frozenset[str]


def read_condition(source: str, facts: Catalogue | None = None) -> Condition:
    """Read and check a condition; raise :class:`~bustia.decide.expression.ExpressionError`."""
    tree = parse(source)
    parts = conjuncts(tree)
    checked: Checked = check(parts, facts or catalogue())
    return Condition(
        source=source,
        parts=tuple((source[part.start : part.end], checked.by_part[part.start]) for part in parts),
        leaves=checked.leaves,
        known_where_true=checked.known_where_true,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the parts joined by ``&&``, compiled, with the answers it has given."""

    program: cel.Program
    leaves: tuple[str, ...]
    take: Callable[[Any], Hashable]
    answers: dict[Hashable, str]


class ConditionProgram:
    """A condition compiled for one process. It holds caches: not shared, not pickled.

    ``take`` gives, for the paths of some facts, a function that takes their values from whatever
    the condition is asked of: the bare value for one path, a tuple for several.
    """

    def __init__(self, condition: Condition, name: str, facts: Catalogue, take: Take) -> None:
        self._name = name
        self._catalogue = facts
        self._parts = [
            _Part(cel.compile(source), leaves, take(leaves), {})
            for source, leaves in condition.parts
        ]

    def why_false(self, customer: object) -> str:
        """Say which facts make the condition false, such as ``debt.count was 0``.

        Nothing (``""``) is returned where it is true. Raise
        :class:`~bustia.errors.DecideError` where it can't be evaluated.
        """
        for part in self._parts:
            values = part.take(customer)
            answer = part.answers.get(values)
            if answer is None:
                if len(part.answers) >= MOST_REMEMBERED:
                    part.answers.clear()
                answer = part.answers[values] = self._ask(part, values)
            if answer:
                return answer
        return ""

    def _ask(self, part: _Part, values: Hashable) -> str:
        several = values if isinstance(values, tuple) and len(part.leaves) != 1 else (values,)
        used = dict(zip(part.leaves, several, strict=True))
        today = used.get("today")
        functions = _functions(today) if isinstance(today, date) else _DATES
        try:
            holds = part.program.execute(cel.Context(_variables(used), functions))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise DecideError(
                f"the condition of {self._name} failed: {type(error).__name__}",
                where=part.program.source,
                hint=f"Try it with: bustia message test {self._name} --contract …",
            ) from error
        return "" if holds is True else self._shown(used) or "always"

    def _shown(self, used: Mapping[str, object]) -> str:
        shown = [
            f"{path} {self._value(path, value)}" for path, value in used.items() if path != "today"
        ]
        return ", ".join(shown)

    def _value(self, path: str, value: object) -> str:
        """Say a value without telling who the customer is: free texts are not shown."""
        if value is None:
            return "was missing"
        if isinstance(value, bool):
            return "was true" if value else "was false"
        if isinstance(value, tuple):
            return f"had {len(value)} entries" if len(value) != 1 else "had 1 entry"
        if isinstance(value, str) and not self._catalogue.leaves[path].type.choices:
            return "was given" if value else "was empty"
        if isinstance(value, Decimal):  # 0 and 0.00 are remembered as one, so they read as one
            return f"was {value.normalize():f}"
        return f"was {value}" if value != "" else "was empty"


def _functions(today: date) -> dict[str, Callable[..., object]]:
    """Give the date functions for a day."""

    def days_until(day: datetime) -> int:
        return (day.date() - today).days

    def days_since(day: datetime) -> int:
        return (today - day.date()).days

    return {**_DATES, "days_until": days_until, "days_since": days_since}


def _instant(day: date) -> datetime:
    """Give a date as CEL has it: the instant it begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _fixed(text: str) -> datetime:
    return _instant(date.fromisoformat(text))


_DATES: dict[str, Callable[..., object]] = {"date": _fixed}


def _variables(used: Mapping[str, object]) -> dict[str, Any]:
    """Put the values into nested maps, as CEL reads them; what is missing is left out."""
    variables: dict[str, Any] = {}
    for path, value in used.items():
        *groups, name = path.split(".")
        holder = variables
        for group in groups:
            holder = holder.setdefault(group, {})
        if value is not None:
            holder[name] = _plain(value)
    return variables


def _plain(value: object) -> object:
    """Give a value as CEL has it.

    Amounts become the nearest double. Two amounts with two decimals, or an amount and a number
    written in a condition, compare as doubles exactly as they do as decimals (up to 15 digits),
    and the checker lets nobody calculate with them.
    """
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date):
        return _instant(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: _plain(found)
            for name in _public_fields(value.__class__)
            if (found := getattr(value, name)) is not None
        }
    return value


@cache
def _public_fields(holder: Any) -> tuple[str, ...]:  # noqa: ANN401 (a dataclass)
    hints = get_type_hints(holder, include_extras=True)
    return tuple(
        one.name
        for one in fields(holder)
        if not any(isinstance(note, Fact) and note.private for note in hints[one.name].__metadata__)
    )
