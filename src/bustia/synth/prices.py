"""The tariffs of the made-up town, with a change of the cànon within the billed period."""

from datetime import date
from decimal import Decimal

from bustia.billing.tariffs import Price
from bustia.intake.records import TariffRecord

__all__ = ["TARIFFS", "prices_of", "tariff_records"]

TARIFFS = {
    "DOM": "Domèstica",
    "COM": "Comercial",
    "IND": "Industrial",
    "MUN": "Municipal",
}

_SINCE = date(2017, 4, 1)
_VAT, _METER_VAT, _NO_VAT = Decimal(10), Decimal(21), Decimal(0)
_FACTOR = {"DOM": Decimal(1), "COM": Decimal("1.25"), "IND": Decimal("1.4"), "MUN": Decimal("0.5")}
_WATER = ((Decimal(10), "0.4520"), (Decimal(18), "0.9040"), (None, "1.5820"))
_CANON_LIMITS = (Decimal(9), Decimal(15), Decimal(18), None)
_CANON = ("0.4936", "1.1370", "2.8425", "4.5480")
_CANON_NEW = ("0.5232", "1.2052", "3.0131", "4.8209")
_CANON_OTHER_USES, _CANON_OTHER_USES_NEW = "0.6630", "0.7028"


def _price(
    concept: str, kind: str, price: str | Decimal, vat: Decimal, *, block: int = 1,
    block_to: Decimal | None = None, since: date = _SINCE,
) -> Price:  # fmt: skip
    return Price(concept, kind, block, block_to, Decimal(price), vat, since)


def prices_of(tariff: str, canon_change: date) -> list[Price]:
    """Give the prices of a tariff; the cànon's change on the day given."""
    factor = _FACTOR[tariff]
    fixed = (Decimal("0.2710") * factor).quantize(Decimal("0.0001"))
    found = [_price("water", "fixed", fixed, _VAT)]
    if tariff == "DOM":
        found += [
            _price("water", "variable", price, _VAT, block=block, block_to=limit)
            for block, (limit, price) in enumerate(_WATER, 1)
        ]
    else:
        price = (Decimal("0.9040") * factor).quantize(Decimal("0.0001"))
        found.append(_price("water", "variable", price, _VAT))
    found += [
        _price("sewerage", "fixed", "0.1310", _VAT),
        _price("sewerage", "variable", "0.0790", _VAT),
        _price("canon", "fixed", "0.0329", _NO_VAT),
    ]
    if tariff == "DOM":
        for rates, since in ((_CANON, _SINCE), (_CANON_NEW, canon_change)):
            found += [
                _price("canon", "variable", rate, _NO_VAT, block=block, block_to=limit, since=since)
                for block, (limit, rate) in enumerate(zip(_CANON_LIMITS, rates, strict=True), 1)
            ]
    else:
        found.append(_price("canon", "variable", _CANON_OTHER_USES, _NO_VAT))
        found.append(
            _price("canon", "variable", _CANON_OTHER_USES_NEW, _NO_VAT, since=canon_change)
        )
    found.append(_price("meter", "fixed", "0.0230", _METER_VAT))
    return found


def tariff_records(canon_change: date) -> list[TariffRecord]:
    """Give all prices of all tariffs as the billing system exports them."""
    return [
        TariffRecord(
            code=code,
            name=name,
            concept=price.concept,
            kind=price.kind,
            block=price.block,
            block_to=price.block_to,
            price=price.price,
            vat_rate=price.vat_rate,
            valid_from=price.valid_from,
        )
        for code, name in TARIFFS.items()
        for price in prices_of(code, canon_change)
    ]
