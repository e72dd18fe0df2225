"""Is the signature on a Facturae file intact? Placeholder report until checked in full."""

from bustia.intake.documents import SignatureReport, SignatureState
from bustia.intake.readers.reading import Reading, Source
from bustia.intake.readers.xml import Element, first

__all__ = ["check_signature"]


def check_signature(root: Element, source: Source, reading: Reading) -> SignatureReport:
    """Report the signature of a file."""
    if first(root, "ds:Signature") is None:
        return SignatureReport()
    return SignatureReport(SignatureState.UNCHECKED)
