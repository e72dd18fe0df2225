"""What a demonstration shows, and that none of it is there on a real instance."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

import bustia.instance.instance as instances
from bustia.instance import current_instance
from bustia.instance.config import OfficeConfig
from bustia.office.demo import PASSWORD, people, prepare
from tests.deliver.town import Town

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 14, 8, 0, tzinfo=UTC)
MAIL = b"""\
From: Company <factures@vallserena.example>
To: titular1@example.org
Subject: Your invoice
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><head></head><body><script>alert(1)</script><p>Hello</p></body></html>
"""


@pytest.fixture
def demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance that is a demonstration, with a mailbox beside it."""
    (tmp_path / "mailbox").mkdir()
    (tmp_path / "instance/outbox/sms").mkdir(parents=True)
    real = current_instance()
    (tmp_path / "instance/keys").symlink_to(real.path / "keys")
    config = real.config.model_copy(update={"office": OfficeConfig(demo=True)})
    shown = replace(real, path=tmp_path / "instance", config=config)
    monkeypatch.setattr(instances, "_open", shown)
    return tmp_path


@pytest.mark.parametrize(
    "path", ["/demo/mailbox/", "/demo/mailbox/a.eml/", "/demo/mailbox/a.eml/html/"]
)
def test_a_real_instance_has_no_mailbox(path: str) -> None:
    """Outside a demonstration its pages aren't there."""
    assert Client().get(path).status_code == 404


def test_nobody_signs_in_without_a_password_on_a_real_instance() -> None:
    """The one-click way in of a demonstration is closed elsewhere, even to its own people."""
    town = Town()
    town.invoice(town.contract(1))
    prepare(NOW)
    for person in people():
        assert Client().post(f"/demo/entrar/{person.account}/").status_code == 404
    assert PASSWORD not in Client().get("/entrar/").content.decode()


def test_mails_and_sms_are_listed_and_read(demonstration: Path) -> None:
    """Mails and SMS are found by address and shown; HTML only in a frame without scripts."""
    (demonstration / "mailbox/m1.eml").write_bytes(MAIL)
    sms = {"recipient": "+34600000001", "sender": "AVallserena", "text": "Code 123456"}
    (demonstration / "instance/outbox/sms/s1.json").write_text(json.dumps(sms), encoding="utf-8")
    client = Client()
    listed = client.get("/demo/mailbox/").content.decode()
    assert "Your invoice" in listed
    assert "Code 123456" in listed
    assert "Your invoice" not in client.get("/demo/mailbox/?q=%2B34600000001").content.decode()
    assert "sandbox=" in client.get("/demo/mailbox/m1.eml/").content.decode()
    framed = client.get("/demo/mailbox/m1.eml/html/")
    assert "sandbox" in framed["Content-Security-Policy"]
    assert "script-src" not in framed["Content-Security-Policy"]
    assert "allow-scripts" not in framed["Content-Security-Policy"]


@pytest.mark.usefixtures("demonstration")
@pytest.mark.parametrize("name", ["..", "..%2F..%2Fbustia.toml", "m1.txt", "nothing.eml"])
def test_no_other_file_is_shown(name: str) -> None:
    """Only mails and SMS by their own names can be asked for."""
    assert Client().get(f"/demo/mailbox/{name}/").status_code == 404


@pytest.mark.usefixtures("demonstration")
def test_somebody_made_up_is_signed_in_by_one_click() -> None:
    """Where it is a demonstration, one click opens an account of its people."""
    town = Town()
    town.invoice(town.contract(1))
    contract = town.contract(2)
    town.invoice(contract)
    contract.mandates.create(
        reference="M", iban="ES9121000418450200051332", iban_masked="ES** 1332",
        iban_fingerprint="f", signed_on="2024-01-01", status="active",
    )  # fmt: skip
    contract.meters.create(serial="A", calibre_mm=15, remote_read=True, installed_on="2020-01-01")
    prepare(NOW)
    prepare(NOW)
    (person,) = people()
    client = Client()
    assert person.name in client.get("/entrar/").content.decode()
    client.post(f"/demo/entrar/{person.account}/")
    assert client.get("/")["Location"] == "/contracte/K2/"
