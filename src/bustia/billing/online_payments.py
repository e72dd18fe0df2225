"""Lets a customer pay invoices on the bank's page, and believes nobody but the bank that they did.

What may be paid, and how much it is, is looked up here, never taken from a request. Once the bank
has authorised a payment, its invoices count as paid, the billing system is told, and the log knows;
when the billing system's own export shows the payment, that takes its place.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.timezone import localdate

from bustia.audit.log import SYSTEM, Actor, Detail, record
from bustia.billing.changes import note, settle
from bustia.billing.chosen_states import OPEN, ChangeKind, ChangeState
from bustia.billing.debts import debts_of
from bustia.billing.models import (
    Contract,
    CustomerChange,
    OnlinePayment,
    OnlinePaymentShare,
)
from bustia.billing.paying_states import PaymentState, check_payment_move
from bustia.errors import PaymentError
from bustia.instance import current_instance
from bustia.money import ZERO, cents
from bustia.payments.gateway import Notice, PaymentGateway, check_notice
from bustia.payments.redsys import Redsys

__all__ = [
    "confirm_payments",
    "expire_payments",
    "gateway",
    "start_payment",
    "state_of",
    "take_notification",
    "waiting_payments",
]

BANK = Actor("system", "bank")
"""The bank, whose signed word settles a payment."""
_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_RANDOM_LETTERS = 8
_MOST_INVOICES = 50

# A share no longer counts once an exported payment is known to be the same: by the order's number
# as its reference, or by invoice, amount and day.
_CONFIRM = """
UPDATE billing_onlinepaymentshare s SET counts = false
  FROM billing_onlinepayment o, billing_payment p
 WHERE s.counts AND o.id = s.payment_id AND p.invoice_id = s.invoice_id
   AND (p.reference = o."order"
        OR p.amount = s.amount AND p.paid_on >= (o.started_at AT TIME ZONE 'Europe/Madrid')::date)
RETURNING o.id
"""


def gateway() -> PaymentGateway | None:
    """Give the bank's pay page as the instance's settings name it; None without any."""
    instance = current_instance()
    settings = instance.config.payments
    if settings.adapter == "none":
        return None
    return Redsys(settings.merchant, settings.terminal, settings.url, instance.key("redsys"))


@transaction.atomic
def start_payment(
    contract: Contract, numbers: Sequence[str], *, actor: Actor, at: datetime
) -> OnlinePayment:
    """Begin the payment of a contract's invoices of these numbers: all that is left of each.

    Raise ``PaymentError`` if one of them isn't the contract's, is paid, is paid with a plan, or is
    about to be charged to the bank account.
    """
    Contract.objects.select_for_update().get(pk=contract.pk)
    today = localdate(at)
    payable = {one.number: one for one in debts_of(contract.pk, at) if one.payable_now(today)}
    wanted = tuple(dict.fromkeys(numbers))[:_MOST_INVOICES]
    if not wanted or not payable.keys() >= set(wanted):
        raise PaymentError(
            "an invoice can't be paid online, or not any more.", hint="Look at the debts again."
        )
    chosen = [payable[number] for number in wanted]
    minutes = current_instance().config.payments.minutes
    payment = OnlinePayment.objects.create(
        order=_new_order(at),
        contract=contract,
        amount=sum((one.rest for one in chosen), ZERO),
        started_at=at,
        started_by=actor.reference,
        expires_at=at + timedelta(minutes=minutes),
    )
    OnlinePaymentShare.objects.bulk_create(
        OnlinePaymentShare(payment=payment, invoice_id=one.invoice_id, amount=one.rest)
        for one in chosen
    )
    record(
        "payment.started",
        actor=actor,
        about=f"contract:{contract.pk}",
        at=at,
        detail={"order": payment.order, "invoices": [one.number for one in chosen]},
    )
    return payment


def _new_order(at: datetime) -> str:
    """Make an order's number: year and month in four digits, as Redsys wants, and chance."""
    chance = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))
    return f"{localdate(at):%y%m}{chance}"


