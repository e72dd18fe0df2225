"""What is written into a bundle is what comes out of it, in both formats."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bustia.billing import models
from bustia.errors import IntakeError
from bustia.intake.bundle import BundleWriter, FileFormat
from bustia.intake.bundle_reader import open_bundle
from bustia.intake.csv_rows import csv_batches, inspect
from bustia.intake.records import RECORDS, CalendarRecord, CustomerRecord, Record
from bustia.intake.schema import Column, ColumnKind, arrow_schema, columns
from bustia.intake.schema_page import schema_page
from bustia.intake.validation import _check_values, _plainly_good, check_batch
from tests.intake.conftest import Load
from tests.intake.town import NOW, town, write_town

FORMATS = st.sampled_from(["csv", "parquet"])
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), min_size=1, max_size=30
).filter(lambda text: text == text.strip() and text != "")


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """Give values that the column takes."""
    if column.choices:
        made: st.SearchStrategy[Any] = st.sampled_from(column.choices)
    elif column.rule.startswith("as `^[A-Z]{2}$"):
        made = st.sampled_from(["ES", "AD", "FR"])
    elif column.rule.startswith("as `^[A-Z]{3}$"):
        made = st.sampled_from(["EUR", "SEK"])
    elif column.rule.startswith("as `^[A-Z]{2}[0-9]{2}$"):
        made = st.sampled_from(["AM04", "MD07"])
    else:
        made = {
            ColumnKind.TEXT: TEXT.map(lambda text: text[: column.max_length or 30].strip() or "x"),
            ColumnKind.WHOLE: st.integers(1, 9),
            ColumnKind.DECIMAL: st.decimals(
                Decimal("0.01"), Decimal("99.99"), places=min(column.places, 2)
            ),
            ColumnKind.DATE: st.dates(date(1, 1, 1), date(9999, 12, 31)),
            ColumnKind.INSTANT: st.integers(0, 4_000_000_000).map(
                lambda seconds: datetime.fromtimestamp(seconds, UTC)
            ),
            ColumnKind.FLAG: st.booleans(),
        }[column.kind]
    return made if column.required or column.default is not None else st.none() | made


@st.composite
def record_lists(draw: st.DrawFn) -> tuple[type[Record], list[Record]]:
    """Give some records of one type."""
    record_type = draw(st.sampled_from(RECORDS))
    fields = {column.name: values_of(column) for column in columns(record_type)}
    rows = draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=8))
    return record_type, [record_type(**row) for row in rows]


@settings(max_examples=150, deadline=None)
@given(record_lists(), FORMATS)
def test_records_come_back(
    made: tuple[type[Record], list[Record]], file_format: FileFormat
) -> None:
    """Records written to a bundle are read back equal, none rejected."""
    record_type, records = made
    folder = Path(tempfile.mkdtemp())
    try:
        with BundleWriter(folder, file_format, producer="test", created_at=NOW) as bundle:
            assert bundle.write(record_type, records) == len(records)
        with open_bundle(folder) as opened:
            (found,) = opened.files
            assert (opened.problems, found.problems) == ((), [])
            back: list[Record] = []
            for batch in found.batches():
                checked = check_batch(record_type, batch, {})
                assert checked.problems == ()
                back.extend(
                    record_type(**{k: v for k, v in row.items() if v is not None})
                    for row in checked.rows.to_pylist()
                )
    finally:
        shutil.rmtree(folder)
    assert back == records


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from(
            [
                b"a,b\n",
                b'"a,b",c\n',
                b'"a\n',
                b'a"b,c\n',
                b"a\n",
                b"\xe8,b\n",
                b"a,b\r\n",
                b"\n",
                b'"x",y\n',
                b"\x00,b\n",
                b",\n",
            ]
        ),
        max_size=30,
    ),
)
def test_every_line_is_a_row_or_a_problem(tmp_path: Path, lines: list[bytes]) -> None:
    """However a CSV file is spoilt, each line is read or told, once, by its number."""
    path = tmp_path / "meters.csv"
    path.write_bytes(b"one,two\n" + b"".join(lines))
    plain = inspect(path).plain
    told: list[int | None] = []
    for batch in csv_batches(path, "meters", ("one", "two"), plain=plain):
        told.extend(batch.lines.to_pylist())
        told.extend(problem.line for problem in batch.problems)
    expected = [place for place, line in enumerate(lines, start=2) if line.strip()]
    assert sorted(told, key=str) == sorted(expected, key=str)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from(
            [b"a", b'"', b'""', b",", b"\n", b"\r\n", b'"a,b",', b'"\n"', "é".encode()]
        ),
        max_size=30,
    )
)
@example([b'"a,b",', b'"a', b'"\n"', b'"\n', b","])
@example([b'"a', b"\n", b'b",', b"a\n"])
@example([b'"a,b",', b'"b', b'"'])
@example([b'"a', b'""', b'a",b\n'])
def test_both_ways_of_reading_give_the_same(tmp_path: Path, parts: list[bytes]) -> None:
    """A file that goes through Arrow's parser has the same cells and problems line by line."""
    path = tmp_path / "meters.csv"
    path.write_bytes(b"one,two\n" + b"".join(parts))
    read = []
    for plain in (inspect(path).plain, False):
        batches = list(csv_batches(path, "meters", ("one", "two"), plain=plain))
        rows = [row for batch in batches for row in batch.rows.to_pylist()]
        lines = [line for batch in batches for line in batch.lines.to_pylist()]
        problems = [problem for batch in batches for problem in batch.problems]
        read.append((lines, rows, problems))
    assert read[0] == read[1]


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        (b'a,"b, c",d\n"e","",f\r\ng,h,"i"\n', True),
        (b'"a",b,"c"', True),
        (b'a,"say ""b""",c\n', False),
        (b'a,"b\nc",d\n', False),
        (b'a, "b",c\n', False),
        (b'a,"b" ,c\n', False),
        (b'a,5" pipe,c\n', False),
        (b'a,"b,c\nd,"e,f\n', False),
    ],
)
def test_quotes_around_whole_cells_are_plain(
    tmp_path: Path, content: bytes, *, plain: bool
) -> None:
    """Quotes round whole cells need no reading line by line; any other quote does."""
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert inspect(path).plain is plain


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(
        [column for record in RECORDS for column in columns(record) if column.any_text]
    ),
    st.lists(
        st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=45), max_size=6
    ),
)
def test_texts_are_checked_alike_at_once_and_one_by_one(
    column: Column, texts: list[str | None]
) -> None:
    """What is good at a glance is what the record type takes as it is; "" is looked at closely."""
    normal, findings = _check_values(column, texts, None)
    as_it_is = not findings and normal == texts and "" not in texts
    assert _plainly_good(column, pa.array(texts, pa.string())) is as_it_is


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TEXT, min_size=1, max_size=5), FORMATS)
@pytest.mark.django_db
def test_names_reach_the_table_as_they_are(
    load: Load, names: list[str], file_format: FileFormat
) -> None:
    """Whatever a name is written with, the table has it letter by letter."""
    models.Customer.objects.all().delete()
    (first, *_) = town()[CustomerRecord]
    records: list[Record] = [
        first.model_copy(update={"code": f"C{place}", "name": name})
        for place, name in enumerate(names)
    ]
    folder = Path(tempfile.mkdtemp())
    try:
        assert load(write_town(folder, {CustomerRecord: records}, file_format)).taken
    finally:
        shutil.rmtree(folder)
    stored = models.Customer.objects.order_by("code").values_list("name", flat=True)
    assert list(stored) == names


