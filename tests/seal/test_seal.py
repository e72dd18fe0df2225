"""Sealing, and what a verifier says of files that were tampered with."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bustia.errors import SealError
from bustia.seal import Identity, Sealer, demo_identity, load_identity, verify
from tests.seal.conftest import AT


def test_the_seal_is_good(sealed: bytes, identity: Identity) -> None:
    """An untouched document is sealed, unchanged and trusted, at the instant it was sealed."""
    verdict = verify(sealed, identity.chain)
    assert verdict.good
    assert (verdict.sealed_at, verdict.reason) == (AT, "")
    assert "Aigües de Vallserena (DEMO" in verdict.sealed_by


def test_pyhanko_agrees(sealed: bytes, identity: Identity) -> None:
    """PyHanko's own validation calls the signature sound and PAdES."""
    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in identity.chain]
    context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=AT)
    status = validate_pdf_signature(signature, signer_validation_context=context)
    assert status.bottom_line
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_same_document_and_time_same_bytes(pdf: bytes, identity: Identity, sealed: bytes) -> None:
    """Sealing is deterministic, and depends on the time it states."""
    sealer = Sealer(identity, reason="Aigües de Vallserena")
    assert sealed == sealer.seal(pdf, AT)
    assert sealed != sealer.seal(pdf, AT + timedelta(seconds=1))
    assert sealed == sealer.seal(pdf, AT)


def test_the_sealed_document_begins_with_what_was_composed(pdf: bytes, sealed: bytes) -> None:
    """The seal is added; nothing of the document is written anew."""
    assert sealed.startswith(pdf)


def test_somebody_elses_seal_is_unchanged_but_not_trusted(sealed: bytes) -> None:
    """Trust comes from the certificates one was told to trust, and from nowhere else."""
    other = demo_identity("somebody else")
    verdict = verify(sealed, [other.certificate, *other.chain])
    assert (verdict.sealed, verdict.unchanged, verdict.trusted) == (True, True, False)
    assert "trusted" in verdict.reason
    assert not verify(sealed, []).trusted


def _gap(sealed: bytes) -> range:
    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    _, first, second, _ = (int(part) for part in signature.byte_range)
    return range(first, second)


@pytest.mark.slow
def test_a_flipped_bit_is_noticed_wherever_it_is(sealed: bytes, identity: Identity) -> None:
    """Samples of the whole file, and a denser one of the signature's unsigned gap."""
    gap = _gap(sealed)
    outside = [place for place in range(len(sealed)) if place not in gap][::97]
    missed = []
    for place in [*gap[::5], *outside]:
        changed = bytearray(sealed)
        changed[place] ^= 1 << (place % 8)
        if verify(bytes(changed), identity.chain).unchanged:
            missed.append(place)
    assert missed == []


@pytest.mark.parametrize("added", [b"\n", b"\0", b"%", b"%%EOF\n"])
def test_nothing_can_be_added(sealed: bytes, identity: Identity, added: bytes) -> None:
    """A byte behind the end is noticed."""
    assert not verify(sealed + added, identity.chain).unchanged


@pytest.mark.parametrize("removed", [1, 2, 100, 5000])
def test_nothing_can_be_cut_off(sealed: bytes, identity: Identity, removed: int) -> None:
    """A shortened file is noticed."""
    assert not verify(sealed[:-removed], identity.chain).unchanged


def test_lower_case_digits_are_a_change(sealed: bytes, identity: Identity) -> None:
    """The seal's digits spelled otherwise are not the bytes that were sealed."""
    gap = _gap(sealed)
    inside = sealed[gap.start : gap.stop].lower()
    changed = sealed[: gap.start] + inside + sealed[gap.stop :]
    verdict = verify(changed, identity.chain)
    assert (verdict.sealed, verdict.unchanged) == (True, False)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n"]))
def test_garbage_gets_a_verdict(garbage: bytes, start: bytes) -> None:
    """Whatever the file, there is a verdict and no error."""
    assert not verify(start + garbage, []).sealed


def test_an_unsealed_document_is_told_apart(pdf: bytes) -> None:
    """A document without a seal is not a damaged one."""
    assert verify(pdf, []).reason == "This file has no seal."


def test_a_certificate_seals_only_while_it_is_valid(pdf: bytes, identity: Identity) -> None:
    """The error says from when to when, and what to do."""
    with pytest.raises(SealError, match="valid from 01-01-2020 to 01-01-2050") as caught:
        Sealer(identity).seal(pdf, datetime(2050, 6, 1, tzinfo=UTC))
    assert "bustia.toml" in str(caught.value)


def test_what_is_no_pdf_is_not_sealed(identity: Identity) -> None:
    """Other files are refused."""
    with pytest.raises(SealError, match="can't be signed"):
        Sealer(identity).seal(b"no PDF at all", AT)


def test_a_companys_own_rsa_certificate_seals(pdf: bytes, company_file: Path) -> None:
    """A PKCS#12 file with an RSA key seals documents that verify."""
    company = load_identity(company_file, "right")
    sealer = Sealer(company)
    made = sealer.seal(pdf, AT)
    assert verify(made, [company.certificate]).good
    assert made == sealer.seal(pdf, AT)


@pytest.mark.parametrize("password", ["wrong", "", None])
def test_a_wrong_password_is_told(company_file: Path, password: str | None) -> None:
    """The error says where the password comes from, and not which it was."""
    with pytest.raises(SealError, match="BUSTIA_SEAL_PASSWORD"):
        load_identity(company_file, password)


def test_the_key_is_never_shown(identity: Identity) -> None:
    """An identity in a log shows no key."""
    assert "key=" not in repr(identity)
