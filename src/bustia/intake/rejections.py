"""What could not be taken in, where it stands and why: one shape for every kind of file.

A rejection is written for the person who must put the export right. It names the file, the line
or XPath, the field and the reason, and holds no more personal data than finding the place needs:
bank accounts are masked, names and addresses are left out.
"""

from dataclasses import dataclass

__all__ = ["Rejection"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing that stopped a row, a document or a file from being taken in."""

    file: str
    """Name of the file, as it was given."""
    where: int | str | None
    """Line number (from 1) of a text file, XPath in an XML file, None for the whole file."""
    field: str
    """Column of the file, or business term of EN 16931 (``BT-112``); empty for the whole."""
    code: str
    """Short slug for programs, as in ``total_mismatch``; stable over versions."""
    reason: str
    """What is wrong, as a sentence for people."""
    hint: str = ""
    """What to do about it, where that is known."""

    @property
    def place(self) -> str:
        """The file and the place in it, for people: ``a.csv, line 3`` or ``b.xml, /Invoice``."""
        if self.where is None:
            return self.file
        return f"{self.file}, {f'line {self.where}' if isinstance(self.where, int) else self.where}"

    def __str__(self) -> str:
        field = f" [{self.field}]" if self.field else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.place}{field}: {self.reason}{hint}"
