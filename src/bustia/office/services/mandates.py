"""Signs a new direct debit mandate with a one-time code that goes to an address we knew before.

The code is six digits, good for ten minutes and five tries. Its digest covers all that it signs,
so that a code for one account signs no other. Whoever is known at any address is told afterwards.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from bustia.audit.log import record
from bustia.billing.changes import (
    ConsentWording,
    MandateSignature,
    mandate_reference,
    replace_mandate,
)
from bustia.billing.models import Contract
from bustia.deliver.account_messages import AccountText, Addressee, MessageKind, queue_message
from bustia.errors import ChangeError, StationeryError
from bustia.formatting import date_long
from bustia.identifiers import normal_iban
from bustia.instance import current_instance
from bustia.office.desk import company
from bustia.office.history import holder
from bustia.office.models import Account, MandateSigning

__all__ = [
    "CODES_AN_HOUR",
    "MOST_TRIES",
    "KnownEnd",
    "Outcome",
    "begin_signing",
    "give_up",
    "known_ends",
    "open_signing",
    "sign",
]

MOST_TRIES = 5
CODES_AN_HOUR = 5
_VALID = timedelta(minutes=10)
_NOTICE_LASTS = timedelta(days=3)
Outcome = Literal["signed", "wrong", "over"]


@dataclass(frozen=True, slots=True)
class KnownEnd:
    """An address of the holder that we knew before, where a code can go."""

    key: str
    channel: Literal["email", "sms"]
    address: str

    @property
    def masked(self) -> str:
        """The address so that its owner recognises it and nobody else learns it."""
        if self.channel == "sms":
            return f"••• ••• {self.address[-3:]}"
        name, _at, domain = self.address.partition("@")
        return f"{name[:1]}•••@{domain}"


def known_ends(account: Account, contract: Contract) -> list[KnownEnd]:
    """Give where the holder can be reached: telephone, the contract's address, the account's."""
    customer = contract.customer
    ends = []
    if customer.mobile:
        ends.append(KnownEnd("sms", "sms", customer.mobile))
    if customer.email:
        ends.append(KnownEnd("email", "email", customer.email))
    if account.email.lower() != customer.email.lower():
        ends.append(KnownEnd("account", "email", account.email))
    return ends


@lru_cache(maxsize=2)
def _mandate_texts(stationery: Path) -> tuple[str, dict[str, str]]:
    file = stationery / "office" / "mandate.yaml"
    try:
        read: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return str(read["version"]), {one: str(read["text"][one]) for one in ("ca", "es", "en")}
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise StationeryError(f"can't be used: {error}", where=str(file)) from error


def _wording(contract: Contract, iban: str, reference: str, now: datetime) -> ConsentWording:
    """Give the mandate as it is read and signed, in the language of the page."""
    language = translation.get_language() or "ca"
    version, texts = _mandate_texts(current_instance().stationery)
    ours = company(language)
    text = texts[language].format(
        creditor=ours.legal_name,
        creditor_id=ours.sepa_creditor_id,
        address=f"{ours.street}, {ours.postcode} {ours.town}",
        reference=reference,
        account=_grouped(iban),
        holder=contract.customer.name,
        contract=contract.number,
        day=date_long(localdate(now), language),
    )
    return ConsentWording(text.strip(), version, language)


def _grouped(iban: str) -> str:
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


@transaction.atomic
def begin_signing(
    account: Account, contract: Contract, iban: str, to: KnownEnd, *, at: datetime
) -> MandateSigning | None:
    """Send a code for a new account; None if too many were sent in the last hour."""
    Contract.objects.select_for_update().get(pk=contract.pk)
    since = at - timedelta(hours=1)
    mine = MandateSigning.objects.filter(account=account, contract=contract)
    if mine.filter(created_at__gt=since).count() >= CODES_AN_HOUR:
        return None
    mine.filter(signed_at=None, ended_at=None).update(ended_at=at)
    plain = normal_iban(iban)
    reference = mandate_reference(contract)
    wording = _wording(contract, plain, reference, at)
    code = f"{secrets.randbelow(10**6):06d}"
    signing = MandateSigning(
        account=account,
        contract=contract,
        iban=plain,
        reference=reference,
        text=wording.text,
        version=wording.version,
        language=wording.language,
        channel=to.channel,
        sent_to=to.masked,
        created_at=at,
        expires_at=at + _VALID,
    )
    signing.code_digest = _digest(signing, code)
    signing.save()
    _send_code(signing, to, code, at)
    record(
        "mandate.code_sent",
        actor=holder(account),
        about=f"contract:{contract.pk}",
        at=at,
        detail={"channel": to.channel},
    )
    return signing


def _digest(signing: MandateSigning, code: str) -> bytes:
    """Give the digest of a code and of all that it signs, keyed with the instance's secret."""
    signed = (
        code,
        str(signing.account_id),
        str(signing.contract_id),
        signing.iban,
        signing.reference,
        signing.text,
        signing.created_at.astimezone(UTC).isoformat(),
    )
    key = hmac.digest(settings.SECRET_KEY.encode(), b"bustia mandate signing", "sha256")
    return hmac.digest(key, "\x1f".join(signed).encode(), "sha256")


