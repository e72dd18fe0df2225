"""What the XML readers give: invoices and returned debits as the files state them.

The fields follow the semantic model of EN 16931-1; the business term is named beside each (BT-…).
Amounts are exact decimals in the document's currency, with the sign that the file gives them: in
UBL and CII a credit note's amounts are positive, in Facturae they are negative; ``owed`` says
what it comes to. A field that a file leaves out is ``None`` or empty; nothing is guessed.
Account numbers stay out of ``repr``, so that no log gets them.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "AllowanceCharge",
    "Attachment",
    "Delivery",
    "Identifier",
    "InvoiceDocument",
    "InvoiceKind",
    "InvoiceLineDocument",
    "InvoiceReference",
    "Note",
    "Party",
    "PaymentMeans",
    "Period",
    "ReturnedDebitDocument",
    "SignatureReport",
    "SignatureState",
    "SourceFormat",
    "TaxSubtotal",
    "Totals",
    "WithheldTax",
]


_DIRECT_DEBIT = frozenset({"49", "59", "02"})
"""Direct debit and SEPA direct debit (UNTDID 4461), and Facturae's code for it."""


class SourceFormat(StrEnum):
    """The format a document came in."""

    UBL = "ubl"
    CII = "cii"
    FACTURAE = "facturae"
    PAIN_002 = "pain.002"
    CAMT_054 = "camt.054"


class InvoiceKind(StrEnum):
    """Whether the document asks for money or gives it back."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with the scheme that issued it (ISO 6523, EAS …), where stated."""

    value: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """First and last day of a billing period; either may be left open (BT-73/74, BT-134/135)."""

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Note:
    """A free text on the invoice (BT-22) with its subject code (BT-21)."""

    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceReference:
    """An earlier invoice that this one is about (BG-3)."""

    number: str
    issued_on: date | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller, buyer, payee or tax representative (BG-4, BG-7, BG-10, BG-11)."""

    name: str
    """Registered name (BT-27, BT-44, BT-59, BT-62)."""
    trade_name: str = ""
    """Trading name (BT-28, BT-45)."""
    vat_id: str = ""
    """VAT identifier, or NIF in Facturae (BT-31, BT-48, BT-63)."""
    tax_id: str = ""
    """Local tax registration (BT-32)."""
    legal_id: Identifier | None = None
    """Legal registration (BT-30, BT-47, BT-61)."""
    identifiers: tuple[Identifier, ...] = ()
    """Other identifiers, as customer number or GLN (BT-29, BT-46, BT-60)."""
    address: tuple[str, ...] = ()
    """Address lines, first to third, empty ones left out (BT-35/36/162, BT-50/51/163)."""
    postcode: str = ""
    city: str = ""
    subdivision: str = ""
    """Province or region (BT-39, BT-54)."""
    country: str = ""
    """ISO 3166-1 alpha-2 (BT-40, BT-55)."""
    contact: str = ""
    """Contact point (BT-41, BT-56)."""
    phone: str = ""
    email: str = ""
    endpoint: Identifier | None = None
    """Electronic address (BT-34, BT-49)."""
    legal_form: str = ""
    """Additional legal information (BT-33)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where and when it was delivered (BG-13)."""

    delivered_on: date | None = None
    """Actual delivery (BT-72)."""
    name: str = ""
    location: Identifier | None = None
    """Location, as a supply point (BT-71)."""
    address: tuple[str, ...] = ()
    postcode: str = ""
    city: str = ""
    subdivision: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """One way to pay (BG-16), with one account at most."""

    code: str
    """UNTDID 4461, as in 30 (transfer), 49 or 59 (direct debit), 58 (SEPA transfer) (BT-81);
    Facturae: its own two digits, as in 02 (direct debit), 04 (transfer)."""
    text: str = ""
    """In words (BT-82)."""
    remittance: str = ""
    """Payment reference to quote (BT-83)."""
    account: str = field(default="", repr=False)
    """IBAN or other account to pay to (BT-84)."""
    account_name: str = ""
    bic: str = ""
    """The bank of the account to pay to (BT-86)."""
    mandate: str = ""
    """Direct debit mandate reference (BT-89)."""
    creditor_id: str = ""
    """SEPA creditor identifier (BT-90)."""
    debited_account: str = field(default="", repr=False)
    """IBAN or other account that is debited (BT-91)."""
    card: str = ""
    """Last digits of a payment card (BT-87)."""
    card_holder: str = ""
    due_on: date | None = None
    """Date of this instalment, where the format has instalments."""
    amount: Decimal | None = None
    """Amount of this instalment, where the format has instalments."""

    @property
    def is_direct_debit(self) -> bool:
        """Whether it is charged to the buyer's account."""
        return self.code in _DIRECT_DEBIT


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
    """A discount or a surcharge on the document (BG-20/21), a line (BG-27/28) or a price."""

    is_charge: bool
    amount: Decimal
    """Always as stated, positive for both (BT-92, BT-99, BT-136, BT-141)."""
    base: Decimal | None = None
    percent: Decimal | None = None
    reason: str = ""
    reason_code: str = ""
    category: str = ""
    """VAT category, on the document's level (BT-95, BT-102)."""
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """One line of the tax breakdown (BG-23)."""

    category: str
    """VAT category, UNCL 5305: S, Z, E, AE, K, G, O, L (IGIC), M (IPSI) (BT-118)."""
    rate: Decimal | None
    """Per cent (BT-119)."""
    base: Decimal
    """Taxable amount (BT-116)."""
    amount: Decimal
    """Tax amount (BT-117)."""
    exemption: str = ""
    """Why exempt (BT-120)."""
    exemption_code: str = ""
    """VATEX code (BT-121)."""
    tax: str = "VAT"
    """Which tax: VAT, or Facturae's tax type code where it isn't IVA."""
    surcharge_rate: Decimal | None = None
    """Equivalence surcharge, per cent (Facturae only)."""
    surcharge: Decimal | None = None
    """Equivalence surcharge amount (Facturae only); not within ``amount``."""


