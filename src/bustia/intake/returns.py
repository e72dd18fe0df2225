"""Returned debits as the bank's files state them, made rows that can be matched to invoices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from bustia.billing.models import ReturnedDebit
from bustia.intake.documents import ReturnedDebitDocument
from bustia.money import round_money

__all__ = ["ReturnsReader", "return_problem"]

_UNSPECIFIED = "MS03"
"""ISO 20022: reason not specified; what a bank that gives only words amounts to."""
_SAME_RETURN = timedelta(days=7)
_MAX_AMOUNT = Decimal(10) ** 10


def return_problem(document: ReturnedDebitDocument) -> tuple[str, str] | None:
    """Give the field and the reason if a returned debit can't be kept."""
    if document.amount is None or not 0 < document.amount < _MAX_AMOUNT:
        return "amount", "The returned debit has no usable amount."
    if document.returned_on is None:
        return "returned_on", "The returned debit has no date."
    if not (document.end_to_end_id or document.mandate):
        return "end_to_end_id", "The returned debit has neither an end-to-end id nor a mandate."
    return None


@dataclass(frozen=True, slots=True)
class _Event:
    """What makes two messages tell of one return: pain.002 and camt.054 often both do."""

    end_to_end_id: str
    amount: Decimal
    reason: str


class ReturnsReader:
    """Makes rows of returned debits, leaving out those that are known already."""

    def __init__(self, documents: Iterable[ReturnedDebitDocument]) -> None:
        documents = list(documents)
        ids = {document.end_to_end_id for document in documents if document.end_to_end_id}
        references = {_reference(document) for document in documents}
        self._references = set(
            ReturnedDebit.objects.filter(reference__in=references).values_list(
                "reference", flat=True
            )
        )
        self._events: dict[_Event, list[ReturnedDebit]] = {}
        for known in ReturnedDebit.objects.filter(end_to_end_id__in=ids):
            self._remember(known)

    def row(self, document: ReturnedDebitDocument) -> ReturnedDebit | None:
        """Make the row of a returned debit, None if it is known; it must have no problem."""
        if document.amount is None or document.returned_on is None:
            raise ValueError("a returned debit without amount or date has a problem")
        row = ReturnedDebit(
            reference=_reference(document),
            mandate=document.mandate[:35],
            end_to_end_id=document.end_to_end_id[:35],
            returned_on=document.returned_on,
            amount=round_money(document.amount),
            reason=document.reason[:4] or _UNSPECIFIED,
        )
        if row.reference in self._references or self._told_before(row):
            return None
        self._references.add(row.reference)
        self._remember(row)
        return row

    def _remember(self, row: ReturnedDebit) -> None:
        event = _Event(row.end_to_end_id, row.amount, row.reason)
        self._events.setdefault(event, []).append(row)

    def _told_before(self, row: ReturnedDebit) -> bool:
        if not row.end_to_end_id:
            return False
        told = self._events.get(_Event(row.end_to_end_id, row.amount, row.reason), [])
        return any(abs(row.returned_on - other.returned_on) <= _SAME_RETURN for other in told)


def _reference(document: ReturnedDebitDocument) -> str:
    """Name a return by the bank's message and what it calls the transaction in it."""
    transaction = (
        document.bank_reference
        or document.transaction_id
        or document.instruction_id
        or document.end_to_end_id
    )
    parts = (document.source_message_id, transaction, document.end_to_end_id or document.mandate)
    return "/".join(part[:45] for part in parts)
