"""The company that sends the bills: names, addresses, accounts and colours, from one file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.functional_validators import AfterValidator

from bustia.errors import StationeryError
from bustia.formatting import LANGUAGES
from bustia.identifiers import check_iban, check_nif

__all__ = ["Colours", "Company", "TaxQr", "load_company"]

TaxQr = Literal["none", "verifactu", "no_verifactu"]
"""The tax QR of VERI*FACTU: none, or with either of the two verification services."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The brand's colours, as ``#rrggbb``; text colours keep 4.5:1 on white and on the tint."""

    ink: str
    muted: str
    brand: str
    fresh: str
    tint: str
    rule: str
    alert: str
    info: str
    offer: str


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """The sender, in one language; equal to itself alone, as its labels are."""

    name: str
    legal_name: str
    nif: str
    street: str
    postcode: str
    town: str
    province: str
    registry: str
    phone: str
    emergency_phone: str
    email: str
    web: str
    office_url: str
    office_hours: str
    privacy_url: str
    sepa_creditor_id: str
    iban: str
    slip_issuer: str
    """Eight digits: the numeric part of the NIF (Cuaderno 57)."""
    slip_suffix: str
    """Three digits, agreed with the bank; from 500 up, banks refuse slips after their date."""
    slip_days: int
    """How many days a slip that a customer asks for later may be paid."""
    tax_qr: TaxQr
    colours: Colours


def _valid(check: object, what: str) -> AfterValidator:
    def validate(text: str) -> str:
        if not check(text):  # type: ignore[operator]
            raise ValueError(f"is not a valid {what}")
        return text

    return AfterValidator(validate)


_Text = Annotated[str, Field(min_length=1)]
_Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class _ByLanguage(_Model):
    ca: _Text
    es: _Text
    en: _Text


class _Address(_Model):
    street: _Text
    postcode: Annotated[str, Field(pattern=r"^\d{5}$")]
    town: _Text
    province: _Text


class _Slip(_Model):
    issuer: Annotated[str, Field(pattern=r"^\d{8}$")]
    suffix: Annotated[str, Field(pattern=r"^\d{3}$")]
    days: Annotated[int, Field(ge=1, le=180)] = 15


class _Colours(_Model):
    ink: _Colour
    muted: _Colour
    brand: _Colour
    fresh: _Colour
    tint: _Colour
    rule: _Colour
    alert: _Colour
    info: _Colour
    offer: _Colour


class _File(_Model):
    name: _Text
    legal_name: _Text
    nif: Annotated[str, _valid(check_nif, "NIF")]
    address: _Address
    registry: _Text | _ByLanguage
    phone: _Text
    emergency_phone: _Text
    email: _Text
    web: _Text
    office_url: Annotated[str, Field(pattern=r"^https://")]
    office_hours: _Text | _ByLanguage
    privacy_url: _Text
    sepa_creditor_id: Annotated[str, Field(pattern=r"^ES\d{2}[A-Z0-9]{3}[A-Z0-9]{9}$")]
    iban: Annotated[str, _valid(check_iban, "IBAN")]
    slip: _Slip
    tax_qr: TaxQr = "none"
    colours: _Colours


def load_company(stationery: Path) -> dict[str, Company]:
    """Read ``company.yaml`` of the stationery: the company in each language.

    Raise :class:`~bustia.errors.StationeryError` naming each value that must be corrected.
    """
    path = stationery / "company.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        file = _File.model_validate(data)
    except OSError as error:
        raise StationeryError("can't be read", where=str(path), hint=error.strerror) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise StationeryError("is not YAML in UTF-8", where=str(path)) from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise StationeryError(
            wrong, where=str(path), hint="docs/composing.md lists what it holds."
        ) from error
    return {language: _in_language(file, language) for language in LANGUAGES}


def _in_language(file: _File, language: str) -> Company:
    def one(value: str | _ByLanguage) -> str:
        text = value if isinstance(value, str) else str(getattr(value, language))
        return re.sub(r"\s+", " ", text).strip()

    return Company(
        name=file.name,
        legal_name=file.legal_name,
        nif=file.nif,
        street=file.address.street,
        postcode=file.address.postcode,
        town=file.address.town,
        province=file.address.province,
        registry=one(file.registry),
        phone=file.phone,
        emergency_phone=file.emergency_phone,
        email=file.email,
        web=file.web,
        office_url=file.office_url,
        office_hours=one(file.office_hours),
        privacy_url=file.privacy_url,
        sepa_creditor_id=file.sepa_creditor_id,
        iban=file.iban,
        slip_issuer=file.slip.issuer,
        slip_suffix=file.slip.suffix,
        slip_days=file.slip.days,
        tax_qr=file.tax_qr,
        colours=Colours(**{name: getattr(file.colours, name) for name in Colours.__slots__}),
    )