def test_writing_the_same_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two bundles of the same records at the same instant are alike, byte by byte."""
    one, two = write_town(tmp_path / "one"), write_town(tmp_path / "two")
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir())
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_interrupted_writing_leaves_no_manifest(tmp_path: Path) -> None:
    """A bundle whose writing failed can't be taken for a whole one."""
    good, *_ = town()[CustomerRecord]

    def interrupted() -> Iterator[Record]:
        yield good
        raise ZeroDivisionError

    def write() -> None:
        with BundleWriter(tmp_path / "bundle", producer="test", created_at=NOW) as bundle:
            bundle.write(CustomerRecord, interrupted())

    with pytest.raises(ZeroDivisionError):
        write()
    assert not (tmp_path / "bundle" / "manifest.json").exists()


def test_writer_does_not_overwrite_a_bundle(tmp_path: Path) -> None:
    """Writing over a bundle is refused."""
    write_town(tmp_path / "bundle")
    with pytest.raises(IntakeError, match="a bundle here already"):
        BundleWriter(tmp_path / "bundle", producer="test", created_at=NOW)


def test_parquet_is_written_in_row_groups(tmp_path: Path) -> None:
    """More rows than are held in memory at once arrive all the same, in their order."""
    with BundleWriter(tmp_path / "b", "parquet", producer="test", created_at=NOW) as bundle:
        rows = ((f"R{place}", "2026-03", date(2026, 5, 1), None) for place in range(20_000))
        assert bundle.write_rows(CalendarRecord, rows) == 20_000
    with open_bundle(tmp_path / "b") as opened:
        (found,) = opened.files
        routes = [row for batch in found.batches() for row in batch.rows["route"].to_pylist()]
    assert routes == [f"R{place}" for place in range(20_000)]


def test_schema_has_a_type_for_every_field() -> None:
    """Every field of every record has its Parquet type; money is decimal."""
    for record_type in RECORDS:
        schema = arrow_schema(record_type)
        assert schema.names == list(record_type.model_fields)
        assert not any(pa.types.is_floating(field.type) for field in schema)


def test_documentation_page_is_current() -> None:
    """The page in docs is what the code says; else run python -m bustia.intake.schema_page."""
    page = Path(__file__).parents[2] / "docs" / "bundle.md"
    assert page.read_text(encoding="utf-8") == schema_page()
