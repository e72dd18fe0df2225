"""Asks a condition of a customer's facts, and says which fact decided.

The CEL library evaluates; this module gives it only the facts that the condition names, already
prepared, and remembers the answer for every combination of their values: in a town, most
customers share theirs.
"""

from collections.abc import Callable, Mapping, Sequence
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

__all__ = ["Condition", "ConditionProgram", "read_condition"]

MOST_REMEMBERED = 20_000
"""Combinations of values remembered for one condition; beyond it memory would grow for nothing."""


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


class ConditionProgram:
    """A condition compiled for one process. It holds caches: not shared, not pickled."""

    def __init__(self, condition: Condition, name: str, facts: Catalogue | None = None) -> None:
        self._name = name
        self._catalogue = facts or catalogue()
        self._leaves = condition.leaves
        self._parts = [(cel.compile(source), leaves) for source, leaves in condition.parts]
        self._answers: dict[Sequence[object], str] = {}

    def why_false(self, values: Sequence[object]) -> str:
        """Say which facts make the condition false, such as ``debt.count was 0``.

        ``values`` are those of the condition's leaves, in their order, as a tuple. Nothing
        (``""``) is returned where it is true. Raise :class:`~bustia.errors.DecideError` where it
        can't be evaluated.
        """
        answer = self._answers.get(values)
        if answer is None:
            if len(self._answers) >= MOST_REMEMBERED:
                self._answers.clear()
            answer = self._answers[values] = self._ask(values)
        return answer

    def _ask(self, values: Sequence[object]) -> str:
        known = dict(zip(self._leaves, values, strict=True))
        today = known.get("today")
        functions = _functions(today) if isinstance(today, date) else _DATES
        for program, leaves in self._parts:
            used = {path: known[path] for path in leaves}
            try:
                holds = program.execute(cel.Context(_variables(used), functions))
            except (TypeError, ValueError, KeyError, RuntimeError) as error:
                raise DecideError(
                    f"the condition of {self._name} failed: {type(error).__name__}",
                    where=program.source,
                    hint=f"Try it with: bustia message test {self._name} --contract …",
                ) from error
            if holds is not True:
                return self._shown(used) or "always"
        return ""

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
