"""Writes the mail that brings an invoice: text and HTML in the customer's language, PDF attached.

The same delivery always gives the same bytes: nothing in it is random or taken from a clock.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, formataddr
from pathlib import Path

import yaml
from liquid import Environment, StrictUndefined

from bustia.compose.company import Company, load_company
from bustia.deliver.channels.email import Mail
from bustia.deliver.content import InvoiceContent
from bustia.errors import DeliverError, StationeryError

__all__ = ["MailWriter", "message_id"]

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
        """Write the mail of one delivery; raise ``DeliverError`` for an address that can't be."""
        if not _plausible(recipient):
            raise DeliverError("the customer's e-mail address can't be written to.", where=key)
        words, company = self._words[language], self._companies[language]
        values = _values(words, company, content, language)
        message = EmailMessage(policy=_POLICY)
        message["From"] = formataddr((company.name, self._sender))
        message["To"] = recipient
        message["Subject"] = str(values["subject"])
        message["Date"] = format_datetime(at)
        message["Message-ID"] = message_id(key, self._domain)
        message["Reply-To"] = company.email
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["Content-Language"] = language
        message.set_content(self._text.render(**values), cte="quoted-printable")
        message.add_alternative(self._html.render(**values), subtype="html", cte="quoted-printable")
        message.add_attachment(
            pdf,
            maintype="application",
            subtype="pdf",
            filename=words["filename"].format(number=_file_safe(content.number)),
        )
        _set_boundaries(message, key)
        bounces_to = f"{message_id(key, self._domain)[1:33]}@{self._domain}"
        return Mail(f"bounce+{bounces_to}", recipient, message.as_bytes())


def _words(folder: Path, language: str) -> dict[str, str]:
    file = folder / f"{language}.yaml"
    try:
        words = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise StationeryError(f"can't be read: {error}", where=str(file)) from error
    return {str(name): str(text) for name, text in words.items()}


def _values(
    words: dict[str, str], company: Company, content: InvoiceContent, language: str
) -> dict[str, object]:
    kind = "_credit" if content.credit else ""
    subject = words[f"subject{kind}"].format(number=content.number, total=content.total)
    return {
        "language": language,
        "subject": subject,
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


def _plausible(address: str) -> bool:
    """Whether an address can stand in an envelope: one @, a domain, nothing that ends a line."""
    local, at, domain = address.rpartition("@")
    clean = address.isascii() and address.isprintable() and not set(address) & set(' <>,;:"()\\')
    return bool(local and at and "." in domain and clean and len(address) <= 254)


def _file_safe(number: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in number)


def _set_boundaries(message: EmailMessage, key: str) -> None:
    """Give each multipart a boundary that follows from the delivery, not from chance."""
    parts: Iterable[MIMEPart] = message.walk()
    for place, part in enumerate(parts):
        if part.is_multipart():
            digest = hashlib.sha256(f"{key}/{place}".encode()).hexdigest()[:32]
            part.set_boundary(f"={digest}=")
