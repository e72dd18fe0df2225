"""The QR code of a Spanish invoice (VERI*FACTU), drawn as vector paths.

Source: Orden HAC/1177/2024 and the tax agency's QR specification, version 0.5.0.
"""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Literal
from urllib.parse import quote, urlencode

from bustia.compose.drawing import POINTS_A_MM, Drawing, short
from bustia.compose.qr_symbol import symbol

__all__ = ["QR_SIDE_MM", "qr_code", "verifactu_url"]

QR_SIDE_MM = 32.0
"""Between 30 and 40 mm, the quiet zone (6 mm better, 2 at least) not counted."""
_DARK = re.compile("1+")
_ADDRESSES = {
    "verifactu": "https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQR",
    "no_verifactu": "https://www2.agenciatributaria.gob.es/wlpl/TIKE-CONT/ValidarQRNoVerifactu",
}


def verifactu_url(
    mode: Literal["verifactu", "no_verifactu"],
    *,
    nif: str,
    number: str,
    issued: date,
    total: Decimal,
) -> str:
    """Give the address under which the tax agency answers for an invoice."""
    query = {
        "nif": nif,
        "numserie": number,
        "fecha": issued.strftime("%d-%m-%Y"),
        "importe": f"{total:.2f}",
    }
    return f"{_ADDRESSES[mode]}?{urlencode(query, quote_via=quote, encoding='utf-8')}"


def qr_code(content: str, alt: str) -> Drawing:
    """Draw a QR code, level M, 32 mm wide; its quiet zone is the layout's to keep.

    Raise :class:`~bustia.errors.ComposeError` where it can't hold the content, ASCII.
    """
    rows = symbol(content)
    starts, bars = _pieces(len(rows))
    path = "".join(
        [
            f"M{starts[dark.start()]} {starts[top]}{bars[len(dark[0])]}"
            for top, row in enumerate(rows)
            for dark in _DARK.finditer(row)
        ]
    )
    side = round(QR_SIDE_MM * POINTS_A_MM, 3)
    return Drawing(side, side, (path,), ("#000000",), alt)


@cache
def _pieces(modules: int) -> tuple[list[str], list[str]]:
    """Give, for a symbol so many modules wide, where each begins, and a bar for each length."""
    module = QR_SIDE_MM / modules
    starts = [short(place * module * POINTS_A_MM) for place in range(modules)]
    widths = [length * module * POINTS_A_MM for length in range(modules + 1)]
    bars = [f"h{short(width)}v{short(widths[1])}h{short(-width)}z" for width in widths]
    return starts, bars
