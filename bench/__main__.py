"""``python -m bench``: compare the composers, or time a whole cycle by stage."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

if TYPE_CHECKING:
    from bench.rounds import Plan

_BUILD = Path(__file__).parents[1] / "build" / "bench"


@click.command(epilog="Example: python -m bench --pages 1 --key rsa")
@click.option("--quick", is_flag=True, help="A few bills and short turns: about 20 seconds.")
@click.option(
    "--pages", type=click.Choice(["1", "2"]), default="2", show_default=True,
    help="Compose bills of so many pages.",
)  # fmt: skip
@click.option(
    "--key", type=click.Choice(["ecdsa", "rsa"]), default="ecdsa", show_default=True,
    help="Seal with P-256 or with RSA-2048.",
)  # fmt: skip
@click.option("--only", "names", multiple=True, help="Measure this composer only; may be repeated.")
@click.option("--rounds", type=click.IntRange(1, 1000), help="How often each has its turn; 7.")
@click.option("--turn", type=click.FloatRange(0.05, 60), help="Seconds of a turn, about; 0.8.")
@click.option("--contracts", type=click.IntRange(10, 100_000), help="Size of the town; 1000.")
@click.option(
    "--samples", type=click.Path(file_okay=False, path_type=Path),
    help="Write one document of each composer into this folder.",
)  # fmt: skip
@click.option("--cycle", type=click.IntRange(10, 1_000_000), help="Time a cycle of N contracts.")
@click.option("--later", is_flag=True, help="With --cycle: as a later one of the same templates.")
@click.option("--growth", default="", help="Cycles of these sizes, as in 1000,10000,50000,200000.")
@click.option(
    "--office", type=click.IntRange(60, 1_000_000), help="Load the Office of N contracts."
)
@click.option("--rate", default=100, show_default=True, help="With --office: requests a second.")
@click.option("--seconds", default=30, show_default=True, help="With --office: how long.")
@click.option("--json", "as_json", is_flag=True, help="Report as JSON, for programs.")
def main(
    *,
    quick: bool,
    pages: str,
    key: str,
    names: tuple[str, ...],
    rounds: int | None,
    turn: float | None,
    contracts: int | None,
    samples: Path | None,
    cycle: int | None,
    later: bool,
    growth: str,
    office: int | None,
    rate: int,
    seconds: int,
    as_json: bool,
) -> None:
    """Compose the same bills with every composer there is, in turns, and compare.

    With --cycle a whole cycle is timed instead, stage by stage; with --office, the Virtual Office
    is loaded.
    """
    if office is not None:
        _office(office, rate, seconds, as_json=as_json)
        return
    if cycle is not None or growth:
        _cycles(cycle, growth, later=later, as_json=as_json)
        return
    from bench.composers import COMPOSERS
    from bench.rounds import Plan

    unknown = [name for name in names if name not in COMPOSERS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is not one of {', '.join(COMPOSERS)}")
    plan = Plan(rounds or (3 if quick else 7), turn or (0.15 if quick else 0.8))
    _compare(
        names or tuple(COMPOSERS),
        contracts or (40 if quick else 1000),
        int(pages),
        key,
        plan,
        samples,
        as_json=as_json,
    )


def _compare(
    names: tuple[str, ...],
    contracts: int,
    pages: int,
    key: str,
    plan: "Plan",
    samples: Path | None,
    *,
    as_json: bool,
) -> None:
    from rich.console import Console

    from bench.bills import bills
    from bench.composers import Workplace
    from bench.keys import KeyKind, write_identity
    from bench.report import as_json as report
    from bench.report import as_table, remarks
    from bench.rounds import run
    from bustia.instance.config import shipped_stationery

    err = Console(stderr=True)
    with err.status("Making up the bills") as status, tempfile.TemporaryDirectory() as folder:
        file = bills(contracts, pages, _BUILD)
        identity = write_identity(cast("KeyKind", key), Path(folder) / "key.p12")
        place = Workplace(shipped_stationery(), identity, _BUILD)
        began = time.monotonic()
        rows = run(names, place, file, plan, status.update)
    if samples is not None:
        samples.mkdir(parents=True, exist_ok=True)
        for row in rows:
            if row.sample:
                (samples / f"{row.name}.pdf").write_bytes(row.sample)
    if as_json:
        _print_json({"pages": pages, "key": key, "rounds": plan.rounds, "composers": report(rows)})
        return
    which = "one page" if pages == 1 else f"{pages} pages"
    strength = "ECDSA P-256" if key == "ecdsa" else "RSA-2048"
    title = f"Bills of {which}: compose, seal ({strength}) where it can, archive"
    Console(width=110).print(as_table(title, rows))
    for remark in remarks(rows):
        click.echo(f"· {remark}")
    click.echo(f"Medians of {plan.rounds} rounds in turn, {time.monotonic() - began:.0f} s in all.")


def _cycles(contracts: int | None, sizes: str, *, later: bool, as_json: bool) -> None:
    from rich.console import Console

    from bench.cycle import growth, time_cycle
    from bench.cycle_report import plain, show_cycle, show_growth

    wanted = [int(size) for size in sizes.replace(",", " ").split()]
    cycle = None
    with Console(stderr=True).status("Running cycles"), tempfile.TemporaryDirectory() as pieces:
        if contracts is not None:
            if later:
                time_cycle(contracts, sample=False, pieces=Path(pieces))
            cycle = time_cycle(contracts, sample=True, pieces=Path(pieces))
            wanted = wanted or [min(1000, contracts), contracts]
        rows = growth(wanted, cycle)
    if as_json:
        cycles = {"cycle": plain(cycle)} if cycle else {}
        _print_json(cycles | {"growth": [plain(row) for row in rows]})
        return
    if cycle is not None:
        show_cycle(cycle)
    show_growth(rows)


def _office(contracts: int, rate: int, seconds: int, *, as_json: bool) -> None:
    from rich.console import Console

    from bench.office import load_office
    from bench.office_report import plain, show

    with Console(stderr=True).status("Loading the Office"):
        times = load_office(contracts, rate, seconds, _BUILD / f"office-{contracts}")
    if as_json:
        _print_json(plain(times))
    else:
        show(times)


def _print_json(report: dict[str, Any]) -> None:
    from bustia.cli.common import print_json

    print_json(report)


if __name__ == "__main__":
    main()
