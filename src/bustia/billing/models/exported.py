"""Customers, contracts, invoices and what goes with them: what the billing system exported.

Only the intake's loader writes these tables; everybody else reads them, mostly as facts. Why some
have fewer indexes and foreign keys than Django would give them: docs/decisions/0041.
"""

from typing import Any

from django.db import models

from bustia.billing.fields import EncryptedBinaryField, EncryptedTextField

__all__ = [
    "CalendarEntry",
    "Consent",
    "Consumption",
    "Contract",
    "Customer",
    "Instalment",
    "IntakeBatch",
    "IntakeRejection",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Mandate",
    "Meter",
    "Payment",
    "PaymentPlan",
    "ReturnedDebit",
    "SourceDocument",
    "TariffPrice",
]


def _money() -> "models.DecimalField[Any, Any]":
    """Euros and cents, exact."""
    return models.DecimalField(max_digits=12, decimal_places=2)


def _quantity(*, null: bool = False) -> "models.DecimalField[Any, Any]":
    """m³, days or units, to four decimals."""
    return models.DecimalField(max_digits=14, decimal_places=4, null=null, blank=null)


def _price() -> "models.DecimalField[Any, Any]":
    """Euros for one unit, to six decimals."""
    return models.DecimalField(max_digits=14, decimal_places=6)


class SourceDocument(models.Model):
    """An e-invoice file as it was received, kept to be attached to the bill."""

    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=60)
    format = models.CharField(max_length=20)
    content = EncryptedBinaryField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256"], name="source_document_once")]


class Customer(models.Model):
    """A person or company that holds contracts."""

    code = models.CharField(max_length=40)
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=200)
    nif = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    email = models.CharField(max_length=254, blank=True)
    mobile = models.CharField(max_length=20, blank=True)
    street = models.CharField(max_length=200)
    postcode = models.CharField(max_length=10)
    town = models.CharField(max_length=200)
    province = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, default="ES")
    office_since = models.DateField(null=True, blank=True)
    deceased = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code"], name="customer_code_once")]


class Contract(models.Model):
    """A supply contract at one supply point."""

    number = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contracts")
    supply_point = models.CharField(max_length=40)
    supply_street = models.CharField(max_length=200)
    supply_postcode = models.CharField(max_length=10)
    supply_town = models.CharField(max_length=200)
    tariff = models.CharField(max_length=40)
    use = models.CharField(max_length=12)
    persons = models.PositiveSmallIntegerField(default=3)
    social_tariff = models.BooleanField(default=False)
    route = models.CharField(max_length=40)
    invoice_channel = models.CharField(max_length=6)
    alerts_on = models.BooleanField(default=False)
    start_date = models.DateField()
    end_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number"], name="contract_once")]
        indexes = [models.Index(fields=["route"], name="contract_by_route")]


class Meter(models.Model):
    """A water meter, and the contract whose supply it measures."""

    serial = models.CharField(max_length=40)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="meters")
    calibre_mm = models.PositiveSmallIntegerField()
    remote_read = models.BooleanField()
    installed_on = models.DateField()
    removed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["serial"], name="meter_once")]


class Consent(models.Model):
    """What a customer agreed to or withdrew, with the evidence; the newest one counts."""

    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, related_name="consents", db_index=False
    )
    kind = models.CharField(max_length=12)
    granted = models.BooleanField()
    given_at = models.DateTimeField()
    source = models.CharField(max_length=60)
    text_version = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "kind", "given_at"], name="consent_once")
        ]


class Mandate(models.Model):
    """A SEPA direct debit mandate; its account is encrypted at rest."""

    reference = models.CharField(max_length=35)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="mandates")
    iban = EncryptedTextField()
    iban_masked = models.CharField(max_length=42)
    iban_fingerprint = models.CharField(max_length=64)
    signed_on = models.DateField()
    status = models.CharField(max_length=9)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference"], name="mandate_once")]
        indexes = [models.Index(fields=["iban_fingerprint"], name="mandate_by_account")]


class TariffPrice(models.Model):
    """One price of a tariff: a fixed quota or a block of consumption, from a date on."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    concept = models.CharField(max_length=8)
    kind = models.CharField(max_length=8)
    block = models.PositiveSmallIntegerField(default=1)
    block_to = _quantity(null=True)
    price = _price()
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "concept", "kind", "block", "valid_from"], name="tariff_price_once"
            )
        ]


class Invoice(models.Model):
    """An invoice or credit note of a contract, with its totals as the billing system gave them."""

    number = models.CharField(max_length=40)
    seller = models.CharField(max_length=200, blank=True)
    """Whose number it is: the seller of an e-invoice; empty for those of the export bundle."""
    series = models.CharField(max_length=20, blank=True)
    contract = models.ForeignKey(
        Contract, on_delete=models.PROTECT, related_name="invoices", db_index=False
    )
    kind = models.CharField(max_length=11, default="invoice")
    corrects = models.CharField(max_length=40, blank=True)
    billing_run = models.CharField(max_length=20)
    issue_date = models.DateField()
    period_from = models.DateField()
    period_to = models.DateField()
    days = models.PositiveSmallIntegerField()
    reading_from = _quantity(null=True)
    reading_to = _quantity(null=True)
    estimated = models.BooleanField(default=False)
    consumption_m3 = _quantity()
    net_amount = _money()
    tax_amount = _money()
    total_amount = _money()
    payable_amount = _money()
    currency = models.CharField(max_length=3, default="EUR")
    payment_means = models.CharField(max_length=12)
    mandate = models.CharField(max_length=35, blank=True)
    due_date = models.DateField(null=True, blank=True)
    charge_date = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=9, default="open")
    payment_reference = models.CharField(max_length=35, blank=True)
    source = models.ForeignKey(
        SourceDocument,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="invoices",
        db_index=False,
    )
    details = models.JSONField(null=True, blank=True)
    """For an e-invoice: parties, payment means and references as the file gave them."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "seller"], name="invoice_number_once")
        ]
        indexes = [
            models.Index(fields=["contract", "issue_date"], name="invoice_by_contract"),
            models.Index(fields=["billing_run"], name="invoice_by_run"),
            models.Index(fields=["payment_reference"], name="invoice_by_payment_ref"),
            models.Index(
                fields=["source"],
                name="invoice_by_source",
                condition=models.Q(source__isnull=False),
            ),
        ]


