"""All that is known of a contract at the cut-off of a cycle, as one frozen, typed view.

Each leaf carries its own documentation. From this one catalogue come the names that conditions
and texts may use, the data of the templates, and the page ``docs/facts.md``.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

__all__ = [
    "BlockFacts",
    "CalendarFacts",
    "ConsumptionFacts",
    "ContractFacts",
    "CustomerFacts",
    "DebtFacts",
    "Fact",
    "Facts",
    "HistoryPoint",
    "InvoiceFacts",
    "LineFacts",
    "MandateFacts",
    "MeterFacts",
    "OfficeFacts",
    "OwedInvoice",
    "PlanFacts",
    "ReturnedDebitFacts",
    "SourceFile",
    "TariffFacts",
    "TaxFacts",
]


@dataclass(frozen=True, slots=True)
class Fact:
    """The documentation of one leaf: what it says, in which unit, and an example."""

    doc: str
    unit: str = ""
    example: object = None
    private: bool = False
    """Known to templates and channels, but not offered to conditions and texts."""


def _private(doc: str, example: object = None) -> Fact:
    return Fact(doc, example=example, private=True)


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """Who holds the contract."""

    code: Annotated[str, Fact("Code in the billing system.", example="C000123")]
    kind: Annotated[
        Literal["person", "company"], Fact("A natural person or a company.", example="person")
    ]
    name: Annotated[str, Fact("Full name.", example="Montserrat Puig Soler")]
    nif: Annotated[str, _private("Spanish tax number.", "12345678Z")]
    language: Annotated[
        Literal["ca", "es", "en"], Fact("Language the customer reads.", example="ca")
    ]
    email: Annotated[str, _private("E-mail address, empty if unknown.", "m@example.org")]
    mobile: Annotated[str, _private("Mobile number, empty if unknown.", "+34600000001")]
    has_email: Annotated[bool, Fact("An e-mail address is known.", example=True)]
    has_mobile: Annotated[bool, Fact("A mobile number is known.", example=True)]
    street: Annotated[str, _private("Postal address: street and number.", "c. Major, 1")]
    postcode: Annotated[str, _private("Postcode.", "43200")]
    town: Annotated[str, _private("Town.", "Vallserena")]
    province: Annotated[str, _private("Province.", "Tarragona")]
    country: Annotated[str, _private("Country, ISO 3166-1 alpha-2.", "ES")]
    deceased: Annotated[bool, Fact("Reported as deceased.", example=False)]


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """The customer's use of the Virtual Office."""

    registered: Annotated[bool, Fact("Has registered in the Virtual Office.", example=True)]


@dataclass(frozen=True, slots=True)
class ContractFacts:
    """The supply contract."""

    id: Annotated[int, _private("Key of the contract's row.", 1)]
    number: Annotated[str, Fact("Contract number.", example="1000123")]
    supply_point: Annotated[str, Fact("Code of the supply point.", example="S000123")]
    supply_street: Annotated[str, Fact("Address of the supply.", example="c. Major, 1, 2n 1a")]
    supply_postcode: Annotated[str, Fact("Postcode of the supply.", example="43200")]
    supply_town: Annotated[str, Fact("Town of the supply.", example="Vallserena")]
    use: Annotated[
        Literal["domestic", "commercial", "industrial", "municipal"],
        Fact("What the water is used for.", example="domestic"),
    ]
    persons: Annotated[int, Fact("People in the household.", "people", 3)]
    social_tariff: Annotated[bool, Fact("The social tariff applies.", example=False)]
    route: Annotated[str, Fact("Billing route.", example="R01")]
    active: Annotated[bool, Fact("The contract is in force at the cut-off.", example=True)]
    start_date: Annotated[date, Fact("First day of the contract.", example=date(2015, 3, 1))]
    invoice_channel: Annotated[
        Literal["email", "post", "office"],
        Fact("How the holder wants the invoice.", example="post"),
    ]
    e_invoice: Annotated[
        bool, Fact("The e-invoice is agreed to, with consent in force.", example=False)
    ]
    sms_notices: Annotated[bool, Fact("SMS notices are agreed to.", example=False)]
    promotion: Annotated[bool, Fact("Promotional messages are agreed to.", example=False)]
    alerts_on: Annotated[bool, Fact("Personalised alerts are switched on.", example=False)]


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """The meter in use."""

    known: Annotated[bool, Fact("A meter is installed.", example=True)]
    serial: Annotated[str, Fact("Serial number.", example="A23-004512")]
    calibre_mm: Annotated[int, Fact("Calibre.", "mm", 15)]
    remote_read: Annotated[bool, Fact("It can be read remotely.", example=True)]


