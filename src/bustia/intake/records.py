"""The export bundle: one record type for each file that a billing system writes.

The field descriptions here are the documentation: ``docs/bundle.md`` is generated from them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "RECORDS",
    "CalendarRecord",
    "ConsentRecord",
    "ConsumptionRecord",
    "ContractRecord",
    "CustomerRecord",
    "InstalmentRecord",
    "InvoiceLineRecord",
    "InvoiceRecord",
    "MandateRecord",
    "MeterRecord",
    "PaymentPlanRecord",
    "PaymentRecord",
    "Record",
    "ReturnedDebitRecord",
    "TariffRecord",
]

Code = Annotated[str, Field(min_length=1, max_length=40)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Money = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
Quantity = Annotated[Decimal, Field(max_digits=14, decimal_places=4)]
Price = Annotated[Decimal, Field(max_digits=14, decimal_places=6)]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
Language = Literal["ca", "es", "en"]


class Record(BaseModel):
    """One row of one file of the bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    file: ClassVar[str]
    """Name of the file in the bundle, without its extension."""
    key: ClassVar[tuple[str, ...]]
    """The fields that tell one row from another."""


class CustomerRecord(Record):
    """A person or company that holds contracts."""

    file: ClassVar = "customers"
    key: ClassVar = ("code",)

    code: Code = Field(description="The customer's code in the billing system.")
    kind: Literal["person", "company"] = Field(description="A natural person or a company.")
    name: Name = Field(description="Full name or company name, as on the invoice.")
    nif: Annotated[str, Field(max_length=20)] = Field(
        description="Spanish tax number (NIF, NIE or CIF), its check character verified."
    )
    language: Language = Field(description="Language the customer reads.")
    email: Annotated[str, Field(max_length=254)] | None = Field(
        default=None, description="E-mail address."
    )
    mobile: Annotated[str, Field(max_length=20)] | None = Field(
        default=None, description="Mobile number with its prefix, as in +34600000000."
    )
    street: Name = Field(description="Postal address: street, number, floor and door.")
    postcode: Annotated[str, Field(max_length=10)] = Field(description="Postcode.")
    town: Name = Field(description="Town.")
    province: Annotated[str, Field(max_length=60)] = Field(default="", description="Province.")
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = Field(
        default="ES", description="Country, ISO 3166-1 alpha-2."
    )
    office_since: date | None = Field(
        default=None, description="Day the customer registered in the Virtual Office, if ever."
    )
    deceased: bool = Field(default=False, description="Reported as deceased: nothing is sent.")


class ContractRecord(Record):
    """A supply contract at one supply point."""

    file: ClassVar = "contracts"
    key: ClassVar = ("number",)

    number: Code = Field(description="Contract number.")
    customer: Code = Field(description="Code of the customer who holds it.")
    supply_point: Code = Field(description="Code of the supply point.")
    supply_street: Name = Field(description="Address of the supply point.")
    supply_postcode: Annotated[str, Field(max_length=10)] = Field(description="Its postcode.")
    supply_town: Name = Field(description="Its town.")
    tariff: Code = Field(description="Code of the tariff applied.")
    use: Literal["domestic", "commercial", "industrial", "municipal"] = Field(
        description="What the water is used for."
    )
    persons: Annotated[int, Field(ge=1, le=99)] = Field(
        default=3, description="People in the household, as the cànon's blocks count them."
    )
    social_tariff: bool = Field(default=False, description="Whether the social tariff applies.")
    route: Code = Field(description="Billing route: contracts of a route are billed together.")
    invoice_channel: Literal["email", "post", "office"] = Field(
        description="How the holder wants the invoice; e-mail counts only with consent."
    )
    alerts_on: bool = Field(default=False, description="Personalised alerts are switched on.")
    start_date: date = Field(description="First day of the contract.")
    end_date: date | None = Field(default=None, description="Last day, where it has ended.")


class MeterRecord(Record):
    """A water meter, and the contract whose supply it measures."""

    file: ClassVar = "meters"
    key: ClassVar = ("serial",)

    serial: Code = Field(description="Serial number.")
    contract: Code = Field(description="Contract number.")
    calibre_mm: Annotated[int, Field(ge=1, le=1000)] = Field(description="Calibre, mm.")
    remote_read: bool = Field(description="Whether it can be read remotely.")
    installed_on: date = Field(description="Day of installation.")
    removed_on: date | None = Field(default=None, description="Day of removal, if removed.")


