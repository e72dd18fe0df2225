"""Importing whole bundles into the tables."""

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bustia.billing import models
from bustia.intake.bundle import FileFormat
from bustia.intake.records import (
    CustomerRecord,
    InvoiceLineRecord,
    InvoiceRecord,
    MandateRecord,
)
from tests.intake.conftest import Load
from tests.intake.town import Records, change, town, write_town

pytestmark = pytest.mark.django_db


def table_rows() -> dict[str, list[tuple[object, ...]]]:
    """Give everything the export's tables hold, to compare."""
    kept = (
        models.Customer,
        models.Contract,
        models.Meter,
        models.Consent,
        models.Mandate,
        models.TariffPrice,
        models.Invoice,
        models.InvoiceLine,
        models.InvoiceTax,
        models.Consumption,
        models.Payment,
        models.ReturnedDebit,
        models.PaymentPlan,
        models.Instalment,
        models.CalendarEntry,
    )
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in kept}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_clean_bundle_is_taken_whole(tmp_path: Path, load: Load, file_format: FileFormat) -> None:
    """Every row of a bundle in order becomes a row of the tables."""
    batch = load(write_town(tmp_path / "bundle", file_format=file_format))
    assert batch.taken
    assert batch.rejections == ()
    records = town()
    assert [len(rows) for rows in records.values()] == [file.read for file in batch.files]
    assert [file.read for file in batch.files] == [file.new for file in batch.files]
    assert len(records[InvoiceRecord]) == models.Invoice.objects.count()
    assert len(records[InvoiceLineRecord]) == models.InvoiceLine.objects.count()


def test_invoice_is_what_the_export_says(tmp_path: Path, load: Load) -> None:
    """An invoice's row has the export's figures, and a VAT breakdown made from its lines."""
    load(write_town(tmp_path / "bundle"))
    invoice = models.Invoice.objects.get(number="F2-1")
    assert invoice.contract.number == "K1"
    assert invoice.contract.customer.name == "Titular 1, “d’exemple”"
    assert Decimal("40.61") == invoice.total_amount == invoice.payable_amount
    assert date(2026, 4, 28) == invoice.charge_date
    assert [
        ("E", Decimal(0), Decimal("7.98"), Decimal(0)),
        ("S", Decimal(10), Decimal("29.66"), Decimal("2.97")),
    ] == list(invoice.taxes.order_by("rate").values_list("category", "rate", "base", "amount"))


