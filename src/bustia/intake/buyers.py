"""Whose e-invoice it is: the contract it names, else the buyer's, else one made for the buyer.

Looked up for many documents at once, with the same few queries for one or for hundreds.
"""

import hashlib
from collections.abc import Iterable, Sequence

from bustia.billing.models import Contract, Customer
from bustia.identifiers import normal_nif
from bustia.intake.documents import InvoiceDocument, Party
from bustia.intake.report import ImportOptions

__all__ = ["Buyers"]

_EMAIL_SCHEME = "EM"
_SPANISH_SPEAKING = frozenset(
    {"AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "GQ", "GT", "HN", "MX", "NI", "PA", "PE"}
    | {"PR", "PY", "SV", "UY", "VE"}
)


class Buyers:
    """The customers and contracts that some documents may mean."""

    def __init__(self, documents: Iterable[InvoiceDocument], options: ImportOptions) -> None:
        self._options = options
        self._contracts: dict[str, Contract] = {}
        self._by_code: dict[str, Contract] = {}
        self._by_nif: dict[str, Contract] = {}
        documents = list(documents)
        numbers = {name for document in documents for name in _contract_names(document)}
        codes = {code for document in documents for code in _codes(document.buyer)}
        nifs = {nif for document in documents for nif in _nifs(document.buyer)}
        for contract in Contract.objects.filter(number__in=numbers):
            self._contracts[contract.number] = contract
        theirs = Contract.objects.select_related("customer").order_by("end_date", "-number")
        for contract in theirs.filter(customer__code__in=codes):
            self._remember(contract, contract.customer)
        for contract in theirs.filter(customer__nif__in=nifs):
            self._remember(contract, contract.customer)

    def _remember(self, contract: Contract, customer: Customer) -> None:
        """Keep a contract; the last one given wins: in force, and the lowest number."""
        self._by_code[customer.code] = contract
        if customer.nif:
            self._by_nif[customer.nif] = contract

    def find(self, document: InvoiceDocument) -> Contract | None:
        """Give the contract a document is about, if it is known."""
        for name in _contract_names(document):
            if found := self._contracts.get(name):
                return found
        for code in _codes(document.buyer):
            if found := self._by_code.get(code):
                return found
        for nif in _nifs(document.buyer):
            if found := self._by_nif.get(nif):
                return found
        return None

    def create(self, document: InvoiceDocument) -> Contract:
        """Make a customer and a contract for a buyer who isn't known."""
        buyer = document.buyer
        code = _codes(buyer)[0]
        nif = next(iter(_nifs(buyer)), "")[:20]
        street = ", ".join(buyer.address)[:200]
        email = buyer.email or (
            buyer.endpoint.value
            if buyer.endpoint and buyer.endpoint.scheme == _EMAIL_SCHEME
            else ""
        )
        person = nif[:1].isdigit() or nif[:1] in {"X", "Y", "Z", "K", "L", "M"}
        customer, _ = Customer.objects.get_or_create(
            code=code,
            defaults={
                "kind": "person" if person and buyer.country == "ES" else "company",
                "name": buyer.name[:200],
                "nif": nif,
                "language": self._language(buyer),
                "email": email if len(email) <= 254 else "",
                "street": street,
                "postcode": buyer.postcode[:10],
                "town": buyer.city[:200],
                "province": buyer.subdivision[:60],
                "country": buyer.country[:2] or "ES",
            },
        )
        delivery = document.delivery
        at_place = delivery is not None and bool(delivery.address or delivery.city)
        point = document.object_id or (delivery.location if delivery else None)
        contract, _ = Contract.objects.get_or_create(
            number=f"E-{code}"[:40],
            defaults={
                "customer": customer,
                "supply_point": point.value[:40] if point else "",
                "supply_street": (
                    ", ".join(delivery.address)[:200] if delivery and at_place else street
                ),
                "supply_postcode": (delivery.postcode if delivery and at_place else buyer.postcode)[
                    :10
                ],
                "supply_town": (delivery.city if delivery and at_place else buyer.city)[:200],
                "tariff": "",
                "use": "domestic" if customer.kind == "person" else "commercial",
                "route": "E",
                "invoice_channel": "email" if customer.email else "post",
                "start_date": document.issued_on,
            },
        )
        self._remember(contract, customer)
        return contract

    def _language(self, buyer: Party) -> str:
        if buyer.country in {"ES", "AD", ""}:
            return self._options.home_language
        return "es" if buyer.country in _SPANISH_SPEAKING else "en"


def _contract_names(document: InvoiceDocument) -> tuple[str, ...]:
    names = (document.contract, document.buyer_reference)
    return tuple(name for name in names if name and len(name) <= 40)


def _codes(buyer: Party) -> Sequence[str]:
    """Give the codes a customer may have in the billing system, the surest first."""
    given = [identifier.value for identifier in buyer.identifiers]
    given.extend((buyer.vat_id, buyer.tax_id))
    if buyer.legal_id:
        given.append(buyer.legal_id.value)
    text = "|".join((buyer.name, buyer.postcode, buyer.city, buyer.country))
    made = "X" + hashlib.sha256(text.encode()).hexdigest()[:12].upper()
    fitting = [code.strip() for code in given if 0 < len(code.strip()) <= 38]
    return [*fitting, made]


def _nifs(buyer: Party) -> tuple[str, ...]:
    return tuple(normal_nif(text)[:20] for text in (buyer.vat_id, buyer.tax_id) if text)
