"""Writes the mails to holders of Office accounts, in the look of those that bring invoices."""

from datetime import datetime
from pathlib import Path

from bustia.compose.company import load_company
from bustia.deliver.account_messages import AccountText
from bustia.deliver.channels.email import Mail
from bustia.deliver.letterhead import (
    address_of,
    begin_mail,
    load_templates,
    load_words,
    return_path,
    set_boundaries,
)
from bustia.errors import NoAddressError

__all__ = ["AccountMailWriter"]

_WORDS = {"greeting", "help", "closing", "account_link", "account_why_secret", "account_why_notice"}
_BLANKS = ("phone", "email")


class AccountMailWriter:
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
        self._text, self._html = load_templates(folder, "account")

    def write(
        self,
        key: str,
        content: AccountText,
        *,
        language: str,
        recipient: str,
        secret: bool,
        at: datetime,
    ) -> Mail:
        """Write one mail; raise ``NoAddressError`` for an address that can't be."""
        address = address_of(recipient)
        if address is None:
            raise NoAddressError("the e-mail address can't be written to.", where=key)
        words, company = self._words[language], self._companies[language]
        values = {
            "language": language,
            "subject": " ".join(content.subject.split()),
            "greeting": words["greeting"],
            "paragraphs": [part.strip() for part in content.text.split("\n\n") if part.strip()],
            "code": content.code,
            "action": content.action,
            "url": content.url,
            "link": words["account_link"],
            "help": words["help"].format(phone=company.phone, email=company.email),
            "closing": words["closing"],
            "company": company.name,
            "why": words["account_why_secret" if secret else "account_why_notice"],
        }
        message = begin_mail(
            key, company, address, content.subject, sender=self._sender, domain=self._domain, at=at
        )
        message.set_content(self._text.render(**values), cte="quoted-printable")
        message.add_alternative(self._html.render(**values), subtype="html", cte="quoted-printable")
        message["Content-Language"] = language  # now: making a multipart drops earlier Content-*
        set_boundaries(message, key)
        return Mail(return_path(key, self._domain), address.addr_spec, message.as_bytes())