@dataclass(frozen=True, slots=True)
class MandateFacts:
    """The direct debit mandate in force."""

    active: Annotated[bool, Fact("A mandate is in force: the bill is domiciled.", example=True)]
    reference: Annotated[str, Fact("Reference of the mandate.", example="VS-000123-01")]
    iban_masked: Annotated[str, Fact("Account, masked.", example="ES•• •••• •••• •••• •••• 1332")]


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of the invoice."""

    concept: Annotated[
        Literal["water", "sewerage", "canon", "meter", "other"],
        Fact("What is charged.", example="water"),
    ]
    kind: Annotated[
        Literal["fixed", "variable", "other"], Fact("Fixed quota or variable.", example="variable")
    ]
    block: Annotated[int, Fact("Block of consumption, 0 for none.", example=1)]
    description: Annotated[str, Fact("What the billing system wrote; mostly empty.", example="")]
    quantity: Annotated[Decimal, Fact("How much.", "the line's unit", Decimal(12))]
    unit: Annotated[str, Fact("day, m3, unit, or an e-invoice's unit code.", example="m3")]
    unit_price: Annotated[Decimal, Fact("Price of one unit.", "€", Decimal("0.4384"))]
    amount: Annotated[Decimal, Fact("Net amount.", "€", Decimal("5.26"))]
    vat_rate: Annotated[Decimal, Fact("VAT rate.", "%", Decimal(10))]
    period_from: Annotated[date | None, Fact("First day, when prices split.", example=None)]
    period_to: Annotated[date | None, Fact("Last day, when prices split.", example=None)]


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """One rate of the VAT breakdown."""

    category: Annotated[str, Fact("EN 16931 category: S standard, E exempt, …", example="S")]
    rate: Annotated[Decimal, Fact("VAT rate.", "%", Decimal(10))]
    base: Annotated[Decimal, Fact("Taxable amount.", "€", Decimal("29.66"))]
    amount: Annotated[Decimal, Fact("VAT.", "€", Decimal("2.97"))]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The structured e-invoice that the invoice came from."""

    id: Annotated[int, _private("Key of its row.", 1)]
    name: Annotated[str, _private("File name.", "invoice.xml")]
    media_type: Annotated[str, _private("Media type.", "application/xml")]
    format: Annotated[str, _private("Format: ubl, cii or facturae.", "ubl")]


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    """The invoice of this cycle."""

    id: Annotated[int, _private("Key of the invoice's row.", 1)]
    number: Annotated[str, Fact("Invoice number.", example="A26-000123")]
    series: Annotated[str, Fact("Series.", example="A26")]
    kind: Annotated[
        Literal["invoice", "credit_note"],
        Fact("An invoice, or a credit note that corrects one.", example="invoice"),
    ]
    corrects: Annotated[str, Fact("Number of the invoice it corrects, if any.", example="")]
    issue_date: Annotated[date, Fact("Day of issue.", example=date(2026, 5, 12))]
    period_from: Annotated[date, Fact("First day billed.", example=date(2026, 3, 1))]
    period_to: Annotated[date, Fact("Last day billed.", example=date(2026, 4, 30))]
    days: Annotated[int, Fact("Days billed.", "days", 61)]
    reading_from: Annotated[Decimal | None, Fact("Previous reading.", "m³", Decimal(412))]
    reading_to: Annotated[Decimal | None, Fact("Present reading.", "m³", Decimal(424))]
    estimated: Annotated[bool, Fact("The present reading is an estimate.", example=False)]
    consumption_m3: Annotated[Decimal, Fact("Water billed.", "m³", Decimal(12))]
    net: Annotated[Decimal, Fact("Net amount.", "€", Decimal("37.64"))]
    tax: Annotated[Decimal, Fact("VAT.", "€", Decimal("2.97"))]
    total: Annotated[Decimal, Fact("Net and VAT.", "€", Decimal("40.61"))]
    payable: Annotated[Decimal, Fact("What is left to pay of it.", "€", Decimal("40.61"))]
    currency: Annotated[str, Fact("Currency, ISO 4217.", example="EUR")]
    payment_means: Annotated[
        Literal["direct_debit", "slip", "transfer", "none"],
        Fact("How it is to be paid.", example="direct_debit"),
    ]
    payment_reference: Annotated[str, Fact("Its reference for the bank.", example="00000001234")]
    due_date: Annotated[date | None, Fact("Last day to pay.", example=date(2026, 6, 1))]
    charge_date: Annotated[date | None, Fact("Day of the bank charge.", example=date(2026, 5, 28))]
    lines: Annotated[tuple[LineFacts, ...], Fact("Its lines, in order.")]
    taxes: Annotated[tuple[TaxFacts, ...], Fact("Its VAT breakdown.")]
    source: Annotated[SourceFile | None, _private("The structured e-invoice, if it has one.")]
    seller_name: Annotated[str, _private("Seller of an e-invoice, empty for the company's own.")]
    seller_nif: Annotated[str, _private("Tax number of that seller.")]


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An earlier invoice that is not paid."""

    number: Annotated[str, Fact("Invoice number.", example="A26-000045")]
    issue_date: Annotated[date, Fact("Day of issue.", example=date(2026, 3, 10))]
    due_date: Annotated[date | None, Fact("Last day to pay.", example=date(2026, 4, 1))]
    amount: Annotated[Decimal, Fact("What is left to pay of it.", "€", Decimal("38.20"))]


@dataclass(frozen=True, slots=True)
class DebtFacts:
    """Earlier invoices past their date and not paid; those in an active plan don't count."""

    count: Annotated[int, Fact("How many invoices are owed.", "invoices", 2)]
    amount: Annotated[Decimal, Fact("How much is owed.", "€", Decimal("76.40"))]
    oldest_due_date: Annotated[
        date | None, Fact("Due date of the oldest.", example=date(2026, 4, 1))
    ]
    days_overdue: Annotated[int, Fact("Days since that date, 0 for none.", "days", 41)]
    invoices: Annotated[tuple[OwedInvoice, ...], Fact("Each of them, the oldest first.")]


