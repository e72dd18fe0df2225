"""What a customer is told, and why each of the other messages was not.

A :class:`Decision` is what the engine returns for one customer: the chosen messages in the
customer's language, and one trace entry for every rule of the release.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

__all__ = ["Action", "Decision", "Kind", "Message", "Outcome", "Tone", "TraceEntry", "Wording"]

Tone = Literal["alert", "info", "offer"]
Kind = Literal["service", "promotion"]


@dataclass(frozen=True, slots=True)
class Action:
    """What the customer can do about it: a label, and a ``https:``, ``tel:`` or ``mailto:`` URL."""

    label: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Wording:
    """A title and its paragraphs, plain text."""

    title: str
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the customer reads it."""

    rule: str
    """Id of the rule that it comes from."""
    kind: Kind
    tone: Tone
    title: str
    body: tuple[str, ...]
    """Paragraphs, plain text, on the document."""
    action: Action | None = None
    email: Wording | None = None
    """Another wording for e-mail; ``None`` where the document's does."""
    sms: str | None = None
    """The text of an SMS, where the rule has one."""

    def for_email(self) -> Wording:
        """Give the e-mail's wording, which is the document's unless the rule has another."""
        return self.email or Wording(self.title, self.body)


class Outcome(StrEnum):
    """What became of a rule for one customer."""

    CHOSEN = "chosen"
    SUPPRESSED = "suppressed"
    """Nothing at all is sent to this customer."""
    NOT_VALID = "not valid"
    CONDITION_FALSE = "condition false"
    NO_CONSENT = "no consent"
    CAPPED = "capped"
    OUTRANKED = "outranked"
    NO_SPACE = "no space"


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """Why a rule was chosen or not: ``condition false: debt.count was 0``."""

    rule: str
    outcome: Outcome
    detail: str = ""
    """The rest of the reason, such as ``debt.count was 0``; never personal data."""

    reason: str = field(init=False, repr=False, compare=False)
    """Both in words. They are written once: most customers share their entries with others."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _explain(self.outcome, self.detail))

    def __str__(self) -> str:
        return self.reason


def _explain(outcome: Outcome, detail: str) -> str:
    """Say an outcome and its detail as one reason."""
    if not detail:
        return outcome.value
    if outcome is Outcome.OUTRANKED:
        return f"outranked by {detail}"
    if outcome is Outcome.NOT_VALID:
        return f"not valid on {detail}"
    return f"{outcome.value}: {detail}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The messages chosen for one customer, most important first, and the trace of all rules."""

    chosen: tuple[Message, ...]
    trace: tuple[TraceEntry, ...]

    def trace_json(self) -> dict[str, str]:
        """Give the trace as it is kept with the document: the reason by rule id."""
        return {entry.rule: entry.reason for entry in self.trace}
