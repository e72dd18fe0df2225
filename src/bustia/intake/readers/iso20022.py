"""What the bank messages pain.002 and camt.054 have in common."""

import re
from collections.abc import Sequence
from decimal import Decimal

from lxml import etree

from bustia.intake.documents import ReturnedDebitDocument
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of

__all__ = ["check_return", "given_id", "iban", "money", "reason_of", "version_of"]

_CODE = re.compile(r"[A-Z0-9]{4}", re.ASCII)
_REASONS = ("Rsn", "RtrRsn", "StsRsn")
"""The reason's name: today's, and those of the first versions of camt.054 and pain.002."""
_NOT_PROVIDED = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF", "NONE"})


def version_of(root: Element) -> str:
    """Give the message's version, as in ``pain.002.001.03``, from the namespace."""
    return (etree.QName(root).namespace or "").rpartition(":")[2].lstrip("$")


def given_id(reading: Reading, node: Element | None, *paths: str) -> str:
    """Give the first identifier at the paths; empty for the codes that mean there is none."""
    for path in paths:
        value = reading.text(node, path)
        if value and value.upper() not in _NOT_PROVIDED:
            return value
    return ""


def reason_of(reading: Reading, node: Element, infos: Sequence[Element]) -> tuple[str, str]:
    """Give the reason's code and the bank's words, from the first element that has a reason.

    Any code of ISO 20022's form is taken, known or not: the lists change twice a year. One of
    another form is rejected.
    """
    words = [text_of(one) for info in infos for one in nodes(info, "AddtlInf") if text_of(one)]
    for info in infos:
        code = next((one for name in _REASONS for one in nodes(info, f"{name}/Cd")), None)
        if code is not None:
            value = text_of(code)
            if not _CODE.fullmatch(value):
                reason = "The reason code isn't four capitals or digits, as in AM04."
                reading.reject(code, "reason", "reason_invalid", reason)
            return value, " ".join(words)
    for info in infos:
        own = next((own for name in _REASONS if (own := reading.text(info, f"{name}/Prtry"))), "")
        if own:
            if _CODE.fullmatch(own):
                return own, " ".join(words)
            return "", " ".join((own, *words))
    reading.remark(node, "reason", "reason_missing", "The bank gives no reason code.")
    return "", " ".join(words)


def money(reading: Reading, node: Element | None, *paths: str) -> tuple[Decimal | None, str]:
    """Give the first amount at the paths, with its currency; it must be above zero."""
    for path in paths:
        found = first(node, path) if node is not None else None
        if found is None or not text_of(found):
            continue
        amount = reading.decimal(found, "amount")
        if amount < 0 or (amount == 0 and not reading.rejections):
            reading.reject(found, "amount", "value_invalid", "The amount must be above zero.")
        elif amount != amount.quantize(Decimal("0.01")):
            reason = "The amount has fractions of a cent."
            reading.reject(found, "amount", "too_many_decimals", reason)
        return amount, found.get("Ccy", "")
    return None, ""


def iban(reading: Reading, node: Element | None, path: str) -> str:
    """Give the IBAN at a path; a wrong one of a bank abroad is only remarked upon."""
    return reading.account(node, path, "debtor_iban")


def check_return(document: ReturnedDebitDocument, node: Element, reading: Reading) -> None:
    """Reject a return that nothing can be matched by."""
    if not document.end_to_end_id and not (document.mandate and document.amount is not None):
        reason = (
            "The return has neither an end-to-end id nor a mandate with an amount, "
            "so that no invoice can be found for it."
        )
        reading.reject(xpath_of(node), "end_to_end_id", "value_missing", reason)
