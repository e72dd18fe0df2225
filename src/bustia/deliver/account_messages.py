"""Keeps what is to be said to holders of Office accounts until the courier has handed it over.

A message is written within the transaction of what it is about, by one INSERT that takes as long
whether the address is known or not: nobody learns from the time it took who has an account. What
it says is encrypted, and a secret (a link that signs in, a code) is wiped once it was sent, failed
or expired. Notices keep their text: the Office's Inbox shows them.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from django.db.models import QuerySet

from bustia.deliver.models import AccountMessage

__all__ = [
    "AccountText",
    "Addressee",
    "MessageKind",
    "forget_messages",
    "messages_of",
    "queue_message",
    "text_of",
]


class MessageKind(StrEnum):
    """What a message is for."""

    CONFIRM_ADDRESS = "confirm_address"
    SIGN_IN_LINK = "sign_in_link"
    ONE_TIME_CODE = "one_time_code"
    PASSWORD_RESET = "password_reset"  # noqa: S105 (the name of a kind)
    NOTICE = "notice"
    """Tells of a change; the only kind that opens nothing, and is kept."""

    @property
    def is_secret(self) -> bool:
        """Whether who reads it could act as the customer: it is wiped as soon as it can be."""
        return self is not MessageKind.NOTICE


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a message goes to, and how."""

    channel: Literal["email", "sms"]
    address: str
    """An e-mail address, or a telephone number as in ``+34600000001``."""
    language: str
    account: int | None = None
    """Number of the account in the Office; none where there is none (yet)."""


@dataclass(frozen=True, slots=True)
class AccountText:
    """What a message says, in the reader's language, without greeting and closing.

    A mail shows the code and the button by themselves; an SMS is its text alone, so a code or
    link that an SMS brings stands in the text.
    """

    text: str
    """Paragraphs, with an empty line between them."""
    subject: str = ""
    """Of a mail; it never holds a secret, as telephones show it on a locked screen."""
    code: str = ""
    action: str = ""
    """What the button says that leads to ``url``."""
    url: str = ""


def queue_message(
    kind: MessageKind, to: Addressee, content: AccountText, *, at: datetime, expires_at: datetime
) -> int:
    """Write a message into the outbox, in the caller's transaction; give its number.

    The courier learns of it when the transaction is committed, and hands it over within a second.
    After ``expires_at`` it doesn't go out any more. Both instants are by the instance's clock.
    """
    written = AccountMessage.objects.create(
        kind=kind,
        channel=to.channel,
        account_ref=to.account,
        language=to.language,
        recipient=to.address,
        content=json.dumps(asdict(content), ensure_ascii=False),
        created_at=at,
        expires_at=expires_at,
    )
    return int(written.pk)


def text_of(message: AccountMessage) -> AccountText | None:
    """Give what a message says; None where it was a secret and is wiped."""
    return AccountText(**json.loads(message.content)) if message.content else None


def messages_of(account_ref: int) -> QuerySet[AccountMessage]:
    """Give the messages to the holder of an account, the newest first."""
    return AccountMessage.objects.filter(account_ref=account_ref).order_by("-created_at", "-pk")


def forget_messages(account_ref: int) -> int:
    """Remove all messages to the holder of an account that is closed for good; give how many."""
    return AccountMessage.objects.filter(account_ref=account_ref).delete()[0]
