"""Reading Facturae 3.2, 3.2.1 and 3.2.2: one invoice or a batch of them, signed or not.

Source: the Facturae schemas and Orden HAP/1650/2015. A batch is one file with one signature: if
its count or sum doesn't hold, or its signature is broken, none of its invoices is taken.
"""

from dataclasses import dataclass
from decimal import Decimal

from bustia.intake.documents import (
    Attachment,
    InvoiceDocument,
    InvoiceKind,
    InvoiceReference,
    Note,
    Party,
    PaymentMeans,
    SignatureReport,
    SourceFormat,
    TaxSubtotal,
    Totals,
)
from bustia.intake.readers.attached import describe
from bustia.intake.readers.facturae_lines import (
    read_allowances,
    read_line,
    read_period,
    read_taxes,
    read_withheld,
)
from bustia.intake.readers.facturae_party import read_party
from bustia.intake.readers.facturae_rules import check_facturae
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.result import ReadResult
from bustia.intake.readers.signature import check_signature
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of

__all__ = ["read_facturae"]

_RECTIFYING = frozenset({"OR", "CR"})
_SELF_BILLED = "AF"


@dataclass(frozen=True, slots=True)
class _Batch:
    """What all invoices of a file share."""

    name: str
    version: str
    seller: Party
    buyer: Party
    signature: SignatureReport
    sha256: str


def read_facturae(root: Element, source: Source) -> ReadResult:
    """Read a ``Facturae`` file: its invoices, or the reasons why not."""
    whole = Reading(source.file)
    batch = _Batch(
        name=whole.text(root, "FileHeader/Batch/BatchIdentifier"),
        version=whole.text(root, "FileHeader/SchemaVersion"),
        seller=_party(root, "Parties/SellerParty", whole),
        buyer=_party(root, "Parties/BuyerParty", whole),
        signature=check_signature(root, source, whole),
        sha256=source.sha256,
    )
    found = nodes(root, "Invoices/Invoice")
    _check_batch(root, found, whole)
    _check_numbers(found, whole)
    records = []
    rejections = list(whole.rejections)
    remarks = list(whole.remarks)
    for position, node in enumerate(found, start=1):
        reading = Reading(source.file)
        document = _read(node, position, batch, reading)
        if not reading.rejections:
            check_facturae(document, node, reading)
        rejections += reading.rejections
        remarks += reading.remarks
        if not reading.rejections:
            records.append(document)
    return ReadResult(
        records=() if whole.rejections else tuple(records),
        rejections=tuple(rejections),
        format=SourceFormat.FACTURAE,
        remarks=tuple(remarks),
    )


def _check_numbers(found: list[Element], reading: Reading) -> None:
    seen: set[tuple[str, str]] = set()
    for node in found:
        header = first(node, "InvoiceHeader")
        number = reading.text(header, "InvoiceNumber")
        key = reading.text(header, "InvoiceSeriesCode"), number
        if number and key in seen:
            where = f"{xpath_of(node)}/InvoiceHeader/InvoiceNumber"
            reading.reject(where, "BT-1", "duplicate_key", "The number stands twice in the batch.")
        seen.add(key)


def _party(root: Element, path: str, reading: Reading) -> Party:
    node = first(root, path)
    if node is None:
        reading.missing(root, path, "BT-27" if "Seller" in path else "BT-44")
        return Party(name="")
    return read_party(node, reading, is_seller="Seller" in path)


