"""Hands over what is due: claims it, records the attempt, sends, and records what became of it.

Nothing is lost, or sent twice unnoticed. A claim is a state in the table, held by a deliverer that
also holds an advisory lock for as long as its database session lives. Right before a message goes
out its attempt is marked as started, if the claim is still ours; if we die between that and the
record of the answer, nobody can know whether it went, and the delivery becomes *uncertain*: its
class's policy says what then.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from bustia.archive.services import Retriever
from bustia.deliver.channels.base import Adapter, Outcome, Result
from bustia.deliver.claims import LOCK_SPACE, Claimant
from bustia.deliver.links import OptionalMail
from bustia.deliver.models import Attempt, Delivery
from bustia.deliver.sent import Said, keep_sent, said_by
from bustia.deliver.states import DECEASED, FINAL, DeliveryState, check_move, sources_of
from bustia.errors import ArchiveError, DeliverError, NoAddressError

__all__ = ["HandedOver", "Sender", "hand_over", "waiting"]

_BATCH = 50
_LEASE_SECONDS = 900
"""Longer than any one hand-over may take; it is for sessions that the database still believes in
though their machine is gone. A deliverer that dies is found out by its advisory lock."""
_TOO_LATE = "too late to be sent"
_MOST_ATTEMPTS = 8
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=12)
_UNREACHABLE_IN_A_ROW = 3
"""After that many, the provider is left alone until the next call."""
_REPEATED_WHEN_UNCERTAIN = ("invoice",)
"""An invoice that may not have gone is sent again, under the same Message-ID; a notice is not."""

S = DeliveryState


@dataclass(frozen=True, slots=True)
class Sender:
    """A channel ready to send: makes its message from a delivery, and hands it over."""

    channel: str
    adapter: Adapter[Any]
    prepare: Callable[[Delivery, Retriever], Any]
    """Makes the message; raises ``NoAddressError`` where the customer can't be reached this way,
    ``DeliverError`` or ``ArchiveError`` where there is nothing to send."""
    delivered_when_accepted: bool
    """Whether the provider's acceptance is as much as we will ever know."""
    reference: Callable[[Delivery], str] = lambda _: ""
    """Our own name for the message, known before it goes out: it is what bounces refer to."""


@dataclass(slots=True)
class HandedOver:
    """What came of handing over on one channel."""

    states: Counter[str]
    problem: str = ""
    """Why the provider was left alone before all was handed over: a person must see to it."""


def hand_over(
    sender: Sender, clock: Callable[[], datetime], progress: Callable[[int], None] = lambda _: None
) -> HandedOver:
    """Hand over everything that is due on one channel; give how many came to which state.

    Several processes may do so at the same time. ``progress`` is told after each delivery. A
    provider that refuses our settings, or that can't be reached several times in a row, is left
    alone: what it did not get stays due, and the report says so.
    """
    report = HandedOver(Counter())
    retriever, unreachable = Retriever(), 0
    with _Claimant() as claimant, sender.adapter:
        while True:
            claimant.recover()
            _let_time_pass(sender.channel, clock())
            claimed = claimant.claim(sender.channel, clock())
            if not claimed:
                return report
            for delivery in claimed:
                done = _one(sender, retriever, delivery, clock())
                if done is None:
                    continue
                state, result = done
                report.states[state] += 1
                progress(1)
                unreachable = unreachable + 1 if result.outcome == Outcome.UNREACHABLE else 0
                if result.outcome == Outcome.MISCONFIGURED or unreachable == _UNREACHABLE_IN_A_ROW:
                    claimant.release()
                    report.problem = result.answer
                    return report


