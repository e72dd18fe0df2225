"""Returned debits in pain.002 and camt.054: read in every version, rejected where unclear."""

from datetime import date
from decimal import Decimal

import pytest
from tests.intake.readers import samples

from bustia.intake.documents import ReturnedDebitDocument
from bustia.intake.readers import ReadResult, read_document

_CREDIT = samples.camt054_entry(samples.camt054_debit(returned=""), side="CRDT")


def _read(text: str) -> ReadResult:
    return read_document(text.encode(), "returns.xml")


def _only(text: str) -> ReturnedDebitDocument:
    result = _read(text)
    assert result.rejections == ()
    (debit,) = result.returned_debits
    return debit


def _codes(text: str) -> list[str]:
    result = _read(text)
    assert result.records == ()
    return [one.code for one in result.rejections]


@pytest.mark.parametrize("version", ["001.03", "001.10", "001.12", "001.14", "003.03"])
def test_pain002_versions(version: str) -> None:
    """Each version of pain.002 gives the debit's ids, amount, reason and dates."""
    debit = _only(samples.pain002(version=version))
    assert debit.version == f"pain.002.{version}"
    assert (debit.end_to_end_id, debit.mandate) == ("E2E-1", "M-1")
    assert (debit.reason, debit.reason_text) == ("AM04", "sense saldo")
    assert (debit.amount, debit.currency) == (Decimal("22.83"), "EUR")
    assert (debit.returned_on, debit.collection_date) == (date(2026, 3, 24), date(2026, 3, 20))
    assert (debit.original_message_id, debit.original_payment_info_id) == ("FILE-1", "P-1")
    assert (debit.source_message_id, debit.bank_reference) == ("BANK-1", "S-1")
    assert debit.debtor_iban == samples.IBAN


def test_pain002_newer_mandate_place() -> None:
    """Versions from 10 on keep the mandate one level deeper."""
    mandate = "<DrctDbtMndt><MndtId>M-2</MndtId></DrctDbtMndt>"
    text = samples.pain002(samples.pain002_debit(mandate=mandate), version="001.12")
    assert _only(text).mandate == "M-2"


def test_pain002_accepted_debits_are_no_returns() -> None:
    """Debits with another status than rejected are passed over."""
    text = samples.pain002(
        samples.pain002_debit(status="ACSC"), samples.pain002_debit(end_to_end="E2E-2")
    )
    assert _only(text).end_to_end_id == "E2E-2"


def test_unknown_reason_code_is_data() -> None:
    """A reason code that nobody has heard of is taken as it is."""
    assert _only(samples.pain002(samples.pain002_debit(reason="<Cd>ZZ99</Cd>"))).reason == "ZZ99"


def test_reason_in_words_is_taken() -> None:
    """A bank's own reason in words is kept, without a code."""
    reason = "<Prtry>compte embargat</Prtry>"
    debit = _only(samples.pain002(samples.pain002_debit(reason=reason)))
    assert (debit.reason, debit.reason_text) == ("", "compte embargat sense saldo")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "<Cd>am-4</Cd>"}, "reason_invalid"),
        ({"amount": "-22.83"}, "value_invalid"),
        ({"amount": "0.00"}, "value_invalid"),
        ({"amount": "22.831"}, "too_many_decimals"),
        ({"amount": "many"}, "value_invalid"),
        ({"end_to_end": "NOTPROVIDED", "mandate": ""}, "value_missing"),
        ({"iban": "ES9121000418450200051333"}, "iban_invalid"),
    ],
)
def test_pain002_rejections(changes: dict[str, str], code: str) -> None:
    """A debit with a malformed code, a wrong amount or account, or without ids is rejected."""
    result = _read(samples.pain002(samples.pain002_debit(**changes), samples.pain002_debit()))
    assert len(result.records) == 1
    assert code in [one.code for one in result.rejections]
    assert "/TxInfAndSts[1]" in str(result.rejections[0].where)


def test_debit_without_end_to_end_id_is_matched_by_mandate() -> None:
    """A debit without end-to-end id is taken when mandate and amount are there."""
    debit = _only(samples.pain002(samples.pain002_debit(end_to_end="NOTPROVIDED")))
    assert (debit.end_to_end_id, debit.mandate) == ("", "M-1")


def test_report_on_transfers_is_refused() -> None:
    """A pain.002 about credit transfers has no returned debits in it."""
    assert _codes(samples.pain002(about="pain.001.001.03")) == ["not_direct_debit"]


