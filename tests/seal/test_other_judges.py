"""What Poppler and qpdf, which know nothing of Bústia, say of sealed documents."""

from pathlib import Path

import pytest

from bustia.compose.press import Press
from bustia.seal import Identity, Sealer, load_identity, verify
from tests.compose.bills import KINDS, STAMP, STATIONERY
from tests.seal.conftest import AT
from tests.seal.judges import judged_good, said_by_pdfsig, said_by_qpdf

PRESSED = ["credit-note", "slip-es", "six-messages"]


@pytest.fixture(scope="session", params=["ecdsa", "rsa"])
def sealer(request: pytest.FixtureRequest, identity: Identity, company_file: Path) -> Sealer:
    """Seals with a key of either kind."""
    whose = identity if request.param == "ecdsa" else load_identity(company_file, "right")
    return Sealer(whose, reason="Aigües de Vallserena")


@pytest.fixture(scope="session")
def press(tmp_path_factory: pytest.TempPathFactory) -> Press:
    """A press whose work the reference composer doesn't look at."""
    return Press(STATIONERY, tmp_path_factory.mktemp("press"), judged_every=0)


def test_a_document_sealed_afterwards_is_valid(pdf: bytes, sealer: Sealer, tmp_path: Path) -> None:
    """Poppler and qpdf find nothing wrong with what is added to a finished file."""
    judged_good(tmp_path / "sealed.pdf", sealer.seal(pdf, AT))


@pytest.mark.slow
@pytest.mark.parametrize("kind", PRESSED)
def test_a_document_sealed_on_the_press_is_valid(
    press: Press, sealer: Sealer, kind: str, tmp_path: Path
) -> None:
    """We, Poppler and qpdf find nothing wrong with a bill that is written with its seal."""
    pressed = press.compose(KINDS[kind](), (), STAMP, sealer)
    assert (pressed.composer, pressed.why) == ("press", "")
    verdict = verify(pressed.pdf, [sealer.identity.certificate, *sealer.identity.chain])
    assert (verdict.good, verdict.reason) == (True, "")
    judged_good(tmp_path / "pressed.pdf", pressed.pdf)


def test_a_changed_document_is_not_valid(sealed: bytes, tmp_path: Path) -> None:
    """Poppler's word means something: it notices a single changed byte."""
    place = sealed.index(b"/Title") + 8
    file = tmp_path / "changed.pdf"
    file.write_bytes(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
    said = said_by_pdfsig(file)
    assert "Signature Validation: Digest Mismatch." in said
    assert "Signature Validation: Signature is Valid." not in said


def test_a_broken_document_is_told(sealed: bytes, tmp_path: Path) -> None:
    """So does qpdf's: it complains of a file whose end is missing."""
    file = tmp_path / "broken.pdf"
    file.write_bytes(sealed[:-200])
    code, told = said_by_qpdf(file)
    assert code != 0
    assert told != ""
