"""``bustia template``: for authors of templates: see whether the press can use what they wrote."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bustia.cli.common import instance_option, json_option, out, print_json, progress_bar, table

if TYPE_CHECKING:
    from bustia.cycles.workshop import Workshop

__all__ = ["command"]

_JUDGED = 12
"""How many of the bills the judge looks at: one with every structure that comes first."""


@click.group(epilog="Example: bustia template check")
def command() -> None:
    """See whether the press can use the templates."""


@command.command(epilog="Example: bustia template check --bills 500")
@click.option(
    "--bills",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="How many of the newest bills to try.",
)
@json_option
@instance_option
def check(bills: int, as_json: bool, instance_path: Path) -> None:
    """Press the newest bills of the instance with its stationery, and say what can't be.

    Nothing is kept. For each reason it says how many bills it costs: these are composed by Typst
    itself, which is right, too, but some twenty times slower.
    """
    from bustia.cycles.workshop import keep_release, open_workshop
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        workshop = open_workshop(instance, keep_release(instance))
        with progress_bar("Pressing", bills) as advance:
            report = _tried(workshop, bills, instance.now(), advance)
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if report["differences"]:
        sys.exit(1)


def _tried(workshop: "Workshop", bills: int, now: Any, advance: Any) -> dict[str, Any]:  # noqa: ANN401
    """Press some bills, and have the judge compare the first ones."""
    from bustia.billing.facts_loader import load_facts
    from bustia.billing.models import Invoice
    from bustia.compose.press.judge import differences
    from bustia.compose.view import bill_view
    from bustia.errors import UnpressableError

    newest = Invoice.objects.order_by("-issue_date", "number").values_list("pk", flat=True)
    press, slot = workshop.press, workshop.sealer.slot(now)
    pressed, compared = 0, 0
    reasons: Counter[str] = Counter()
    found: list[str] = []
    for facts in load_facts(list(newest[:bills]), now):
        language = facts.customer.language
        decision = workshop.decider.decide(facts)
        view = bill_view(facts, decision, workshop.companies[language], workshop.labels[language])
        try:
            made = press.press(view, now, slot)
        except UnpressableError as error:
            reasons[str(error)] += 1
        else:
            pressed += 1
            if compared < _JUDGED:
                compared += 1
                reference = press.reference.compose(view, (), now)
                found += differences(made.pdf, reference.pdf)
        advance(1)
    return {
        "pressed": pressed,
        "left_to_typst": reasons.total(),
        "why": dict(reasons.most_common()),
        "compared": compared,
        "differences": sorted(set(found)),
    }


def _tell(report: dict[str, Any]) -> None:
    whole = report["pressed"] + report["left_to_typst"]
    out.print(f"{report['pressed']} of {whole} bills can be pressed.", highlight=False)
    if report["why"]:
        out.print(table("Left to Typst", ("Why", "Bills"), list(report["why"].items())))
        out.print("docs/press.md says how a template is kept pressable.", highlight=False)
    out.print(
        f"The judge compared {report['compared']} of them with Typst's pages: "
        + ("they are the same." if not report["differences"] else "they differ."),
        highlight=False,
    )
    for one in report["differences"]:
        out.print(f"  {one}", highlight=False)
