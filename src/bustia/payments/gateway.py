"""What is asked of a bank's pay page, whichever bank's it is: send a customer there, hear of it.

A gateway SHALL sign what it sends and check the signature of all it reads before it believes a
word of it. It SHALL NOT keep state, read a clock or know who pays: which orders there are, for how
much, and whether one was heard of before, is its caller's business. It SHALL raise
:class:`~bustia.errors.PaymentError` for what is forged, damaged or of another merchant, without
repeating it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from bustia.errors import PaymentError

__all__ = ["Notice", "Order", "PaymentGateway", "Redirect", "check_notice"]

Language = Literal["ca", "es", "en"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer is to pay on the bank's page."""

    number: str
    """Unique at the merchant, for ever; what it may look like is the gateway's rule."""
    amount_cents: int
    """Euro cents, more than zero."""
    description: str
    """What it is for, as the customer will read it at the bank; no personal data."""
    language: Language
    notify_url: str
    """Where the bank tells the outcome, server to server."""
    paid_url: str
    """Where it sends the customer after paying,"""
    refused_url: str
    """and after giving up or being refused."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """A form that the customer's browser posts to the bank."""

    url: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """What a bank said of an order, its signature checked."""

    order: str
    amount_cents: int
    currency: str
    """ISO 4217, in letters."""
    authorised: bool
    """The money was taken."""
    response: str
    """The bank's code of the outcome."""
    authorisation: str
    """The bank's code of an authorised payment, for the accounts; empty for a refusal."""


class PaymentGateway(Protocol):
    """A bank's pay page, as the adapter of one bank or payment company makes it usable."""

    @property
    def url(self) -> str:
        """Give the address that :meth:`redirect`'s form goes to."""

    def redirect(self, order: Order) -> Redirect:
        """Give the signed form for an order; raise ``PaymentError`` if the bank can't take it."""

    def read(self, fields: Mapping[str, str]) -> Notice:
        """Read the bank's notification, or what a returning customer brings from it.

        Raise ``PaymentError`` where the signature is not the bank's or another merchant is meant.
        """


def check_notice(notice: Notice, *, order: str, amount_cents: int) -> None:
    """Compare what a bank said with what was ordered; raise ``PaymentError`` where they differ."""
    for what, ordered, said in (
        ("order", order, notice.order),
        ("amount", amount_cents, notice.amount_cents),
        ("currency", "EUR", notice.currency),
    ):
        if ordered != said:
            raise PaymentError(
                f"the bank speaks of another {what} than was ordered.",
                where=f"order {order}",
                hint="Look the order up at the bank before anything is booked.",
            )