@dataclass(frozen=True, slots=True)
class ReturnedDebitFacts:
    """The newest returned direct debit whose invoice is still not paid."""

    present: Annotated[bool, Fact("There is one.", example=True)]
    count: Annotated[int, Fact("How many there are.", example=1)]
    invoice: Annotated[str, Fact("Number of its invoice.", example="A26-000045")]
    amount: Annotated[Decimal, Fact("Amount.", "€", Decimal("38.20"))]
    returned_on: Annotated[date | None, Fact("Day of the return.", example=date(2026, 4, 4))]
    reason: Annotated[str, Fact("ISO 20022 reason code.", example="AM04")]
    reasons: Annotated[
        tuple[str, ...], Fact("Codes of all of them, the newest first.", example=("AM04",))
    ]


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """The active payment plan."""

    active: Annotated[bool, Fact("A plan is being paid.", example=True)]
    number: Annotated[str, Fact("Number of the plan.", example="P-0042")]
    total: Annotated[Decimal, Fact("Amount of the plan.", "€", Decimal("180.00"))]
    paid: Annotated[Decimal, Fact("Paid so far.", "€", Decimal("60.00"))]
    remaining: Annotated[Decimal, Fact("Left to pay.", "€", Decimal("120.00"))]
    instalments: Annotated[int, Fact("How many instalments it has.", example=6)]
    instalments_paid: Annotated[int, Fact("How many of them are paid.", example=2)]
    next_position: Annotated[int, Fact("Place of the next one, 0 for none.", example=3)]
    next_date: Annotated[date | None, Fact("When it is due.", example=date(2026, 6, 5))]
    next_amount: Annotated[Decimal, Fact("Its amount.", "€", Decimal("30.00"))]
    last_date: Annotated[date | None, Fact("When the last is due.", example=date(2026, 9, 5))]
    overdue_count: Annotated[int, Fact("How many are late.", example=0)]
    overdue_amount: Annotated[Decimal, Fact("Amount of the late ones.", "€", Decimal("0.00"))]


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """Water used in one billing period."""

    period_from: Annotated[date, Fact("First day.", example=date(2026, 1, 1))]
    period_to: Annotated[date, Fact("Last day.", example=date(2026, 2, 28))]
    m3: Annotated[Decimal, Fact("Water used.", "m³", Decimal(11))]
    days: Annotated[int, Fact("Length of the period.", "days", 59)]
    estimated: Annotated[bool, Fact("Estimated, not read.", example=False)]


