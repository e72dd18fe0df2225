"""Reads the mails and SMS of a demonstration from the folders that they were handed to."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import lru_cache
from pathlib import Path

from bustia.instance import Instance

__all__ = ["Attachment", "Item", "Letter", "newest", "read_letter", "search"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.(eml|json)")
_MOST_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class Item:
    """A mail or SMS in the list."""

    name: str
    at: datetime
    to: str
    title: str
    """A mail's subject, an SMS's text."""

    @property
    def is_sms(self) -> bool:
        """Whether it went to a telephone."""
        return self.name.endswith(".json")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a mail brings."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail or SMS in full."""

    item: Item
    sender: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


def newest(instance: Instance, number: int) -> list[Item]:
    """Give the newest mails and SMS, the newest first."""
    return [_item(Path(path), stamp) for path, stamp in _files(instance)[:number]]


def search(instance: Instance, words: str, number: int) -> list[Item]:
    """Give the newest whose address, subject or text has all the words."""
    wanted = words.casefold().split()
    found = []
    for path, stamp in _files(instance)[:_MOST_SEARCHED]:
        item = _item(Path(path), stamp)
        told = f"{item.to} {item.title}".casefold()
        if all(word in told for word in wanted):
            found.append(item)
            if len(found) == number:
                break
    return found


def read_letter(instance: Instance, name: str) -> Letter | None:
    """Give a mail or SMS by its file's name; None if there is none."""
    if not _NAME.fullmatch(name):
        return None
    for folder in _folders(instance):
        path = folder / name
        if path.is_file():
            return _letter(path)
    return None


def _folders(instance: Instance) -> tuple[Path, Path]:
    return instance.path.parent / "mailbox", instance.path / "outbox" / "sms"


def _files(instance: Instance) -> list[tuple[str, float]]:
    found = [(one.path, one.stat().st_mtime) for one in _entries(instance)]
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _entries(instance: Instance) -> "Iterator[os.DirEntry[str]]":
    for folder in _folders(instance):
        if folder.is_dir():
            with os.scandir(folder) as entries:
                yield from (one for one in entries if _NAME.fullmatch(one.name))


@lru_cache(maxsize=_MOST_SEARCHED)
def _item(path: Path, stamp: float) -> Item:
    at = datetime.fromtimestamp(stamp, UTC)
    if path.suffix == ".json":
        said = json.loads(path.read_text("utf-8"))
        return Item(path.name, at, str(said["recipient"]), str(said["text"]))
    with path.open("rb") as content:
        headers = BytesHeaderParser(policy=policy.default).parse(content)
    return Item(path.name, at, str(headers["To"]), str(headers["Subject"]))


def _letter(path: Path) -> Letter:
    item = _item(path, path.stat().st_mtime)
    if item.is_sms:
        said = json.loads(path.read_text("utf-8"))
        return Letter(item, str(said["sender"]), str(said["text"]))
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Letter(
        item,
        str(mail["From"]),
        _part(mail, "plain"),
        _part(mail, "html"),
        tuple(_attachments(mail)),
    )


def _part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body is not None else ""


def _attachments(mail: EmailMessage) -> Iterator[Attachment]:
    for part in mail.iter_attachments():
        content = part.get_content()
        if isinstance(content, bytes):
            yield Attachment(part.get_filename() or "", part.get_content_type(), content)
