"""Says of a rule which customers it would speak to, from only those facts that it asks about.

The answer is the same as the full decision's, up to the questions that depend on other rules
(group and space): valid, condition, consent, suppression.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from bustia.decide.condition import ConditionProgram
from bustia.decide.decision import Outcome, TraceEntry
from bustia.decide.stationery import Release

__all__ = ["Audience"]

_ACTION = "returned_debit.action"
_ALWAYS = ("today", "customer.deceased", "returned_debit.reasons", "contract.promotion")


class Audience:
    """Judges rows that hold the values of :attr:`leaves`, in that order."""

    def __init__(self, release: Release, rule_id: str) -> None:
        """Raise :class:`~bustia.errors.StationeryError` if there is no such rule."""
        self._rule = release.rule(rule_id)
        self._returns = release.returned_debits
        asked = [path for path in self._rule.condition.leaves if path != _ACTION]
        if _ACTION in self._rule.condition.leaves:
            asked.append("returned_debit.reason")
        self.leaves = tuple(dict.fromkeys((*_ALWAYS, *asked)))
        """Paths of the facts that are needed."""
        self._place = {path: place for place, path in enumerate(self.leaves)}
        self._always = itemgetter(*(self._place[path] for path in _ALWAYS))
        self._condition = ConditionProgram(self._rule.condition, rule_id, release.facts, self._take)

    def judge(self, row: Sequence[object]) -> TraceEntry:
        """Say what becomes of the rule, if no other rule stands in its way."""
        today, deceased, reasons, promotion = self._always(row)
        suppressed = self._returns.suppressed(deceased, reasons, today)
        if suppressed:
            return TraceEntry(self._rule.id, Outcome.SUPPRESSED, suppressed)
        if not self._rule.valid_on(today):
            return TraceEntry(self._rule.id, Outcome.NOT_VALID, today.isoformat())
        why = self._condition.why_false(row)
        if why:
            return TraceEntry(self._rule.id, Outcome.CONDITION_FALSE, why)
        if self._rule.kind == "promotion" and not promotion:
            return TraceEntry(self._rule.id, Outcome.NO_CONSENT)
        return TraceEntry(self._rule.id, Outcome.CHOSEN)

    def _take(self, leaves: tuple[str, ...]) -> Callable[[Any], Hashable]:
        if not leaves:
            return lambda row: ()  # noqa: ARG005 (the values of no facts)
        if _ACTION not in leaves:
            return itemgetter(*(self._place[path] for path in leaves))
        getters = [
            self._action if path == _ACTION else itemgetter(self._place[path]) for path in leaves
        ]
        if len(getters) == 1:
            return getters[0]
        return lambda row: tuple([getter(row) for getter in getters])

    def _action(self, row: Sequence[object]) -> str:
        reason, today = row[self._place["returned_debit.reason"]], row[self._place["today"]]
        return self._returns.action(str(reason), today) if isinstance(today, date) else ""
