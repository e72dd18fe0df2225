"""``bustia message``: see the message rules, try one on a customer, count its audience."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bustia.cli.common import (
    LANGUAGES,
    instance_option,
    json_option,
    out,
    print_json,
    progress_bar,
    stationery_option,
    table,
)
from bustia.errors import DecideError

if TYPE_CHECKING:
    from bustia.billing.facts import Facts
    from bustia.decide.decision import Decision, Message, TraceEntry
    from bustia.decide.engine import Decider
    from bustia.decide.stationery import Release
    from bustia.instance import Instance

__all__ = ["command"]


@click.group(epilog="Example: bustia message test unpaid-invoices --contract 1000123")
def command() -> None:
    """Try the message rules on real customers."""


def _release(instance: "Instance", stationery_path: Path | None) -> "Release":
    from bustia.decide.release import load_release

    return load_release(stationery_path or instance.stationery)


@command.command("list", epilog="Example: bustia message list --stationery ./stationery")
@stationery_option
@json_option
@instance_option
def list_(stationery_path: Path | None, as_json: bool, instance_path: Path) -> None:
    """List the rules, the most important first, with their conditions.

    With --stationery it also checks a folder that no instance uses yet.
    """
    from rich.padding import Padding
    from rich.text import Text

    from bustia.decide.release import load_release

    if stationery_path is None:
        from bustia.instance import open_instance

        with open_instance(instance_path) as instance:
            release = load_release(instance.stationery)
    else:
        release = load_release(stationery_path)
    if as_json:
        print_json({"release": release.hash, "rules": [_rule_json(one) for one in release.rules]})
        return
    out.print(f"Messages of release {release.hash[:12]}, the most important first", style="bold")
    for rule in release.rules:
        group = f", group {rule.group}" if rule.group else ""
        out.print(f"\n{rule.priority:>4}  [bold]{rule.id}[/]  {rule.kind}, {rule.tone}{group}")
        condition = " ".join(rule.condition.source.split())
        out.print(Padding(Text(condition, style="dim"), (0, 0, 0, 6)))


def _rule_json(rule: Any) -> dict[str, Any]:  # noqa: ANN401 (a Rule; its module loads late)
    return {
        "id": rule.id,
        "description": rule.description,
        "priority": rule.priority,
        "group": rule.group,
        "kind": rule.kind,
        "tone": rule.tone,
        "condition": rule.condition.source,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "max_per_year": rule.max_per_year,
    }


@command.command(epilog="Example: bustia message test e-invoice-available --contract 1000123")
@click.argument("rule")
@click.option("--contract", "number", required=True, help="Number of the contract.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Instead of the customer's.")
@stationery_option
@json_option
@instance_option
def test(
    *,
    rule: str,
    number: str,
    language: str | None,
    stationery_path: Path | None,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Show what a customer would read of RULE, and why or why not."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        release = _release(instance, stationery_path)
        release.rule(rule)  # a misspelt name is told before the database is asked
        from bustia.billing.facts_loader import load_newest
        from bustia.decide.engine import Decider

        facts = load_newest(number, instance.now())
        decider = Decider(release)
        decision = decider.decide(facts)
        entry = next(one for one in decision.trace if one.rule == rule)
        tried = _Tried(
            number,
            _written(decider, facts, language, entry),
            entry,
            _values(decider, rule, facts),
            decision,
        )
        if as_json:
            print_json(tried.as_json())
        else:
            tried.show()


def _written(
    decider: "Decider", facts: "Facts", language: str | None, entry: "TraceEntry"
) -> "Message | None":
    """Write the message; ``None`` where it isn't for this customer and its facts are missing."""
    try:
        return decider.write(entry.rule, facts, language)
    except DecideError:
        if entry.outcome.value == "chosen":
            raise
        return None


def _values(decider: "Decider", rule: str, facts: "Facts") -> dict[str, str]:
    """Give the values of the facts that the rule's condition uses, as they are read."""
    from bustia.decide.engine import facts_taker

    leaves = decider.release.rule(rule).condition.leaves
    take = facts_taker(decider.release)
    return {path: _shown(take((path,))(facts)) for path in leaves}


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"{len(value)} entries" if len(value) != 1 else "1 entry"
    return str(value) if value != "" else "empty"