@dataclass(frozen=True, slots=True)
class WithheldTax:
    """A tax that the buyer keeps back for the tax office (Facturae only)."""

    tax: str
    """Facturae's tax type code, as in 04 (IRPF)."""
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """The document's totals (BG-22)."""

    lines: Decimal
    """Sum of line net amounts (BT-106)."""
    allowances: Decimal | None
    """BT-107"""
    charges: Decimal | None
    """BT-108"""
    without_tax: Decimal
    """BT-109"""
    tax: Decimal | None
    """Tax total in the document's currency (BT-110); Facturae: all taxes charged."""
    tax_in_accounting_currency: Decimal | None
    """BT-111"""
    with_tax: Decimal
    """BT-112"""
    prepaid: Decimal | None
    """BT-113"""
    rounding: Decimal | None
    """BT-114"""
    payable: Decimal
    """BT-115; Facturae: amount to be executed."""
    withheld: Decimal | None = None
    """Taxes withheld (Facturae only), taken off ``with_tax`` there."""


@dataclass(frozen=True, slots=True)
class InvoiceLineDocument:
    """One invoice line (BG-25)."""

    id: str
    """BT-126"""
    name: str
    """Item name (BT-153)."""
    quantity: Decimal
    """BT-129"""
    unit: str
    """UN/ECE Recommendation 20, or Facturae's unit code (BT-130)."""
    net_amount: Decimal
    """BT-131"""
    net_price: Decimal
    """Price of ``base_quantity`` units without tax (BT-146)."""
    base_quantity: Decimal | None = None
    """BT-149; one where left out."""
    gross_price: Decimal | None = None
    """BT-148"""
    price_discount: Decimal | None = None
    """BT-147"""
    description: str = ""
    """BT-154"""
    note: str = ""
    """BT-127"""
    allowances_charges: tuple[AllowanceCharge, ...] = ()
    period: Period | None = None
    category: str = ""
    """BT-151"""
    rate: Decimal | None = None
    """BT-152"""
    seller_item_id: str = ""
    """BT-155"""
    buyer_item_id: str = ""
    """BT-156"""
    standard_item_id: Identifier | None = None
    """BT-157"""
    classifications: tuple[Identifier, ...] = ()
    """BT-158"""
    attributes: tuple[tuple[str, str], ...] = ()
    """Name and value of item attributes (BG-32)."""
    origin_country: str = ""
    """BT-159"""
    order_line: str = ""
    """BT-132"""
    accounting_reference: str = ""
    """BT-133"""
    object_id: Identifier | None = None
    """What the line is about, as a meter (BT-128)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A supporting document named by the invoice (BG-24); its bytes stay in the source."""

    id: str
    """BT-122"""
    description: str = ""
    """BT-123"""
    uri: str = ""
    """BT-124"""
    filename: str = ""
    mime: str = ""
    size_bytes: int | None = None
    """Size of the embedded document, where one is embedded (BT-125)."""
    sha256: str = ""
    """SHA-256 of the embedded document."""


