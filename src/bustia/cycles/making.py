"""Makes the documents of one chunk: facts, decision, page, seal, archive and delivery, at once.

All that a chunk writes is one transaction. A chunk that was interrupted never began; one that is
done is never done again. Its archive segment may be on the disk before the transaction ends, but
it has the same name and bytes the next time, unless a token seals with an elliptic curve: then
``bustia document check`` names the one that is left.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from bustia.archive.retention import retain_until
from bustia.archive.segments import Packable
from bustia.archive.services import ToKeep, keep
from bustia.billing.facts import Facts
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import SourceDocument
from bustia.compose.attachments import Attachment
from bustia.compose.press import Pressed
from bustia.compose.view import BillView, bill_view
from bustia.cycles.models import Chunk, Cycle, Failure
from bustia.cycles.states import ChunkState
from bustia.cycles.workshop import Workshop
from bustia.decide.decision import Decision
from bustia.decide.engine import History
from bustia.deliver.planning import Planned, plan_invoices
from bustia.errors import BustiaError, ComposeError, DecideError, SealError
from bustia.rows import as_array

__all__ = [
    "attachments_of",
    "document_number",
    "make_chunk",
    "messages_before",
    "sources_of",
    "unforeseen",
]

_STAGES = {DecideError: "decide", ComposeError: "compose", SealError: "seal"}
_HISTORY = timedelta(days=400)
_TOLD = """
SELECT contract_id, sealed_at, messages FROM archive_document
 WHERE contract_id = ANY(%s::bigint[]) AND sealed_at >= %s AND sealed_at < %s AND cycle <> %s
   AND messages <> '[]'
