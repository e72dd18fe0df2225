"""What the benchmark measured, as tables; and its watches for time and memory."""

import os
import time
from io import StringIO

import pytest
from rich.console import Console

from bench.cycle import CHUNK_TARGETS, RUN_TARGETS, CycleTimes
from bench.cycle_report import plain
from bench.memory import together
from bench.report import as_json, as_table, base_of, figure, remarks
from bench.rounds import Measured
from bench.stopwatch import Stopwatch

PRESS = Measured("press", "Press", one_core=[2000.0, 3000.0], two_cores=[4000.0, 5000.0],
                 packing=[0.5, 0.5], bytes_a_document=40_000, archive_bytes=2_800,
                 peak_bytes=100 * 2**20, tagged=True, signed=True)  # fmt: skip
TYPST = Measured("typst", "Typst + our seal", one_core=[100.0, 100.0], two_cores=[190.0, 200.0],
                 packing=[0.1, 0.1], bytes_a_document=70_000, archive_bytes=30_000,
                 peak_bytes=160 * 2**20, tagged=True, signed=True)  # fmt: skip
GONE = Measured("fop", "Apache FOP", missing="not installed")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12_345.6, "12,346"), (999.9, "1,000"), (45.67, "45.7"), (3.333, "3.33"), (0.04681, "0.0468")],
)
def test_figures_have_the_digits_that_count(value: float, expected: str) -> None:
    """Figures are short, and thousands are set apart."""
    assert figure(value) == expected


def test_ratios_are_medians_of_the_rounds() -> None:
    """A composer is compared with the press round by round, so that noise hits both."""
    assert TYPST.times_slower_than(PRESS) == 25.0


def test_the_table_has_a_line_for_each_composer() -> None:
    """Figures, ratio and sizes of those that are there; a dash and the reason for the others."""
    out = StringIO()
    Console(file=out, width=110).print(as_table("Bills", [PRESS, TYPST, GONE]))
    rows = {
        cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
        for cells in (line.split("│") for line in out.getvalue().splitlines())
        if len(cells) > 2
    }
    assert rows == {
        "Press": ["2,500", "4,500", "1", "40,000", "2,800", "100", "yes", "yes"],
        "Typst + our seal": ["100", "195", "25", "70,000", "30,000", "160", "yes", "yes"],
        "Apache FOP": ["–"] * 8,
    }
    assert remarks([PRESS, TYPST, GONE]) == ["Apache FOP: not installed"]


def test_without_a_press_the_reference_is_the_measure() -> None:
    """The ratios' column never stands empty for want of the press."""
    assert base_of([Measured("press", "Press", missing="not there yet"), TYPST]) is TYPST
    assert as_json([TYPST, GONE]) == [
        as_json([TYPST])[0] | {"compared_with": "typst", "times_slower": 1.0},
        {"composer": "fop", "title": "Apache FOP", "missing": "not installed"},
    ]


class Sleeper:
    """Something to be timed: an outer part with an inner one."""

    def outer(self) -> None:
        time.sleep(0.02)
        self.inner()

    def inner(self) -> None:
        time.sleep(0.05)


def test_an_inner_part_counts_only_once() -> None:
    """Time that a timed function spends in another timed one stands under the other."""
    watch = Stopwatch()
    targets = (("outer", __name__, "Sleeper.outer"), ("inner", __name__, "Sleeper.inner"))
    before = Sleeper.outer
    with watch.timing(targets):
        Sleeper().outer()
    assert Sleeper.outer is before
    assert 0.02 <= watch.seconds["outer"] < 0.05 <= watch.seconds["inner"]


def test_the_stages_of_a_cycle_are_where_we_look_for_them() -> None:
    """A function that was renamed in the product must be renamed in the benchmark."""
    watch = Stopwatch()
    with watch.timing((*CHUNK_TARGETS, *RUN_TARGETS)):
        pass
    assert watch.missing in ([], ["bustia.compose.press.Press.compose"])


def test_a_cycle_is_counted_from_import_to_deliveries() -> None:
    """Making up the town and creating the database are no part of the cycle."""
    times = CycleTimes(
        100, invoices=100, seconds={"synth": 5.0, "import": 1.0, "plan": 0.5, "workers": 2.5},
        peaks={"synth": 900, "workers": 400}, sampled=10, parts={"facts": 0.001},
    )  # fmt: skip
    report = plain(times)
    assert (report["whole_seconds"], report["peak_bytes"]) == (4.0, 400)
    assert report["microseconds_per_invoice"] == 40_000.0
    assert report["microseconds_by_part"] == {"facts": 100.0}


def test_memory_is_that_of_living_processes() -> None:
    """A process that ended meanwhile takes none."""
    assert together([os.getpid()]) > 10 * 2**20
    assert together([2**22 + 1]) == 0
