"""Sealing with a key that stays in its token, as SoftHSM2 plays it."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, ObjectClass

from bustia.compose.press import Press
from bustia.errors import SealError
from bustia.seal import Identity, Sealer, TokenPlace, as_pem, load_token_identity, verify
from bustia.seal.token import TokenKey
from tests.compose.bills import KINDS, STAMP, STATIONERY
from tests.seal.conftest import AT, own_certificate
from tests.seal.judges import judged_good
from tests.tools.debian.softhsm import SoftHsm

PIN = "271828"
TOKEN = "Aigües"
KEYS: dict[str, Callable[[], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]] = {
    "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa-3072": lambda: rsa.generate_private_key(65537, 3072),
    "p-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p-384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The certificates of the keys in the token, as PEM files."""
    return {name: tmp_path_factory.mktemp("pem") / f"{name}.pem" for name in KEYS}


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, Path]
) -> Iterator[TokenPlace]:
    """A token with a key of each kind, and the certificate of one of them."""
    hsm = SoftHsm(tmp_path_factory.mktemp("hsm"))
    for token in (TOKEN, "for wrong PINs"):
        hsm.make_token(token, PIN)
    for name, make in KEYS.items():
        key = make()
        certificates[name].write_bytes(as_pem((own_certificate(key),)))
        hsm.put_key(TOKEN, PIN, name, key)
    for _ in range(2):
        hsm.put_key(TOKEN, PIN, "twice", KEYS["p-256"]())
    hsm.load_libraries()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(hsm.settings))
        put_certificate(hsm.module, "p-256", certificates["p-256"])
        yield TokenPlace(hsm.module, TOKEN, "p-256")
        pkcs11.unload(str(hsm.module))


def put_certificate(module: Path, label: str, file: Path) -> None:
    """Put a certificate into the token, as its maker's program would."""
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    with pkcs11.lib(str(module)).get_token(token_label=TOKEN).open(True, PIN) as session:
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.LABEL: label,
                Attribute.SUBJECT: certificate.subject.public_bytes(),
                Attribute.VALUE: certificate.public_bytes(Encoding.DER),
            }
        )


@pytest.fixture(params=KEYS)
def in_token(
    request: pytest.FixtureRequest, place: TokenPlace, certificates: dict[str, Path]
) -> Identity:
    """Whose seal the token sets, with a key of each kind."""
    name = request.param
    return load_token_identity(replace(place, key=name), certificates[name], PIN)


def test_a_key_in_a_token_seals(pdf: bytes, in_token: Identity, tmp_path: Path) -> None:
    """Documents sealed by a token verify, by ours and by others."""
    made = Sealer(in_token, reason="Aigües de Vallserena").seal(pdf, AT)
    assert verify(made, [in_token.certificate]).good
    judged_good(tmp_path / "sealed.pdf", made)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rsa-2048", "p-256"])
def test_a_key_in_a_token_seals_on_the_press(
    place: TokenPlace, certificates: dict[str, Path], name: str, tmp_path: Path
) -> None:
    """Many bills that are written with their seals all verify, though signatures differ in size."""
    press = Press(STATIONERY, tmp_path / "press", judged_every=0)
    sealer = Sealer(load_token_identity(replace(place, key=name), certificates[name], PIN))
    made = [press.compose(KINDS["slip-es"](), (), STAMP, sealer) for _ in range(40)]
    assert {one.composer for one in made} == {"press"}
    trusted = [sealer.identity.certificate]
    assert {verify(one.pdf, trusted).reason for one in made} == {""}
    judged_good(tmp_path / "pressed.pdf", made[0].pdf)


def test_only_rsa_in_a_token_gives_the_same_bytes(in_token: Identity) -> None:
    """A token's elliptic curves take random numbers; RSA as in PKCS #1 v1.5 takes none."""
    once, again = in_token.sign(b"a document"), in_token.sign(b"a document")
    is_rsa = isinstance(in_token.certificate.public_key(), rsa.RSAPublicKey)
    assert (once == again) is is_rsa


def test_signatures_are_no_longer_than_the_bound(in_token: Identity) -> None:
    """The room that is kept for a signature is enough for each."""
    longest = max(len(in_token.sign(bytes([number]))) for number in range(20))
    assert longest <= in_token.signature_bytes


