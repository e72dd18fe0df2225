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
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from bustia.billing.facts import Facts
from bustia.decide.condition import MOST_REMEMBERED, ConditionProgram, Take
from bustia.decide.decision import Action, Decision, Message, Outcome, TraceEntry, Wording
from bustia.decide.rules import Rule
from bustia.decide.stationery import Release
from bustia.decide.texts import TextProgram

__all__ = ["DEFAULT_SPACE", "Decider", "History", "facts_taker"]

DEFAULT_SPACE = 4
"""Messages on a bill: more would push the amounts out of sight, and nobody reads them all."""
CAP_DAYS = 365

History = Mapping[str, Sequence[date]]
"""For one customer: on which days each rule was shown, by rule id."""

_PARAGRAPHS = re.compile(r"\n\s*\n")
_SPACES = re.compile(r"[ \t\r\n]+")


class _Wordings:
    """A rule's texts in one language, and the messages written so far, by the facts they use."""

    def __init__(self, rule: Rule, language: str, release: Release, take: Take) -> None:
        self._rule = rule
        texts = rule.texts[language]
        named = {
            "title": texts.title,
            "body": texts.body,
            "email_title": texts.email_title,
            "email_body": texts.email_body,
            "sms": texts.sms,
            "label": texts.action_label,
            "url": texts.action_url,
        }
        company = release.company[language]
        self._texts = [
            (name, TextProgram(text, rule.id, company), take(text.leaves))
            for name, text in named.items()
            if text is not None
        ]
        used = dict.fromkeys(path for text in named.values() if text for path in text.leaves)
        self._take = take(tuple(used))
        self._written: dict[Hashable, Message] = {}

    def message(self, facts: Facts) -> Message:
        values = self._take(facts)
        found = self._written.get(values)
        if found is None:
            if len(self._written) >= MOST_REMEMBERED:
                self._written.clear()
            found = self._written[values] = self._write(facts)
        return found

    def _write(self, facts: Facts) -> Message:
        written = {name: program.write(take(facts)) for name, program, take in self._texts}
        title, body = _line(written["title"]), _paragraphs(written["body"])
        email = None
        if "email_title" in written or "email_body" in written:
            email = Wording(
                _line(written["email_title"]) if "email_title" in written else title,
                _paragraphs(written["email_body"]) if "email_body" in written else body,
            )
        url = _line(written["url"]) if "url" in written else None
        return Message(
            rule=self._rule.id,
            kind=self._rule.kind,
            tone=self._rule.tone,
            title=title,
            body=body,
            action=Action(_line(written["label"]), url) if "label" in written else None,
            email=email,
            sms=_line(written["sms"]) if "sms" in written else None,
        )


class _Entries(dict[str, TraceEntry]):
    """Trace entries of a rule with one outcome, by their detail; made when first asked for."""

    def __init__(self, rule: str, outcome: Outcome) -> None:
        super().__init__()
        self._rule = rule
        self._outcome = outcome

    def __missing__(self, detail: str) -> TraceEntry:
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        made = self[detail] = TraceEntry(self._rule, self._outcome, detail)
        return made


class _RuleProgram:
    """A rule compiled for one process; its texts when they are first needed."""

    def __init__(self, rule: Rule, release: Release, take: Take) -> None:
        self.rule = rule
        self.chosen = TraceEntry(rule.id, Outcome.CHOSEN)
        self._release = release
        self._take = take
        self._condition = ConditionProgram(rule.condition, rule.id, release.facts, take)
        self.why_false = self._condition.why_false
        self._wordings: dict[str, _Wordings] = {}
        self._entries = {outcome: _Entries(rule.id, outcome) for outcome in Outcome}
        self.false_because = self._entries[Outcome.CONDITION_FALSE]

    def message(self, facts: Facts, language: str) -> Message:
        wordings = self._wordings.get(language)
        if wordings is None:
            wordings = _Wordings(self.rule, language, self._release, self._take)
            self._wordings[language] = wordings
        return wordings.message(facts)

    def entry(self, outcome: Outcome, detail: str = "") -> TraceEntry:
        """Give a trace entry; most customers share theirs with others."""
        return self._entries[outcome][detail]


