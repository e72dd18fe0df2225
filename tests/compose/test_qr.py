"""The tax QR: the symbol that segno would draw, module by module."""

from datetime import date
from decimal import Decimal

import pytest
import segno
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bustia.compose.qr import verifactu_url
from bustia.compose.qr_symbol import symbol
from bustia.errors import ComposeError

ASCII = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
CAPACITIES = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560]
"""Bytes that the symbols of versions 1 to 18 hold at level M (ISO/IEC 18004, table 7)."""


def drawn_by_segno(content: str) -> list[str]:
    made = segno.make(content, error="m", mode="byte", micro=False, boost_error=False)
    return ["".join(map(str, row)) for row in made.matrix]


@settings(deadline=None, max_examples=40)
@given(st.text(ASCII, min_size=1, max_size=160))
@example("bill-3766")  # its mask depends on finder patterns that overlap
def test_every_module_is_segnos(content: str):
    """Data, error correction, mask, format and version are as segno makes them."""
    assert drawn_by_segno(content) == symbol(content)


@pytest.mark.parametrize("length", [*CAPACITIES, CAPACITIES[8] + 1, 2331])
def test_each_size_holds_what_it_should(length: int):
    """A text that fills a symbol gets that symbol, one more the next, up to the largest."""
    content = "bústia".encode().hex() * 400
    assert drawn_by_segno(content[:length]) == symbol(content[:length])


def test_what_no_symbol_holds_is_refused():
    """More than the largest symbol holds is an error that says how much it was."""
    with pytest.raises(ComposeError, match="2332"):
        symbol("x" * 2332)


def test_the_tax_agency_gets_what_its_address_asks_for():
    """Tax number, number, day and total stand in the address as the specification has them."""
    address = verifactu_url(
        "verifactu",
        nif="A43999127",
        number="A26/12 3",
        issued=date(2026, 5, 12),
        total=Decimal("40.6"),
    )
    assert address.endswith(
        "/ValidarQR?nif=A43999127&numserie=A26%2F12%203&fecha=12-05-2026&importe=40.60"
    )