def test_whole_file_rejected_without_details() -> None:
    """A rejected collection file whose debits aren't listed is reported, not passed over."""
    text = samples.pain002(" ").replace(
        "</OrgnlGrpInfAndSts>", "<GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
    )
    assert _codes(text) == ["details_missing"]


@pytest.mark.parametrize("version", ["001.02", "001.04", "001.08", "001.12"])
def test_camt054_versions(version: str) -> None:
    """Each version of camt.054 gives the debit's ids, amount, reason and booking date."""
    debit = _only(samples.camt054(version=version))
    assert debit.version == f"camt.054.{version}"
    assert (debit.end_to_end_id, debit.mandate, debit.reason) == ("E2E-1", "M-1", "MD06")
    assert (debit.amount, debit.returned_on) == (Decimal("22.83"), date(2026, 4, 2))
    assert (debit.source_message_id, debit.bank_reference) == ("BANK-2", "REF-9")


def test_camt054_newer_status() -> None:
    """Newer versions keep the entry's status one level deeper."""
    entry = samples.camt054_entry(samples.camt054_debit(), status="<Cd>BOOK</Cd>")
    assert _only(samples.camt054(entry)).reason == "MD06"


def test_camt054_batch_booking() -> None:
    """One entry with several returned debits gives each of them."""
    debits = [samples.camt054_debit(end_to_end=f"E-{n}") for n in range(3)]
    result = _read(samples.camt054(samples.camt054_entry(*debits, amount="68.49")))
    assert [debit.end_to_end_id for debit in result.returned_debits] == ["E-0", "E-1", "E-2"]


def test_camt054_credits_are_passed_over() -> None:
    """Credits and debits that return nothing are no business of ours."""
    charge = samples.camt054_entry(amount="1.50")
    assert len(_read(samples.camt054(_CREDIT, charge)).records) == 0
    assert _read(samples.camt054(_CREDIT, charge)).rejections == ()


def test_camt054_pending_entries_wait() -> None:
    """A return that isn't booked yet is remarked upon and not taken."""
    result = _read(samples.camt054(samples.camt054_entry(samples.camt054_debit(), status="PDNG")))
    assert (result.records, result.rejections) == ((), ())
    assert [one.code for one in result.remarks] == ["not_booked"]


def test_camt054_batch_that_lacks_some() -> None:
    """A batch booking that lists fewer returns than it says is reported; those it has are kept."""
    entry = samples.camt054_entry(samples.camt054_debit(), count="5")
    result = _read(samples.camt054(entry))
    assert len(result.records) == 1
    assert [one.code for one in result.rejections] == ["row_count"]


def test_camt054_unpaid_without_details() -> None:
    """An entry of unpaid debits without any detail can't be matched and is rejected."""
    code = (
        "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>IDDT</Cd><SubFmlyCd>UPDD</SubFmlyCd></Fmly>"
        "</Domn></BkTxCd>"
    )
    assert _codes(samples.camt054(samples.camt054_entry(code=code))) == ["details_missing"]


def test_bank_charges_are_told_apart() -> None:
    """When the bank charges more than the debit, both amounts are kept."""
    entry = samples.camt054_entry(samples.camt054_debit(), amount="24.33")
    debit = _only(samples.camt054(entry))
    assert (debit.amount, debit.reimbursed) == (Decimal("22.83"), Decimal("24.33"))


def test_first_versions_call_the_reason_otherwise() -> None:
    """The first camt.054 has RtrRsn and the first pain.002 StsRsn for Rsn."""
    returned = "<RtrInf><RtrRsn><Cd>AC04</Cd></RtrRsn></RtrInf>"
    entry = samples.camt054_entry(samples.camt054_debit(returned=returned))
    assert _only(samples.camt054(entry, version="001.01")).reason == "AC04"
    text = samples.pain002(version="001.02").replace("Rsn>", "StsRsn>")
    assert _only(text).reason == "AM04"


def test_reason_of_the_whole_payment_holds_for_its_debits() -> None:
    """A debit without status and reason of its own has its payment information's."""
    debit = samples.pain002_debit().replace("<TxSts>RJCT</TxSts>", "")
    start, end = debit.index("<StsRsnInf>"), debit.index("</StsRsnInf>") + len("</StsRsnInf>")
    above = "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>"
    assert _only(samples.pain002(above + debit[:start] + debit[end:])).reason == "FF01"


def test_reason_that_is_missing_is_remarked_upon() -> None:
    """A return without any reason is taken, with an empty code and a remark."""
    result = _read(samples.pain002(samples.pain002_debit(reason="")))
    assert [debit.reason for debit in result.returned_debits] == [""]
    assert [one.code for one in result.remarks] == ["reason_missing"]
