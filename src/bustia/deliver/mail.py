"""Writes the mail that brings an invoice: text and HTML in the customer's language, PDF attached.

The same delivery always gives the same bytes: nothing in it is random or taken from a clock.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, formataddr
from pathlib import Path

import yaml
from liquid import Environment, StrictUndefined

from bustia.compose.company import Company, load_company
from bustia.deliver.channels.email import Mail
from bustia.deliver.content import InvoiceContent
from bustia.errors import NoAddressError, StationeryError

__all__ = ["MailWriter", "message_id"]

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
"""Addresses as RFC 5321 (4.1.2) has them, without quoted ones."""
_WORDS = {
    "subject", "subject_credit", "greeting", "intro", "intro_credit", "total", "charged_on",
    "charged_soon", "pay_before", "nothing", "back", "messages", "supply", "office", "closing",
    "help", "why", "filename",
}  # fmt: skip
_BLANKS = ("number", "total", "period", "date", "iban", "contract", "address", "phone", "email")
_COLOURS = {"alert": "#b23a1e", "info": "#0b5c6b", "offer": "#47722b"}
_POLICY = policy.SMTP.clone(max_line_length=78, cte_type="7bit")


def message_id(key: str, domain: str) -> str:
    """Give the Message-ID of a delivery: always the same, and it tells nothing about anybody."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


class MailWriter:
    """Writes mails with the texts of one stationery; make it once and use it for many."""

    def __init__(self, stationery: Path, *, sender: str, return_path_domain: str) -> None:
        folder = stationery / "mail"
        self._companies = load_company(stationery)
        self._sender = sender
        self._domain = return_path_domain
        self._words = {language: _words(folder, language) for language in self._companies}
        plain = Environment(undefined=StrictUndefined)
        marked_up = Environment(undefined=StrictUndefined, autoescape=True)
        try:
            self._text = plain.from_string((folder / "invoice.txt").read_text(encoding="utf-8"))
            self._html = marked_up.from_string((folder / "invoice.html").read_text("utf-8"))
        except OSError as error:
            raise StationeryError(
                f"can't be read: {error.strerror}.", where=str(error.filename)
            ) from error

    def write(
        self,
        key: str,
        content: InvoiceContent,
        *,
        language: str,
        recipient: str,
        pdf: bytes,
        at: datetime,
    ) -> Mail:
        """Write the mail of one delivery; raise ``NoAddressError`` for an address that can't be."""
        address = _address(recipient)
        if address is None:
            raise NoAddressError("the customer's e-mail address can't be written to.", where=key)
        words, company = self._words[language], self._companies[language]
        values = _values(words, company, content, language)
        message = EmailMessage(policy=_POLICY)
        message["From"] = formataddr((company.name, self._sender))
        message["To"] = address
        message["Subject"] = str(values["subject"])
        message["Date"] = format_datetime(at)
        message["Message-ID"] = message_id(key, self._domain)
        message["Reply-To"] = company.email
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(self._text.render(**values), cte="quoted-printable")
        message.add_alternative(self._html.render(**values), subtype="html", cte="quoted-printable")
        message.add_attachment(
            pdf,
            maintype="application",
            subtype="pdf",
            filename=words["filename"].format(number=_file_safe(content.number)),
        )
        message["Content-Language"] = language  # now: making a multipart drops earlier Content-*
        _set_boundaries(message, key)
        bounces_to = f"{message_id(key, self._domain)[1:33]}@{self._domain}"
        return Mail(f"bounce+{bounces_to}", address.addr_spec, message.as_bytes())


def _words(folder: Path, language: str) -> dict[str, str]:
    file = folder / f"{language}.yaml"
    try:
        words = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise StationeryError(f"can't be read: {error}", where=str(file)) from error
    missing = sorted(_WORDS - set(words)) if isinstance(words, dict) else sorted(_WORDS)
    if missing:
        raise StationeryError(f"has no text {missing[0]}.", where=str(file))
    for name in _WORDS:
        try:
            str(words[name]).format_map(dict.fromkeys(_BLANKS, ""))
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise StationeryError(
                f"the text {name} can't be filled in: {error}.",
                where=str(file),
                hint=f"Known blanks: {', '.join(f'{{{blank}}}' for blank in _BLANKS)}.",
            ) from error
    return {str(name): str(text) for name, text in words.items()}


def _values(
    words: dict[str, str], company: Company, content: InvoiceContent, language: str
) -> dict[str, object]:
    kind = "_credit" if content.credit else ""
    subject = words[f"subject{kind}"].format(number=content.number, total=content.total)
    return {
        "language": language,
        "subject": " ".join(subject.split()),
        "greeting": words["greeting"],
        "intro": words[f"intro{kind}"].format(number=content.number, period=content.period),
        "total_label": words["total"],
        "total": content.total,
        "when": words[content.way].format(date=content.date, iban=content.iban),
        "supply": words["supply"].format(contract=content.contract, address=content.address),
        "messages_title": words["messages"],
        "messages": [
            {
                "title": one.title,
                "body": list(one.body),
                "action": one.action,
                "url": one.url,
                "colour": _COLOURS[one.tone],
            }
            for one in content.messages
        ],
        "office": words["office"],
        "office_url": company.office_url,
        "help": words["help"].format(phone=company.phone, email=company.email),
        "closing": words["closing"],
        "company": company.name,
        "why": words["why"],
    }


def _address(written: str) -> Address | None:
    """Give an address fit for an envelope, its domain as the DNS knows it; None if it is not one.

    A local part beyond ASCII would need SMTPUTF8 all the way (RFC 6531): such an invoice goes by
    post.
    """
    local, _, domain = written.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
        address = Address(addr_spec=f"{local}@{domain}")
    except (UnicodeError, ValueError, IndexError, HeaderParseError):
        return None
    clean = _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return address if clean and len(address.addr_spec) <= 254 else None


def _file_safe(number: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in number)


def _set_boundaries(message: EmailMessage, key: str) -> None:
    """Give each multipart a boundary that follows from the delivery, not from chance."""
    parts: Iterable[MIMEPart] = message.walk()
    for place, part in enumerate(parts):
        if part.is_multipart():
            digest = hashlib.sha256(f"{key}/{place}".encode()).hexdigest()[:32]
            part.set_boundary(f"={digest}=")