def _check_batch(root: Element, found: list[Element], reading: Reading) -> None:
    """Check the batch's own count and sum against its invoices."""
    if not found:
        reading.missing(root, "Invoices/Invoice", "BG-25")
    count = first(root, "FileHeader/Batch/InvoicesCount")
    if count is not None and text_of(count) != str(len(found)):
        stated = text_of(count)[:12]
        reason = f"The batch says it has {stated} invoices, but there are {len(found)}."
        reading.reject(count, "InvoicesCount", "row_count", reason)
    sums = (
        ("TotalInvoicesAmount", "InvoiceTotals/InvoiceTotal"),
        ("TotalOutstandingAmount", "InvoiceTotals/TotalOutstandingAmount"),
        ("TotalExecutableAmount", "InvoiceTotals/TotalExecutableAmount"),
    )
    quiet = Reading(reading.file)  # what is wrong with an invoice's amount is said with it
    for name, path in sums:
        node = first(root, f"FileHeader/Batch/{name}/TotalAmount")
        if node is None:
            continue
        stated_sum = reading.decimal(node, name)
        amounts = [quiet.optional_amount(invoice, path, name) for invoice in found]
        if quiet.rejections:
            return
        due = sum((amount for amount in amounts if amount is not None), Decimal(0))
        if abs(stated_sum - due) >= Decimal("0.01"):
            reason = f"The batch's total is {stated_sum}, but its invoices come to {due}."
            reading.reject(node, name, "total_mismatch", reason)


def _read(node: Element, position: int, batch: _Batch, reading: Reading) -> InvoiceDocument:
    header, issue = "InvoiceHeader", "InvoiceIssueData"
    totals = _totals(node, reading)
    rectifies = reading.text(node, f"{header}/InvoiceClass") in _RECTIFYING
    gives_back = totals.with_tax < 0
    means = _payment_means(node, reading)
    line_nodes = nodes(node, "Items/InvoiceLine")
    lines = tuple(read_line(line, index, reading) for index, line in enumerate(line_nodes, 1))
    corrective = nodes(node, f"{header}/Corrective")
    return InvoiceDocument(
        number=reading.required(node, f"{header}/InvoiceNumber", "BT-1"),
        series=reading.text(node, f"{header}/InvoiceSeriesCode"),
        kind=InvoiceKind.CREDIT_NOTE if gives_back else InvoiceKind.INVOICE,
        type_code=_type_code(
            reading.text(node, f"{header}/InvoiceDocumentType"), rectifies, gives_back
        ),
        issued_on=reading.day(node, f"{issue}/IssueDate", "BT-2"),
        currency=reading.currency(node, f"{issue}/InvoiceCurrencyCode", "BT-5"),
        tax_currency=reading.text(node, f"{issue}/TaxCurrencyCode"),
        seller=batch.seller,
        buyer=batch.buyer,
        lines=lines,
        tax_subtotals=_subtotals(node, reading),
        withheld=tuple(read_withheld(tax, reading) for tax in nodes(node, "TaxesWithheld/Tax")),
        totals=totals,
        format=SourceFormat.FACTURAE,
        sha256=batch.sha256,
        profile=batch.version,
        due_on=min((one.due_on for one in means if one.due_on), default=None),
        tax_point=reading.optional_day(node, f"{issue}/OperationDate", "BT-7"),
        period=read_period(first(node, f"{issue}/InvoicingPeriod"), reading),
        buyer_reference=reading.text(node, f"{issue}/FileReference"),
        contract=reading.text(node, f"{issue}/ReceiverContractReference")
        or _first_of(line_nodes, "ReceiverContractReference", reading),
        order=reading.text(node, f"{issue}/ReceiverTransactionReference")
        or _first_of(line_nodes, "ReceiverTransactionReference", reading),
        notes=_notes(node, reading),
        preceding=tuple(_preceding(one, reading) for one in corrective),
        payment_means=means,
        allowances_charges=read_allowances(
            node,
            "InvoiceTotals/GeneralDiscounts/Discount",
            "InvoiceTotals/GeneralSurcharges/Charge",
            reading,
        ),
        attachments=_attachments(node, reading),
        batch=batch.name,
        batch_position=position,
        signature=batch.signature,
        xpath=xpath_of(node),
    )


def _type_code(document_type: str, rectifies: bool, gives_back: bool) -> str:
    """Give the UNTDID 1001 code that comes nearest to Facturae's type and class."""
    if gives_back:
        return "261" if document_type == _SELF_BILLED else "381"
    if rectifies:
        return "384"
    return "389" if document_type == _SELF_BILLED else "380"


