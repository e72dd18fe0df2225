"""Reading the seller and the buyer of a Facturae file."""

from babel.core import get_global

from bustia.intake.documents import Identifier, Party
from bustia.intake.readers.reading import Reading
from bustia.intake.readers.xml import Element, first, nodes, xpath_of

__all__ = ["read_party"]

_RESIDENT = "R"


def read_party(node: Element, reading: Reading, *, is_seller: bool) -> Party:
    """Read a ``SellerParty`` or ``BuyerParty``; residents' tax numbers are checked."""
    term = "BT-31" if is_seller else "BT-48"
    nif = reading.required(node, "TaxIdentification/TaxIdentificationNumber", term)
    tax_node = first(node, "TaxIdentification/TaxIdentificationNumber")
    residence = reading.text(node, "TaxIdentification/ResidenceTypeCode")
    if tax_node is not None and nif and residence in {_RESIDENT, ""}:
        reading.spanish_nif(tax_node, nif, term)
    legal = first(node, "LegalEntity")
    person = first(node, "Individual")
    entity = legal if legal is not None else person
    if entity is None:
        reading.missing(node, "LegalEntity", "BT-27" if is_seller else "BT-44")
        return Party(name="")
    name = reading.text(legal, "CorporateName") or " ".join(
        part
        for step in ("Name", "FirstSurname", "SecondSurname")
        if (part := reading.text(person, step))
    )
    if not name:
        reading.missing(entity, "CorporateName", "BT-27" if is_seller else "BT-44")
    home = first(entity, "AddressInSpain")
    abroad = first(entity, "OverseasAddress")
    address = home if home is not None else abroad
    postcode, city = reading.text(home, "PostCode"), reading.text(home, "Town")
    if home is None:
        # Abroad, postcode and town are one field: "SW1A 2AA London" can't be told apart safely.
        city = reading.text(abroad, "PostCodeAndTown")
    registration = reading.text(legal, "RegistrationData/RegisterOfCompaniesLocation")
    return Party(
        name=name,
        trade_name=reading.text(legal, "TradeName"),
        vat_id=nif,
        identifiers=_centres(node, reading),
        address=tuple(line for line in (reading.text(address, "Address"),) if line),
        postcode=postcode,
        city=city,
        subdivision=reading.text(address, "Province"),
        country=_country(reading.text(address, "CountryCode"), entity, reading),
        contact=reading.text(entity, "ContactDetails/ContactPersons"),
        phone=reading.text(entity, "ContactDetails/Telephone"),
        email=reading.text(entity, "ContactDetails/ElectronicMail"),
        legal_form=registration,
    )


def _centres(node: Element, reading: Reading) -> tuple[Identifier, ...]:
    """Give the DIR3 codes of a public body's offices, with their roles as scheme."""

    return tuple(
        Identifier(code, f"DIR3-{reading.text(centre, 'RoleTypeCode')}")
        for centre in nodes(node, "AdministrativeCentres/AdministrativeCentre")
        if (code := reading.text(centre, "CentreCode"))
    )


def _country(code: str, entity: Element, reading: Reading) -> str:
    """Turn ISO 3166-1 alpha-3, which Facturae has, into alpha-2."""
    if not code:
        return ""
    aliases = get_global("territory_aliases").get(code, ())
    if len(aliases) == 1:
        return str(aliases[0])
    reason = "The value isn't a country code of three letters, as in ESP."
    reading.remark(f"{xpath_of(entity)}//CountryCode", "BT-40", "value_invalid", reason)
    return ""