def test_account_is_encrypted_and_masked(tmp_path: Path, load: Load) -> None:
    """The database holds no account in plain text; the mandate gives it back."""
    load(write_town(tmp_path / "bundle"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT iban, iban_masked FROM billing_mandate ORDER BY id LIMIT 1")
        stored, masked = cursor.fetchone()
    assert "0200051332" not in stored
    assert masked == "ES** **** **** **** **** 1332"
    assert models.Mandate.objects.get(reference="M1").iban == "ES9121000418450200051332"


@pytest.mark.parametrize("second_format", ["csv", "parquet"])
def test_importing_twice_changes_nothing(
    tmp_path: Path, load: Load, second_format: FileFormat
) -> None:
    """The second import finds every row unchanged, in whichever format it comes."""
    load(write_town(tmp_path / "one"))
    before = table_rows()
    batch = load(write_town(tmp_path / "two", file_format=second_format))
    assert [file.read for file in batch.files] == [file.unchanged for file in batch.files]
    assert before == table_rows()


def test_zip_is_the_same_as_its_folder(tmp_path: Path, load: Load) -> None:
    """A zip of a bundle's folder, or of the files in it, is the bundle."""
    folder = write_town(tmp_path / "bundle")
    for root, base in ((folder, None), (tmp_path, "bundle")):
        made = shutil.make_archive(str(tmp_path / f"zip-{base}"), "zip", root, base)
        batch = load(Path(made))
        assert batch.taken
        assert batch.files[0].read == 3


def test_changed_rows_are_updated(tmp_path: Path, load: Load) -> None:
    """A new address, account or payment status in a later export replaces the old one."""
    load(write_town(tmp_path / "one"))
    folder = write_town(tmp_path / "two")
    change(folder, "customers.csv", "carrer Major, 2, 1r 2a", "plaça Nova, 7")
    change(folder, "mandates.csv", "ES9121000418450200051332", "ES7921000813610123456789")
    change(folder, "invoices.csv", ",open,E2E-2-3", ",paid,E2E-2-3")
    batch = load(folder)
    changed = {file.name: file.changed for file in batch.files if file.changed}
    assert changed == {"customers.csv": 1, "mandates.csv": 1, "invoices.csv": 1}
    assert models.Customer.objects.get(code="C2").street == "plaça Nova, 7"
    assert models.Mandate.objects.get(reference="M1").iban == "ES7921000813610123456789"
    assert models.Invoice.objects.get(number="F2-3").status == "paid"


def test_earlier_totals_may_get_their_lines_later(tmp_path: Path, load: Load) -> None:
    """An invoice that came as a bare total takes lines that add up to it."""
    load(write_town(tmp_path / "one"))
    assert models.InvoiceLine.objects.filter(invoice__number="F1-1").count() == 0
    records = town()
    for line in list(records[InvoiceLineRecord]):
        assert isinstance(line, InvoiceLineRecord)
        number = line.invoice.replace("F2", "F1")
        records[InvoiceLineRecord].append(line.model_copy(update={"invoice": number}))
    batch = load(write_town(tmp_path / "two", records))
    assert batch.taken
    assert models.InvoiceLine.objects.filter(invoice__number="F1-1").count() == 2
    assert models.InvoiceTax.objects.filter(invoice__number="F1-1").count() == 2


def test_older_export_does_not_undo_a_return(tmp_path: Path, load: Load) -> None:
    """An invoice the bank gave back stays returned though an older export calls it open."""
    load(write_town(tmp_path / "one"))
    models.Invoice.objects.filter(number="F2-1").update(status="returned")
    batch = load(write_town(tmp_path / "two"))
    assert sum(file.changed for file in batch.files) == 0
    assert models.Invoice.objects.get(number="F2-1").status == "returned"


def test_part_of_an_export_is_a_bundle(tmp_path: Path, load: Load) -> None:
    """A bundle may hold only what is new, referring to what is known from before."""
    load(write_town(tmp_path / "one"))
    records = town()
    batch = load(
        write_town(
            tmp_path / "two",
            {
                InvoiceRecord: [
                    record.model_copy(update={"number": record.number + "x"})
                    for record in records[InvoiceRecord]
                    if isinstance(record, InvoiceRecord) and record.number == "F2-1"
                ],
                InvoiceLineRecord: [
                    record.model_copy(update={"invoice": "F2-1x"})
                    for record in records[InvoiceLineRecord]
                    if isinstance(record, InvoiceLineRecord) and record.invoice == "F2-1"
                ],
            },
        )
    )
    assert batch.taken
    assert [file.new for file in batch.files] == [1, 2]


def test_all_or_nothing_is_the_default(tmp_path: Path, load: Load) -> None:
    """With one bad row nothing is taken, and the report says which row and why."""
    folder = write_town(tmp_path / "bundle")
    change(folder, "customers.csv", "12345678Z", "12345678A")
    batch = load(folder)
    assert not batch.taken
    assert models.Customer.objects.count() == 0
    first = batch.rejections[0]
    assert (
        first.file,
        first.where,
        first.field,
        first.code,
    ) == ("customers.csv", 2, "nif", "nif_invalid")


def test_partial_takes_the_good_and_leaves_out_dependants(tmp_path: Path, load: Load) -> None:
    """Row by row, a bad customer is left out with contract, invoices, lines and all else."""
    folder = write_town(tmp_path / "bundle")
    change(folder, "customers.csv", "12345678Z", "12345678A")
    batch = load(folder, partial=True)
    assert batch.taken
    assert list(models.Customer.objects.order_by("code").values_list("code", flat=True)) == [
        "C2",
        "C3",
    ]
    assert models.Invoice.objects.filter(number__endswith="-1").count() == 0
    assert models.Mandate.objects.count() == 2
    assert models.PaymentPlan.objects.count() == 0
    codes = {(r.file, r.code) for r in batch.rejections}
    assert ("invoice_lines.csv", "parent_rejected") in codes
    assert ("instalments.csv", "parent_rejected") in codes
    counts = {file.name: (file.read, file.new, file.rejected) for file in batch.files}
    assert counts["customers.csv"] == (3, 2, 1)
    assert counts["invoice_lines.csv"] == (6, 4, 2)
    assert all(file.read == file.new + file.rejected for file in batch.files)


def test_repaired_bundle_completes_a_partial_import(tmp_path: Path, load: Load) -> None:
    """After a partial import, the repaired bundle adds just what was left out."""
    folder = write_town(tmp_path / "bad")
    change(folder, "customers.csv", "12345678Z", "12345678A")
    load(folder, partial=True)
    batch = load(write_town(tmp_path / "good"))
    counts = {file.name: (file.new, file.unchanged) for file in batch.files}
    assert counts["customers.csv"] == (1, 2)
    assert counts["invoices.csv"] == (2, 4)


def test_rejected_rows_are_kept(tmp_path: Path, load: Load) -> None:
    """The list beside the instance has every rejection with its original row, accounts hidden."""
    folder = write_town(tmp_path / "bundle")
    change(folder, "customers.csv", "12345678Z", "12345678A")
    change(folder, "mandates.csv", "M2,K2,ES91", "M2,K2,ES92")
    batch = load(folder)
    assert batch.rejections_path is not None
    assert batch.rejections_path.stat().st_mode & 0o777 == 0o600
    entries = [json.loads(line) for line in batch.rejections_path.read_text().splitlines()]
    assert batch.rejected == len(entries) == models.IntakeRejection.objects.count()
    customer = next(entry for entry in entries if entry["file"] == "customers.csv")
    assert customer["original"]["nif"] == "12345678A"
    assert "0200051332" not in batch.rejections_path.read_text()


def test_number_of_statements_is_fixed(tmp_path: Path, load: Load) -> None:
    """A bundle of thirty customers takes as many statements as one of three."""
    counts = []
    for size in (3, 30):
        records: Records = {
            CustomerRecord: [
                record.model_copy(update={"code": f"C{size}-{place}"})
                for place in range(size // 3)
                for record in town()[CustomerRecord]
                if isinstance(record, CustomerRecord) and record.code == f"C{1 + place % 3}"
            ]
        }
        folder = write_town(tmp_path / f"bundle{size}", records)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert load(folder).taken
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_batch_is_on_record(tmp_path: Path, load: Load) -> None:
    """Every import leaves a row that says what became of it."""
    load(write_town(tmp_path / "bundle"))
    batch = models.IntakeBatch.objects.get()
    assert (
        batch.source,
        batch.kind,
        batch.taken,
        batch.partial,
    ) == ("bundle", "bundle", True, False)
    assert batch.files[0] == {
        "name": "customers.csv",
        "read": 3,
        "new": 3,
        "changed": 0,
        "unchanged": 0,
        "rejected": 0,
    }


def test_mandates_of_nobody_are_told(tmp_path: Path, load: Load) -> None:
    """A bundle of children alone is rejected when nobody knows their parents."""
    batch = load(write_town(tmp_path / "bundle", {MandateRecord: town()[MandateRecord]}))
    assert {"missing_reference"} == {rejection.code for rejection in batch.rejections}
    assert batch.rejected == 3
