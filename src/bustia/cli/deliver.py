"""``bustia deliver``: hand over what is due."""

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bustia.cli.common import (
    err,
    instance_option,
    json_option,
    out,
    print_json,
    progress_bar,
    table,
)
from bustia.errors import CycleError

if TYPE_CHECKING:
    from bustia.deliver.printing import PrintRunFiles

__all__ = ["command"]

_ATTENTION = ("failed",)


@click.command(epilog="Example: bustia deliver --until-idle --channel email")
@click.option(
    "--until-idle",
    is_flag=True,
    help="Go on until nothing is due; without it, hand over what is due at this moment.",
)
@click.option(
    "--channel",
    "channels",
    type=click.Choice(["email", "sms", "post"]),
    multiple=True,
    help="Only this channel; may be given several times.",
)
@json_option
@instance_option
@click.pass_context
def command(
    ctx: click.Context,
    until_idle: bool,
    channels: tuple[str, ...],
    as_json: bool,
    instance_path: Path,
) -> None:
    """Hand over what is due: mails, SMS, and paper invoices as a print run.

    Messages to holders of Office accounts go first, if no courier of ``bustia serve`` took them.
    Plans the notices of coming invoices, and closes the cycles whose deliveries are all
    final in the end. What a provider refused for now is tried again at the next call.
    """
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.cycles.ledger import close_cycle
        from bustia.cycles.models import Cycle
        from bustia.cycles.states import CycleState
        from bustia.deliver.account_handing import hand_over_messages
        from bustia.deliver.handing import waiting
        from bustia.deliver.services import CHANNELS, deliver_due
        from bustia.notices.planning import plan_notices

        chosen, problems = list(channels or CHANNELS), dict[str, str]()
        states: dict[str, Counter[str]] = {}
        runs = []
        own = tuple(channel for channel in ("email", "sms") if channel in chosen)
        messages = hand_over_messages(instance, instance.now, own)
        if messages.problem:
            problems["account"] = messages.problem
        notices = plan_notices(instance.stationery, instance.config.notices, instance.now())
        with progress_bar("Handing over") as advance:
            while True:
                report = deliver_due(instance, instance.now, chosen, advance)
                runs += report.print_runs
                for channel, counted in report.states.items():
                    states.setdefault(channel, Counter()).update(counted)
                problems |= report.problems
                chosen = [channel for channel in chosen if channel not in problems]
                left = waiting(instance.now())
                if not until_idle or not any(left.get(channel) for channel in chosen):
                    break
                time.sleep(1.0)  # another deliverer is at work, or died and is found out soon
        closed = []
        for cycle in Cycle.objects.filter(state=CycleState.COMPOSED).order_by("pk"):
            try:
                closed.append(close_cycle(cycle.code, instance.now()).code)
            except CycleError as error:
                err.print(str(error), highlight=False)
    failed = sum(counted[state] for counted in states.values() for state in _ATTENTION)
    if as_json:
        print_json(
            {
                "states": {channel: dict(counted) for channel, counted in states.items()},
                "problems": problems,
                "account_messages": dict(messages.states),
                "notices": dict(notices),
                "print_runs": [
                    {"code": run.code, "folder": run.folder, "mailpieces": run.mailpieces}
                    for run in runs
                ],
                "closed_cycles": closed,
            }
        )
    else:
        _tell(states | {"account": messages.states} if messages.states else states, runs, closed)
    for channel, answer in problems.items():
        err.print(
            f"{channel}: handing over was stopped, the rest stays due: {answer}",
            style="bold red", markup=False, highlight=False,
        )  # fmt: skip
    if failed:
        err.print(f"{failed} deliveries failed for good and need a person.", style="bold red")
    if failed or problems:
        ctx.exit(1)


def _tell(states: dict[str, Counter[str]], runs: "list[PrintRunFiles]", closed: list[str]) -> None:
    rows = [
        (channel, state.replace("_", " "), number)
        for channel, counted in states.items()
        for state, number in sorted(counted.items())
    ]
    if rows:
        out.print(table("Deliveries", ("Channel", "State", "Number"), rows))
    else:
        out.print("Nothing was due.")
    for run in runs:
        out.print(f"Print run {run.code}: {run.mailpieces} mailpieces in {run.folder}")
    for code in closed:
        out.print(f"Cycle {code} is closed.")
