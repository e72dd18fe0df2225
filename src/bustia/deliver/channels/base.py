"""What every channel adapter does, and the words in which it tells what became of a message."""

import re
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

__all__ = ["Adapter", "Outcome", "Result", "without_addresses"]

M_contra = TypeVar("M_contra", contravariant=True)


class Outcome(StrEnum):
    """What became of a hand-over, the same for all providers."""

    ACCEPTED = "accepted"
    """The provider took it."""
    TEMPORARY = "temporary"
    """Not now: try again later."""
    PERMANENT = "permanent"
    """Never to this recipient."""
    MISCONFIGURED = "misconfigured"
    """The provider refuses us, not the recipient: a person must see to it."""
    UNREACHABLE = "unreachable"
    """The provider can't be reached, or has no time for us: nothing was handed over."""
    UNCERTAIN = "uncertain"
    """The connection broke after the message was sent and before it was answered."""


@dataclass(frozen=True, slots=True)
class Result:
    """An outcome with the provider's own words, addresses taken out."""

    outcome: Outcome
    answer: str = ""
    reference: str = ""
    """The provider's name for the message: what its receipts will refer to."""


class Adapter(Protocol, Generic[M_contra]):
    """An adapter SHALL be a context manager that holds what is worth keeping between messages.

    ``send`` SHALL hand over one message and SHALL NOT raise for anything that the provider does;
    it SHALL say ``UNCERTAIN`` where the message may have been taken. It SHALL NOT retry.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def send(self, message: M_contra) -> Result:
        """Hand one message over."""


_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+|\+?\d[\d ]{7,}\d")


def without_addresses(answer: str) -> str:
    """Take e-mail addresses and telephone numbers out of a provider's answer, and shorten it."""
    return _ADDRESS.sub("…", answer).replace("\n", " ").strip()[:300]
