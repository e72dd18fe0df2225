"""Hands over everything that is due, on every channel that the instance's settings name."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bustia.archive.services import Retriever
from bustia.billing.models import Invoice
from bustia.deliver.channels.email import Mail
from bustia.deliver.channels.sms import Sms
from bustia.deliver.content import InvoiceContent
from bustia.deliver.handing import Sender, hand_over
from bustia.deliver.links import (
    LinkKeys,
    OptionalMail,
    document_link,
    preferences_link,
    unsubscribe_link,
)
from bustia.deliver.mail import MailLinks, MailWriter, message_id
from bustia.deliver.models import Delivery
from bustia.deliver.printing import PrintRunFiles, print_due
from bustia.deliver.providers import mail_adapter, sms_adapter
from bustia.errors import DeliverError, NoAddressError
from bustia.instance import Instance

__all__ = ["CHANNELS", "DeliverReport", "deliver_due"]

CHANNELS = ("email", "sms", "post")


@dataclass
class DeliverReport:
    """What came of handing over: deliveries by channel and state, and the print runs."""

    states: dict[str, Counter[str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    """By channel, why its provider was left alone; a person must see to it."""
    print_runs: list[PrintRunFiles] = field(default_factory=list)

    def count(self, channel: str, *states: str) -> int:
        """Give how many deliveries of a channel came to one of the states."""
        found = self.states.get(channel, Counter())
        return sum(found[state] for state in states)


def deliver_due(
    instance: Instance,
    clock: Callable[[], datetime],
    channels: Sequence[str] = CHANNELS,
    progress: Callable[[int], None] = lambda _: None,
) -> DeliverReport:
    """Hand over all that is due on the channels; e-mail first, as it may turn to post.

    ``clock`` is asked before each hand-over: what is too late by then doesn't go out.
    """
    report = DeliverReport()
    for channel, sender in (("email", _email), ("sms", _sms)):
        if channel in channels:
            handed = hand_over(sender(instance, clock), clock, progress)
            report.states[channel] = handed.states
            if handed.problem:
                report.problems[channel] = handed.problem
    if "post" in channels:
        folder = instance.path / instance.config.post.folder
        report.print_runs = print_due(folder, clock(), progress)
        pieces = Counter[str]()
        for run in report.print_runs:
            pieces.update({"delivered": run.mailpieces, "failed": run.failed})
        report.states["post"] = +pieces
    return report


def _email(instance: Instance, clock: Callable[[], datetime]) -> Sender:
    settings = instance.config.email
    writer = MailWriter(
        instance.stationery,
        sender=settings.sender,
        return_path_domain=settings.return_path_domain,
    )

    links = _links(instance)

    def prepare(delivery: Delivery, retriever: Retriever) -> Mail:
        if delivery.document is None or delivery.invoice is None:
            raise DeliverError("it has no document.", where=delivery.key)
        return writer.write(
            delivery.key,
            InvoiceContent.from_json(delivery.content),
            language=delivery.language,
            recipient=delivery.contract.customer.email,
            links=links(delivery, delivery.invoice),
            pdf=retriever.read(delivery.document),
            at=clock(),
        )

    def reference(delivery: Delivery) -> str:
        return message_id(delivery.key, settings.return_path_domain)

    adapter = mail_adapter(instance)
    return Sender("email", adapter, prepare, delivered_when_accepted=True, reference=reference)


def _links(instance: Instance) -> Callable[[Delivery, Invoice], MailLinks]:
    """Give what makes a delivery's links; their days count from that of the invoice."""
    keys = LinkKeys.parse(instance.key("links"))
    base = instance.office_url

    def make(delivery: Delivery, invoice: Invoice) -> MailLinks:
        contract, day = delivery.contract_id, invoice.issue_date
        optional = OptionalMail.of(delivery.kind)
        return MailLinks(
            document=document_link(base, keys, invoice.pk, day),
            preferences=preferences_link(base, keys, contract, day),
            unsubscribe=unsubscribe_link(base, keys, contract, optional, day) if optional else "",
        )

    return make


def _sms(instance: Instance, _: Callable[[], datetime]) -> Sender:
    settings = instance.config.sms

    def prepare(delivery: Delivery, retriever: Retriever) -> Sms:
        del retriever  # an SMS brings no document
        mobile = delivery.contract.customer.mobile
        if not mobile:
            raise NoAddressError("the customer has no mobile number any more.", where=delivery.key)
        return Sms(delivery.key, settings.sender, mobile, str(delivery.content["text"]))

    # "Accepted" is the operator's word, not the telephone's: only a receipt says "delivered".
    return Sender("sms", sms_adapter(instance), prepare, delivered_when_accepted=False)
