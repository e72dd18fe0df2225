"""Reads a message rule: when it applies, how important it is, and its texts in every language."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bustia.decide.catalogue import Catalogue, suggest
from bustia.decide.condition import Condition, read_condition
from bustia.decide.decision import Kind, Tone
from bustia.decide.expression import ExpressionError
from bustia.decide.filters import LANGUAGES
from bustia.decide.problems import Located, Problems
from bustia.decide.texts import Text, read_text

__all__ = ["Rule", "RuleTexts", "read_rule"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_KINDS: Mapping[str, Kind] = {"service": "service", "promotion": "promotion"}
_TONES: Mapping[str, Tone] = {"alert": "alert", "info": "info", "offer": "offer"}
_SETTINGS = (
    "id", "description", "group", "priority", "kind", "tone", "condition", "valid_from",
    "valid_to", "max_per_year", "action", "texts",
)  # fmt: skip
_REQUIRED = ("id", "description", "priority", "kind", "tone", "condition", "texts")
_TEXTS = ("title", "body", "email", "sms")
_URL = re.compile(r"https://|tel:|mailto:|\{\{ *company\.")


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What a rule says in one language."""

    title: Text
    body: Text
    email_title: Text | None = None
    email_body: Text | None = None
    sms: Text | None = None
    action_label: Text | None = None
    action_url: Text | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A message rule, checked."""

    id: str
    file: str
    description: str
    group: str
    """Of the rules of a group, a customer reads one at most; ``""`` for none."""
    priority: int
    kind: Kind
    tone: Tone
    condition: Condition
    valid_from: date | None
    valid_to: date | None
    max_per_year: int | None
    """Cap: how often a customer may read it within 365 days; ``None`` for no cap."""
    texts: Mapping[str, RuleTexts]

    def valid_on(self, day: date) -> bool:
        """Say whether the rule applies on a day; both ends count."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class _RuleReader:
    """Reads one rule, and tells every problem of it."""

    def __init__(
        self,
        file: str,
        facts: Catalogue,
        company: Mapping[str, Mapping[str, str]],
        problems: Problems,
    ) -> None:
        self._file = file
        self._facts = facts
        self._company = company
        self._problems = problems

    def problem(self, line: int, what: str, hint: str = "") -> None:
        self._problems.add(self._file, line, what, hint)

    def unknown(self, read: Located, known: Sequence[str]) -> None:
        for name, found in read.map.items():
            if name not in known:
                self.problem(found.line, f"there is no setting {name}",
                             suggest(name, tuple(known)) or f"There are: {', '.join(known)}."
                )  # fmt: skip

    def words(self, read: Located, name: str, *, required: bool = False) -> str:
        found = read.map.get(name)
        if found is None or found.value is None:
            return ""
        if not isinstance(found.value, str):
            self.problem(found.line, f"{name} must be a text")
            return ""
        if required and not found.value.strip():
            self.problem(found.line, f"{name} is empty")
        return found.value

    def whole(self, read: Located, name: str, low: int, high: int) -> int | None:
        found = read.map.get(name)
        if found is None or found.value is None:
            return None
        if (
            not isinstance(found.value, int)
            or isinstance(found.value, bool)
            or not low <= found.value <= high
        ):
            self.problem(found.line, f"{name} must be a whole number from {low} to {high}")
            return None
        return found.value

    def day(self, read: Located, name: str) -> date | None:
        found = read.map.get(name)
        if found is None or found.value is None:
            return None
        if type(found.value) is not date:
            self.problem(found.line, f"{name} must be a date", "Such as 2026-06-01.")
            return None
        return found.value

    def one_of(self, read: Located, name: str, known: Mapping[str, object]) -> str:
        found = read.map.get(name)
        if found is None:
            return next(iter(known))
        if found.value not in known:
            hint = suggest(str(found.value), known) or f"It is one of {', '.join(known)}."
            self.problem(found.line, f"{name} can't be {found.value}", hint)
            return next(iter(known))
        return str(found.value)

    def condition(self, read: Located) -> Condition:
        found = read.map.get("condition")
        source = found.value if found is not None else None
        if isinstance(source, bool):  # true, written without quotes
            source = "true" if source else "false"
        if found is not None and isinstance(source, str):
            try:
                return read_condition(source.rstrip(), self._facts)
            except ExpressionError as error:
                self.problem(found.line_at(error.offset), f"condition: {error.what}", error.hint)
        elif found is not None:
            self.problem(found.line, "the condition must be a text", "Put it between quotes.")
        return Condition("true", (), (), frozenset())

    def text(
        self, found: Located | None, language: str, what: str, known: frozenset[str]
    ) -> Text | None:
        if found is None or found.value is None:
            return None
        if not isinstance(found.value, str) or not found.value.strip():
            self.problem(found.line, f"{what} in {language} must be a text")
            return None
        names = self._company.get(language, {})
        try:
            return read_text(found.value, language, self._facts, names, known)
        except ExpressionError as error:
            self.problem(
                found.line_at(error.offset), f"{what} in {language}: {error.what}", error.hint
            )
            return None

    def texts(self, read: Located, known: frozenset[str]) -> dict[str, RuleTexts]:
        every = read.map["texts"]
        self.unknown(every, tuple(LANGUAGES))
        made: dict[str, RuleTexts] = {}
        for language in LANGUAGES:
            found = every.map.get(language)
            if found is None:
                self.problem(every.line, f"the texts in {language} are missing")
                continue
            one = self._language(read, found, language, known)
            if one is not None:
                made[language] = one
        return made

    def _language(
        self, read: Located, found: Located, language: str, known: frozenset[str]
    ) -> RuleTexts | None:
        self.unknown(found, _TEXTS)
        for name in ("title", "body"):
            if name not in found.map:
                self.problem(found.line, f"the {name} in {language} is missing")
        title = self.text(found.map.get("title"), language, "title", known)
        body = self.text(found.map.get("body"), language, "body", known)
        email = found.map.get("email", Located(None, 0))
        self.unknown(email, ("title", "body"))
        label, url = self._action(read, language, known)
        if title is None or body is None:
            return None
        return RuleTexts(
            title=title,
            body=body,
            email_title=self.text(email.map.get("title"), language, "e-mail title", known),
            email_body=self.text(email.map.get("body"), language, "e-mail body", known),
            sms=self.text(found.map.get("sms"), language, "SMS", known),
            action_label=label,
            action_url=url,
        )

    def _action(
        self, read: Located, language: str, known: frozenset[str]
    ) -> tuple[Text | None, Text | None]:
        action = read.map.get("action")
        if action is None or action.value is None:
            return None, None
        self.unknown(action, ("label", "url"))
        labels = action.map.get("label")
        if labels is None or language not in labels.map:
            self.problem(action.line, f"the action's label in {language} is missing")
            return None, None
        self.unknown(labels, tuple(LANGUAGES))
        label = self.text(labels.map[language], language, "action's label", known)
        url = action.map.get("url")
        if url is not None and isinstance(url.value, str) and not _URL.match(url.value):
            self.problem(url.line, "the action's url must begin with https://, tel: or mailto:")
        return label, self.text(url, language, "action's url", known)