class InvoiceLine(models.Model):
    """A line of an invoice: one concept, or one block of one concept."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, related_name="lines", db_constraint=False, db_index=False
    )
    position = models.PositiveSmallIntegerField()
    concept = models.CharField(max_length=8)
    kind = models.CharField(max_length=8)
    block = models.PositiveSmallIntegerField(null=True, blank=True)
    description = models.CharField(max_length=1000, blank=True)
    quantity = _quantity()
    unit = models.CharField(max_length=12)
    unit_price = _price()
    amount = _money()
    vat_rate = models.DecimalField(max_digits=5, decimal_places=2)
    vat_category = models.CharField(max_length=2, default="S")
    period_from = models.DateField(null=True, blank=True)
    period_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_once")
        ]


class InvoiceTax(models.Model):
    """One rate of the VAT breakdown of an invoice."""

    invoice = models.ForeignKey(
        Invoice, on_delete=models.CASCADE, related_name="taxes", db_constraint=False, db_index=False
    )
    category = models.CharField(max_length=2, default="S")
    rate = models.DecimalField(max_digits=5, decimal_places=2)
    base = _money()
    amount = _money()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["invoice", "category", "rate"], name="invoice_tax_once")
        ]


class Consumption(models.Model):
    """Water used in an earlier billing period."""

    contract = models.ForeignKey(
        Contract,
        on_delete=models.PROTECT,
        related_name="consumption",
        db_constraint=False,
        db_index=False,
    )
    period_from = models.DateField()
    period_to = models.DateField()
    m3 = _quantity()
    estimated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "period_to"], name="consumption_once")
        ]


class Payment(models.Model):
    """Money received for an invoice."""

    reference = models.CharField(max_length=40)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    paid_on = models.DateField()
    amount = _money()
    means = models.CharField(max_length=12)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference"], name="payment_once")]


class ReturnedDebit(models.Model):
    """A direct debit that the bank gave back; its invoice is empty until it is matched."""

    reference = models.CharField(max_length=140)
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, related_name="returned_debits"
    )
    mandate = models.CharField(max_length=35, blank=True)
    end_to_end_id = models.CharField(max_length=35, blank=True)
    returned_on = models.DateField()
    amount = _money()
    reason = models.CharField(max_length=4)
    matched_by = models.CharField(max_length=20, blank=True)
    """How its invoice was found: ``bundle``, ``end_to_end_id`` or ``mandate_and_amount``."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference"], name="returned_debit_once")]


class PaymentPlan(models.Model):
    """An agreement to pay what is owed in instalments."""

    number = models.CharField(max_length=40)
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="payment_plans")
    agreed_on = models.DateField()
    total_amount = _money()
    status = models.CharField(max_length=9)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number"], name="payment_plan_once")]


class Instalment(models.Model):
    """One instalment of a payment plan."""

    plan = models.ForeignKey(
        PaymentPlan, on_delete=models.CASCADE, related_name="instalments", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    due_date = models.DateField()
    amount = _money()
    paid_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plan", "position"], name="instalment_once")]


class CalendarEntry(models.Model):
    """When the invoices of a route will be issued and charged."""

    route = models.CharField(max_length=40)
    billing_run = models.CharField(max_length=20)
    issue_date = models.DateField()
    charge_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "billing_run"], name="calendar_entry_once")
        ]


class IntakeBatch(models.Model):
    """One import of a bundle, or of some e-invoices and bank files: what became of it."""

    received_at = models.DateTimeField()
    source = models.CharField(max_length=255)
    """Name of the folder or file, without its path."""
    kind = models.CharField(max_length=9)
    """``bundle`` or ``documents``."""
    sha256 = models.CharField(max_length=64, blank=True)
    partial = models.BooleanField()
    """Good rows are taken though others are rejected; otherwise all or none."""
    taken = models.BooleanField()
    files = models.JSONField()
    """For each file: rows read, new, changed, unchanged, rejected."""
    rejected = models.PositiveIntegerField()


class IntakeRejection(models.Model):
    """One row, document or file that an import left out, and why; its text is in the folder."""

    batch = models.ForeignKey(IntakeBatch, on_delete=models.CASCADE, related_name="rejections")
    file = models.CharField(max_length=255)
    place = models.CharField(max_length=1000, blank=True)
    """Line number or XPath; empty for the whole file."""
    field = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40)
    reason = models.TextField()
