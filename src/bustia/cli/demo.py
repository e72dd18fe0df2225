"""``bustia demo``: a made-up town, from its export to its sealed and delivered invoices."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as hour
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from bustia.cli.common import err, json_option, out, print_json, progress_bar, table
from bustia.errors import InstanceError

if TYPE_CHECKING:
    from bustia.cycles.models import Cycle
    from bustia.instance import Instance

__all__ = ["command"]

_MADRID = ZoneInfo("Europe/Madrid")
_NOTICE_DAYS = (10, 9, 8, 7)
"""Days ahead of the issue date on which notices may go out; the export arrives on the first."""
_MARK = ".made-by-bustia-demo"
_LISTS = ("emailed", "posted", "office_only", "suppressed", "open", "failed")

_SETTINGS = """\
# A demonstration: mails go to its own mail server, SMS into outbox/sms, paper into outbox/post.

[email]
host = "127.0.0.1"
port = {port}
tls = "none"
sender = "factures@aiguesdevallserena.example"
return_path_domain = "aiguesdevallserena.example"

[office]
url = "http://127.0.0.1:{office}"
host = "127.0.0.1"
port = {office}
workers = 2
trusted_proxies = 0
demo = true
"""


@click.command(epilog="Example: bustia demo --contracts 200 --dir /tmp/town")
@click.option("--contracts", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@click.option("--seed", default=1, show_default=True, help="Another seed is another town.")
@click.option(
    "--issue-date",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-05-12",
    show_default=True,
    help="Day of the cycle. The demo's clock stands still on it, so two runs are alike.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where to put it all; an earlier demo there is replaced.",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes; one a core.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    help="Where bustia serve will listen; it stands in the links of the mails.",
)
@click.option(
    "--no-serve",
    is_flag=True,
    help="End after the report; without it, who sits at a terminal is asked whether to serve.",
)
@json_option
def command(
    contracts: int,
    seed: int,
    issue_date: datetime,
    folder: Path,
    workers: int | None,
    port: int,
    no_serve: bool,
    as_json: bool,
) -> None:
    """See it all work on a made-up town: its export, import, cycle and deliveries.

    Nothing leaves this machine: mails go to a mail server of the demo's own, SMS into a folder,
    and paper invoices into a print-ready PDF. The same options make the same documents.
    """
    began = time.monotonic()
    folder = folder.absolute()
    _make_room(folder)
    demo = _Demo(folder, contracts, seed, issue_date.date(), workers, port)
    report = demo.run()
    report["seconds"] = round(time.monotonic() - began, 2)
    if as_json:
        print_json(report)
    else:
        _tell(folder, report)
        if not no_serve:
            _offer_to_serve(folder / "instance")


@dataclass
class _Demo:
    """The steps of the demo, each of them what a user would do by hand."""

    folder: Path
    contracts: int
    seed: int
    issue_date: date
    workers: int | None
    port: int

    def run(self) -> dict[str, Any]:
        """Go through all steps and give the report."""
        from bustia.cli.mailbox import Mailbox
        from bustia.instance import create_instance, open_instance
        from bustia.synth import write_town

        with progress_bar("Writing the town's export", self.contracts) as advance:
            write_town(
                self.folder / "export",
                self.contracts,
                self.seed,
                self.issue_date,
                progress=advance,
            )
        with Mailbox(self.folder / "mailbox") as mailbox:
            instance_path = create_instance(
                self.folder / "instance",
                settings_text=_SETTINGS.format(port=mailbox.port, office=self.port),
                seed=f"bustia demo {self.seed}",
            )
            with _clock(self._day(-_NOTICE_DAYS[0])), open_instance(instance_path) as instance:
                with err.status("Creating the database"):
                    instance.migrate()
                return self._on(instance)

    def _day(self, offset: int) -> datetime:
        return datetime.combine(self.issue_date + timedelta(days=offset), hour(10), tzinfo=_MADRID)

    def _on(self, instance: "Instance") -> dict[str, Any]:
        from bustia.cycles.ledger import close_cycle, closing_ledger
        from bustia.cycles.running import cycle_report, run_cycle
        from bustia.deliver.services import deliver_due
        from bustia.intake.loader import import_paths
        from bustia.notices.planning import plan_notices

        with err.status("Importing it"):
            folder = instance.path / "intake"
            import_paths([self.folder / "export"], now=instance.now(), folder=folder)
        plan_notices(instance.stationery, instance.config.notices, instance.now())
        notices = 0
        with progress_bar("Sending the notices by SMS") as advance:
            for ahead in _NOTICE_DAYS:
                told = deliver_due(instance, partial(self._day, -ahead), ("sms",), advance)
                notices += told.count("sms", "handed_over", "delivered")
        with _clock(self._day(0)):
            with progress_bar("Composing, sealing, archiving", self._invoices()) as advance:
                cycle = run_cycle(instance, workers=self.workers, advance=advance)
            with (
                _printing(instance.path),
                progress_bar("Handing over", self._due("email")) as advance,
            ):
                deliver_due(instance, instance.now, ("email", "sms"), advance)
            deliver_due(instance, instance.now, ("post",))  # what came back from e-mail, if any
            if not closing_ledger(cycle).open:
                cycle = close_cycle(cycle.code, instance.now())
        found = cycle_report(cycle)
        ledger = found["ledger"]
        return {
            "contracts": self.contracts,
            "invoices_received": ledger["invoices_received"],
            **{name: ledger[name] for name in _LISTS},
            "notices_sent": notices,
            "documents": found["documents"],
            "documents_per_second": found["documents_per_second"],
            "seconds": 0.0,
            "messages": found["messages"],
            "cycle": found["cycle"],
            "state": found["state"],
            "examples": self._examples(cycle),
        }

    def _invoices(self) -> int:
        from bustia.billing.models import Invoice
        from bustia.cycles.planning import newest_billing_run

        return Invoice.objects.filter(billing_run=newest_billing_run()).count()

    def _due(self, channel: str) -> int:
        from bustia.deliver.models import Delivery

        return Delivery.objects.filter(state="due", channel=channel).count()

    def _examples(self, cycle: "Cycle") -> list[str]:
        """Write a few documents out as PDFs: those with most to tell, in each language."""
        from bustia.archive.models import Document
        from bustia.archive.services import retrieve

        folder = self.folder / "documents"
        folder.mkdir()
        chosen = []
        for language in ("ca", "es", "en"):
            some = Document.objects.filter(cycle=cycle.code, language=language, kind="invoice")
            first = some.order_by("number")[:400]
            ranked = sorted(first, key=lambda one: (-len(one.messages), one.number))
            chosen += ranked[:1]
        chosen += list(
            Document.objects.filter(cycle=cycle.code, kind="credit_note").order_by("number")[:1]
        )
        for document in chosen:
            (folder / f"{document.number}.pdf").write_bytes(retrieve(document))
        return [document.number for document in chosen]


@contextmanager
def _printing(instance: Path) -> Iterator[None]:
    """Write the print run in a process of its own, while mails go out."""
    command = "from bustia.cli.main import main; main()"
    arguments = ["deliver", "--channel", "post", "--instance", str(instance)]
    with subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as printing:
        yield
        printing.wait()


@contextmanager
def _clock(moment: datetime) -> Iterator[None]:
    """Stop the clock, for this process and the workers that it starts."""
    before = os.environ.get("BUSTIA_NOW")
    os.environ["BUSTIA_NOW"] = moment.isoformat()
    try:
        yield
    finally:
        if before is None:
            del os.environ["BUSTIA_NOW"]
        else:
            os.environ["BUSTIA_NOW"] = before


def _make_room(folder: Path) -> None:
    """Remove an earlier demo; touch nothing else."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).exists():
            raise InstanceError(
                "this folder has something else in it.",
                where=str(folder),
                hint="Choose another with --dir, or remove it first.",
            )
        _let_go(folder / "instance")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()