def test_the_certificate_may_be_in_the_token(pdf: bytes, place: TokenPlace) -> None:
    """Without a PEM file, the certificate that is called as the key is taken."""
    company = load_token_identity(place, None, PIN)
    assert verify(Sealer(company).seal(pdf, AT), [company.certificate]).good


def test_nobody_needs_a_pin_to_verify(place: TokenPlace) -> None:
    """The certificate is given without a PIN; sealing asks for it by its variable's name."""
    company = load_token_identity(place, None, None)
    assert company.subject == "CN=A company"
    with pytest.raises(SealError, match="BUSTIA_SEAL_PIN"):
        company.sign(b"a document")


def close_sessions(module: Path) -> None:
    """Close all sessions behind the back of who holds them, as a token that lost its power."""
    token = pkcs11.lib(str(module)).get_token(token_label=TOKEN)
    assert ctypes.CDLL(str(module)).C_CloseAllSessions(ctypes.c_ulong(token.slot.slot_id)) == 0


def forget_everything(module: Path) -> None:
    """End the module's work behind the back of who uses it, as a driver that was restarted."""
    assert ctypes.CDLL(str(module)).C_Finalize(None) == 0


@pytest.mark.parametrize("drop", [close_sessions, forget_everything])
def test_a_dropped_session_is_opened_anew(place: TokenPlace, drop: Callable[[Path], None]) -> None:
    """A token that was gone for a moment goes on sealing."""
    company = load_token_identity(place, None, PIN)
    company.sign(b"before")
    drop(place.module)
    public = company.certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(company.sign(b"after"), b"after", ec.ECDSA(hashes.SHA256()))


def test_a_token_that_stays_away_is_told(
    place: TokenPlace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token that doesn't come back is an error in words; once it is back, it seals again."""
    company = load_token_identity(place, None, PIN)
    company.sign(b"before")
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tmp_path}\n")
    forget_everything(place.module)
    with monkeypatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(settings))
        for _ in range(2):
            with pytest.raises(SealError, match=f"there is no token called {TOKEN}"):
                company.sign(b"meanwhile")
    assert company.sign(b"after")


def test_a_wrong_pin_is_tried_once(place: TokenPlace) -> None:
    """A token locks itself after a few wrong PINs: a cycle must not try it for each document."""
    wrong = replace(place, token="for wrong PINs")
    certificate = load_token_identity(place, None, PIN).certificate
    company = Identity(TokenKey(wrong, certificate, "314159"), certificate)
    with pytest.raises(SealError, match="refuses the PIN") as first:
        company.sign(b"a document")
    with pytest.raises(SealError) as second:
        company.sign(b"another document")
    assert second.value is first.value  # told again, without asking the token
    assert "314159" not in str(first.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"token": "Aigua"}, f"no token called Aigua. Its tokens: {TOKEN}, for wrong PINs"),
        ({"key": "seal"}, "no private key in it is called seal. Its keys: p-256, p-384"),
        ({"key": "twice"}, "more than one key in it is called twice"),
        ({"key": "rsa-2048"}, "its key rsa-2048 is not that of the certificate, or neither"),
        ({"key": "p-384"}, "its key p-384 is not that of the certificate"),
        ({"module": Path("none.so")}, "none.so: there is no such file. Name the library"),
        ({"module": Path(__file__)}, "can't be used as a PKCS#11 module"),
    ],
)
def test_what_is_wrong_with_a_token_is_told(
    place: TokenPlace, certificates: dict[str, Path], changes: dict[str, Any], told: str
) -> None:
    """Each mistake in the settings has its sentence, with the names that would do."""
    company = load_token_identity(replace(place, **changes), certificates["p-256"], PIN)
    with pytest.raises(SealError) as error:
        company.sign(b"a document")
    assert told in str(error.value)


def test_a_certificate_that_is_not_there_is_told(place: TokenPlace, tmp_path: Path) -> None:
    """No certificate in the token or the file is an error that says where one may be named."""
    with pytest.raises(SealError, match=r"holds no certificates called p-384.*certificate in"):
        load_token_identity(replace(place, key="p-384"), None, PIN)
    with pytest.raises(SealError, match="can't be read"):
        load_token_identity(place, tmp_path / "none.pem", PIN)
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(SealError, match="in PEM form"):
        load_token_identity(place, tmp_path / "empty.pem", PIN)


def test_the_pin_is_never_shown(place: TokenPlace) -> None:
    """An identity in a log shows no PIN."""
    assert PIN not in repr(load_token_identity(place, None, PIN))
