"""The structured e-invoice (XML) behind an invoice, where it may be given to the customer."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef

from bustia.billing.models import Invoice, SourceDocument

__all__ = ["EInvoiceFile", "content_of", "e_invoice_files"]


@dataclass(frozen=True, slots=True)
class EInvoiceFile:
    """A file that an invoice came in."""

    invoice_id: int
    source_id: int
    name: str
    media_type: str
    format: str


def e_invoice_files(contract_id: int, invoice_ids: Sequence[int]) -> tuple[EInvoiceFile, ...]:
    """Give the files of those of the invoices that came in one (one query).

    A file may hold a whole batch. One with invoices of other contracts, too, is nobody's to see.
    """
    others = Invoice.objects.filter(source=OuterRef("source")).exclude(contract_id=contract_id)
    rows = (
        Invoice.objects.filter(contract_id=contract_id, pk__in=invoice_ids, source__isnull=False)
        .filter(~Exists(others))
        .order_by("pk")
        .values_list(
            "pk", "source_id", F("source__name"), F("source__media_type"), F("source__format")
        )
    )
    return tuple(EInvoiceFile(*row) for row in rows)


def content_of(file: EInvoiceFile) -> bytes:
    """Give the file as it was received."""
    rows = SourceDocument.objects.filter(pk=file.source_id)
    return bytes(rows.values_list("content", flat=True).get())
