"""Everything that can be wrong with a bundle is told with file, line, field and reason."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bustia.billing import models
from bustia.intake.records import CustomerRecord
from tests.intake.conftest import Load
from tests.intake.town import change, reseal, town, write_town

pytestmark = pytest.mark.django_db

Spoil = Callable[[Path], None]


def put(name: str, before: str | bytes, after: str | bytes, rows: int = 0) -> Spoil:
    """Replace a text in a file, with the manifest put right."""
    return lambda folder: change(folder, name, before, after, rows)


def manifest(**changes: object) -> Spoil:
    """Change the manifest's own fields."""

    def spoil(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return spoil


def entry(file_name: str, /, **changes: object) -> Spoil:
    """Change what the manifest says of one file."""

    def spoil(folder: Path) -> None:
        path = folder / "manifest.json"
        tree = json.loads(path.read_text())
        for file in tree["files"]:
            if file["name"] == file_name:
                file.update(changes)
        path.write_text(json.dumps(tree))

    return spoil


def cut_off(folder: Path) -> None:
    """Lose the last line of a file, as a broken transfer does."""
    path = folder / "customers.csv"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def altered(folder: Path) -> None:
    """Change a file behind the manifest's back."""
    path = folder / "customers.csv"
    path.write_bytes(path.read_bytes().replace(b"Vallserena", b"Vallsirena", 1))


def removed(name: str) -> Spoil:
    """Remove a file."""
    return lambda folder: (folder / name).unlink()


def written(name: str, data: bytes) -> Spoil:
    """Write a file that the manifest doesn't name, or over one."""

    def spoil(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return spoil


def twice(name: str, line: int) -> Spoil:
    """Have a line of a file twice."""

    def spoil(folder: Path) -> None:
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join([*lines, lines[line - 1]]))
        reseal(folder, name, rows=1)

    return spoil


def utf16(folder: Path) -> None:
    """Write a file in UTF-16, as some spreadsheets do."""
    path = folder / "calendar.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    reseal(folder, "calendar.csv")


FILES = {
    "no manifest": (removed("manifest.json"), "manifest.json", None, "", "manifest_missing"),
    "manifest isn't JSON": (
        written("manifest.json", b"{"),
        "manifest.json",
        None,
        "",
        "manifest_invalid",
    ),
    "manifest isn't UTF-8": (
        written("manifest.json", b"\xe8"),
        "manifest.json",
        None,
        "",
        "manifest_invalid",
    ),
    "manifest of another version": (
        manifest(version=2),
        "manifest.json",
        None,
        "version",
        "manifest_version",
    ),
    "manifest of another format": (
        manifest(format="other"),
        "manifest.json",
        None,
        "format",
        "manifest_invalid",
    ),
    "manifest without a field": (
        manifest(created_at=None),
        "manifest.json",
        None,
        "created_at",
        "manifest_invalid",
    ),
    "file that isn't there": (removed("tariffs.csv"), "tariffs.csv", None, "", "file_missing"),
    "file of no kind": (
        entry("tariffs.csv", name="prices.csv"),
        "prices.csv",
        None,
        "",
        "file_unknown",
    ),
    "file outside the folder": (
        entry("tariffs.csv", name="../tariffs.csv"),
        "../tariffs.csv",
        None,
        "",
        "file_unknown",
    ),
    "file the manifest doesn't name": (
        written("extra.csv", b"a\n"),
        "extra.csv",
        None,
        "",
        "file_unknown",
    ),
    "truncated file": (cut_off, "customers.csv", None, "", "file_truncated"),
    "altered file": (altered, "customers.csv", None, "", "file_altered"),
    "fewer rows than promised": (
        entry("tariffs.csv", rows=2),
        "tariffs.csv",
        None,
        "",
        "row_count",
    ),
    "empty file": (
        lambda folder: change(folder, "calendar.csv", (folder / "calendar.csv").read_bytes(), ""),
        "calendar.csv",
        1,
        "",
        "malformed_csv",
    ),
    "file in UTF-16": (utf16, "calendar.csv", 1, "", "encoding"),
    "unknown column": (
        put("tariffs.csv", "valid_to", "until"),
        "tariffs.csv",
        1,
        "until",
        "column_unknown",
    ),
    "missing column": (
        put("meters.csv", "serial,contract", "serial,contract "),
        "meters.csv",
        1,
        "contract",
        "column_missing",
    ),
    "column twice": (
        put("meters.csv", "installed_on,removed_on", "installed_on,installed_on"),
        "meters.csv",
        1,
        "installed_on",
        "column_twice",
    ),
}

ROWS = {
    "byte that isn't UTF-8": (
        put("customers.csv", b"Titular 2", b"Titul\xe0r 2"),
        "customers.csv",
        3,
        "",
        "encoding",
    ),
    "quote that isn't closed": (
        put("customers.csv", '"carrer Major, 2, 1r 2a"', '"carrer Major, 2, 1r 2a'),
        "customers.csv",
        3,
        "",
        "malformed_csv",
    ),
    "row with a cell too many": (
        put("meters.csv", "A2,K2", "A2,,K2"),
        "meters.csv",
        3,
        "",
        "malformed_csv",
    ),
    "line break within a value": (
        put("meters.csv", "A2,K2", '"A\n2",K2'),
        "meters.csv",
        3,
        "",
        "malformed_csv",
    ),
    "control character": (
        put("meters.csv", "A2,K2", "A\x072,K2"),
        "meters.csv",
        3,
        "serial",
        "control_character",
    ),
    "missing value": (
        put("meters.csv", "A2,K2", ",K2"),
        "meters.csv",
        3,
        "serial",
        "value_missing",
    ),
    "value too long": (
        put("meters.csv", "A2,K2", f"{'A' * 41},K2"),
        "meters.csv",
        3,
        "serial",
        "value_invalid",
    ),
    "no choice of the list": (
        put("customers.csv", ",es,", ",eo,"),
        "customers.csv",
        3,
        "language",
        "value_invalid",
    ),
    "day that doesn't exist": (
        put("payments.csv", "2026-02-28", "2026-02-30"),
        "payments.csv",
        2,
        "paid_on",
        "value_invalid",
    ),
    "date in another form": (
        put("payments.csv", "2026-02-28", "28/02/2026"),
        "payments.csv",
        2,
        "paid_on",
        "value_invalid",
    ),
    "instant without offset": (
        put("consents.csv", "09:30:00Z", "09:30:00"),
        "consents.csv",
        2,
        "given_at",
        "value_invalid",
    ),
    "decimal comma": (
        put("payments.csv", "40.61", '"40,61"'),
        "payments.csv",
        2,
        "amount",
        "value_invalid",
    ),
    "fraction of a cent": (
        put("payments.csv", "40.61", "40.615"),
        "payments.csv",
        2,
        "amount",
        "value_invalid",
    ),
    "flag in words": (
        put("meters.csv", "true", "yes"),
        "meters.csv",
        2,
        "remote_read",
        "value_invalid",
    ),
    "NIF with a wrong character": (
        put("customers.csv", "A58818501", "A58818502"),
        "customers.csv",
        4,
        "nif",
        "nif_invalid",
    ),
    "IBAN with wrong digits": (
        put("mandates.csv", "M3,K3,ES91", "M3,K3,ES19"),
        "mandates.csv",
        4,
        "iban",
        "iban_invalid",
    ),
    "negative days": (
        put("invoices.csv", ",31,,,", ",-31,,,"),
        "invoices.csv",
        2,
        "days",
        "value_invalid",
    ),
    "days that aren't the period's": (
        put("invoices.csv", ",31,,,", ",59,,,"),
        "invoices.csv",
        2,
        "days",
        "period_days",
    ),
    "period that ends before it begins": (
        put("consumption.csv", "2026-01-01,2026-01-31", "2026-01-31,2026-01-01"),
        "consumption.csv",
        2,
        "period_to",
        "period_order",
    ),
    "total that doesn't add up": (
        put("invoices.csv", "37.64,2.97,40.61", "37.64,2.97,40.62"),
        "invoices.csv",
        2,
        "total_amount",
        "total_mismatch",
    ),
    "lines that don't make the net": (
        put("invoice_lines.csv", "7.98,7.98", "7.98,7.99"),
        "invoices.csv",
        3,
        "net_amount",
        "lines_mismatch",
    ),
    "VAT that isn't its rate's": (
        put("invoice_lines.csv", "29.66,10,", "29.66,21,"),
        "invoices.csv",
        3,
        "tax_amount",
        "vat_mismatch",
    ),
    "instalments that don't make the plan": (
        put("payment_plans.csv", "60.00", "61.00"),
        "payment_plans.csv",
        2,
        "total_amount",
        "instalments_mismatch",
    ),
    "customer of nobody": (
        put("contracts.csv", "K2,C2", "K2,C9"),
        "contracts.csv",
        3,
        "customer",
        "missing_reference",
    ),
    "tariff that isn't known": (
        put("contracts.csv", ",DOM,", ",IND,"),
        "contracts.csv",
        2,
        "tariff",
        "missing_reference",
    ),
    "contract that isn't known": (
        put("meters.csv", "A2,K2", "A2,K9"),
        "meters.csv",
        3,
        "contract",
        "missing_reference",
    ),
    "invoice that isn't known": (
        put("payments.csv", "P2,F1-2", "P2,F9-2"),
        "payments.csv",
        3,
        "invoice",
        "missing_reference",
    ),
    "invoice number that stands twice": (
        twice("invoices.csv", 2),
        "invoices.csv",
        2,
        "number",
        "duplicate_key",
    ),
    "line that stands twice": (
        twice("invoice_lines.csv", 2),
        "invoice_lines.csv",
        2,
        "position",
        "duplicate_key",
    ),
}


@pytest.mark.parametrize(
    ("spoil", "file", "line", "field", "code"),
    [*FILES.values(), *ROWS.values()],
    ids=[*FILES, *ROWS],
)
def test_each_fault_has_its_rejection(  # noqa: PLR0917
    tmp_path: Path,
    load: Load,
    spoil: Spoil,
    file: str,
    line: int | None,
    field: str,
    code: str,
) -> None:
    """The fault is told at its place, nothing is taken, and no personal data is in the reason."""
    folder = write_town(tmp_path / "bundle")
    spoil(folder)
    batch = load(folder)
    assert (file, line, field, code) in {
        (found.file, found.where, found.field, found.code) for found in batch.rejections
    }
    assert not batch.taken
    assert models.Customer.objects.count() == 0
    reasons = " ".join(found.reason for found in batch.rejections)
    assert "Titular" not in reasons
    assert "9121000418450200051332" not in reasons


@pytest.mark.parametrize(("spoil", "file", "line"), [r[:3] for r in ROWS.values()], ids=list(ROWS))
def test_partial_loses_no_row(
    tmp_path: Path, load: Load, spoil: Spoil, file: str, line: int
) -> None:
    """Row by row, every row of every file is either taken or told as rejected."""
    folder = write_town(tmp_path / "bundle")
    spoil(folder)
    batch = load(folder, partial=True)
    assert batch.taken
    assert [found.read for found in batch.files] == [
        found.new + found.rejected for found in batch.files
    ]
    told = {(found.file, found.where) for found in batch.rejections}
    assert (file, line) in told
    assert sum(found.rejected for found in batch.files) == len(told)


@pytest.mark.parametrize("spoil", [case[0] for case in FILES.values()], ids=list(FILES))
def test_partial_leaves_out_a_bad_file(tmp_path: Path, load: Load, spoil: Spoil) -> None:
    """A file that is bad as a whole is left out with what hangs on it, the rest is taken."""
    folder = write_town(tmp_path / "bundle")
    spoil(folder)
    batch = load(folder, partial=True)
    assert batch.rejections
    for found in batch.files:
        assert found.new + found.rejected >= found.read


def test_line_break_in_a_value_spoils_its_row_only(tmp_path: Path, load: Load) -> None:
    """Rows after an unclosed quote are read as if nothing had been."""
    folder = write_town(tmp_path / "bundle")
    change(folder, "customers.csv", '"carrer Major, 1, 1r 2a"', '"carrer Major, 1, 1r 2a')
    batch = load(folder, partial=True)
    codes = list(models.Customer.objects.order_by("code").values_list("code", flat=True))
    assert codes == ["C2", "C3"]
    assert batch.files[0].rejected == 1


def test_bad_line_takes_its_invoice_with_it(tmp_path: Path, load: Load) -> None:
    """An invoice with a line that can't be read is left out whole, and says why."""
    folder = write_town(tmp_path / "bundle")
    change(folder, "invoice_lines.csv", "F2-1,2,canon", "F2-1,2,canons")
    batch = load(folder, partial=True)
    assert not models.Invoice.objects.filter(number="F2-1").exists()
    told = {(found.file, found.where, found.code) for found in batch.rejections}
    assert ("invoices.csv", 3, "child_rejected") in told
    assert ("invoice_lines.csv", 2, "parent_rejected") in told


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("invoices.csv", "37.64,2.97,40.61", "38.64,1.97,40.61"),
        ("invoices.csv", "2026-04-12", "2026-04-13"),
        ("invoices.csv", "F2-1,F2,K1", "F2-1,F2,K2"),
        ("invoice_lines.csv", "F2-1,2,canon,fixed", "F2-1,2,other,other"),
        ("invoice_lines.csv", "F2-1,2,canon", "F2-1,3,canon"),
    ],
)
def test_issued_invoice_does_not_change(
    tmp_path: Path, load: Load, name: str, before: str, after: str
) -> None:
    """A known number with another content is a conflict, and the first content stays."""
    load(write_town(tmp_path / "one"))
    folder = write_town(tmp_path / "two")
    change(folder, name, before, after)
    if after.startswith("38.64"):  # the first invoice in the file came without lines
        assert before == "37.64,2.97,40.61"
    batch = load(folder, partial=True)
    codes = {found.code for found in batch.rejections if found.file == "invoices.csv"}
    assert codes == {"conflict"}
    invoice = models.Invoice.objects.get(number="F2-1")
    assert (invoice.contract.number, str(invoice.issue_date)) == ("K1", "2026-04-12")
    assert list(invoice.lines.order_by("position").values_list("position", "concept")) == [
        (1, "water"),
        (2, "canon"),
    ]


