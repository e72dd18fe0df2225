"""Telling what an XML file is by its root element, and handing it to its reader."""

import re
from collections.abc import Callable

from lxml import etree

from bustia.intake.readers.camt054 import read_camt054
from bustia.intake.readers.cii import read_cii
from bustia.intake.readers.facturae import read_facturae
from bustia.intake.readers.pain002 import read_pain002
from bustia.intake.readers.reading import Source
from bustia.intake.readers.result import ReadResult
from bustia.intake.readers.ubl import read_ubl
from bustia.intake.readers.xml import Element, parse
from bustia.intake.rejections import Rejection

__all__ = ["read_document"]

_Reader = Callable[[Element, Source], ReadResult]

_ROOTS: tuple[tuple[str, _Reader], ...] = (
    (r"\{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2\}Invoice", read_ubl),
    (r"\{urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2\}CreditNote", read_ubl),
    (
        r"\{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100\}CrossIndustryInvoice",
        read_cii,
    ),
    (
        r"\{https?://www\.facturae\.(?:es|gob\.es)/[^}]*[vV]3[._]2(?:[._][12])?(?:[./][^}]*)?\}"
        r"Facturae",
        read_facturae,
    ),
    (r"\{urn:(?:iso|swift):[^}]*:xsd:\$?pain\.002\.\d{3}\.\d{2}\}Document", read_pain002),
    (r"\{urn:(?:iso|swift):[^}]*:xsd:\$?camt\.054\.\d{3}\.\d{2}\}Document", read_camt054),
)
_READ = (
    "Read are EN 16931 invoices in UBL 2.1 and CII D16B, Facturae 3.2 to 3.2.2, "
    "and returned debits in pain.002 and camt.054."
)


def read_document(data: bytes, filename: str) -> ReadResult:
    """Read a file of any of the XML formats; never raise for what is in it.

    ``filename`` is only for the rejections. A file with several invoices or returned debits gives
    each that is in order, and at least one rejection for each that isn't.
    """
    root = parse(data, filename)
    if isinstance(root, Rejection):
        return ReadResult(rejections=(root,))
    tag = root.tag
    for pattern, reader in _ROOTS:
        if re.fullmatch(pattern, tag):
            return reader(root, Source(filename, data))
    name = etree.QName(root)
    reason = f"No reader knows the root element {name.localname[:60]}"
    reason += f" in the namespace {name.namespace[:120]}." if name.namespace else "."
    rejection = Rejection(
        file=filename,
        where="/" + name.localname[:60],
        field="",
        code="format_unknown",
        reason=reason,
        hint=_READ,
    )
    return ReadResult(rejections=(rejection,))
