"""One invoice: what it says in short, how it stands, and its document to the byte."""

from collections.abc import Sequence
from decimal import Decimal

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from bustia.archive.models import Document
from bustia.archive.services import retrieve
from bustia.billing.e_invoice_files import content_of, e_invoice_files
from bustia.billing.facts import LineFacts
from bustia.billing.facts_loader import load_facts
from bustia.billing.invoice_list import InvoiceRow, events_of, invoice_of, numbered
from bustia.billing.models import Contract
from bustia.compose.labels import Labels
from bustia.instance import current_instance
from bustia.money import ZERO
from bustia.office.access import for_contract
from bustia.office.desk import labels
from bustia.office.services.invoice_files import documents_of, file_name

__all__ = ["by_number", "invoice", "invoice_pdf", "invoice_xml", "kept_document", "row_of"]


@require_safe
@for_contract
def invoice(request: HttpRequest, contract: Contract, key: int) -> HttpResponse:
    """Show an invoice in short."""
    now = current_instance().now()
    row = row_of(contract, key)
    facts = load_facts([row.id], now)[0]
    files = e_invoice_files(contract.pk, [row.id])
    values = {
        "row": row,
        "invoice": facts.invoice,
        "parts": _parts(facts.invoice.lines, labels(request.LANGUAGE_CODE)),
        "events": events_of(row.id, now),
        "account": facts.mandate.iban_masked,
        "document": documents_of(contract.pk, [row.id]).get(row.id),
        "file": files[0] if files else None,
        "corrected": numbered(contract.pk, row.corrects, now) if row.corrects else None,
    }
    return render(request, "office/invoices/invoice.html", values)


@require_safe
@for_contract
def by_number(request: HttpRequest, contract: Contract, invoice: str) -> HttpResponse:
    """Lead to the page of the invoice of a number."""
    del request
    key = numbered(contract.pk, invoice, current_instance().now())
    if key is None:
        raise Http404
    return redirect("office:invoice", contract.number, key)


# The page's policy would forbid a browser's own viewer of PDFs what it draws with.
@require_safe
@csp_update({"object-src": ["'self'"], "style-src": ["'unsafe-inline'"]})
@for_contract
def invoice_pdf(request: HttpRequest, contract: Contract, key: int) -> HttpResponse:
    """Give the sealed document, byte by byte as it was sent; with ``?desar`` to be saved."""
    document = kept_document(contract, key)
    answer = HttpResponse(retrieve(document), content_type="application/pdf")
    return _named(answer, file_name(document.number, ".pdf"), save="desar" in request.GET)


@require_safe
@for_contract
def invoice_xml(request: HttpRequest, contract: Contract, key: int) -> HttpResponse:
    """Give the structured e-invoice, to be saved."""
    del request
    row = row_of(contract, key)
    files = e_invoice_files(contract.pk, [row.id])
    if not files:
        raise Http404
    answer = HttpResponse(content_of(files[0]), content_type="application/xml")
    return _named(answer, file_name(row.number, ".xml"), save=True)


def _named(answer: HttpResponse, name: str, *, save: bool) -> HttpResponse:
    answer["Content-Disposition"] = content_disposition_header(save, name) or "inline"
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def row_of(contract: Contract, key: int) -> InvoiceRow:
    """Give an invoice of the contract; 404 for any other."""
    found = invoice_of(contract.pk, key, current_instance().now())
    if found is None:
        raise Http404
    return found


def kept_document(contract: Contract, key: int) -> Document:
    """Give the document of an invoice of the contract; 404 if it isn't there, or was erased."""
    row = row_of(contract, key)
    document = documents_of(contract.pk, [row.id]).get(row.id)
    if document is None or document.segment is None:
        raise Http404
    return document


def _parts(lines: Sequence[LineFacts], words: Labels) -> list[tuple[str, Decimal]]:
    """Sum the lines up by concept, in the words and the order of the bill."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.concept] = sums.get(line.concept, ZERO) + line.amount
    return [(words(f"concept_{concept}"), amount) for concept, amount in sums.items()]