def _message_json(message: "Message") -> dict[str, Any]:
    email = message.for_email()
    return {
        "title": message.title,
        "body": list(message.body),
        "tone": message.tone,
        "action": None
        if message.action is None
        else {"label": message.action.label, "url": message.action.url},
        "email": {"title": email.title, "body": list(email.body)},
        "sms": message.sms,
    }


_COLOURS = {"alert": "red", "info": "blue", "offer": "green"}


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of trying a rule on a contract."""

    contract: str
    message: "Message | None"
    entry: "TraceEntry"
    values: dict[str, str]
    decision: "Decision"

    @property
    def chosen(self) -> bool:
        return self.entry.outcome.value == "chosen"

    @property
    def others(self) -> list[str]:
        return [one.rule for one in self.decision.chosen if one.rule != self.entry.rule]

    def as_json(self) -> dict[str, Any]:
        return {
            "contract": self.contract,
            "rule": self.entry.rule,
            "chosen": self.chosen,
            "reason": str(self.entry),
            "facts": self.values,
            "message": _message_json(self.message) if self.message else None,
            "also_shown": self.others,
            "trace": self.decision.trace_json(),
        }

    def show(self) -> None:
        verdict = "reads this" if self.chosen else f"doesn't read this: {self.entry}"
        style = "bold green" if self.chosen else "bold yellow"
        out.print(
            f"Contract {self.contract} {verdict}.", style=style, markup=False, highlight=False
        )
        if self.message is not None:
            _show_message(self.message)
        if self.values:
            rows = list(self.values.items())
            out.print(table("Facts that the rule asks about", ("Fact", "Value"), rows))
        if self.others:
            out.print(f"Also shown: {', '.join(self.others)}", markup=False, highlight=False)


def _show_message(message: "Message") -> None:
    from rich.panel import Panel
    from rich.text import Text

    colour = _COLOURS[message.tone]
    text = Text("\n\n".join(message.body))
    if message.action is not None:
        text.append(f"\n\n{message.action.label}", style=f"bold {colour}")
        if message.action.url:
            text.append(f"  {message.action.url}", style="dim")
    if message.sms:
        text.append(f"\n\nSMS: {message.sms}", style="dim")
    title = Text(message.title, style="bold")
    out.print(Panel(text, title=title, title_align="left", border_style=colour, width=88))


@command.command(epilog="Example: bustia message audience unpaid-invoices --list --limit 10")
@click.argument("rule")
@click.option("--list", "listed", is_flag=True, help="Name the contracts, too.")
@click.option("--limit", type=click.IntRange(1), help="Name so many contracts at most.")
@stationery_option
@json_option
@instance_option
def audience(
    *,
    rule: str,
    listed: bool,
    limit: int | None,
    stationery_path: Path | None,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Count, over the whole town, whom RULE would speak to.

    Counted are those for whom it is valid, its condition holds and consent, where it is needed,
    is there. Whether the bill has space left is decided customer by customer: see message test.
    """
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from collections import Counter

        from bustia.billing.population import load_population
        from bustia.decide.audience import Audience

        judge = Audience(_release(instance, stationery_path), rule)
        with progress_bar("Asking everybody") as advance:
            population = load_population(judge.leaves, instance.now(), advance)
            entries = [judge.judge(row) for row in population.rows]
    counts = Counter(entry.outcome.value for entry in entries)
    numbers = [
        number
        for number, entry in zip(population.contracts, entries, strict=True)
        if entry.outcome.value == "chosen"
    ]
    report = {
        "rule": rule,
        "contracts": len(entries),
        "audience": len(numbers),
        "others": {name: count for name, count in sorted(counts.items()) if name != "chosen"},
    }
    shown = numbers[:limit] if listed or limit else []
    if as_json:
        print_json(report | ({"list": shown} if listed or limit else {}))
        return
    share = f" ({len(numbers) * 100 / len(entries):.1f} %)" if entries else ""
    out.print(f"{rule} would speak to {len(numbers):,} of {len(entries):,} contracts{share}.",
              style="bold", highlight=False)  # fmt: skip
    for name, count in counts.most_common():
        if name != "chosen":
            out.print(f"  {count:>8,}  {name}", highlight=False)
    for number in shown:
        out.print(number, markup=False, highlight=False)
    if shown and len(shown) < len(numbers):
        out.print(f"… and {len(numbers) - len(shown):,} more", highlight=False)