def _first_of(lines: list[Element], path: str, reading: Reading) -> str:
    return next((value for line in lines if (value := reading.text(line, path))), "")


def _totals(node: Element, reading: Reading) -> Totals:
    where = first(node, "InvoiceTotals")
    if where is None:
        reading.missing(node, "InvoiceTotals", "BG-22")
    before_taxes = reading.amount(where, "TotalGrossAmountBeforeTaxes", "BT-109")
    return Totals(
        lines=reading.amount(where, "TotalGrossAmount", "BT-106"),
        allowances=reading.optional_amount(where, "TotalGeneralDiscounts", "BT-107"),
        charges=reading.optional_amount(where, "TotalGeneralSurcharges", "BT-108"),
        without_tax=before_taxes,
        tax=reading.amount(where, "TotalTaxOutputs", "BT-110"),
        tax_in_accounting_currency=None,
        with_tax=reading.amount(where, "InvoiceTotal", "BT-112"),
        prepaid=reading.optional_amount(where, "TotalPaymentsOnAccount", "BT-113"),
        rounding=None,
        payable=reading.amount(where, "TotalExecutableAmount", "BT-115"),
        withheld=reading.optional_amount(where, "TotalTaxesWithheld", "TotalTaxesWithheld"),
    )


def _subtotals(node: Element, reading: Reading) -> tuple[TaxSubtotal, ...]:
    lines = nodes(node, "Items/InvoiceLine")
    event = _first_of(lines, "SpecialTaxableEvent/SpecialTaxableEventCode", reading)
    reason = _first_of(lines, "SpecialTaxableEvent/SpecialTaxableEventReason", reading)
    return read_taxes(nodes(node, "TaxesOutputs/Tax"), event, reason, reading)


def _notes(node: Element, reading: Reading) -> tuple[Note, ...]:
    texts = [
        reading.text(node, "InvoiceIssueData/InvoiceDescription"),
        *(text_of(one) for one in nodes(node, "LegalLiterals/LegalReference")),
        text_of(first(node, "AdditionalData/InvoiceAdditionalInformation")),
    ]
    return tuple(Note(text) for text in texts if text)


def _preceding(node: Element, reading: Reading) -> InvoiceReference:
    series = reading.text(node, "InvoiceSeriesCode")
    return InvoiceReference(
        series + reading.text(node, "InvoiceNumber"),
        reading.optional_day(node, "InvoiceIssueDate", "BT-26"),
    )


def _payment_means(node: Element, reading: Reading) -> tuple[PaymentMeans, ...]:
    means = []
    for one in nodes(node, "PaymentDetails/Installment"):
        credited = first(one, "AccountToBeCredited")
        debited = first(one, "AccountToBeDebited")
        means.append(
            PaymentMeans(
                code=reading.required(one, "PaymentMeans", "BT-81"),
                text=reading.text(one, "CollectionAdditionalInformation"),
                remittance=reading.text(one, "PaymentReconciliationReference"),
                account=reading.account(credited, "IBAN", "BT-84")
                or reading.text(credited, "AccountNumber"),
                bic=reading.text(credited, "BIC"),
                mandate=reading.text(one, "DebitReconciliationReference"),
                debited_account=reading.account(debited, "IBAN", "BT-91")
                or reading.text(debited, "AccountNumber"),
                due_on=reading.day(one, "InstallmentDueDate", "BT-9"),
                amount=reading.amount(one, "InstallmentAmount", "InstallmentAmount"),
            )
        )
    return tuple(means)


def _attachments(node: Element, reading: Reading) -> tuple[Attachment, ...]:
    return tuple(
        describe(
            reading,
            first(one, "AttachmentData"),
            Attachment(
                id=reading.text(one, "AttachmentDescription") or str(index),
                mime=reading.text(one, "AttachmentFormat"),
            ),
        )
        for index, one in enumerate(nodes(node, "AdditionalData/RelatedDocuments/Attachment"), 1)
    )
