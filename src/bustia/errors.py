"""What can go wrong, as one tree, each error written for the person who must act.

BustiaError
├── InstanceError        the instance folder, its settings or its database
├── AuditError           an entry that the log of changes can't take
├── ChangeError          a change of a customer's that can't be taken or handed on
├── IntakeError          an export that can't be read at all (rows have rejections instead)
├── StationeryError      a rule, text, template or asset that must be corrected
├── DecideError          a rule that failed on a customer's facts
├── ComposeError         a document that can't be laid out
│   └── UnpressableError what the press leaves to Typst, and why
├── SealError            a certificate, key or signature
├── ArchiveError         a document that can't be stored, or is not what was stored
├── DeliverError         a channel that is misconfigured, or a forbidden move of a delivery
│   ├── NoAddressError   the customer can't be reached over this channel
│   └── LinkRefusedError a link from a mail that is not obeyed
├── NoticeError          a calendar that can't be planned
├── PaymentError         an order that can't be paid online, or a bank's message not to be trusted
└── CycleError           a billing run that can't go on
"""

__all__ = [
    "ArchiveError",
    "AuditError",
    "BustiaError",
    "ChangeError",
    "ComposeError",
    "CycleError",
    "DecideError",
    "DeliverError",
    "InstanceError",
    "IntakeError",
    "LinkRefusedError",
    "NoAddressError",
    "NoticeError",
    "PaymentError",
    "SealError",
    "StationeryError",
    "UnpressableError",
]


class BustiaError(Exception):
    """Something that a person must see to.

    ``what`` says what happened, ``where`` the file, line or number it happened at, and
    ``hint`` what to do about it. None of them holds personal data.
    """

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what, where, hint)  # all three, so that the error survives pickling
        self.what = what
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.where, self.hint))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.hint}" if self.hint else text


def _rebuild(
    kind: type[BustiaError], what: str, where: str | None, hint: str | None
) -> BustiaError:
    return kind(what, where=where, hint=hint)


class InstanceError(BustiaError):
    """The instance folder, its settings or its database need attention."""


class AuditError(BustiaError):
    """The log of changes can't take an entry: it has no action, or personal data in it."""


class ChangeError(BustiaError):
    """What a customer asked for can't be done, or can't be handed on to the billing system."""


class IntakeError(BustiaError):
    """An export can't be read at all; single bad rows are rejections, not errors."""


class StationeryError(BustiaError):
    """A rule, text, template or asset of the stationery must be corrected."""


class DecideError(BustiaError):
    """A rule failed on the facts of a contract."""


class ComposeError(BustiaError):
    """A document can't be laid out."""


class UnpressableError(ComposeError):
    """A template, a structure or a document that the press leaves to Typst; ``what`` says why."""


class SealError(BustiaError):
    """A certificate, key or signature isn't right."""


class ArchiveError(BustiaError):
    """A document can't be stored, or what is stored is not what was put there."""


class DeliverError(BustiaError):
    """A channel is misconfigured, or a delivery was asked to make a forbidden move."""


class NoAddressError(DeliverError):
    """The customer can't be reached over this channel: another must take over."""


class LinkRefusedError(DeliverError):
    """A link from a mail is not obeyed; ``what`` says why: bad, expired or other purpose."""


class NoticeError(BustiaError):
    """The calendar of coming dates can't be planned."""


class PaymentError(BustiaError):
    """An order can't be paid online, or what says it comes from the bank can't be trusted."""


class CycleError(BustiaError):
    """A billing run can't go on."""