def waiting(now: datetime) -> dict[str, int]:
    """Give how many deliveries are due or claimed, by channel: none when all is idle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT channel, count(*) FROM deliver_delivery WHERE state = 'claimed'"
            " OR (state IN ('scheduled', 'due', 'deferred') AND not_before <= %s)"
            " GROUP BY channel",
            [now],
        )
        return dict(cursor.fetchall())


class _Claimant(Claimant):
    """A deliverer of what is in the ledger."""

    @transaction.atomic
    def release(self) -> None:
        """Give back what is claimed and was not tried."""
        mine = Delivery.objects.filter(state=S.CLAIMED, claim=self.number)
        Attempt.objects.filter(delivery__in=mine, outcome="", started=False).delete()
        mine.update(state=S.DUE, claim=None, lease_until=None, attempts=F("attempts") - 1)

    @transaction.atomic
    def recover(self) -> None:
        """Take back what deliverers had claimed that are gone: their lock is free, or lease over.

        What had not been started is due again; what had is uncertain.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH gone AS (
                    SELECT claim FROM deliver_delivery WHERE state = 'claimed' AND claim <> %(me)s
                     GROUP BY claim
                    HAVING max(lease_until) < clock_timestamp()
                        OR pg_try_advisory_xact_lock(%(space)s, claim::int)),
                lost AS (
                    SELECT d.id, coalesce(a.started, false) AS started
                      FROM deliver_delivery d
                      LEFT JOIN deliver_attempt a
                             ON a.delivery_id = d.id AND a.number = d.attempts AND a.outcome = ''
                     WHERE d.state = 'claimed' AND d.claim IN (SELECT claim FROM gone)
                       FOR UPDATE OF d SKIP LOCKED)
                UPDATE deliver_delivery d
                   SET state = CASE WHEN l.started THEN 'uncertain' ELSE 'due' END,
                       claim = NULL, lease_until = NULL
                  FROM lost l WHERE l.id = d.id
                """,
                {"me": self.number, "space": LOCK_SPACE},
            )
            cursor.execute(
                "UPDATE deliver_attempt a SET outcome = 'uncertain' FROM deliver_delivery d"
                " WHERE d.id = a.delivery_id AND d.state = 'uncertain' AND a.outcome = ''"
            )
            # The policy of each class: an invoice is sent again, a notice is not.
            cursor.execute(
                "UPDATE deliver_delivery SET state = 'due', reason = 'sent again: it was uncertain'"
                " WHERE state = 'uncertain' AND kind = ANY(%s)",
                [list(_REPEATED_WHEN_UNCERTAIN)],
            )
            cursor.execute(
                "UPDATE deliver_delivery SET state = 'failed', finished_at = clock_timestamp(),"
                " reason = 'uncertain whether it went; not sent again' WHERE state = 'uncertain'"
            )

    @transaction.atomic
    def claim(self, channel: str, now: datetime) -> list[Delivery]:
        """Claim some deliveries that are due, and write down that they will be tried."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                UPDATE deliver_delivery SET state = 'claimed', claim = %(me)s,
                       attempts = attempts + 1,
                       lease_until = clock_timestamp() + %(lease)s * interval '1 second'
                 WHERE id IN (
                    SELECT id FROM deliver_delivery
                     WHERE channel = %(channel)s AND state = 'due' AND not_before <= %(now)s
                     ORDER BY not_before, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED)
                RETURNING id
                """,
                {
                    "me": self.number,
                    "lease": _LEASE_SECONDS,
                    "channel": channel,
                    "now": now,
                    "batch": _BATCH,
                },
            )
            ids = [row[0] for row in cursor.fetchall()]
        claimed = list(
            Delivery.objects.filter(pk__in=ids)
            .select_related("document__segment", "contract__customer", "invoice")
            .prefetch_related("contract__consents")
            .order_by("document__segment_id", "document__offset", "pk")
        )
        Attempt.objects.bulk_create(
            Attempt(delivery=one, number=one.attempts, claimed_at=now) for one in claimed
        )
        return claimed


@transaction.atomic
def _let_time_pass(channel: str, now: datetime) -> None:
    """Make due what is scheduled or deferred for now, and let expire what is too late."""
    waiting_ones = Delivery.objects.filter(channel=channel)
    late = sources_of(S.EXPIRED) & {S.SCHEDULED, S.DUE, S.DEFERRED}
    waiting_ones.filter(state__in=late, expires_at__lte=now).update(
        state=S.EXPIRED, reason=_TOO_LATE, finished_at=now
    )
    early = sources_of(S.DUE) & {S.SCHEDULED, S.DEFERRED}
    waiting_ones.filter(state__in=early, not_before__lte=now).update(state=S.DUE)


def _one(
    sender: Sender, retriever: Retriever, delivery: Delivery, now: datetime
) -> tuple[DeliveryState, Result] | None:
    """Hand one claimed delivery over and record what became of it; None if it isn't ours now."""
    unsent = Result(Outcome.PERMANENT, "not sent")
    obstacle = _obstacle(delivery, now)
    if obstacle is not None:
        return _record(delivery, *obstacle, unsent, now), unsent
    try:
        message = sender.prepare(delivery, retriever)
    except NoAddressError as error:
        return _record(delivery, *_other_way(delivery, error.what), unsent, now), unsent
    except (DeliverError, ArchiveError) as error:
        return _record(delivery, S.FAILED, error.what, unsent, now), unsent
    if not _start(delivery, sender.reference(delivery)):
        return None
    result = sender.adapter.send(message)
    state, reason = _state_after(sender, delivery, result)
    said = said_by(message) if result.outcome == Outcome.ACCEPTED else None
    return _record(delivery, state, reason, result, now, said), result