def test_invoice_of_the_newest_run_needs_lines(tmp_path: Path, load: Load) -> None:
    """An invoice to be sent can't come as a bare total, one of an earlier run can."""
    records = town()
    records = {kind: rows for kind, rows in records.items() if kind.file != "invoice_lines"}
    batch = load(write_town(tmp_path / "bundle", records), partial=True)
    told = {found.where for found in batch.rejections if found.code == "lines_missing"}
    assert told == {3, 5, 7}
    assert models.Invoice.objects.count() == 3


def test_parquet_of_the_wrong_type_is_told(tmp_path: Path, load: Load) -> None:
    """Money as floating point is refused, by column."""
    folder = write_town(tmp_path / "bundle", file_format="parquet")
    path = folder / "payments.parquet"
    read = pq.read_table(path)
    place = read.schema.get_field_index("amount")
    pq.write_table(read.set_column(place, "amount", read["amount"].cast(pa.float64())), path)
    reseal(folder, "payments.parquet")
    (found,) = load(folder).rejections
    assert (found.file, found.where, found.field, found.code) == (
        "payments.parquet",
        None,
        "amount",
        "column_type",
    )


@pytest.mark.parametrize(
    ("sealed", "code"), [(True, "malformed_parquet"), (False, "file_truncated")]
)
def test_damaged_parquet_is_told(tmp_path: Path, load: Load, sealed: bool, code: str) -> None:
    """A Parquet file that isn't whole is told as cut off, or as no Parquet if it was sent so."""
    folder = write_town(tmp_path / "bundle", file_format="parquet")
    path = folder / "calendar.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    if sealed:
        reseal(folder, "calendar.parquet")
    (found,) = load(folder).rejections
    assert (found.file, found.code) == ("calendar.parquet", code)


