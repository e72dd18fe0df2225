"""Collects everything that must be corrected in the stationery, to tell it all at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from bustia.errors import StationeryError

__all__ = ["Located", "Problem", "Problems", "read_yaml"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct."""

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.what}"
        return f"{text}. {self.hint}" if self.hint else text


@dataclass(slots=True)
class Problems:
    """What was found so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int, what: str, hint: str = "") -> None:
        self.found.append(Problem(file, line, what, hint))

    def raise_if_any(self) -> None:
        """Raise a :class:`~bustia.errors.StationeryError` that tells them all."""
        found = sorted(set(self.found))
        if not found:
            return
        if len(found) == 1:
            (one,) = found
            raise StationeryError(one.what, where=f"{one.file}:{one.line}", hint=one.hint or None)
        told = "\n".join(f"  {one}" for one in found)
        raise StationeryError(f"the stationery has {len(found)} things to correct:\n{told}")


@dataclass(frozen=True, slots=True)
class Located:
    """A value of a YAML file and the line it stands on; its entries are located too."""

    value: object
    line: int
    text_line: int = 0
    """For a text: the line of its first line, which in a block (``|``) is the next one."""
    folded: bool = False
    """The lines of the text aren't those of the file."""

    def line_at(self, offset: int) -> int:
        """Give the line in the file of a place in the text."""
        if self.folded or not isinstance(self.value, str):
            return self.text_line or self.line
        return (self.text_line or self.line) + self.value.count("\n", 0, offset)

    @property
    def map(self) -> Mapping[str, "Located"]:
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> Sequence["Located"]:
        return self.value if isinstance(self.value, list) else []

    def __iter__(self) -> Iterator["Located"]:
        return iter(self.items)


# Plain values only: no tags that build objects.
_Loader = yaml.SafeLoader | yaml.CSafeLoader


def _parsed(text: str) -> tuple[_Loader, yaml.Node | None]:
    """Parse a text by libyaml, and where that finds fault, by Python, which tells it better."""
    try:
        quick = yaml.CSafeLoader(text)
        return quick, quick.get_single_node()
    except yaml.YAMLError:
        thorough = yaml.SafeLoader(text)
        return thorough, thorough.get_single_node()


def read_yaml(file: str, text: str, problems: Problems) -> Located | None:
    """Read a YAML file with the lines of its values; tell what is wrong and give ``None``."""
    try:
        loader, node = _parsed(text)
        if node is None:
            problems.add(file, 1, "the file is empty")
            return None
        return _located(loader, node, file, problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if error.context_mark and "end of stream" in str(error.problem):
            mark = error.context_mark  # where the quote was opened that is never closed
        problems.add(file, mark.line + 1 if mark else 1, f"not YAML: {error.problem}",
                     "Often an indentation, or a colon in a text without quotes.")  # fmt: skip
    except yaml.YAMLError as error:
        problems.add(file, 1, f"not YAML: {error}")
    return None


def _located(loader: _Loader, node: yaml.Node, file: str, problems: Problems) -> Located:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        entries: dict[str, Located] = {}
        for key_node, value_node in node.value:
            key = str(getattr(key_node, "value", ""))
            if key in entries:
                problems.add(file, key_node.start_mark.line + 1, f"{key} stands here twice")
            entries[key] = _located(loader, value_node, file, problems)
        return Located(entries, line)
    if isinstance(node, yaml.SequenceNode):
        return Located([_located(loader, one, file, problems) for one in node.value], line)
    value = loader.construct_object(node)
    style = node.style if isinstance(node, yaml.ScalarNode) else None
    block = style in ("|", ">")
    several = node.end_mark.line > node.start_mark.line
    return Located(
        value, line, text_line=line + 1 if block else line, folded=several and style != "|"
    )
