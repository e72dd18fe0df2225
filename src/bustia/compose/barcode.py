"""The barcode of a payment slip: the Spanish banks' Cuaderno 57, mode 1, prefix 90507.

Source: AEB, Cuaderno 57, "Cobros por ventanilla y autoservicio"; printed as GS1-128, set C.
"""

import re
from datetime import date
from functools import lru_cache

from barcode.charsets.code128 import CODES, START_CODES, STOP, C

from bustia.compose.drawing import POINTS_A_MM, Drawing, rectangles
from bustia.errors import ComposeError

__all__ = ["FIRST_DATED_SUFFIX", "cuaderno57", "gs1_128", "slip_check_digits"]

_MODULE_MM = 0.495
"""The nominal width of GS1-128: 46 digits come to 148 mm, 166 are the most a bank reads."""
_HEIGHT_MM = 13.0
"""At least 10 mm."""
_SYMBOL = 11
"""Modules of each symbol but the last; each begins with a bar and ends with a gap."""
_MOST_SYMBOLS = 10_000
"""Drawn symbols remembered: a slip's 27 places may each hold one of a hundred."""
_BLACK = re.compile("1+")
FIRST_DATED_SUFFIX = 500
"""From this suffix on the identification is the last day to pay, and banks refuse later ones."""


def cuaderno57(
    *, issuer: str, suffix: str, reference: str, identification: str | date, amount_cents: int
) -> str:
    """Give the 46 digits of a slip.

    ``issuer`` is the numeric part of the company's NIF (8 digits), ``suffix`` has 3, ``reference``
    up to 11, ``identification`` 6 (a date becomes DDMMYY). The amount is in cents, up to 10 digits.
    Raises ``ComposeError`` for anything else.
    """
    if isinstance(identification, date):
        identification = identification.strftime("%d%m%y")
    reference = reference.zfill(11)
    amount = str(amount_cents).zfill(10)
    parts = (
        ("issuer", issuer, 8),
        ("suffix", suffix, 3),
        ("reference", reference, 11),
        ("identification", identification, 6),
        ("amount", amount, 10),
    )
    for name, value, length in parts:
        if len(value) != length or not (value.isascii() and value.isdigit()):
            raise ComposeError(
                f"the {name} of a payment slip needs {length} digits, not {len(value)} characters."
            )
    check = slip_check_digits(issuer, suffix, reference, identification, amount)
    return f"90507{issuer}{suffix}{reference}{check}{identification}{amount}0"


def slip_check_digits(*parts: str) -> str:
    """100 minus the first two decimals of the sum divided by 97, cut off; 100 becomes 00."""
    total = sum(int(part) for part in parts)
    decimals = (total * 100 // 97) % 100
    return f"{(100 - decimals) % 100:02d}"


def gs1_128(digits: str, alt: str) -> Drawing:
    """Draw an even number of digits as GS1-128 in set C; the 10 mm to keep clear at both ends
    are the layout's. Raises ``ComposeError`` for anything but digits.
    """
    if not digits or len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise ComposeError("GS1-128 in set C takes an even number of digits.")
    pairs = [int(digits[place : place + 2]) for place in range(0, len(digits), 2)]
    codes = [START_CODES["C"], C["\xf1"], *pairs]  # \xf1 is FNC1: what follows is of GS1
    check = (codes[0] + sum(place * code for place, code in enumerate(codes))) % 103
    symbols = [*(CODES[code] for code in (*codes, check)), f"{STOP}11"]
    paths = [_symbol(symbol, place * _SYMBOL) for place, symbol in enumerate(symbols)]
    width = sum(map(len, symbols))
    return Drawing(
        width=round(width * _MODULE_MM * POINTS_A_MM, 3),
        height=round(_HEIGHT_MM * POINTS_A_MM, 3),
        paths=("".join(paths),),
        fills=("#000000",),
        alt=alt,
    )


@lru_cache(maxsize=_MOST_SYMBOLS)
def _symbol(modules: str, start: int) -> str:
    """Draw the bars of one symbol, black where it has a 1, from a place given in modules."""
    return rectangles(
        (
            ((start + black.start()) * _MODULE_MM, 0.0, len(black[0]) * _MODULE_MM, _HEIGHT_MM)
            for black in _BLACK.finditer(modules)
        ),
        scale=POINTS_A_MM,
    )
