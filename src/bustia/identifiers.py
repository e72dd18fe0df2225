"""Numbers that carry their own check: Spanish tax numbers (NIF) and bank accounts (IBAN).

The rules themselves are python-stdnum's; this is the one door to them. What nearly every row has, a
right NIF of a person or a right Spanish IBAN, is seen here at a tenth of the cost; of
everything else python-stdnum is the judge.
"""

import re

from stdnum import iban as _iban
from stdnum.es import nif as _nif
from stdnum.exceptions import ValidationError

__all__ = ["check_iban", "check_nif", "mask_iban", "normal_iban", "normal_nif"]

_SEPARATORS = re.compile(r"[\s.\-/]+")
_PERSON = re.compile(r"[0-9XYZ][0-9]{7}[A-Z]")
_DIGIT_OF_LETTER = str.maketrans("XYZ", "012")
_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
"""The control letter of a person's number, by its remainder of 23 (Orden EHA/451/2008)."""
_SPANISH_IBAN = re.compile(r"ES[0-9]{22}")
_ES_IN_DIGITS = "1428"


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
    if _is_right_person(plain):
        return True
    try:
        _nif.validate(plain)
    except ValidationError:
        return False
    return True


def _is_right_person(plain: str) -> bool:
    """Tell whether this is a DNI or NIE whose letter fits."""
    if not _PERSON.fullmatch(plain):
        return False
    return _LETTERS[int(plain[:8].translate(_DIGIT_OF_LETTER)) % 23] == plain[8]


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
    if _is_right_spanish_iban(plain):
        return True
    try:
        _iban.validate(plain, check_country=False)
    except ValidationError:
        return False
    return True


def _is_right_spanish_iban(plain: str) -> bool:
    """Tell whether this is a Spanish IBAN whose check digits fit (ISO 7064, MOD 97-10)."""
    if not _SPANISH_IBAN.fullmatch(plain):
        return False
    return int(plain[4:] + _ES_IN_DIGITS + plain[2:4]) % 97 == 1


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
