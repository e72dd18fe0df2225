"""The made-up town: coherent, lifelike, and always the same for the same seed."""

import csv
import io
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bustia.errors import IntakeError
from bustia.identifiers import check_iban, check_nif
from bustia.intake.records import RECORDS
from bustia.money import round_money
from bustia.synth import write_town

ISSUE_DATE = date(2026, 5, 12)
CONTRACTS = 3000


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town of 3,000 contracts, its rows by file as texts."""
    folder = tmp_path_factory.mktemp("town")
    write_town(folder, CONTRACTS, 7, ISSUE_DATE)
    return {
        file.stem: list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))
        for file in folder.glob("*.csv")
    }


def files(folder: Path) -> dict[str, bytes]:
    """The files of a bundle with their bytes."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, file_format):
    """Two towns of one seed are equal to the byte, another seed's is not."""
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        write_town(tmp_path / name, 60, seed, ISSUE_DATE, file_format=file_format)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert files(tmp_path / "one") != files(tmp_path / "other")


def test_a_contract_is_the_same_in_a_town_of_any_size(tmp_path):
    """The first ten contracts of a town of ten are the first ten of a town of forty."""
    for contracts in (10, 40):
        write_town(tmp_path / str(contracts), contracts, 3, ISSUE_DATE)
    small, large = (
        (tmp_path / str(contracts) / "customers.csv").read_text("utf-8").splitlines()
        for contracts in (10, 40)
    )
    assert small == large[: len(small)]


def test_a_bundle_is_not_written_over(tmp_path):
    """Writing into a folder that has a bundle is refused with a hint."""
    write_town(tmp_path, 2, 1, ISSUE_DATE)
    with pytest.raises(IntakeError, match="bundle here already"):
        write_town(tmp_path, 2, 1, ISSUE_DATE)


def test_every_row_is_a_valid_record(town):
    """Each row of each file is what its record type allows."""
    for record_type in RECORDS:
        for row in town[record_type.file][:400]:
            record_type.model_validate({name: text or None for name, text in row.items() if text})


def test_every_check_digit_is_right(town):
    """NIFs, NIEs, CIFs and IBANs pass the checks that the intake makes."""
    assert all(check_nif(row["nif"]) for row in town["customers"])
    assert all(check_iban(row["iban"]) for row in town["mandates"])


def test_every_reference_is_answered(town):
    """Children name parents that are there, and keys stand once."""
    for record_type in RECORDS:
        rows = town[record_type.file]
        keys = Counter(tuple(row[name] for name in record_type.key) for row in rows)
        assert max(keys.values()) == 1, record_type.file
    contracts = {row["number"] for row in town["contracts"]}
    invoices = {row["number"] for row in town["invoices"]}
    for file in ("meters", "consents", "mandates", "invoices", "consumption", "payment_plans"):
        assert {row["contract"] for row in town[file]} <= contracts, file
    for file in ("invoice_lines", "payments", "returned_debits"):
        assert {row["invoice"] for row in town[file]} <= invoices, file


def test_every_invoice_adds_up(town):
    """Lines make the net amount, VAT is right for each rate, and both make the total."""
    lines: dict[str, list[dict[str, str]]] = {}
    for line in town["invoice_lines"]:
        lines.setdefault(line["invoice"], []).append(line)
    for invoice in town["invoices"]:
        net, tax = Decimal(invoice["net_amount"]), Decimal(invoice["tax_amount"])
        assert Decimal(invoice["total_amount"]) == net + tax
        if invoice["number"] in lines:
            bases: dict[Decimal, Decimal] = {}
            for line in lines[invoice["number"]]:
                rate = Decimal(line["vat_rate"])
                bases[rate] = bases.get(rate, Decimal(0)) + Decimal(line["amount"])
            assert net == sum(bases.values())
            assert tax == sum(round_money(base * rate / 100) for rate, base in bases.items())


def test_the_town_has_the_proportions_of_the_real_one(town):
    """Office users are 36.55 % of contracts and e-invoices 15 %, within a point."""
    office = sum(bool(row["office_since"]) for row in town["customers"]) / CONTRACTS
    electronic = sum(row["invoice_channel"] == "email" for row in town["contracts"]) / CONTRACTS
    assert abs(office - 0.3655) < 0.01
    assert abs(electronic - 0.15) < 0.01
    languages = Counter(row["language"] for row in town["customers"])
    assert [language for language, _ in languages.most_common()] == ["ca", "es", "en"]


def test_every_situation_of_interest_is_there(town):
    """Debts, plans, credit notes, empty flats, leaks, ended contracts, the deceased, long names."""
    assert {"open", "paid", "returned"} <= {row["status"] for row in town["invoices"]}
    assert {"active", "completed", "broken"} <= {row["status"] for row in town["payment_plans"]}
    assert any(row["kind"] == "credit_note" for row in town["invoices"])
    assert any(Decimal(row["consumption_m3"]) == 0 for row in town["invoices"])
    assert any(row["end_date"] for row in town["contracts"])
    assert any(row["deceased"] == "true" for row in town["customers"])
    assert any(row["granted"] == "false" for row in town["consents"])
    assert any(row["status"] == "cancelled" for row in town["mandates"])
    assert max(len(row["name"]) for row in town["customers"]) > 60
    assert {"AM04", "AC04", "AC01", "MS02", "MD07"} <= {
        row["reason"] for row in town["returned_debits"]
    }
    late = [
        row
        for row in town["instalments"]
        if not row["paid_on"] and row["due_date"] < ISSUE_DATE.isoformat()
    ]
    assert late


def test_nobody_can_be_reached_by_mistake(town):
    """Addresses are of a domain kept for examples, accounts of a bank that doesn't exist."""
    mails = {row["email"].rpartition("@")[2] for row in town["customers"] if row["email"]}
    assert {"example.org"} == mails
    assert {"9999"} == {row["iban"][4:8] for row in town["mandates"]}


def test_the_manifest_counts_every_row(tmp_path):
    """The summary and the manifest say how many rows there are."""
    summary = write_town(tmp_path, 50, 1, ISSUE_DATE)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    counted = {entry["name"].partition(".")[0]: entry["rows"] for entry in manifest["files"]}
    assert {name: rows for name, rows in summary.rows.items() if rows} == {
        name: rows for name, rows in counted.items() if rows
    }