def test_parquet_row_is_told_by_its_place(tmp_path: Path, load: Load) -> None:
    """A bad row of a Parquet file has the line it would have in CSV."""
    records = town()
    bad = records[CustomerRecord][1].model_copy(update={"nif": "00000000A"})
    records[CustomerRecord][1] = bad
    batch = load(write_town(tmp_path / "bundle", records, "parquet"))
    assert ("customers.parquet", 3, "nif") in {
        (found.file, found.where, found.field) for found in batch.rejections
    }


def zipped(path: Path, entries: dict[str, bytes]) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ({"../manifest.json": b"{}"}, "archive_unsafe"),
        ({"/etc/manifest.json": b"{}"}, "archive_unsafe"),
        ({"a/b/c/manifest.json": b"{}"}, "archive_unsafe"),
        ({f"{place}.csv": b"" for place in range(101)}, "archive_unsafe"),
        ({"customers.csv": b"0" * (80 << 20)}, "archive_unsafe"),
        ({"customers.csv": b"code\n"}, "manifest_missing"),
    ],
    ids=["upwards", "absolute", "deep", "many", "bomb", "no manifest"],
)
def test_unsafe_zip_is_refused(
    tmp_path: Path, load: Load, entries: dict[str, bytes], code: str
) -> None:
    """A zip that would write elsewhere or fill the disk isn't unpacked."""
    batch = load(zipped(tmp_path / "bundle.zip", entries), partial=True)
    assert [found.code for found in batch.rejections] == [code]
    assert not batch.taken
    assert list(tmp_path.glob("manifest.json")) == []


def test_damaged_zip_is_told(tmp_path: Path, load: Load) -> None:
    """A zip that was cut off is told, not raised."""
    path = tmp_path / "bundle.zip"
    zipped(path, {"manifest.json": b"{}" * 100})
    path.write_bytes(path.read_bytes()[:60])
    (found,) = load(path).rejections
    assert (found.file, found.code) == ("bundle.zip", "archive_invalid")