class ConsentRecord(Record):
    """What a customer agreed to or withdrew, with the evidence; the newest one counts."""

    file: ClassVar = "consents"
    key: ClassVar = ("contract", "kind", "given_at")

    contract: Code = Field(description="Contract number.")
    kind: Literal["e_invoice", "sms_notices", "promotion"] = Field(
        description="What it is about: the e-invoice, SMS notices, promotional messages."
    )
    granted: bool = Field(description="True: agreed. False: withdrawn.")
    given_at: datetime = Field(description="When, as an instant with its UTC offset.")
    source: Annotated[str, Field(max_length=60)] = Field(
        description="Where it was given: counter, telephone, office."
    )
    text_version: Annotated[str, Field(max_length=40)] = Field(
        description="Version of the text that was agreed to."
    )


class MandateRecord(Record):
    """A SEPA direct debit mandate."""

    file: ClassVar = "mandates"
    key: ClassVar = ("reference",)

    reference: Annotated[str, Field(min_length=1, max_length=35)] = Field(
        description="Unique mandate reference."
    )
    contract: Code = Field(description="Contract number.")
    iban: Annotated[str, Field(max_length=42)] = Field(
        description="Account to debit; its check digits are verified; stored encrypted."
    )
    signed_on: date = Field(description="Day of signature.")
    status: Literal["active", "cancelled"] = Field(description="Whether it may be used.")


class TariffRecord(Record):
    """One price of a tariff: a fixed quota or a block of consumption, from a date on."""

    file: ClassVar = "tariffs"
    key: ClassVar = ("code", "concept", "kind", "block", "valid_from")

    code: Code = Field(description="Tariff code.")
    name: Name = Field(description="What the tariff is called on the bill.")
    concept: Literal["water", "sewerage", "canon", "meter"] = Field(
        description="What is charged: water supply, sewerage, cànon de l'aigua, meter upkeep."
    )
    kind: Literal["fixed", "variable"] = Field(description="€ a day, or € a m³.")
    block: Annotated[int, Field(ge=1, le=9)] = Field(default=1, description="Block number.")
    block_to: Quantity | None = Field(
        default=None,
        description="Upper end of the block, m³ a month (for the cànon: up to three people); "
        "empty for the last.",
    )
    price: Price = Field(ge=0, description="Price: € a day (fixed) or € a m³ (variable).")
    vat_rate: Percent = Field(description="VAT rate, per cent.")
    valid_from: date = Field(description="First day this price applies.")
    valid_to: date | None = Field(default=None, description="Last day, if known.")


class InvoiceRecord(Record):
    """An invoice or credit note; those of this billing run and the earlier ones still of use."""

    file: ClassVar = "invoices"
    key: ClassVar = ("number",)

    number: Code = Field(description="Invoice number with its series, unique.")
    series: Annotated[str, Field(max_length=20)] = Field(default="", description="Series.")
    contract: Code = Field(description="Contract number.")
    kind: Literal["invoice", "credit_note"] = Field(
        default="invoice", description="An invoice, or a credit note that corrects one."
    )
    corrects: Code | None = Field(
        default=None, description="For a credit note: number of the invoice it corrects."
    )
    billing_run: Annotated[str, Field(max_length=20)] = Field(
        description="The billing system's name of the run that made it, as in 2026-03."
    )
    issue_date: date = Field(description="Day of issue.")
    period_from: date = Field(description="First day billed.")
    period_to: date = Field(description="Last day billed.")
    days: Annotated[int, Field(ge=0, le=3660)] = Field(description="Days billed.")
    reading_from: Quantity | None = Field(default=None, description="Previous reading, m³.")
    reading_to: Quantity | None = Field(default=None, description="Present reading, m³.")
    estimated: bool = Field(default=False, description="The present reading is an estimate.")
    consumption_m3: Quantity = Field(description="Water billed, m³.")
    net_amount: Money = Field(description="Sum of the lines, without VAT, €.")
    tax_amount: Money = Field(description="VAT, €.")
    total_amount: Money = Field(description="Net and VAT, €.")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = Field(
        default="EUR", description="Currency, ISO 4217."
    )
    payment_means: Literal["direct_debit", "slip", "transfer", "none"] = Field(
        description="How it is to be paid."
    )
    mandate: Annotated[str, Field(max_length=35)] | None = Field(
        default=None, description="Mandate to be debited."
    )
    due_date: date | None = Field(default=None, description="Last day to pay.")
    charge_date: date | None = Field(default=None, description="Day of the bank charge.")
    status: Literal["open", "paid", "returned", "cancelled"] = Field(
        default="open", description="Where its payment stands."
    )
    payment_reference: Annotated[str, Field(max_length=35)] = Field(
        default="", description="End-to-end id of its direct debit, or the slip's reference."
    )


