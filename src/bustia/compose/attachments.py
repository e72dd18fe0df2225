"""Files that go along in a document, as the structured e-invoice that it was made from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bustia.compose.characters import writable

__all__ = ["Attachment", "cleaned"]

_NOT_IN_NAMES = re.compile(r"[/\\]|^\.+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along in the PDF, as the structured e-invoice of the bill."""

    name: str
    data: bytes
    media_type: str
    description: str
    relationship: Literal["source", "data", "alternative", "supplement"] = "alternative"
    """What it is to the bill (ISO 19005-3, AFRelationship)."""


def cleaned(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Give the files with names that are no paths, and descriptions that can be written."""
    return tuple(
        replace(
            one,
            name=_NOT_IN_NAMES.sub("_", one.name) or "_",
            description=writable(one.description),
        )
        for one in attachments
    )
