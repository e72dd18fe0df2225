"""Paths of the invoices, their documents and the check of a seal."""

from django.urls import path

from bustia.office.views import document_link, invoice, invoices, seal

__all__ = ["urlpatterns"]

_ALL = "contracte/<str:number>/factures/"
_ONE = _ALL + "<int:key>/"

urlpatterns = [
    path(_ALL, invoices.invoices, name="invoices"),
    path(_ALL + "zip/", invoices.invoices_zip, name="invoices_zip"),
    path(_ALL + "comprovar/", seal.check_file, name="check_file"),
    # Numbers may hold slashes, so they have a branch of their own; it leads to the key's page.
    path(_ALL + "numero/<path:invoice>/", invoice.by_number, name="invoice_by_number"),
    path(_ONE, invoice.invoice, name="invoice"),
    path(_ONE + "factura.pdf", invoice.invoice_pdf, name="invoice_pdf"),
    path(_ONE + "factura.xml", invoice.invoice_xml, name="invoice_xml"),
    path(_ONE + "segell/", seal.check_kept, name="invoice_seal"),
    path("d/<str:token>", document_link.open_document, name="open_document"),
]
