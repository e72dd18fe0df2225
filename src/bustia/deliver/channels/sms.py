"""Hands SMS to a folder, for trying things out and for gateways that read files."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bustia.deliver.channels.base import Outcome, Result

__all__ = ["Sms", "SpoolAdapter", "segments", "uses_gsm"]

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("^{}\\[~]|€")
"""Characters of GSM 03.38 (3GPP TS 23.038); those of the extension count twice."""


def uses_gsm(text: str) -> bool:
    """Whether a text can go in the 7-bit alphabet; otherwise it needs UCS-2, 70 to a segment."""
    return all(letter in _GSM or letter in _GSM_EXTENSION for letter in text)


def segments(text: str) -> int:
    """Give how many SMS a text takes: 160 or 70 characters, 153 or 67 each when it is longer."""
    if uses_gsm(text):
        length = sum(2 if letter in _GSM_EXTENSION else 1 for letter in text)
        single, part = 160, 153
    else:
        length, single, part = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


@dataclass(frozen=True, slots=True)
class Sms:
    """A text to a telephone; ``key`` is ours and stays the same when it is sent again."""

    key: str
    sender: str
    recipient: str
    text: str


class SpoolAdapter:
    """Writes each SMS as a JSON file into a folder; the same SMS is the same file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def send(self, message: Sms) -> Result:
        """Put the SMS into the folder, whole or not at all."""
        readable = "".join(letter if letter.isalnum() else "-" for letter in message.key)
        name = f"{readable}-{hashlib.sha256(message.key.encode()).hexdigest()[:8]}"
        path = self._folder / f"{name}.json"
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        try:
            unfinished.write_text(
                json.dumps(asdict(message), ensure_ascii=False, indent=2), encoding="utf-8"
            )
            unfinished.replace(path)
        except OSError as error:
            return Result(Outcome.TEMPORARY, f"the folder can't be written: {error.strerror}")
        return Result(Outcome.ACCEPTED, path.name)