@transaction.atomic
def take_notification(
    bank: PaymentGateway, fields: Mapping[str, str], *, at: datetime
) -> OnlinePayment:
    """Take the bank's word on a payment, once: the same word again changes nothing.

    Raise ``PaymentError`` if it isn't the bank's, or speaks of another order or amount.
    """
    notice = bank.read(fields)
    payment = OnlinePayment.objects.select_for_update().filter(order=notice.order).first()
    if payment is None:
        raise PaymentError("the bank speaks of an order that was never placed here.")
    check_notice(notice, order=payment.order, amount_cents=cents(payment.amount))
    new = PaymentState.AUTHORISED if notice.authorised else PaymentState.REFUSED
    old = PaymentState(payment.state)
    if old is new or old is PaymentState.AUTHORISED:
        return payment
    check_payment_move(payment.order, old, new)
    _settle(payment, new, notice, at)
    return payment


def _settle(payment: OnlinePayment, new: PaymentState, notice: Notice, at: datetime) -> None:
    payment.state = new
    payment.settled_at = at
    payment.response = notice.response
    payment.authorisation = notice.authorisation
    payment.save(update_fields=["state", "settled_at", "response", "authorisation"])
    contract = payment.contract
    shares = list(payment.shares.select_related("invoice").order_by("invoice__number"))
    detail: dict[str, Detail] = {
        "order": payment.order,
        "invoices": [one.invoice.number for one in shares],
    }
    about = f"contract:{contract.pk}"
    record(f"payment.{new.value}", actor=BANK, about=about, at=at, detail=detail)
    if new is not PaymentState.AUTHORISED:
        return
    payment.shares.update(counts=True)
    note(
        ChangeKind.PAYMENT,
        contract.customer,
        contract,
        {},
        {
            "order": payment.order,
            "amount": str(payment.amount),
            "invoices": ", ".join(f"{one.invoice.number} {one.amount}" for one in shares),
            "paid_at": at.isoformat(),
            "authorisation": payment.authorisation,
        },
        payment.order,
        actor=Actor("customer", payment.started_by),
        at=at,
    )


def state_of(payment: OnlinePayment, now: datetime) -> PaymentState:
    """Say how a payment stands for who looks at it: one that waited too long has expired."""
    state = PaymentState(payment.state)
    if state is PaymentState.STARTED and payment.expires_at <= now:
        return PaymentState.EXPIRED
    return state


def waiting_payments(contract: Contract, now: datetime) -> list[OnlinePayment]:
    """Give the payments of a contract that the bank may yet speak of, the newest first."""
    waiting = OnlinePayment.objects.filter(
        contract=contract, state=PaymentState.STARTED, expires_at__gt=now
    )
    return list(waiting.order_by("-started_at"))


def expire_payments(now: datetime) -> int:
    """Note which payments nobody was heard of in time; give how many."""
    late = OnlinePayment.objects.filter(state=PaymentState.STARTED, expires_at__lte=now)
    return late.update(state=PaymentState.EXPIRED, settled_at=now)


def confirm_payments(now: datetime) -> int:
    """Let exported payments take the place of those paid online; give how many shares.

    To be called in an import's transaction, after its rows were merged.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRM)
        confirmed = cursor.fetchall()
    orders = OnlinePayment.objects.filter(pk__in={row[0] for row in confirmed})
    done = orders.exclude(shares__counts=True)
    told = CustomerChange.objects.select_for_update().filter(
        kind=ChangeKind.PAYMENT, topic__in=done.values("order"), state__in=OPEN
    )
    for change in told:
        settle(change, ChangeState.CONFIRMED, now)
        record(
            "change.confirmed",
            actor=SYSTEM,
            about=f"contract:{change.contract_id}",
            at=now,
            detail={"change": change.pk, "kind": change.kind},
        )
    return len(confirmed)