@transaction.atomic
def _start(delivery: Delivery, reference: str) -> bool:
    """Write down that the hand-over begins, if the claim is still ours; it has its whole lease."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE deliver_delivery SET message_id = %s,"
            " lease_until = clock_timestamp() + %s * interval '1 second'"
            " WHERE id = %s AND state = 'claimed' AND claim = %s",
            [reference, _LEASE_SECONDS, delivery.pk, delivery.claim],
        )
        ours = bool(cursor.rowcount)
    if ours:
        Attempt.objects.filter(delivery=delivery, number=delivery.attempts).update(started=True)
    return ours


def _obstacle(delivery: Delivery, now: datetime) -> tuple[DeliveryState, str] | None:
    """Look again, at the moment of hand-over, whether this may go out."""
    contract = delivery.contract
    if delivery.expires_at is not None and delivery.expires_at <= now:
        return S.EXPIRED, _TOO_LATE
    if contract.customer.deceased:
        return S.SUPPRESSED, DECEASED
    if delivery.kind == "issue_notice":
        return _notice_obstacle(delivery, now)
    if delivery.document is None or delivery.document.segment_id is None:
        return S.FAILED, "its document is not in the archive"
    return _consent_obstacle(delivery, now) if delivery.channel == "email" else None


def _consent_obstacle(delivery: Delivery, now: datetime) -> tuple[DeliveryState, str] | None:
    """An invoice goes by post without consent to mails; what is optional doesn't go at all."""
    optional = OptionalMail.of(delivery.kind)
    if _consented(delivery, optional.consent if optional else "e_invoice", now):
        return None
    if optional:
        return S.SUPPRESSED, "consent was withdrawn"
    return S.SUPERSEDED, "consent was withdrawn: sent by post"


def _notice_obstacle(delivery: Delivery, now: datetime) -> tuple[DeliveryState, str] | None:
    end = delivery.contract.end_date
    if end is not None and end < now.date():
        return S.SUPPRESSED, "the contract has ended"
    if not _consented(delivery, "sms_notices", now):
        return S.SUPPRESSED, "consent was withdrawn"
    return None


def _consented(delivery: Delivery, kind: str, now: datetime) -> bool:
    """Whether the newest word of the customer is yes; the consents came with the claim."""
    given = [
        one for one in delivery.contract.consents.all() if one.kind == kind and one.given_at <= now
    ]
    return bool(given) and max(given, key=lambda one: (one.given_at, one.pk)).granted


def _send_on_paper(delivery: Delivery, now: datetime) -> None:
    """Open the way by post for an invoice that can't go by e-mail; once, by its key."""
    Delivery.objects.get_or_create(
        key=delivery.key.rsplit("/", 1)[0] + "/post",
        defaults={
            "kind": delivery.kind,
            "channel": "post",
            "cycle": delivery.cycle,
            "contract_id": delivery.contract_id,
            "invoice_id": delivery.invoice_id,
            "document_id": delivery.document_id,
            "language": delivery.language,
            "state": S.DUE,
            "reason": "fallback from e-mail",
            "not_before": now,
        },
    )


def _other_way(delivery: Delivery, why: str) -> tuple[DeliveryState, str]:
    """Give what becomes of a delivery that can't go over its channel: an invoice goes on paper."""
    if delivery.kind == "invoice" and delivery.channel == "email":
        return S.SUPERSEDED, f"{why.rstrip('.')}: sent by post"
    return S.FAILED, why


def _state_after(sender: Sender, delivery: Delivery, result: Result) -> tuple[DeliveryState, str]:
    if result.outcome == Outcome.ACCEPTED:
        return (S.DELIVERED if sender.delivered_when_accepted else S.HANDED_OVER), ""
    if result.outcome == Outcome.PERMANENT:
        return _other_way(delivery, "refused for this recipient")
    if result.outcome in (Outcome.UNREACHABLE, Outcome.MISCONFIGURED):
        return S.DEFERRED, "the provider took nothing from us"
    if result.outcome == Outcome.UNCERTAIN and delivery.kind not in _REPEATED_WHEN_UNCERTAIN:
        return S.FAILED, "uncertain whether it went; not sent again"
    if delivery.attempts >= _MOST_ATTEMPTS:
        return S.FAILED, f"given up after {delivery.attempts} attempts"
    return S.DEFERRED, "to be tried again"


@transaction.atomic
def _record(
    delivery: Delivery,
    state: DeliveryState,
    reason: str,
    result: Result,
    now: datetime,
    said: Said | None = None,
) -> DeliveryState:
    """Write the outcome of an attempt, where the delivery stands now, and what it said."""
    check_move(delivery.key, S.CLAIMED, S.HANDED_OVER if state == S.DELIVERED else state)
    blameless = result.outcome in (Outcome.UNREACHABLE, Outcome.MISCONFIGURED)
    wait = (
        _FIRST_WAIT
        if blameless
        else min(_FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10), _LONGEST_WAIT)
    )
    ours = Delivery.objects.filter(pk=delivery.pk, state=S.CLAIMED, claim=delivery.claim)
    recorded = ours.update(
        state=state,
        reason=reason[:300],
        claim=None,
        lease_until=None,
        message_id=result.reference or F("message_id"),
        not_before=now + wait if state == S.DEFERRED else delivery.not_before,
        finished_at=now if state in FINAL else None,
    )
    if recorded and said is not None:
        keep_sent(delivery.pk, said)
    if recorded and state == S.SUPERSEDED:  # after it: no invoice ever has two ways at once
        _send_on_paper(delivery, now)
    Attempt.objects.filter(delivery=delivery, number=delivery.attempts).update(
        outcome=result.outcome, answer=result.answer
    )
    return state
