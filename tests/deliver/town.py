"""Customers with invoices to deliver, and the real servers they are handed to."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pikepdf
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bustia.archive.models import Document
from bustia.archive.segments import Packable
from bustia.archive.services import ToKeep, keep
from bustia.billing.facts import Facts
from bustia.billing.models import Consent, Contract, Customer, Invoice
from bustia.decide.decision import Action, Decision, Message
from bustia.deliver.models import Delivery
from bustia.deliver.planning import Planned, plan_invoices
from tests.decide.customers import customer

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
LANGUAGES = ("ca", "es", "en")
TOLD = Decision(
    (
        Message(
            "unpaid-invoices",
            "service",
            "alert",
            "Té 2 factures pendents",
            ("Sumen 76,40 €.", "Si ja les ha pagat, no faci cas d’aquest avís."),
            Action("Com pagar-les", "https://oficina.vallserena.example/pagar"),
        ),
    ),
    (),
)


def pdf(text: str, pages: int = 1) -> bytes:
    """Make a small PDF whose pages say something."""
    made = pikepdf.new()
    font = made.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
    )
    for number in range(pages):
        page = made.add_blank_page(page_size=(595.276, 841.89))
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        drawn = f"BT /F1 24 Tf 72 {700 - number} Td ({text}) Tj ET".encode()
        page.obj.Contents = made.make_stream(drawn)
    out = BytesIO()
    made.save(out, static_id=True)
    return out.getvalue()


@dataclass
class Town:
    """Contracts of a town, each with one invoice that is kept in the archive."""

    cycle: str = "2026-03"
    contents: dict[str, bytes] = field(default_factory=dict)

    def contract(
        self, place: int, channel: str = "email", language: str = "", **customer_data: object
    ) -> Contract:
        """Sign a contract; those by e-mail come with their consents."""
        holder = Customer.objects.create(
            code=f"C{place}",
            kind="person",
            name=f"Titular {place}",
            nif="12345678Z",
            language=language or LANGUAGES[place % 3],
            **{
                "email": f"titular{place}@example.org",
                "mobile": f"+346000{place:05d}",
                "street": "carrer Major, 1",
                "postcode": f"43{place % 1000:03d}",
                "town": "Vallserena",
            }
            | customer_data,
        )
        contract = Contract.objects.create(
            number=f"K{place}",
            customer=holder,
            supply_point=f"S{place}",
            supply_street="carrer Major, 1",
            supply_postcode="43200",
            supply_town="Vallserena",
            tariff="DOM",
            use="domestic",
            route="R1",
            invoice_channel=channel,
            start_date=date(2020, 1, 1),
        )
        if channel == "email":
            for kind in ("e_invoice", "sms_notices"):
                consent(contract, kind, granted=True, at=datetime(2025, 1, 1, tzinfo=UTC))
        return contract

    def invoice(self, contract: Contract, pages: int = 1) -> Document:
        """Issue and keep the invoice of a contract."""
        number = f"A26-{contract.number}"
        invoice = Invoice.objects.create(
            number=number,
            contract=contract,
            billing_run=self.cycle,
            issue_date=date(2026, 5, 12),
            period_from=date(2026, 3, 1),
            period_to=date(2026, 4, 30),
            days=61,
            consumption_m3=Decimal(12),
            net_amount=Decimal("37.64"),
            tax_amount=Decimal("2.97"),
            total_amount=Decimal("40.61"),
            payable_amount=Decimal("40.61"),
            payment_means="slip",
        )
        self.contents[number] = pdf(number, pages)
        kept = ToKeep(
            packable=Packable(number, self.contents[number]),
            kind="invoice",
            cycle=self.cycle,
            contract_id=contract.pk,
            invoice_id=invoice.pk,
            language=contract.customer.language,
            release="r",
            composer="typst",
            pages=pages,
            sealed_at=NOW,
            messages=(),
            trace={},
            retain_until=date(2032, 5, 12),
        )
        (key,) = keep([kept])
        return Document.objects.get(pk=key)

    def facts(self, document: Document, **changes: object) -> Facts:
        """Give what deliveries need to know of a contract."""
        contract = document.contract
        return customer(
            **{
                "contract__id": contract.pk,
                "contract__number": contract.number,
                "contract__invoice_channel": contract.invoice_channel,
                "contract__e_invoice": contract.invoice_channel == "email",
                "customer__language": contract.customer.language,
                "invoice__id": document.invoice_id,
                "invoice__number": document.number,
            }
            | changes
        )

    def deliveries(self, number: int, channel: str = "email", first: int = 0) -> list[Delivery]:
        """Sign contracts, issue their invoices and plan their deliveries."""
        documents = [
            self.invoice(self.contract(place, channel)) for place in range(first, first + number)
        ]
        planned = [Planned(one.pk, one.number, self.facts(one), TOLD, "") for one in documents]
        plan_invoices(self.cycle, planned, NOW)
        return list(Delivery.objects.filter(document__in=documents).order_by("document_id"))


def consent(contract: Contract, kind: str, *, granted: bool, at: datetime) -> None:
    """Write down that a customer agreed to something, or withdrew it."""
    Consent.objects.create(
        contract=contract, kind=kind, granted=granted, given_at=at, source="web", text_version="1"
    )


class MailServer:
    """A real SMTP server on this machine that keeps what it gets, and misbehaves when told.

    ``answer_to_recipient`` and ``answer_to_data`` give another answer than 250 for an envelope.
    """

    def __init__(self, **options: Any) -> None:
        self.mails: list[Envelope] = []
        self.sessions = 0
        self.lock = threading.Lock()
        self.answer_to_sender: Callable[[str], str] = lambda _: ""
        self.answer_to_recipient: Callable[[str], str] = lambda _: ""
        self.answer_to_data: Callable[[Envelope], str] = lambda _: ""
        self._controller = Controller(self, hostname="127.0.0.1", port=0, **options)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        server: Any = self._controller.server
        return int(server.sockets[0].getsockname()[1])

    def __enter__(self) -> "MailServer":
        knock = self._controller._trigger_server

        def knock_where_it_listens() -> None:
            self._controller.port = self.port  # the controller only knows that it asked for any
            knock()

        self._controller._trigger_server = knock_where_it_listens  # type: ignore[method-assign]
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop(no_assert=True)

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        """Count the sessions."""
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        """Take the sender, or refuse it."""
        envelope.mail_from = address
        return self.answer_to_sender(address) or "250 fine"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Take the recipient, or refuse it."""
        refusal = self.answer_to_recipient(address)
        if not refusal:
            envelope.rcpt_tos.append(address)
        return refusal or "250 fine"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail, or refuse it; ``hang up`` closes the connection instead of answering."""
        answer = self.answer_to_data(envelope)
        if not answer or answer == "hang up":
            with self.lock:
                self.mails.append(envelope)
        if answer.startswith("hang up"):
            transport: Any = server.transport
            transport.abort()
            return "421 gone"
        return answer or "250 kept"
