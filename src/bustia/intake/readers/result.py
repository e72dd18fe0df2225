"""What reading a file gives: the documents in it, and what was wrong with the others."""

from dataclasses import dataclass

from bustia.intake.documents import InvoiceDocument, ReturnedDebitDocument, SourceFormat
from bustia.intake.rejections import Rejection

__all__ = ["ReadResult", "SourceDocument"]

SourceDocument = InvoiceDocument | ReturnedDebitDocument


@dataclass(frozen=True, slots=True)
class ReadResult:
    """The outcome of one file.

    A document is in ``records`` only when nothing is wrong with it; each of the others has at
    least one rejection. ``remarks`` are oddities that stop nothing, as a foreign account number
    whose check digits are wrong.
    """

    records: tuple[SourceDocument, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    format: SourceFormat | None = None
    """None where the file is none of the formats read here."""
    remarks: tuple[Rejection, ...] = ()

    @property
    def invoices(self) -> tuple[InvoiceDocument, ...]:
        """The invoices among the records."""
        return tuple(record for record in self.records if isinstance(record, InvoiceDocument))

    @property
    def returned_debits(self) -> tuple[ReturnedDebitDocument, ...]:
        """The returned debits among the records."""
        return tuple(r for r in self.records if isinstance(r, ReturnedDebitDocument))
