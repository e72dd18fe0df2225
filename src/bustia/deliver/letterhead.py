"""What every mail of the company has in common: sender, headers, texts and a fitting address.

Nothing in a mail is random or taken from a clock: the same message always gives the same bytes.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from liquid import Environment, StrictUndefined

from bustia.compose.company import Company
from bustia.errors import StationeryError

if TYPE_CHECKING:
    from liquid import BoundTemplate

__all__ = [
    "address_of",
    "begin_mail",
    "load_templates",
    "load_words",
    "message_id",
    "offer_unsubscribing",
    "return_path",
    "set_boundaries",
]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""Addresses as RFC 5321 (4.1.2) has them, without quoted ones."""


class _Policy(EmailPolicy):
    """Folds headers at 78 characters, but for the address in List-Unsubscribe.

    Folding would encode what is too long to be broken, and no mail program could follow it.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header as it goes over the wire."""
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", max_line_length=78, cte_type="7bit")


def message_id(key: str, domain: str) -> str:
    """Give the Message-ID of a message: always the same, and it tells nothing about anybody."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def return_path(key: str, domain: str) -> str:
    """Give the address that bounces of a message come back to: it says which one it was."""
    return f"bounce+{message_id(key, domain)[1:33]}@{domain}"


def begin_mail(
    key: str, company: Company, address: Address, subject: str, *, sender: str, domain: str,
    at: datetime,
) -> EmailMessage:  # fmt: skip
    """Begin a mail with the headers of an automatic message (RFC 3834)."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = formataddr((company.name, sender))
    message["To"] = address
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(key, domain)
    message["Reply-To"] = company.email
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return message


def offer_unsubscribing(message: EmailMessage, url: str) -> None:
    """Let mail programs unsubscribe by one click (RFC 8058); only for what is optional.

    The mail server that signs for the company (DKIM) has to sign both headers.
    """
    message["List-Unsubscribe"] = f"<{url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def load_templates(folder: Path, name: str) -> "tuple[BoundTemplate, BoundTemplate]":
    """Read the text and the HTML template of a mail; what is filled into HTML is escaped."""
    plain = Environment(undefined=StrictUndefined)
    marked_up = Environment(undefined=StrictUndefined, autoescape=True)
    try:
        text = plain.from_string((folder / f"{name}.txt").read_text(encoding="utf-8"))
        html = marked_up.from_string((folder / f"{name}.html").read_text(encoding="utf-8"))
    except OSError as error:
        raise StationeryError(
            f"can't be read: {error.strerror}.", where=str(error.filename)
        ) from error
    return text, html


def load_words(file: Path, names: Collection[str], blanks: Collection[str]) -> dict[str, str]:
    """Read the texts of a language; raise ``StationeryError`` for one that is missing or wrong."""
    try:
        words = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise StationeryError(f"can't be read: {error}", where=str(file)) from error
    missing = sorted(set(names) - set(words)) if isinstance(words, dict) else sorted(names)
    if missing:
        raise StationeryError(f"has no text {missing[0]}.", where=str(file))
    for name in names:
        try:
            str(words[name]).format_map(dict.fromkeys(blanks, ""))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise StationeryError(
                f"the text {name} can't be filled in: {error}.",
                where=str(file),
                hint=f"Known blanks: {', '.join(f'{{{blank}}}' for blank in blanks)}.",
            ) from error
    return {str(name): str(text) for name, text in words.items()}


def address_of(written: str) -> Address | None:
    """Give an address fit for an envelope, its domain as the DNS knows it; None if it is not one.

    A local part beyond ASCII would need SMTPUTF8 all the way (RFC 6531): it can't be written to.
    """
    local, _, domain = written.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
        address = Address(addr_spec=f"{local}@{domain}")
    except (UnicodeError, ValueError, IndexError, HeaderParseError):
        return None
    clean = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return address if clean and len(address.addr_spec) <= 254 else None


def set_boundaries(message: EmailMessage, key: str) -> None:
    """Give each multipart a boundary that follows from the message, not from chance."""
    parts: Iterable[MIMEPart] = message.walk()
    for place, part in enumerate(parts):
        if part.is_multipart():
            digest = hashlib.sha256(f"{key}/{place}".encode()).hexdigest()[:32]
            part.set_boundary(f"={digest}=")
