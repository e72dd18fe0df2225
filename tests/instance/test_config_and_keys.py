"""Settings, keys and the clock: what is wrong is told with its place and a way out."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bustia.billing.fields import decrypt, encrypt, fingerprint
from bustia.errors import InstanceError
from bustia.instance import create_instance
from bustia.instance.config import load_config
from bustia.instance.instance import clock
from bustia.instance.keys import read_key, write_key
from bustia.instance.postgres import find_binaries

ONE, OTHER = "11" * 32, "22" * 32


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[email]\nhots = "x"\n', 2, "Did you mean host?"),
        ("[emial]\n", 1, "Did you mean email?"),
        ('[email]  # password: elsewhere\nhots = "x"\n', 2, "Did you mean host?"),
        ("emial = 1\n[sms]\n", 1, "Did you mean email?"),
        ('[email]\nhost = "x"\nport = 70000\n', 3, "email.port"),
        ("[notices]\nearliest_days = 3\nlatest_days = 7\n", 1, "latest_days must not be more"),
        ('[seal]\ntoken = "A"\n', 1, "a token needs pkcs11_module"),
        ('[seal]\npkcs11_module = "a.so"\ntoken = "A"\n', 1, "needs token and key"),
        ('[seal]\npkcs11_module = "a.so"\npkcs12 = "a.p12"\n', 1, "not both"),
        ('[payments]\nadapter = "redsys"\n', 1, "redsys needs merchant"),
        ('[payments]\nmerchant = "1"\nurl = "http://pay.example/"\n', 3, "payments.url"),
        ("[notices]\nfrom_hour = 20:00:00\nto_hour = 09:00:00\n", 1, "from_hour must be before"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path: Path, text: str, line: int, told: str) -> None:
    """The error has the file, the line and what to write instead."""
    file = tmp_path / "bustia.toml"
    file.write_text(text)
    with pytest.raises(InstanceError) as caught:
        load_config(file)
    assert f"{file}, line {line}" == caught.value.where
    assert told in str(caught.value)


def test_a_made_up_bank_stays_in_demonstrations(tmp_path: Path) -> None:
    """A pay page on this machine is refused unless the Office is a demonstration's."""
    payments = '[payments]\nadapter = "redsys"\nmerchant = "1"\nurl = "http://127.0.0.1:9000/"\n'
    file = tmp_path / "bustia.toml"
    file.write_text(payments)
    with pytest.raises(InstanceError, match="must be a bank's, with https"):
        load_config(file)
    file.write_text(f"{payments}[office]\ndemo = true\n")
    assert load_config(file).payments.is_demonstration


def test_what_is_no_toml_is_told(tmp_path: Path) -> None:
    """The TOML reader's line is passed on."""
    file = tmp_path / "bustia.toml"
    file.write_text("[email]\nhost = \n")
    with pytest.raises(InstanceError, match=r"not valid TOML.*line 2"):
        load_config(file)


def test_a_folder_without_instance_says_how_to_make_one(tmp_path: Path) -> None:
    """The hint is the command."""
    with pytest.raises(InstanceError, match="bustia init"):
        load_config(tmp_path / "bustia.toml")


def test_the_settings_that_are_written_are_the_defaults(tmp_path: Path) -> None:
    """The commented file of a new instance changes no setting."""
    (tmp_path / "empty.toml").touch()
    made = create_instance(tmp_path / "instance")
    assert load_config(tmp_path / "empty.toml") == load_config(made / "bustia.toml")


def test_an_instance_is_made_once(tmp_path: Path) -> None:
    """Its keys are for its owner only, and a second one does not take their place."""
    made = create_instance(tmp_path / "instance")
    keys = sorted((made / "keys").iterdir())
    names = ["data.key", "django.key", "links.key", "postgres.key", "seal.key"]
    assert names == [one.name for one in keys]
    assert {0o600} == {one.stat().st_mode & 0o777 for one in keys}
    with pytest.raises(InstanceError, match="there is an instance already"):
        create_instance(tmp_path / "instance")


def test_a_key_that_others_may_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint is the command that puts it right; the environment goes first."""
    file = tmp_path / "keys" / "data.key"
    value = write_key(file)
    assert value == read_key(file, "BUSTIA_SOME_KEY")
    file.chmod(0o640)
    with pytest.raises(InstanceError, match="chmod 600"):
        read_key(file, "BUSTIA_SOME_KEY")
    monkeypatch.setenv("BUSTIA_SOME_KEY", "from outside")
    assert read_key(file, "BUSTIA_SOME_KEY") == "from outside"


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    """The error says what is lost without it."""
    with pytest.raises(InstanceError, match="backup"):
        read_key(tmp_path / "data.key", "BUSTIA_SOME_KEY")


def test_encrypted_text_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time other bytes, always the same text; equal texts have equal fingerprints."""
    monkeypatch.setenv("BUSTIA_DATA_KEY", ONE)
    stored = encrypt("ES9121000418450200051332")
    assert stored != encrypt("ES9121000418450200051332")
    assert decrypt(stored) == "ES9121000418450200051332"
    assert fingerprint("a") == fingerprint("a") != fingerprint("b")


def test_keys_can_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest key encrypts, former ones still decrypt, and fingerprints stay."""
    monkeypatch.setenv("BUSTIA_DATA_KEY", ONE)
    stored, print_before = encrypt("text"), fingerprint("text")
    monkeypatch.setenv("BUSTIA_DATA_KEY", f"{OTHER}, {ONE}")
    assert decrypt(stored) == "text"
    assert print_before == fingerprint("text")
    newer = encrypt("text")
    assert stored.split(":")[0] != newer.split(":")[0]
    monkeypatch.setenv("BUSTIA_DATA_KEY", OTHER)
    assert decrypt(newer) == "text"
    with pytest.raises(InstanceError, match="BUSTIA_DATA_KEY"):
        decrypt(stored)


def test_changed_ciphertext_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored can't be changed unnoticed, and an unfit key is told."""
    monkeypatch.setenv("BUSTIA_DATA_KEY", ONE)
    stored = encrypt("text")
    place = stored.index(":") + 5
    changed = stored[:place] + ("A" if stored[place] != "A" else "B") + stored[place + 1 :]
    for damaged in (changed, stored[:-4], stored + "!"):
        with pytest.raises(InstanceError, match="changed or is damaged"):
            decrypt(damaged)
    monkeypatch.setenv("BUSTIA_DATA_KEY", "too short")
    with pytest.raises(InstanceError, match="64 hexadecimal digits"):
        encrypt("text")


def test_the_clock_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """BUSTIA_NOW is the time; without an offset, or no time at all, it is an error."""
    monkeypatch.setenv("BUSTIA_NOW", "2026-05-12T09:00:00+02:00")
    assert datetime(2026, 5, 12, 7, tzinfo=UTC) == clock()
    for wrong in ("2026-05-12T09:00:00", "tomorrow"):
        monkeypatch.setenv("BUSTIA_NOW", wrong)
        with pytest.raises(InstanceError, match="2026-05-12T09:00:00"):
            clock()
    monkeypatch.delenv("BUSTIA_NOW")
    assert clock().tzinfo is not None


def test_without_the_wheel_there_is_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no PostgreSQL is shipped, the error says to bring one's own."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(InstanceError, match="DATABASE_URL"):
        find_binaries()
