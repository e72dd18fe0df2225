"""Decides for one customer which messages to show, and says why each of the others is not shown.

Order of the questions, for every rule::

    valid today? ─ condition? ─ consent? ─ cap? ─ group free? ─ space left?
         │             │           │        │         │             │
      not valid   condition    no consent capped  outranked by  no space
                    false

Service messages come before promotional ones, each by priority. A promotional message is never
shown beside an alert: someone who owes money isn't sold anything in the same breath.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter

from bustia.billing.facts import Facts
from bustia.decide.condition import ConditionProgram
from bustia.decide.decision import Action, Decision, Message, Outcome, TraceEntry, Wording
from bustia.decide.rules import Rule
from bustia.decide.stationery import Release
from bustia.decide.texts import Text, TextProgram

__all__ = ["DEFAULT_SPACE", "Decider", "History"]

DEFAULT_SPACE = 6
CAP_DAYS = 365

History = Mapping[str, Sequence[date]]
"""For one customer: on which days each rule was shown, by rule id."""
Values = Callable[[Facts], tuple[object, ...]]
Derived = Mapping[str, Callable[[Facts], object]]
"""Facts that the stationery makes of others, by path."""

_PARAGRAPHS = re.compile(r"\n\s*\n")
_SPACES = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class _Writer:
    """One text, ready to be written from facts."""

    program: TextProgram
    values: Values

    def write(self, facts: Facts) -> str:
        return self.program.write(self.values(facts))


class _RuleProgram:
    """A rule compiled for one process; its texts when they are first needed."""

    def __init__(self, rule: Rule, release: Release, derived: Derived) -> None:
        self.rule = rule
        self._company = release.company
        self._derived = derived
        self._condition = ConditionProgram(rule.condition, rule.id, release.facts)
        self._values = _values(rule.condition.leaves, derived)
        self._writers: dict[tuple[str, str], _Writer | None] = {}

    def why_false(self, facts: Facts) -> str:
        return self._condition.why_false(self._values(facts))

    def message(self, facts: Facts, language: str) -> Message:
        rule = self.rule
        texts = rule.texts[language]

        def write(name: str, text: Text | None) -> str | None:
            writer = self._writer(name, language, text)
            return None if writer is None else writer.write(facts)

        title = _line(write("title", texts.title) or "")
        body = _paragraphs(write("body", texts.body) or "")
        label, url = write("label", texts.action_label), write("url", texts.action_url)
        email_title = write("email_title", texts.email_title)
        email_body = write("email_body", texts.email_body)
        email = None
        if email_title or email_body:
            email = Wording(
                _line(email_title) if email_title else title,
                _paragraphs(email_body) if email_body else body,
            )
        sms = write("sms", texts.sms)
        return Message(
            rule=rule.id,
            kind=rule.kind,
            tone=rule.tone,
            title=title,
            body=body,
            action=Action(_line(label), _line(url) if url else None) if label else None,
            email=email,
            sms=_line(sms) if sms else None,
        )

    def _writer(self, name: str, language: str, text: Text | None) -> _Writer | None:
        if text is None:
            return None
        key = (name, language)
        if key not in self._writers:
            program = TextProgram(text, self.rule.id, self._company[language])
            self._writers[key] = _Writer(program, _values(text.leaves, self._derived))
        return self._writers[key]


class Decider:
    """Decides by the rules of one release. It holds caches, and pickles as its release."""

    def __init__(self, release: Release) -> None:
        self.release = release
        derived = {"returned_debit.action": release.returned_debits.action_of}
        programs = [_RuleProgram(rule, release, derived) for rule in release.rules]
        self._programs = {program.rule.id: program for program in programs}
        self._ordered = sorted(programs, key=lambda one: one.rule.kind == "promotion")

    def __reduce__(self) -> tuple[type["Decider"], tuple[Release]]:
        return Decider, (self.release,)

    def suppression(self, facts: Facts) -> str:
        """Say why nothing at all is to be sent to this customer; ``""`` if all may go."""
        return self.release.returned_debits.suppression(facts)

    def why_false(self, rule: str, facts: Facts) -> str:
        """Say which facts make a rule's condition false; ``""`` where it is true."""
        return self._programs[rule].why_false(facts)

    def write(self, rule: str, facts: Facts, language: str | None = None) -> Message:
        """Write a rule's message for a customer, whether or not it would be chosen."""
        return self._programs[rule].message(facts, language or facts.customer.language)

    def decide(
        self, facts: Facts, space: int = DEFAULT_SPACE, history: History | None = None
    ) -> Decision:
        """Choose at most ``space`` messages and explain every rule.

        Raise :class:`~bustia.errors.DecideError` where a condition or a text fails.
        """
        suppressed = self.suppression(facts)
        outcomes: dict[str, tuple[Outcome, str]] = {}
        chosen: list[_RuleProgram] = []
        groups: dict[str, str] = {}
        alert = ""
        for program in self._ordered:
            rule = program.rule
            if suppressed:
                outcome, detail = Outcome.SUPPRESSED, suppressed
            else:
                outcome, detail = self._applies(program, facts, history)
            if outcome is Outcome.CHOSEN:
                if rule.group in groups:
                    outcome, detail = Outcome.OUTRANKED, groups[rule.group]
                elif rule.kind == "promotion" and alert:
                    outcome, detail = Outcome.OUTRANKED, alert
                elif len(chosen) >= space:
                    outcome = Outcome.NO_SPACE
                else:
                    chosen.append(program)
                    if rule.group:
                        groups[rule.group] = rule.id
                    if rule.tone == "alert":
                        alert = alert or rule.id
            outcomes[rule.id] = (outcome, detail)
        language = facts.customer.language
        return Decision(
            chosen=tuple(program.message(facts, language) for program in chosen),
            trace=tuple(TraceEntry(rule.id, *outcomes[rule.id]) for rule in self.release.rules),
        )

    @staticmethod
    def _applies(
        program: _RuleProgram, facts: Facts, history: History | None
    ) -> tuple[Outcome, str]:
        """Ask all that doesn't depend on the other rules."""
        rule = program.rule
        if not rule.valid_on(facts.today):
            return Outcome.NOT_VALID, facts.today.isoformat()
        why = program.why_false(facts)
        if why:
            return Outcome.CONDITION_FALSE, why
        if rule.kind == "promotion" and not facts.contract.promotion:
            return Outcome.NO_CONSENT, ""
        if rule.max_per_year is not None and history:
            since = facts.today - timedelta(days=CAP_DAYS)
            times = sum(1 for day in history.get(rule.id, ()) if since < day <= facts.today)
            if times >= rule.max_per_year:
                return Outcome.CAPPED, f"shown {times} times since {since.isoformat()}"
        return Outcome.CHOSEN, ""


def _values(leaves: Sequence[str], derived: Derived) -> Values:
    """Give a function that takes the values of some facts, in their order."""
    if not leaves:
        return lambda facts: ()  # noqa: ARG005 (the values of no facts)
    if any(path in derived for path in leaves):
        getters = [derived.get(path) or attrgetter(path) for path in leaves]
        return lambda facts: tuple([getter(facts) for getter in getters])
    if len(leaves) == 1:
        one = attrgetter(leaves[0])
        return lambda facts: (one(facts),)
    return attrgetter(*leaves)


def _line(text: str) -> str:
    """Give a text as one line, its spaces tidied; non-breaking spaces stay."""
    return _SPACES.sub(" ", text).strip(" ")


def _paragraphs(text: str) -> tuple[str, ...]:
    """Split at blank lines; a single line break is a space."""
    found = (_line(one) for one in _PARAGRAPHS.split(text))
    return tuple(one for one in found if one)
