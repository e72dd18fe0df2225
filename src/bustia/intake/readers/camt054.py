"""Reading returned direct debits in camt.054, the bank's notice of entries on the account.

Every version is read by the names of its elements. Taken are booked debit entries that give back
a collection; credits, charges and other entries are passed over, for they aren't returns.
Source: ISO 20022, Cash Management (BankToCustomerDebitCreditNotification).
"""

from dataclasses import dataclass
from datetime import date

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

__all__ = ["read_camt054"]

_REPORT = "BkToCstmrDbtCdtNtfctn"
_DEBIT = "DBIT"
_BOOKED = "BOOK"
_ISSUED_DEBITS = "IDDT"
_UNPAID = frozenset({"UPDD", "PRDD", "RCDD"})
"""Sub-families of issued direct debits that give money back: unpaid, reversed, payment
cancelled (ISO 20022 external bank transaction codes)."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a transaction stands: its message, notification and entry."""

    root: Element
    message_id: str
    notification: Element
    entry: Element
    is_only: bool


def read_camt054(root: Element, source: Source) -> ReadResult:
    """Read a debit and credit notification: each returned debit, or why it can't be taken."""
    whole = Reading(source.file)
    report = first(root, _REPORT)
    records: list[ReturnedDebitDocument] = []
    if report is None:
        whole.missing(root, _REPORT, "")
    else:
        message_id = whole.required(report, "GrpHdr/MsgId", "source_message_id")
        for notification in nodes(report, "Ntfctn"):
            for entry in nodes(notification, "Ntry"):
                transactions = nodes(entry, "NtryDtls/TxDtls")
                place = _Place(root, message_id, notification, entry, len(transactions) == 1)
                records += _entry(place, transactions, source, whole)
    return ReadResult(
        records=tuple(records),
        rejections=tuple(whole.rejections),
        format=SourceFormat.CAMT_054,
        remarks=tuple(whole.remarks),
    )


def _entry(
    place: _Place, transactions: list[Element], source: Source, whole: Reading
) -> list[ReturnedDebitDocument]:
    entry = place.entry
    returned = [node for node in transactions if _is_return(node, entry)]
    unpaid = _is_debit(None, entry) and _is_unpaid(entry)
    if not returned and not (unpaid and not transactions):
        return []
    status = text_of(first(entry, "Sts/Cd")) or text_of(first(entry, "Sts")) or _BOOKED
    if status != _BOOKED:
        reason = "The entry is not booked yet; its returns come again when it is."
        whole.remark(entry, "", "not_booked", reason)
        return []
    if not transactions:
        reason = "The entry gives back debits, but doesn't list them, so that none can be matched."
        whole.reject(entry, "", "details_missing", reason)
        return []
    _check_count(entry, transactions, whole)
    records = []
    for node in returned:
        reading = Reading(source.file)
        document = _read(node, place, source, reading)
        check_return(document, node, reading)
        whole.rejections += reading.rejections
        whole.remarks += reading.remarks
        if not reading.rejections:
            records.append(document)
    return records


def _is_debit(node: Element | None, entry: Element) -> bool:
    own = text_of(first(node, "CdtDbtInd")) if node is not None else ""
    return (own or text_of(first(entry, "CdtDbtInd"))) == _DEBIT


def _is_return(node: Element, entry: Element) -> bool:
    if not _is_debit(node, entry):
        return False
    return first(node, "RtrInf") is not None or _is_unpaid(node) or _is_unpaid(entry)


def _is_unpaid(node: Element) -> bool:
    family = first(node, "BkTxCd/Domn/Fmly")
    return (
        family is not None
        and text_of(first(family, "Cd")) == _ISSUED_DEBITS
        and text_of(first(family, "SubFmlyCd")) in _UNPAID
    )


def _check_count(entry: Element, transactions: list[Element], whole: Reading) -> None:
    """Report a batch booking that lists fewer transactions than it says."""
    count = first(entry, "NtryDtls/Btch/NbOfTxs")
    details = nodes(entry, "NtryDtls")
    if count is not None and len(details) == 1 and text_of(count) != str(len(transactions)):
        reason = (
            f"The entry says it has {text_of(count)[:15]} transactions, "
            f"but lists {len(transactions)}."
        )
        whole.reject(count, "", "row_count", reason)


def _read(node: Element, place: _Place, source: Source, reading: Reading) -> ReturnedDebitDocument:
    references = first(node, "Refs")
    code, words = reason_of(reading, node, nodes(node, "RtrInf"))
    amount, currency = money(reading, node, "AmtDtls/InstdAmt/Amt", "AmtDtls/TxAmt/Amt", "Amt")
    charged, charged_currency = money(reading, node, "Amt")
    if charged is None and place.is_only:
        charged, charged_currency = money(reading, place.entry, "Amt")
    if amount is None:
        amount, currency = charged, charged_currency
    parties = first(node, "RltdPties")
    return ReturnedDebitDocument(
        reason=code,
        reason_text=words,
        amount=amount,
        currency=currency,
        returned_on=_booked_on(place, reading),
        end_to_end_id=given_id(reading, references, "EndToEndId"),
        mandate=given_id(reading, references, "MndtId"),
        format=SourceFormat.CAMT_054,
        version=version_of(place.root),
        source_message_id=place.message_id,
        sha256=source.sha256,
        instruction_id=given_id(reading, references, "InstrId"),
        original_message_id=given_id(reading, references, "MsgId"),
        original_payment_info_id=given_id(reading, references, "PmtInfId"),
        transaction_id=given_id(reading, references, "TxId", "ClrSysRef"),
        bank_reference=given_id(reading, references, "AcctSvcrRef")
        or given_id(reading, place.entry, "AcctSvcrRef", "NtryRef"),
        debtor_iban=iban(reading, parties, "DbtrAcct/Id/IBAN"),
        creditor_id=given_id(
            reading, parties, "Cdtr/Id/PrvtId/Othr/Id", "Cdtr/Pty/Id/PrvtId/Othr/Id"
        ),
        collection_date=_collected_on(node, reading),
        reimbursed=charged if charged is not None and charged != amount else None,
        remittance=reading.text(node, "RmtInf/Ustrd"),
        xpath=xpath_of(node),
    )


def _booked_on(place: _Place, reading: Reading) -> date | None:
    for node, path in (
        (place.entry, "BookgDt/Dt"),
        (place.entry, "BookgDt/DtTm"),
        (place.entry, "ValDt/Dt"),
        (place.entry, "ValDt/DtTm"),
        (place.notification, "CreDtTm"),
    ):
        found = reading.optional_day(node, path, "returned_on")
        if found:
            return found
    return None


def _collected_on(node: Element, reading: Reading) -> date | None:
    return reading.optional_day(node, "RltdDts/IntrBkSttlmDt", "collection_date")
