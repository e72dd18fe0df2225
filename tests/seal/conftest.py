"""A small real document, sealed."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest
import typst

from bustia.seal import Identity, Sealer, demo_identity

AT = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
TEXT = """
#set document(title: "Factura", date: datetime(year: 2026, month: 5, day: 12))
#set text(lang: "ca", font: "Source Sans Pro")
= Factura
Gràcies.
"""


@pytest.fixture(scope="session")
def pdf() -> bytes:
    """A page in PDF/A-3a and PDF/UA-1."""
    fonts = typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(files("font_source_sans_pro") / "files")],
    )
    made = typst.compile(
        TEXT.encode(), format="pdf", font_paths=fonts, pdf_standards=["a-3a", "ua-1"]
    )
    assert isinstance(made, bytes)
    return made


@pytest.fixture(scope="session")
def identity() -> Identity:
    """Whose seal the tests set."""
    return demo_identity("tests")


@pytest.fixture(scope="session")
def sealed(pdf: bytes, identity: Identity) -> bytes:
    """The page, sealed."""
    return Sealer(identity, reason="Aigües de Vallserena").seal(pdf, AT)
