"""Readers of invoices and returned debits in XML: bytes in, typed records or reasons out.

``read_document`` tells the format by the root element; nobody has to say what a file is.
"""

from bustia.intake.readers.reader import read_document
from bustia.intake.readers.result import ReadResult

__all__ = ["ReadResult", "read_document"]