def read_rule(
    read: Located,
    file: str,
    facts: Catalogue,
    company: Mapping[str, Mapping[str, str]],
    problems: Problems,
) -> Rule | None:
    """Read a rule; tell what is wrong with it. ``company`` is its data by language."""
    reader = _RuleReader(file, facts, company, problems)
    if not read.map:
        reader.problem(read.line, "a message rule is needed: id, condition, texts, …")
        return None
    reader.unknown(read, _SETTINGS)
    missing = [name for name in _REQUIRED if name not in read.map]
    if missing:
        reader.problem(read.line, f"{', '.join(missing)} missing")
        return None
    before = len(problems.found)
    name = reader.words(read, "id", required=True)
    if not _ID.fullmatch(name):
        reader.problem(read.map["id"].line, f"the id {name!r} must be like debt-unpaid")
    elif f"{name}.yaml" != file.rsplit("/", 1)[-1]:
        reader.problem(read.map["id"].line, f"the id {name} and the file's name differ",
                       f"Call the file {name}.yaml.")  # fmt: skip
    condition = reader.condition(read)
    start, end = reader.day(read, "valid_from"), reader.day(read, "valid_to")
    if start and end and end < start:
        reader.problem(read.map["valid_to"].line, "valid_to is before valid_from")
    rule = Rule(
        id=name,
        file=file,
        description=reader.words(read, "description", required=True).strip(),
        group=reader.words(read, "group"),
        priority=reader.whole(read, "priority", 0, 1000) or 0,
        kind=_KINDS[reader.one_of(read, "kind", _KINDS)],
        tone=_TONES[reader.one_of(read, "tone", _TONES)],
        condition=condition,
        valid_from=start,
        valid_to=end,
        max_per_year=reader.whole(read, "max_per_year", 1, 366),
        texts=reader.texts(read, condition.known_where_true),
    )
    return rule if len(problems.found) == before else None