"""


@dataclass(frozen=True, slots=True)
class _Made:
    """A document with what it was made from."""

    facts: Facts
    decision: Decision
    pressed: Pressed


@transaction.atomic
def make_chunk(chunk_id: int, workshop_for: Callable[[str], Workshop]) -> bool:
    """Make a chunk's documents; False if another worker has it or it is done already.

    ``workshop_for`` gives the engines of a release.
    """
    chunk = (
        Chunk.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("cycle")
        .filter(pk=chunk_id)
        .first()
    )
    if chunk is None or chunk.state != ChunkState.PENDING:
        return False
    cycle, workshop = chunk.cycle, workshop_for(chunk.cycle.release)
    found = load_facts(chunk.invoice_ids, cycle.cutoff)
    history = messages_before([facts.contract.id for facts in found], cycle.cutoff, cycle.code)
    sources = sources_of(found)
    verdicts = workshop.press.verdicts
    compared, told = verdicts.compared, len(verdicts.differences)
    made: list[_Made] = []
    failures: list[Failure] = []
    for facts in found:
        try:
            made.append(_make(workshop, cycle, facts, history, sources))
        except Exception as error:  # noqa: BLE001 (one bad invoice never stops its neighbours)
            failures.append(_failure(cycle, facts, error))
    if verdicts.rejected:
        made = [_again_if_doubtful(workshop, cycle, one, sources) for one in made]
    kept = [_to_keep(workshop, cycle, one) for one in made]
    planned = [
        Planned(
            key,
            document.number,
            one.facts,
            one.decision,
            workshop.decider.suppression(one.facts),
        )
        for key, document, one in zip(keep(kept), kept, made, strict=True)
    ]
    plan_invoices(cycle.code, planned, cycle.cutoff)
    Failure.objects.bulk_create(failures)
    chunk.move(ChunkState.DONE)
    chunk.documents = len(made)
    chunk.messages = Counter(message.rule for one in made for message in one.decision.chosen)
    chunk.composed = {
        "press": sum(one.pressed.composer == "press" for one in made),
        "typst": Counter(one.pressed.why for one in made if one.pressed.composer != "press"),
        "compared": verdicts.compared - compared,
        "differences": verdicts.differences[told:],
    }
    chunk.save(update_fields=["state", "documents", "messages", "composed"])
    return True


def _make(
    workshop: Workshop,
    cycle: Cycle,
    facts: Facts,
    history: dict[int, History],
    sources: dict[int, bytes],
) -> _Made:
    decision = workshop.decider.decide(facts, history=history.get(facts.contract.id))
    pressed = workshop.press.compose(
        _view(workshop, facts, decision),
        attachments_of(facts, sources),
        cycle.cutoff,
        workshop.sealer,
    )
    return _Made(facts, decision, pressed)


def _view(workshop: Workshop, facts: Facts, decision: Decision) -> BillView:
    language = facts.customer.language
    return bill_view(facts, decision, workshop.companies[language], workshop.labels[language])


def _again_if_doubtful(
    workshop: Workshop, cycle: Cycle, made: _Made, sources: dict[int, bytes]
) -> _Made:
    """Compose a document anew by Typst if a piece of it was taken off the press after it."""
    if not made.pressed.pieces & workshop.press.verdicts.rejected:
        return made
    facts = made.facts
    pressed = workshop.press.left_to_typst(
        _view(workshop, facts, made.decision),
        attachments_of(facts, sources),
        cycle.cutoff,
        workshop.sealer,
        "a part of it was taken off the press",
    )
    return _Made(facts, made.decision, pressed)


def _to_keep(workshop: Workshop, cycle: Cycle, made: _Made) -> ToKeep:
    facts, invoice = made.facts, made.facts.invoice
    language, pressed = facts.customer.language, made.pressed
    return ToKeep(
        packable=Packable(
            document_number(facts, workshop.companies[language].nif),
            pressed.pdf,
            pressed.sha256,
            pressed.form,
            pressed.form_size,
            pressed.fonts_size,
        ),
        kind=invoice.kind,
        cycle=cycle.code,
        contract_id=facts.contract.id,
        invoice_id=invoice.id,
        language=language,
        release=workshop.release,
        composer=pressed.composer,
        pages=pressed.pages,
        sealed_at=cycle.cutoff,
        messages=tuple(message.rule for message in made.decision.chosen),
        trace=made.decision.trace_json(),
        retain_until=retain_until(workshop.retention, invoice.kind, invoice.issue_date),
    )


def document_number(facts: Facts, own_nif: str) -> str:
    """Give the number under which a document is kept: its invoice's.

    An e-invoice of another seller has the seller's tax number (or name) before it, since two
    sellers may use the same number.
    """
    invoice = facts.invoice
    seller = invoice.seller_nif or invoice.seller_name
    own = own_nif.upper()
    if seller.upper() in ("", own, f"ES{own}"):
        return invoice.number
    return f"{seller[:23]}/{invoice.number}"


def _failure(cycle: Cycle, facts: Facts, error: Exception) -> Failure:
    stage = next((name for kind, name in _STAGES.items() if isinstance(error, kind)), "other")
    reason = error.what if isinstance(error, BustiaError) else unforeseen(error)
    return Failure(cycle=cycle, invoice_id=facts.invoice.id, stage=stage, reason=reason[:500])


def unforeseen(error: Exception) -> str:
    """Say of an error of ours what kind it was and where; its text may hold a customer's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "unknown"
    return f"{type(error).__name__} in {place}"


def sources_of(found: list[Facts]) -> dict[int, bytes]:
    """Load the structured e-invoices that belong to the bills."""
    ids = [facts.invoice.source.id for facts in found if facts.invoice.source is not None]
    rows = SourceDocument.objects.filter(pk__in=ids).values_list("pk", "content") if ids else ()
    return {key: bytes(content) for key, content in rows}


def attachments_of(facts: Facts, sources: dict[int, bytes]) -> list[Attachment]:
    """Give the files that go along with a bill."""
    source = facts.invoice.source
    if source is None:
        return []
    return [
        Attachment(
            name=source.name,
            data=sources[source.id],
            media_type=source.media_type,
            description=f"{facts.invoice.number} ({source.format})",
        )
    ]


def messages_before(contracts: list[int], cutoff: datetime, cycle: str) -> dict[int, History]:
    """Give which messages each contract was told in the last year, and when.

    What it was told in ``cycle``, the code of the one that is being made, doesn't count.
    """
    history: defaultdict[int, defaultdict[str, list[date]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, [as_array(contracts), cutoff - _HISTORY, cutoff, cycle])
        for contract, at, rules in cursor.fetchall():
            for rule in json.loads(rules):
                history[contract][rule].append(at.date())
    return {contract: dict(rules) for contract, rules in history.items()}
