"""Writes the mail that brings an invoice: text and HTML in the customer's language, PDF attached.

The same delivery always gives the same bytes: nothing in it is random or taken from a clock.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bustia.compose.company import Company, load_company
from bustia.deliver.channels.email import Mail
from bustia.deliver.content import InvoiceContent
from bustia.deliver.letterhead import (
    address_of,
    begin_mail,
    load_templates,
    load_words,
    message_id,
    offer_unsubscribing,
    return_path,
    set_boundaries,
)
from bustia.errors import NoAddressError

__all__ = ["MailLinks", "MailWriter", "message_id"]

_WORDS = {
    "subject", "subject_credit", "greeting", "intro", "intro_credit", "total", "charged_on",
    "charged_soon", "pay_before", "nothing", "back", "messages", "supply", "office", "closing",
    "help", "why", "preferences", "filename",
}  # fmt: skip
_BLANKS = ("number", "total", "period", "date", "iban", "contract", "address", "phone", "email")
_TOLD = ("From", "To", "Subject", "Date", "Message-ID", "Reply-To")
_COLOURS = {"alert": "#b23a1e", "info": "#0b5c6b", "offer": "#47722b"}


@dataclass(frozen=True, slots=True)
class MailLinks:
    """Where the links of a mail lead to in the Virtual Office."""

    document: str
    preferences: str
    unsubscribe: str = ""
    """Only for what is optional; service messages can't be unsubscribed from."""


class MailWriter:
    """Writes mails with the texts of one stationery; make it once and use it for many."""

    def __init__(self, stationery: Path, *, sender: str, return_path_domain: str) -> None:
        folder = stationery / "mail"
        self._companies = load_company(stationery)
        self._sender = sender
        self._domain = return_path_domain
        self._words = {
            language: load_words(folder / f"{language}.yaml", _WORDS, _BLANKS)
            for language in self._companies
        }
        self._text, self._html = load_templates(folder, "invoice")

    def write(
        self,
        key: str,
        content: InvoiceContent,
        *,
        language: str,
        recipient: str,
        links: MailLinks,
        pdf: bytes,
        at: datetime,
    ) -> Mail:
        """Write the mail of one delivery; raise ``NoAddressError`` for an address that can't be."""
        address = address_of(recipient)
        if address is None:
            raise NoAddressError("the customer's e-mail address can't be written to.", where=key)
        words, company = self._words[language], self._companies[language]
        values = _values(words, company, content, language) | {
            "document_url": links.document,
            "preferences_url": links.preferences,
        }
        message = begin_mail(
            key, company, address, str(values["subject"]),
            sender=self._sender, domain=self._domain, at=at,
        )  # fmt: skip
        if links.unsubscribe:
            offer_unsubscribing(message, links.unsubscribe)
        text, html = self._text.render(**values), self._html.render(**values)
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.add_attachment(
            pdf,
            maintype="application",
            subtype="pdf",
            filename=words["filename"].format(number=_file_safe(content.number)),
        )
        message["Content-Language"] = language  # now: making a multipart drops earlier Content-*
        set_boundaries(message, key)
        headers = tuple((name, str(message[name])) for name in _TOLD)
        return Mail(
            return_path(key, self._domain), address.addr_spec, message.as_bytes(),
            headers, text, html,
        )  # fmt: skip


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
        "help": words["help"].format(phone=company.phone, email=company.email),
        "closing": words["closing"],
        "company": company.name,
        "why": words["why"],
        "preferences": words["preferences"],
    }


def _file_safe(number: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in number)