@dataclass(frozen=True, slots=True)
class ConsumptionFacts:
    """Water used, now and before."""

    litres_a_day: Annotated[int, Fact("Daily use in this period.", "litres", 197)]
    average_litres_a_day: Annotated[
        int, Fact("Daily use over the last year before, 0 if unknown.", "litres", 185)
    ]
    last_year_m3: Annotated[Decimal | None, Fact("Same period of last year.", "m³", Decimal(13))]
    change_percent: Annotated[
        int, Fact("Daily use against the last year's average; 0 if unknown.", "%", 6)
    ]
    history: Annotated[
        tuple[HistoryPoint, ...], Fact("The last 13 periods and this one, the oldest first.")
    ]


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """One price of the tariff."""

    concept: Annotated[str, Fact("What is charged.", example="water")]
    kind: Annotated[Literal["fixed", "variable"], Fact("€ a day or € a m³.", example="variable")]
    block: Annotated[int, Fact("Block number.", example=1)]
    block_to: Annotated[
        Decimal | None, Fact("Upper end of the block, none for the last.", "m³ a month")
    ]
    price: Annotated[Decimal, Fact("Price.", "€", Decimal("0.4384"))]
    valid_from: Annotated[date, Fact("First day it applies.", example=date(2026, 1, 1))]


@dataclass(frozen=True, slots=True)
class TariffFacts:
    """The tariff applied."""

    code: Annotated[str, Fact("Code.", example="DOM")]
    name: Annotated[str, Fact("What it is called.", example="Domèstica")]
    changed: Annotated[bool, Fact("A price changed within the period billed.", example=False)]
    changed_on: Annotated[
        date | None, Fact("First day of the newest change in it.", example=date(2026, 4, 1))
    ]
    prices: Annotated[tuple[BlockFacts, ...], Fact("The prices in force in the period billed.")]


@dataclass(frozen=True, slots=True)
class CalendarFacts:
    """What comes next."""

    next_issue_date: Annotated[
        date | None, Fact("When the next invoice is issued.", example=date(2026, 7, 14))
    ]
    next_charge_date: Annotated[
        date | None, Fact("When it is charged, if domiciled.", example=date(2026, 7, 30))
    ]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of a contract and its invoice at the cut-off."""

    today: Annotated[date, Fact("Day of the cut-off.", example=date(2026, 5, 12))]
    customer: CustomerFacts
    office: OfficeFacts
    contract: ContractFacts
    meter: MeterFacts
    mandate: MandateFacts
    invoice: InvoiceFacts
    debt: DebtFacts
    returned_debit: ReturnedDebitFacts
    plan: PlanFacts
    consumption: ConsumptionFacts
    tariff: TariffFacts
    calendar: CalendarFacts
