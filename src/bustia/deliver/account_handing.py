"""Hands over what is to be said to holders of Office accounts, and records what became of it.

Nothing is lost. A message is claimed before it is sent, and marked as started right before; when a
courier dies, its messages go again, and one that had been started is marked as perhaps sent twice.
"""

import logging
import math
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from bustia.deliver.account_mail import AccountMailWriter
from bustia.deliver.account_messages import MessageKind, text_of
from bustia.deliver.channels.base import Adapter, Outcome, Result
from bustia.deliver.channels.sms import Sms
from bustia.deliver.claims import LOCK_SPACE, Claimant
from bustia.deliver.handing import HandedOver
from bustia.deliver.models import AccountMessage
from bustia.deliver.providers import mail_adapter, sms_adapter
from bustia.deliver.states import MessageState, check_message_move
from bustia.errors import DeliverError
from bustia.instance import Instance

__all__ = ["CHANNELS", "AccountSender", "hand_over_messages"]

CHANNELS = ("email", "sms")
_BATCH = 10
_LEASE_SECONDS = 300
"""Longer than any one hand-over may take; see ``deliver.handing``."""
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 2.0, 3600.0
_UNREACHABLE_IN_A_ROW = 3
_SECRETS = tuple(kind for kind in MessageKind if kind.is_secret)

S = MessageState
_log = logging.getLogger(__name__)


def hand_over_messages(
    instance: Instance, clock: Callable[[], datetime], channels: tuple[str, ...] = CHANNELS
) -> HandedOver:
    """Hand over once what waits; give how many came to which state. Several may do so at once."""
    report = HandedOver(Counter())
    for channel in channels:
        sender = AccountSender(instance, channel, clock)
        report.states += sender.pass_once()
        report.problem = report.problem or sender.problem
    return report


class AccountSender:
    """Hands over the messages of one channel."""

    def __init__(self, instance: Instance, channel: str, clock: Callable[[], datetime]) -> None:
        self._instance, self._channel, self._clock = instance, channel, clock
        email = instance.config.email
        self._writer = AccountMailWriter(
            instance.stationery, sender=email.sender, return_path_domain=email.return_path_domain
        )
        self.problem = ""
        """Why the provider takes nothing from us; a person must see to it."""

    def pass_once(self) -> Counter[str]:
        """Hand over what waits now; a provider that doesn't want us is left alone till later."""
        found, unreachable = Counter[str](), 0
        adapter: Adapter[Any] = (
            mail_adapter(self._instance)
            if self._channel == "email"
            else sms_adapter(self._instance)
        )
        with _MessageClaimant() as claimant, adapter:
            claimant.recover(self._channel)
            found[S.EXPIRED] += _expire(self._channel, self._clock())
            while claimed := claimant.claim(self._channel):
                for message in claimed:
                    state, result = self._one(message, adapter)
                    found[state] += 1
                    gone = result.outcome == Outcome.UNREACHABLE
                    unreachable = unreachable + 1 if gone else 0
                    ours = result.outcome == Outcome.MISCONFIGURED
                    self._tell(result.answer if ours or gone else "")
                    if ours or unreachable == _UNREACHABLE_IN_A_ROW:
                        claimant.release()
                        return +found
        return +found

    def _tell(self, problem: str) -> None:
        """Say once, not at each message, that the provider doesn't take anything."""
        if problem and problem != self.problem:
            _log.warning("%s: account messages wait: %s", self._channel, problem)
        self.problem = problem

    def _one(self, message: AccountMessage, adapter: Adapter[Any]) -> tuple[str, Result]:
        """Hand one claimed message over and record what became of it."""
        now, unsent = self._clock(), Result(Outcome.PERMANENT, "not sent")
        if message.expires_at <= now:
            return _record(message, S.EXPIRED, unsent, now), unsent
        try:
            prepared = self._prepare(message)
        except DeliverError as error:
            unsent = Result(Outcome.PERMANENT, error.what)
            return _record(message, S.FAILED, unsent, now), unsent
        if not _start(message):
            return "lost", unsent
        result = adapter.send(prepared)
        state = {Outcome.ACCEPTED: S.SENT, Outcome.PERMANENT: S.FAILED}.get(
            result.outcome, S.WAITING
        )
        return _record(message, state, result, now), result

    def _prepare(self, message: AccountMessage) -> Any:  # noqa: ANN401 (what its adapter takes)
        key, content = f"account/{message.pk}/{message.created_at.isoformat()}", text_of(message)
        if content is None:
            raise DeliverError("it says nothing any more.", where=f"account message {message.pk}")
        if message.channel == "sms":
            sender = self._instance.config.sms.sender
            return Sms(key, sender, message.recipient, content.text)
        return self._writer.write(
            key,
            content,
            language=message.language,
            recipient=message.recipient,
            secret=MessageKind(message.kind).is_secret,
            at=message.created_at,
        )


