"""Taking typed values out of one document, and gathering what is wrong with it on the way."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bustia.identifiers import check_iban, check_nif, mask_iban, normal_iban
from bustia.intake.readers.xml import Element, first, nodes, text_of, xpath_of
from bustia.intake.rejections import Rejection

__all__ = ["NO_AMOUNT", "NO_DATE", "Reading", "Source"]

NO_AMOUNT = Decimal(0)
"""Stands in for an amount that was rejected; the document with it goes no further."""
NO_DATE = date.min
"""Stands in for a date that was rejected; the document with it goes no further."""

_DECIMAL = re.compile(r"[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T[\d:.]*)?(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})\d*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_SPACES = re.compile(r"\s+")
_ZEROS = re.compile(r"[A-Z]{2}0+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Source:
    """The file that is being read."""

    file: str
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True)
class Reading:
    """One document being read: its values, and the rejections and remarks found so far."""

    file: str
    rejections: list[Rejection] = field(default_factory=list)
    remarks: list[Rejection] = field(default_factory=list)

    def reject(self, where: Element | str, term: str, code: str, reason: str) -> None:
        """Note what keeps the document out; ``where`` is an element or an XPath."""
        self.rejections.append(self._made(where, term, code, reason))

    def remark(self, where: Element | str, term: str, code: str, reason: str) -> None:
        """Note an oddity that stops nothing."""
        self.remarks.append(self._made(where, term, code, reason))

    def _made(self, where: Element | str, term: str, code: str, reason: str) -> Rejection:
        place = where if isinstance(where, str) else xpath_of(where)
        return Rejection(file=self.file, where=place, field=term, code=code, reason=reason)

    def text(self, node: Element | None, path: str) -> str:
        """Give the text at a path, on one line; empty where there is none."""
        if node is None:
            return ""
        return _SPACES.sub(" ", text_of(first(node, path)))

    def required(self, node: Element, path: str, term: str) -> str:
        """Give the text at a path; reject where there is none."""
        value = self.text(node, path)
        if not value:
            self.missing(node, path, term)
        return value

    def missing(self, node: Element, path: str, term: str) -> None:
        """Reject for something that isn't there."""
        where = f"{xpath_of(node)}/{path}"
        self.reject(where, term, "value_missing", "A value is required here and there is none.")

    def optional_amount(self, node: Element | None, path: str, term: str) -> Decimal | None:
        """Give the decimal at a path, None where there is none; reject what isn't one."""
        found = first(node, path) if node is not None else None
        return None if found is None or not text_of(found) else self.decimal(found, term)

    def amount(self, node: Element | None, path: str, term: str) -> Decimal:
        """Give the decimal at a path; reject where there is none."""
        found = self.optional_amount(node, path, term)
        if found is None:
            if node is not None:
                self.missing(node, path, term)
            return NO_AMOUNT
        return found

    def decimal(self, node: Element, term: str) -> Decimal:
        """Give an element's text as an exact decimal; reject what isn't one."""
        value = text_of(node)
        if not _DECIMAL.fullmatch(value):
            reason = "The value isn't a decimal number with a point, as in 12.50."
            self.reject(node, term, "value_invalid", reason)
            return NO_AMOUNT
        return Decimal(value)

    def optional_day(self, node: Element | None, path: str, term: str) -> date | None:
        """Give the date at a path, None where there is none; reject what isn't one."""
        found = first(node, path) if node is not None else None
        return None if found is None or not text_of(found) else self.day_of(found, term)

    def day(self, node: Element | None, path: str, term: str) -> date:
        """Give the date at a path; reject where there is none."""
        found = self.optional_day(node, path, term)
        if found is None:
            if node is not None:
                self.missing(node, path, term)
            return NO_DATE
        return found

    def day_of(self, node: Element, term: str) -> date:
        """Give an element's text as a date: ISO 8601 or, with a format code, YYYYMMDD."""
        value = text_of(node)
        match = _ISO_DATE.fullmatch(value)
        if match is None and node.get("format", "102") in {"102", "203", "205"}:
            match = _COMPACT_DATE.fullmatch(value)
        try:
            if match is not None:
                return date(*map(int, match.groups()))
        except ValueError:
            pass
        self.reject(node, term, "date_invalid", "The value isn't a date of the calendar.")
        return NO_DATE

    def currency(self, node: Element, path: str, term: str) -> str:
        """Give the ISO 4217 code at a path; reject what can't be one."""
        value = self.required(node, path, term)
        if value and not _CURRENCY.fullmatch(value):
            reason = "The value isn't a currency code of three capitals, as in EUR."
            self.reject(f"{xpath_of(node)}/{path}", term, "value_invalid", reason)
        return value

    def spanish_nif(self, node: Element, value: str, term: str) -> None:
        """Reject a Spanish tax number whose check character is wrong."""
        if not check_nif(value):
            reason = "The Spanish tax number (NIF) is malformed or its check character is wrong."
            self.reject(node, term, "nif_invalid", reason)

    def account(self, node: Element | None, path: str, term: str) -> str:
        """Give the account at a path, an IBAN without its spaces.

        Spanish accounts must have the right length and check digits. Elsewhere an account may be
        something else than an IBAN, and banks' and the standard's own examples carry made-up
        ones, so that a wrong foreign one is only remarked upon. So is a placeholder of
        zeros.
        """
        found = first(node, path) if node is not None else None
        value = normal_iban(text_of(found)) if found is not None else ""
        if found is None or not value or check_iban(value):
            return value
        if _ZEROS.fullmatch(value):
            reason = "The account is a placeholder of zeros: nothing can be paid to it."
            self.remark(found, term, "iban_placeholder", reason)
        elif value.startswith("ES"):
            reason = f"The IBAN {mask_iban(value)} has wrong check digits or length."
            self.reject(found, term, "iban_invalid", reason)
        elif re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", value, re.ASCII):
            reason = f"The foreign IBAN {mask_iban(value)} has wrong check digits or length."
            self.remark(found, term, "iban_doubtful", reason)
        return value

    def unique(self, parents: list[Element], path: str, term: str) -> None:
        """Remark upon identifiers that stand twice; no rule of the standard forbids it."""
        seen: set[str] = set()
        for parent in parents:
            for node in nodes(parent, path):
                value = text_of(node)
                if value and value in seen:
                    reason = "The identifier stands twice in the document."
                    self.remark(node, term, "duplicate_key", reason)
                seen.add(value)
