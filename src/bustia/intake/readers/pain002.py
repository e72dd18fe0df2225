"""Reading rejected direct debits in pain.002, the bank's answer to a collection file.

Every version from pain.002.001.02 on is read by the names of its elements, which hardly change.
Source: ISO 20022, Payments Initiation; EPC130-08 (SEPA core direct debit, customer to bank).
"""

from dataclasses import dataclass

from bustia.intake.documents import ReturnedDebitDocument, SourceFormat
from bustia.intake.readers.iso20022 import (
    check_return,
    given_id,
    iban,
    money,
    reason_of,
    version_of,
)
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.result import ReadResult
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of

__all__ = ["read_pain002"]

_REPORTS = ("CstmrPmtStsRpt", "pain.002.001.02")
_REJECTED = "RJCT"
_TRANSFERS = "pain.001"


@dataclass(frozen=True, slots=True)
class _Message:
    """The bank's message that the rejected debits stand in."""

    report: Element
    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Payment:
    """What the debits of one payment information share, looked up once."""

    id: str
    status: str
    reasons: tuple[Element, ...]


def read_pain002(root: Element, source: Source) -> ReadResult:
    """Read a payment status report: each rejected debit, or the reason why it can't be taken."""
    whole = Reading(source.file)
    report = next((found for name in _REPORTS if (found := first(root, name)) is not None), None)
    if report is None:
        whole.missing(root, _REPORTS[0], "")
        return _result(whole, [])
    original = first(report, "OrgnlGrpInfAndSts")
    about = first(original, "OrgnlMsgNmId") if original is not None else None
    if about is not None and text_of(about).lower().startswith(_TRANSFERS):
        reason = "The report is about credit transfers, not about direct debits."
        whole.reject(about, "", "not_direct_debit", reason)
        return _result(whole, [])
    message = _Message(
        report=report,
        id=whole.required(report, "GrpHdr/MsgId", "source_message_id"),
        version=version_of(root),
        sha256=source.sha256,
    )
    whole.day(report, "GrpHdr/CreDtTm", "returned_on")
    records: list[ReturnedDebitDocument] = []
    _whole_rejected(report, original, whole)
    for node_above in (report, *nodes(report, "OrgnlPmtInfAndSts")):
        payment = _payment(node_above, original, whole)
        for node in nodes(node_above, "TxInfAndSts"):
            if (text_of(first(node, "TxSts")) or payment.status) != _REJECTED:
                continue
            reading = Reading(source.file)
            document = _read(node, payment, message, reading)
            check_return(document, node, reading)
            whole.rejections += reading.rejections
            whole.remarks += reading.remarks
            if not reading.rejections:
                records.append(document)
    return _result(whole, records)


def _result(whole: Reading, records: list[ReturnedDebitDocument]) -> ReadResult:
    return ReadResult(
        records=tuple(records),
        rejections=tuple(whole.rejections),
        format=SourceFormat.PAIN_002,
        remarks=tuple(whole.remarks),
    )


def _payment(node: Element, original: Element | None, reading: Reading) -> _Payment:
    """Give the payment information's id, and its status and reasons or else the whole file's."""
    above = (node, original) if original is not None else (node,)
    found = (first(node, "PmtInfSts"), first(original, "GrpSts") if original is not None else None)
    return _Payment(
        id=given_id(reading, node, "OrgnlPmtInfId"),
        status=next((text_of(one) for one in found if text_of(one)), ""),
        reasons=tuple(info for one in above for info in nodes(one, "StsRsnInf")),
    )


def _whole_rejected(report: Element, original: Element | None, whole: Reading) -> None:
    """Report a file or payment information that the bank rejected without listing its debits."""
    reason = "The bank rejected all of it, but lists no single debits, so that none can be matched."
    payments = nodes(report, "OrgnlPmtInfAndSts")
    listed = any(nodes(payment, "TxInfAndSts") for payment in (report, *payments))
    group = first(original, "GrpSts") if original is not None else None
    if group is not None and text_of(group) == _REJECTED and not listed:
        whole.reject(group, "", "details_missing", reason)
        return
    for payment in payments:
        status = first(payment, "PmtInfSts")
        if text_of(status) == _REJECTED and not nodes(payment, "TxInfAndSts"):
            whole.reject(payment, "", "details_missing", reason)


def _read(
    node: Element, payment: _Payment, message: _Message, reading: Reading
) -> ReturnedDebitDocument:
    report = message.report
    original = first(node, "OrgnlTxRef")
    reasons = nodes(node, "StsRsnInf") or payment.reasons
    code, words = reason_of(reading, node, reasons)
    amount, currency = money(reading, original, "Amt/InstdAmt", "IntrBkSttlmAmt", "Amt/EqvtAmt/Amt")
    return ReturnedDebitDocument(
        reason=code,
        reason_text=words,
        amount=amount,
        currency=currency,
        returned_on=reading.optional_day(report, "GrpHdr/CreDtTm", "returned_on"),
        end_to_end_id=given_id(reading, node, "OrgnlEndToEndId"),
        mandate=given_id(reading, original, "MndtRltdInf/MndtId", "MndtRltdInf/DrctDbtMndt/MndtId"),
        format=SourceFormat.PAIN_002,
        version=message.version,
        source_message_id=message.id,
        sha256=message.sha256,
        instruction_id=given_id(reading, node, "OrgnlInstrId"),
        original_message_id=given_id(reading, report, "OrgnlGrpInfAndSts/OrgnlMsgId"),
        original_payment_info_id=payment.id,
        transaction_id=given_id(reading, node, "OrgnlTxId", "ClrSysRef"),
        bank_reference=given_id(reading, node, "StsId", "AcctSvcrRef"),
        debtor_iban=iban(reading, original, "DbtrAcct/Id/IBAN"),
        creditor_id=given_id(reading, original, "CdtrSchmeId/Id/PrvtId/Othr/Id"),
        collection_date=reading.optional_day(original, "ReqdColltnDt", "collection_date"),
        remittance=reading.text(original, "RmtInf/Ustrd"),
        xpath=xpath_of(node),
    )