class SignatureState(StrEnum):
    """What was found of an electronic signature in the file."""

    ABSENT = "absent"
    INTACT = "intact"
    """Digests and signature value hold with the certificate in the file; whether that
    certificate is to be trusted is another question."""
    UNCHECKED = "unchecked"
    """A signature is there, by an algorithm or transform that isn't checked here."""


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """The electronic signature of a source file; a broken one is a rejection instead."""

    state: SignatureState = SignatureState.ABSENT
    signer: str = ""
    """Subject of the certificate, as RFC 4514 writes it."""
    detail: str = ""
    """Why it wasn't checked, when it wasn't."""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """One invoice or credit note, as its file states it."""

    number: str
    """BT-1; with Facturae, without the series."""
    kind: InvoiceKind
    type_code: str
    """UNTDID 1001, as in 380 or 381 (BT-3)."""
    issued_on: date
    """BT-2"""
    currency: str
    """BT-5"""
    seller: Party
    buyer: Party
    lines: tuple[InvoiceLineDocument, ...]
    tax_subtotals: tuple[TaxSubtotal, ...]
    totals: Totals
    format: SourceFormat
    sha256: str
    """SHA-256 of the file's bytes; every invoice of a batch has the same."""
    series: str = ""
    """Facturae's series."""
    profile: str = ""
    """Specification identifier (BT-24), or Facturae's schema version."""
    process: str = ""
    """Business process (BT-23)."""
    due_on: date | None = None
    """BT-9"""
    tax_point: date | None = None
    """BT-7; Facturae: operation date."""
    tax_point_code: str = ""
    """BT-8"""
    tax_currency: str = ""
    """BT-6"""
    period: Period | None = None
    """BG-14"""
    buyer_reference: str = ""
    """BT-10"""
    project: str = ""
    """BT-11"""
    contract: str = ""
    """BT-12"""
    order: str = ""
    """BT-13"""
    sales_order: str = ""
    """BT-14"""
    receiving_advice: str = ""
    """BT-15"""
    despatch_advice: str = ""
    """BT-16"""
    tender: str = ""
    """BT-17"""
    object_id: Identifier | None = None
    """What the invoice is about, as a supply point or meter (BT-18)."""
    accounting_reference: str = ""
    """BT-19"""
    payment_terms: str = ""
    """BT-20"""
    notes: tuple[Note, ...] = ()
    preceding: tuple[InvoiceReference, ...] = ()
    """BG-3"""
    payee: Party | None = None
    tax_representative: Party | None = None
    delivery: Delivery | None = None
    payment_means: tuple[PaymentMeans, ...] = ()
    allowances_charges: tuple[AllowanceCharge, ...] = ()
    withheld: tuple[WithheldTax, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    batch: str = ""
    """Facturae's batch identifier."""
    batch_position: int = 1
    """Its place in the batch, from 1."""
    signature: SignatureReport = SignatureReport()
    xpath: str = ""
    """Where the invoice stands in its file."""

    @property
    def full_number(self) -> str:
        """Series and number together, as a Spanish invoice is cited."""
        return f"{self.series}{self.number}"

    @property
    def owed(self) -> Decimal:
        """What the buyer is to pay in the end; negative where money is given back."""
        payable = self.totals.payable
        is_credit = self.kind is InvoiceKind.CREDIT_NOTE
        return -payable if is_credit and self.format is not SourceFormat.FACTURAE else payable

    @property
    def is_domiciled(self) -> bool:
        """Whether it will be charged to the buyer's account."""
        return any(means.is_direct_debit for means in self.payment_means)


@dataclass(frozen=True, slots=True)
class ReturnedDebitDocument:
    """One direct debit that a bank rejected, returned or refunded."""

    reason: str
    """ISO 20022 external code as in AM04, or empty where the bank gives only words."""
    reason_text: str
    """The bank's own words, may be empty."""
    amount: Decimal | None
    """Amount of the original collection."""
    currency: str
    returned_on: date | None
    """Booking date of the return, else the date of the message."""
    end_to_end_id: str
    """As given with the collection; empty where none was (``NOTPROVIDED``)."""
    mandate: str
    """Mandate reference."""
    format: SourceFormat
    version: str
    """Message version, as in pain.002.001.03."""
    source_message_id: str
    """The bank's message."""
    sha256: str
    """SHA-256 of the file's bytes."""
    instruction_id: str = ""
    original_message_id: str = ""
    original_payment_info_id: str = ""
    transaction_id: str = ""
    """Id given by the clearing, where stated."""
    bank_reference: str = ""
    """The bank's reference of the return (status id, account servicer's reference)."""
    debtor_iban: str = field(default="", repr=False)
    creditor_id: str = ""
    """SEPA creditor identifier."""
    collection_date: date | None = None
    """Day the debit was to be collected."""
    reimbursed: Decimal | None = None
    """What the account was charged for the return in all, where it differs from the amount."""
    remittance: str = ""
    xpath: str = ""
    """Where it stands in its file."""
