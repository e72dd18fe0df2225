"""Code lists and checks that the invoice formats share."""

from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, text_of

__all__ = ["CREDIT_CODES", "DIRECT_DEBIT_CODES", "check_vat_id"]

CREDIT_CODES = frozenset(
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"}
)
"""UNTDID 1001 codes of documents that give money back, as EN 16931's code list has them."""
DIRECT_DEBIT_CODES = frozenset({"49", "59"})
"""UNTDID 4461: direct debit, SEPA direct debit."""


def check_vat_id(reading: Reading, node: Element, country: str) -> None:
    """Check a VAT identifier where it is a Spanish one; other countries' are taken as they are."""
    value = text_of(node).upper()
    if value.startswith("ES") or (country.upper() == "ES" and not value[:2].isalpha()):
        reading.spanish_nif(node, value, "BT-31" if _is_sellers(node) else "BT-48")


def _is_sellers(node: Element) -> bool:
    return any(
        "Supplier" in str(above.tag) or "Seller" in str(above.tag) for above in node.iterancestors()
    )