def open_signing(account: Account, contract: Contract, now: datetime) -> MandateSigning | None:
    """Give the signature that waits for its code, if one does."""
    return MandateSigning.objects.filter(
        account=account, contract=contract, signed_at=None, ended_at=None, expires_at__gt=now
    ).first()


def give_up(account: Account, contract: Contract, *, at: datetime) -> None:
    """Forget a signature that waits for its code."""
    MandateSigning.objects.filter(
        account=account, contract=contract, signed_at=None, ended_at=None
    ).update(ended_at=at)


@transaction.atomic
def sign(account: Account, contract: Contract, code: str, *, at: datetime) -> Outcome:
    """Sign with a code: the mandate is in force at once, and every known end is told.

    ``over`` says that there is nothing to sign any more: too late, or tried too often. Raise
    ``ChangeError`` where the account became the one that is charged already.
    """
    waiting = MandateSigning.objects.select_for_update().filter(
        account=account, contract=contract, signed_at=None, ended_at=None, expires_at__gt=at
    )
    signing = waiting.first()
    if signing is None:
        return "over"
    if not hmac.compare_digest(_digest(signing, code), bytes(signing.code_digest)):
        return _count_try(signing, at)
    if signing.reference != mandate_reference(contract):  # another was signed meanwhile
        raise ChangeError("another mandate was signed for this contract meanwhile.")
    signing.signed_at = at
    signing.save(update_fields=["signed_at"])
    wording = ConsentWording(signing.text, signing.version, signing.language)
    by = "sms" if signing.channel == "sms" else "e-mail"
    replace_mandate(
        contract,
        signing.iban,
        signature=MandateSignature(wording, f"code by {by}", at),
        actor=holder(account),
        at=at,
    )
    for end in known_ends(account, contract):
        _tell(end, account, contract, at)
    return "signed"


def _count_try(signing: MandateSigning, at: datetime) -> Outcome:
    signing.tries += 1
    if signing.tries >= MOST_TRIES:
        signing.ended_at = at
    signing.save(update_fields=["tries", "ended_at"])
    return "over" if signing.ended_at else "wrong"


def _send_code(signing: MandateSigning, to: KnownEnd, code: str, at: datetime) -> None:
    account, ending = signing.account, signing.iban[-4:]
    with translation.override(account.language):
        if to.channel == "sms":
            words = _(
                "%(company)s. Code %(code)s to charge your invoices to the account ending in "
                "%(ending)s. If it was not you, call %(phone)s."
            )
            ours = company(account.language)
            values = {"company": ours.name, "phone": ours.phone}
            text = AccountText(words % {"code": code, "ending": ending, **values})
        else:
            text = AccountText(
                _(
                    "With this code you sign that your invoices be charged to the account ending "
                    "in %(ending)s. It is good for ten minutes."
                )
                % {"ending": ending}
                + "\n\n"
                + _not_you(account.language),
                _("Your code to sign"),
                code=code,
            )
    addressee = Addressee(to.channel, to.address, account.language, account.pk)
    queue_message(MessageKind.ONE_TIME_CODE, addressee, text, at=at, expires_at=signing.expires_at)


def _tell(end: KnownEnd, account: Account, contract: Contract, at: datetime) -> None:
    """Tell the holder that the account was changed, wherever we know to reach them."""
    with translation.override(account.language):
        words = _("The bank account of contract %(contract)s was changed in the Virtual Office.")
        text = f"{words % {'contract': contract.number}} {_not_you(account.language)}"
        subject = "" if end.channel == "sms" else _("Your bank account was changed")
    addressee = Addressee(end.channel, end.address, account.language, account.pk)
    queue_message(
        MessageKind.NOTICE,
        addressee,
        AccountText(text, subject),
        at=at,
        expires_at=at + _NOTICE_LASTS,
    )


def _not_you(language: str) -> str:
    return _("If it was not you, call us at once: %(phone)s.") % {"phone": company(language).phone}