def _let_go(instance: Path) -> None:
    """Remove the database of an earlier demo, wherever it is, once nobody uses it."""
    from bustia.instance.postgres import remove_data

    remove_data(instance)


def _tell(folder: Path, report: dict[str, Any]) -> None:
    rows: list[tuple[str, object]] = [("Invoices received", report["invoices_received"])]
    rows += [(f"  {name.replace('_', ' ')}", report[name]) for name in _LISTS]
    rows += [("SMS notices sent", report["notices_sent"])]
    out.print(table(f"Vallserena · cycle {report['cycle']} · {report['state']}", ("", ""), rows))
    speed, seconds = report["documents_per_second"], report["seconds"]
    out.print(
        f"{report['documents']} documents, {speed:.0f} a second; "
        f"{seconds:.0f} seconds from export to delivery.\n",
        highlight=False,
    )
    shown = _shown(folder)
    out.print("[bold]To open[/bold]")
    for number in report["examples"]:
        out.print(f"  {shown}/documents/{number}.pdf", highlight=False, soft_wrap=True)
    for mail in sorted((folder / "mailbox").glob("*.eml"))[:3]:
        out.print(f"  {shown}/mailbox/{mail.name}", highlight=False, soft_wrap=True)
    for run in sorted((folder / "instance/outbox/post").glob("*/invoices.pdf"))[:1]:
        out.print(f"  {shown}/{run.relative_to(folder)}", highlight=False, soft_wrap=True)
    number = report["examples"][0]
    instance = f"--instance {shown}/instance"
    out.print("\n[bold]To try next[/bold]")
    for line in (
        f"{_program()} document show {number} {instance}",
        f"{_program()} document verify {shown}/documents/{number}.pdf {instance}",
        f"{_program()} message audience unpaid-invoices {instance}",
        f"{_program()} cycle show {instance}",
        f"{_program()} serve {instance}",
    ):
        out.print(f"  {line}", highlight=False, soft_wrap=True)


def _offer_to_serve(instance: Path) -> None:
    """Ask who sits at a terminal whether to show the Office now; others have the command above."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("CI"):
        return
    out.print()
    if click.confirm("Serve the Virtual Office of Vallserena now?", default=True):
        from bustia.cli.serve import serve

        serve(instance)


def _program() -> str:
    """Give this command as it can be typed here: by its path, unless it is found without."""
    return "bustia" if shutil.which("bustia") else str(_shown(Path(sys.argv[0]).absolute()))


def _shown(folder: Path) -> Path:
    """Give a folder as somebody would type it from here."""
    try:
        return folder.relative_to(Path.cwd())
    except ValueError:
        return folder