class InvoiceLineRecord(Record):
    """A line of an invoice: one concept, or one block of one concept."""

    file: ClassVar = "invoice_lines"
    key: ClassVar = ("invoice", "position")

    invoice: Code = Field(description="Invoice number.")
    position: Annotated[int, Field(ge=1, le=9999)] = Field(description="Its place, from 1.")
    concept: Literal["water", "sewerage", "canon", "meter", "other"] = Field(
        description="What is charged."
    )
    kind: Literal["fixed", "variable", "other"] = Field(
        description="Fixed quota, variable by consumption, or another charge."
    )
    block: Annotated[int, Field(ge=1, le=9)] | None = Field(
        default=None, description="Block of consumption, for a variable line."
    )
    description: Annotated[str, Field(max_length=200)] = Field(
        default="", description="What to print; empty for the standard name in each language."
    )
    quantity: Quantity = Field(description="How much, in the unit beside.")
    unit: Literal["day", "m3", "unit"] = Field(description="Unit of the quantity.")
    unit_price: Price = Field(description="Price of one unit, €.")
    amount: Money = Field(description="Net amount, €.")
    vat_rate: Percent = Field(description="VAT rate, per cent; 0 where exempt.")
    period_from: date | None = Field(default=None, description="First day, when prices split.")
    period_to: date | None = Field(default=None, description="Last day, when prices split.")


class ConsumptionRecord(Record):
    """Water used in an earlier billing period."""

    file: ClassVar = "consumption"
    key: ClassVar = ("contract", "period_to")

    contract: Code = Field(description="Contract number.")
    period_from: date = Field(description="First day.")
    period_to: date = Field(description="Last day.")
    m3: Quantity = Field(ge=0, description="Water used, m³.")
    estimated: bool = Field(default=False, description="Estimated, not read.")


class PaymentRecord(Record):
    """Money received for an invoice."""

    file: ClassVar = "payments"
    key: ClassVar = ("reference",)

    reference: Code = Field(description="The payment's own reference.")
    invoice: Code = Field(description="Invoice number.")
    paid_on: date = Field(description="Day it was received.")
    amount: Money = Field(description="Amount, €.")
    means: Literal["direct_debit", "slip", "transfer", "card", "cash"] = Field(
        description="How it was paid."
    )


class ReturnedDebitRecord(Record):
    """A direct debit that the bank gave back."""

    file: ClassVar = "returned_debits"
    key: ClassVar = ("reference",)

    reference: Code = Field(description="The return's own reference.")
    invoice: Code = Field(description="Invoice number.")
    returned_on: date = Field(description="Day of the return.")
    amount: Money = Field(gt=0, description="Amount, €.")
    reason: Annotated[str, Field(pattern=r"^[A-Z]{2}[0-9]{2}$")] = Field(
        description="ISO 20022 reason code, as in AM04."
    )


class PaymentPlanRecord(Record):
    """An agreement to pay what is owed in instalments."""

    file: ClassVar = "payment_plans"
    key: ClassVar = ("number",)

    number: Code = Field(description="The plan's number.")
    contract: Code = Field(description="Contract number.")
    agreed_on: date = Field(description="Day it was agreed.")
    total_amount: Money = Field(gt=0, description="Amount to be paid in instalments, €.")
    status: Literal["active", "completed", "broken"] = Field(description="Where it stands.")


class InstalmentRecord(Record):
    """One instalment of a payment plan."""

    file: ClassVar = "instalments"
    key: ClassVar = ("plan", "position")

    plan: Code = Field(description="The plan's number.")
    position: Annotated[int, Field(ge=1, le=999)] = Field(description="Its place, from 1.")
    due_date: date = Field(description="Day it is due.")
    amount: Money = Field(gt=0, description="Amount, €.")
    paid_on: date | None = Field(default=None, description="Day it was paid, if it was.")


class CalendarRecord(Record):
    """When the invoices of a route will be issued and charged."""

    file: ClassVar = "calendar"
    key: ClassVar = ("route", "billing_run")

    route: Code = Field(description="Billing route.")
    billing_run: Annotated[str, Field(max_length=20)] = Field(
        description="The billing system's name of the run, as in 2026-03."
    )
    issue_date: date = Field(description="Day the invoices will be issued.")
    charge_date: date | None = Field(
        default=None, description="Day domiciled invoices will be charged."
    )


RECORDS: tuple[type[Record], ...] = (
    CustomerRecord,
    ContractRecord,
    MeterRecord,
    ConsentRecord,
    MandateRecord,
    TariffRecord,
    InvoiceRecord,
    InvoiceLineRecord,
    ConsumptionRecord,
    PaymentRecord,
    ReturnedDebitRecord,
    PaymentPlanRecord,
    InstalmentRecord,
    CalendarRecord,
)
"""Every record type, in the order in which one may refer to another."""
