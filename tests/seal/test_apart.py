"""Files from anybody, verified in a process of its own."""

from bustia.seal import Identity, verify
from bustia.seal.apart import verify_apart


def test_the_verdict_is_the_same(sealed: bytes, identity: Identity) -> None:
    """A sealed file, one that was changed and one without a seal are told as in this process."""
    trusted = [identity.certificate]
    changed = sealed.replace(b"/Producer", b"/producer", 1) + b"\n% more"
    for content in (sealed, changed, b"%PDF-1.7 nothing"):
        assert verify(content, trusted) == verify_apart(content, trusted)


def test_nobody_is_trusted_without_certificates(sealed: bytes) -> None:
    """With no certificate the seal is whole, and of somebody unknown."""
    verdict = verify_apart(sealed, [])
    assert verdict is not None
    assert (verdict.unchanged, verdict.trusted) == (True, False)


def test_what_takes_too_long_is_given_up(sealed: bytes, identity: Identity) -> None:
    """A reader without time is ended, and says so."""
    assert verify_apart(sealed, [identity.certificate], seconds=0) is None
