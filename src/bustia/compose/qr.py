"""The QR code of a Spanish invoice (VERI*FACTU), drawn as vector paths.

Source: Orden HAC/1177/2024 and the tax agency's QR specification, version 0.5.0.
"""

from datetime import date
from decimal import Decimal
from typing import Literal
from urllib.parse import quote, urlencode

import segno

from bustia.compose.drawing import POINTS_A_MM, Drawing, rectangles

__all__ = ["QR_SIDE_MM", "qr_code", "verifactu_url"]

QR_SIDE_MM = 32.0
"""Between 30 and 40 mm, the quiet zone (6 mm better, 2 at least) not counted."""
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
    """Draw a QR code, level M, 32 mm wide; its quiet zone is the layout's to keep."""
    code = segno.make(content, error="m", micro=False, boost_error=False)
    rows = [list(row) for row in code.matrix]
    module = QR_SIDE_MM / len(rows)
    boxes = []
    for top, row in enumerate(rows):
        left = 0
        while left < len(row):
            end = left
            while end < len(row) and row[end]:
                end += 1
            if end > left:
                boxes.append((left * module, top * module, (end - left) * module, module))
            left = max(end, left + 1)
    side = round(QR_SIDE_MM * POINTS_A_MM, 3)
    return Drawing(side, side, (rectangles(boxes, POINTS_A_MM),), ("#000000",), alt)