class _MessageClaimant(Claimant):
    """A courier at work on the outbox."""

    def recover(self, channel: str) -> None:
        """Let go again what couriers had claimed that are gone."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                """
                WITH gone AS (
                    SELECT claim FROM deliver_accountmessage
                     WHERE state = 'claimed' AND channel = %(channel)s AND claim <> %(me)s
                     GROUP BY claim
                    HAVING max(lease_until) < clock_timestamp()
                        OR pg_try_advisory_xact_lock(%(space)s, claim::int)),
                lost AS (
                    SELECT id FROM deliver_accountmessage
                     WHERE state = 'claimed' AND claim IN (SELECT claim FROM gone)
                       FOR UPDATE SKIP LOCKED)
                UPDATE deliver_accountmessage
                   SET state = 'waiting', uncertain = uncertain OR started, claim = NULL
                 WHERE id IN (SELECT id FROM lost)
                """,
                {"channel": channel, "me": self.number, "space": LOCK_SPACE},
            )

    def claim(self, channel: str) -> list[AccountMessage]:
        """Claim some messages that may go."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE deliver_accountmessage
                   SET state = 'claimed', claim = %(me)s, attempts = attempts + 1,
                       started = false,
                       lease_until = clock_timestamp() + %(lease)s * interval '1 second'
                 WHERE id IN (
                    SELECT id FROM deliver_accountmessage
                     WHERE channel = %(channel)s AND state = 'waiting'
                       AND retry_at <= clock_timestamp()
                     ORDER BY retry_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
                RETURNING id
                """,
                {
                    "me": self.number,
                    "lease": _LEASE_SECONDS,
                    "channel": channel,
                    "batch": _BATCH,
                },
            )
            ids = [row[0] for row in cursor.fetchall()]
        return list(AccountMessage.objects.filter(pk__in=ids).order_by("pk"))

    def release(self) -> None:
        """Give back what is claimed and was not tried."""
        AccountMessage.objects.filter(state=S.CLAIMED, claim=self.number).update(
            state=S.WAITING, claim=None, attempts=F("attempts") - 1
        )


def _expire(channel: str, now: datetime) -> int:
    """Let expire what waited too long, and wipe the secrets among it."""
    late = AccountMessage.objects.filter(channel=channel, state=S.WAITING, expires_at__lte=now)
    done = {"state": S.EXPIRED, "finished_at": now}
    secret = late.filter(kind__in=_SECRETS).update(**done, recipient="", content="")
    return secret + late.update(**done)


def _start(message: AccountMessage) -> bool:
    """Write down that the hand-over begins, if the claim is still ours; it has its whole lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deliver_accountmessage SET started = true,"
            " lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id = %s AND state = 'claimed' AND claim = %s",
            [_LEASE_SECONDS, message.pk, message.claim],
        )
        return bool(cursor.rowcount)


def _record(
    message: AccountMessage, state: MessageState, result: Result, now: datetime
) -> MessageState:
    """Write what became of a message; with a secret that is done, wipe what it said."""
    check_message_move(message.pk, S.CLAIMED, state)
    again = state == S.WAITING
    values: dict[str, Any] = {
        "state": state,
        "answer": result.answer,
        "claim": None,
        "lease_until": None,
        "finished_at": None if again else now,
        "uncertain": message.uncertain or result.outcome == Outcome.UNCERTAIN,
    }
    if not again and MessageKind(message.kind).is_secret:
        values |= {"recipient": "", "content": ""}
    ours = AccountMessage.objects.filter(pk=message.pk, state=S.CLAIMED, claim=message.claim)
    with transaction.atomic():
        ours.update(**values)
        if again:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE deliver_accountmessage SET retry_at = clock_timestamp()"
                    " + %s * interval '1 second' WHERE id = %s AND state = 'waiting'",
                    [_wait(message.attempts), message.pk],
                )
    return state


def _wait(attempts: int) -> float:
    """Give the seconds until the next attempt: longer each time, and scattered.

    Messages that were refused together must not come back together.
    """
    longest = min(math.ldexp(_FIRST_WAIT_SECONDS, min(attempts - 1, 20)), _LONGEST_WAIT_SECONDS)
    return longest * random.SystemRandom().uniform(0.5, 1.0)
