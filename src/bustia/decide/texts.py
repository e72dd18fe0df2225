"""Writes the texts of messages: Liquid, without anything that could reach beyond the facts.

python-liquid parses and renders. Of its tags only ``if``, ``for`` and comments are there, of its
filters none but ours; a text has no loader to read files with, and limits to loops and output.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError

from bustia.decide.catalogue import Catalogue
from bustia.decide.expression import ExpressionError
from bustia.decide.filters import filters_for
from bustia.decide.text_checking import TextChecker
from bustia.errors import DecideError

__all__ = ["Text", "TextProgram", "read_text"]

_TAGS = ("content", "output", "illegal", "if", "for", "comment")
_FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a filter raises on a value that it wasn't made for, such as a date that is missing."""
MOST_CHARACTERS = 4_000
MOST_REPETITIONS = 200
MOST_REMEMBERED = 20_000


class _Environment(Environment):
    """Liquid with nothing but what a message needs."""

    loop_iteration_limit = MOST_REPETITIONS
    output_stream_limit = MOST_CHARACTERS * 4  # counted in bytes
    local_namespace_limit = 1
    context_depth_limit = 10
    block_nesting_limit = 10


@cache
def _environment(language: str) -> Environment:
    made = _Environment(undefined=StrictUndefined)
    made.tags = {name: tag for name, tag in made.tags.items() if name in _TAGS}
    made.filters = dict(filters_for(language))
    return made


@dataclass(frozen=True, slots=True)
class Text:
    """A checked text, as plain data that can travel between processes."""

    source: str
    language: str
    leaves: tuple[str, ...]
    """Paths of the facts it uses."""


def read_text(
    source: str, language: str, facts: Catalogue, company: Mapping[str, str], known: frozenset[str]
) -> Text:
    """Read and check a text; ``known`` are the optional facts that the condition ensures.

    Raise :class:`~bustia.decide.expression.ExpressionError` with the place of what is wrong.
    """
    try:
        parsed = _environment(language).from_string(source)
    except LiquidError as error:
        place = error.token.start_index if error.token else 0
        inner = error.token.source if error.token else ""
        if place < 0 or inner != source:
            place = 0
        raise ExpressionError(f"not Liquid: {error.message}", place, _tag_hint(error)) from error
    checker = TextChecker(facts, company)
    checker.check(parsed.nodes, known, {})
    return Text(source, language, tuple(checker.leaves))


def _tag_hint(error: LiquidError) -> str:
    if "unexpected tag" in str(error.message):
        return "Texts have only if, elsif, else and for."
    return ""


class TextProgram:
    """A text compiled for one process. It remembers what it wrote for the same values."""

    def __init__(self, text: Text, name: str, company: Mapping[str, str]) -> None:
        self._name = name
        self._template: BoundTemplate = _environment(text.language).from_string(text.source)
        self._leaves = text.leaves
        self._company = _nested({f"company.{key}": value for key, value in company.items()})
        self._written: dict[Hashable, str] = {}

    def write(self, values: Hashable) -> str:
        """Write the text for the values of its facts: the bare one for one fact, else a tuple.

        Raise :class:`~bustia.errors.DecideError` where it can't be written.
        """
        found = self._written.get(values)
        if found is None:
            if len(self._written) >= MOST_REMEMBERED:
                self._written.clear()
            found = self._written[values] = self._write(values)
        return found

    def _write(self, values: Hashable) -> str:
        several = values if isinstance(values, tuple) and len(self._leaves) != 1 else (values,)
        known = {path: _plain(value) for path, value in zip(self._leaves, several, strict=True)}
        try:
            return self._template.render({**_nested(known), **self._company})
        except (LiquidError, *_FAILURES) as error:
            raise DecideError(
                f"a text of {self._name} can't be written: {type(error).__name__}",
                hint=f"Try it with: bustia message test {self._name} --contract …",
            ) from error


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in values.items():
        *groups, name = path.split(".")
        holder = nested
        for group in groups:
            holder = holder.setdefault(group, {})
        holder[name] = value
    return nested


def _plain(value: object) -> object:
    """Give records as maps, so that a text sees their fields and nothing else of Python."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return value
