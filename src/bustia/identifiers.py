"""Numbers that carry their own check: Spanish tax numbers (NIF) and bank accounts (IBAN).

The rules themselves are python-stdnum's; this is the one door to them.
"""

import re

from stdnum import iban as _iban
from stdnum.es import nif as _nif
from stdnum.exceptions import ValidationError

__all__ = ["check_iban", "check_nif", "mask_iban", "normal_iban", "normal_nif"]

_SEPARATORS = re.compile(r"[\s.\-/]+")


def normal_nif(text: str) -> str:
    """Write a NIF, NIE or CIF the one way: capitals, no separators, no ``ES`` in front."""
    plain = _SEPARATORS.sub("", text).upper()
    return plain[2:] if plain.startswith("ES") and len(plain) == 11 else plain


def check_nif(text: str) -> bool:
    """Tell whether the text is a Spanish NIF, NIE or CIF with the right check character.

    Separators and an ``ES`` in front are no matter: ``ES-A58818501`` is the same as
    ``A58818501``. Source: RD 1065/2007, art. 18 ff., and Orden EHA/451/2008.
    """
    plain = normal_nif(text)
    if not plain.isascii():
        return False
    try:
        _nif.validate(plain)
    except ValidationError:
        return False
    return True


def normal_iban(text: str) -> str:
    """Write an IBAN the one way: capitals, no spaces, no ``IBAN`` in front."""
    plain = _SEPARATORS.sub("", text).upper()
    return plain.removeprefix("IBAN") if len(plain) > 15 else plain


def check_iban(text: str) -> bool:
    """Tell whether the text is an IBAN: its country's length and form, check digits right.

    Spaces and small letters are no matter. Check digits within the account number itself, which
    some countries have, are the bank's business. Source: ISO 13616 and the SWIFT registry.
    """
    plain = normal_iban(text)
    if not plain.isascii():
        return False
    try:
        _iban.validate(plain, check_country=False)
    except ValidationError:
        return False
    return True


def mask_iban(text: str) -> str:
    """Show an account without giving it away: country and last four characters.

    ``ES9121000418450200051332`` becomes ``ES** **** **** **** **** 1332``; a text too short to
    be an account is masked whole.
    """
    plain = normal_iban(text)
    if len(plain) < 12:
        return "*" * len(plain)
    masked = plain[:2] + "*" * (len(plain) - 6) + plain[-4:]
    return " ".join(masked[start : start + 4] for start in range(0, len(masked), 4))