class Decider:
    """Decides by the rules of one release. It holds caches, and pickles as its release."""

    def __init__(self, release: Release) -> None:
        self.release = release
        take = facts_taker(release)
        programs = [_RuleProgram(rule, release, take) for rule in release.rules]
        self._programs = {program.rule.id: program for program in programs}
        places = list(enumerate(programs))  # the trace is in the order of the release
        self._ordered = sorted(places, key=lambda one: one[1].rule.kind == "promotion")
        self._valid: dict[date, list[bool]] = {}

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

    def retell(
        self, facts: Facts, rules: Sequence[str], language: str | None = None
    ) -> tuple[Message, ...]:
        """Write again what was chosen before, as it is now: rules that no longer hold fall away.

        ``rules`` are ids, in the order in which they were chosen; unknown ones are left out.
        ``language`` takes the place of the customer's.
        """
        if self.suppression(facts):
            return ()
        programs = [self._programs[rule] for rule in rules if rule in self._programs]
        return tuple(
            program.message(facts, language or facts.customer.language)
            for program in programs
            if not program.why_false(facts) and _refused(program, facts, None) is None
        )

    def decide(
        self, facts: Facts, space: int = DEFAULT_SPACE, history: History | None = None
    ) -> Decision:
        """Choose at most ``space`` messages and explain every rule.

        Raise :class:`~bustia.errors.DecideError` where a condition or a text fails.
        """
        suppressed = self.suppression(facts)
        if suppressed:
            programs = self._programs.values()
            return Decision(
                (), tuple(one.entry(Outcome.SUPPRESSED, suppressed) for one in programs)
            )
        valid = self._valid_on(facts.today)
        trace: list[TraceEntry | None] = [None] * len(valid)
        chosen: list[_RuleProgram] = []
        groups: dict[str, str] = {}
        alert = ""
        for place, program in self._ordered:
            if not valid[place]:
                trace[place] = program.entry(Outcome.NOT_VALID, facts.today.isoformat())
                continue
            why = program.why_false(facts)
            if why:
                trace[place] = program.false_because[why]
                continue
            rule = program.rule
            refused = _refused(program, facts, history)
            if refused is not None:
                trace[place] = refused
            elif rule.group in groups:
                trace[place] = program.entry(Outcome.OUTRANKED, groups[rule.group])
            elif alert and rule.kind == "promotion":
                trace[place] = program.entry(Outcome.OUTRANKED, alert)
            elif len(chosen) >= space:
                trace[place] = program.entry(Outcome.NO_SPACE)
            else:
                chosen.append(program)
                trace[place] = program.chosen
                if rule.group:
                    groups[rule.group] = rule.id
                if rule.tone == "alert" and not alert:
                    alert = rule.id
        language = facts.customer.language
        return Decision(
            chosen=tuple([program.message(facts, language) for program in chosen]),
            trace=tuple([entry for entry in trace if entry is not None]),
        )

    def _valid_on(self, day: date) -> list[bool]:
        """Say for each rule of the release whether it is valid on a day."""
        found = self._valid.get(day)
        if found is None:
            found = self._valid[day] = [rule.valid_on(day) for rule in self.release.rules]
        return found


def _refused(program: _RuleProgram, facts: Facts, history: History | None) -> TraceEntry | None:
    """Ask consent and cap of a rule whose condition holds."""
    rule = program.rule
    if rule.kind == "promotion" and not facts.contract.promotion:
        return program.entry(Outcome.NO_CONSENT)
    if rule.max_per_year is not None and history:
        since = facts.today - timedelta(days=CAP_DAYS)
        times = sum(1 for day in history.get(rule.id, ()) if since < day <= facts.today)
        if times >= rule.max_per_year:
            return program.entry(Outcome.CAPPED, f"shown {times} times since {since.isoformat()}")
    return None


def facts_taker(release: Release) -> Take:
    """Give what takes the values of some facts, those that the stationery derives included."""
    derived: Mapping[str, Callable[[Facts], Hashable]] = {
        "returned_debit.action": release.returned_debits.action_of
    }

    def take(leaves: tuple[str, ...]) -> Callable[[Any], Hashable]:
        if not leaves:
            return lambda facts: ()  # noqa: ARG005 (the values of no facts)
        if not derived.keys() & set(leaves):
            return attrgetter(*leaves)
        getters = [derived.get(path) or attrgetter(path) for path in leaves]
        if len(getters) == 1:
            return getters[0]
        return lambda facts: tuple([getter(facts) for getter in getters])

    return take


def _line(text: str) -> str:
    """Give a text as one line, its spaces tidied; non-breaking spaces stay."""
    return _SPACES.sub(" ", text).strip(" ")


def _paragraphs(text: str) -> tuple[str, ...]:
    """Split at blank lines; a single line break is a space."""
    found = (_line(one) for one in _PARAGRAPHS.split(text))
    return tuple(one for one in found if one)
