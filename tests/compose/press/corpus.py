"""More than 300 varied bills, always the same: what the press must do as Typst does."""

import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zlib import crc32

from bustia.compose.attachments import Attachment
from bustia.compose.parts import Prose
from bustia.compose.view import BillOptions, BillView, bill_view
from bustia.decide.catalogue import example_facts
from bustia.decide.decision import Decision, Message
from bustia.decide.engine import Decider
from bustia.decide.release import load_release
from tests.compose.bills import (
    COMPANY,
    CREDIT_NOTE,
    FACTURAE,
    KINDS,
    LABELS,
    LONG_NAMES,
    SLIP,
    STATIONERY,
    UBL,
    ZERO_BILL,
    facts,
    history,
    many_lines,
)

__all__ = ["LEFT_TO_TYPST", "corpus", "files_of"]

LANGUAGES = ("ca", "es", "en")
LEFT_TO_TYPST = {
    "kind-odd-characters", "kind-hundred-lines", "greek", "cyrillic", "two-spaces",
}  # fmt: skip
"""Bills that no form may be used for."""
NAMES = (
    "Mercè Vila Ordóñez", "Paŀlàs Gaŀlofré i Soŀlícit", "AVTO WAYNE Torrents Yvars",
    "Ferran Affleck Efflorit Fjord", "Núria Ŀ. d’Agramunt-Font", "Ștefan Kovač Żółkiewska",
    "José María de la Peña y Ñuñoa", "Comunitat de Propietaris «El Pla»", "O’Brien & Sons, Ltd.",
    "María del Carmen Fernández-Villaverde Ruiz", "I", "Àngels Òrrius Úbeda Íñigo Ünal Çelik",
)  # fmt: skip
STREETS = (
    "Carrer Major, 12-14, 3r 2a", "C/ Sant Joan s/n", "Travessera de Mestra Paŀlàs, 11, baixos 3a",
    "Av. del Vallès, 7 (nau 4)", "Polígon Industrial Can Font-Rius, carrer B, parcel·la 12/14",
    "Plaça de l’U d’Octubre, 1, àtic", "Camí Vell de Reus a Tarragona, km 4,5",
    "Urbanització Els Pins — bloc 3, esc. A, 4t 1a",
)  # fmt: skip
FILES: tuple[tuple[Attachment, ...], ...] = (
    (), (), (), (),
    (Attachment("A26-000123.xml", UBL, "application/xml", "A26-000123 (UBL)", "source"),),
    (
        Attachment("fàctura (1).xsig", FACTURAE, "application/xml", "Facturae · «còpia»"),
        Attachment("../Ω.bin", bytes(range(256)) * 9, "application/octet-stream", "", "supplement"),
        Attachment("A26-000123.xml", b"", "text/xml", "empty", "data"),
    ),
)  # fmt: skip


def files_of(name: str) -> tuple[Attachment, ...]:
    """Give what is attached to a bill of the corpus: nothing, mostly."""
    return FILES[crc32(name.encode()) % len(FILES)]


def _lines(count: int) -> dict[str, Any]:
    """Give an invoice of many lines, with descriptions as a billing system has them."""
    invoice = many_lines(count)
    plain = [
        replace(one, description=one.description.replace("<b>#let</b> $x$ *a_b* ", ""))
        for one in invoice["lines"]
    ]
    return invoice | {"lines": tuple(plain)}


INVOICES: tuple[dict[str, Any], ...] = (
    {}, SLIP, CREDIT_NOTE, ZERO_BILL, _lines(6), _lines(8) | SLIP, _lines(11),
    {"estimated": True},
)  # fmt: skip
OPTIONS = (
    None, None, None, BillOptions(tax_qr="verifactu"), BillOptions(tax_qr="no_verifactu"),
)  # fmt: skip


def corpus() -> dict[str, BillView]:
    """Give the bills by name."""
    made = {f"kind-{kind}": make() for kind, make in KINDS.items()}
    made |= dict(_rules())
    made |= dict(_varied(260))
    odd = {
        "greek": "Ελένη Παππά", "cyrillic": "Ольга Петрова", "emoji": "Pau 😀 Vila",
        "two-spaces": "Pau  Vila",
    }  # fmt: skip
    for name, person in odd.items():
        made[name] = replace(
            _bill(facts(customer={"name": "Pau Vila"}), ()),
            recipient=(Prose(person), Prose("Vallserena")),
        )
    return made


def _bill(
    known: Any, messages: tuple[Message, ...], options: BillOptions | None = None
) -> BillView:
    language = known.customer.language
    return bill_view(known, Decision(messages, ()), COMPANY[language], LABELS[language], options)


def _rules() -> Iterator[tuple[str, BillView]]:
    """Give a bill with each rule's message, in each language, with its neighbour's beside it."""
    release = load_release(STATIONERY)
    decider, told = Decider(release), example_facts(complete=True)
    ids = sorted(rule.id for rule in release.rules)
    for language in LANGUAGES:
        messages = [decider.write(rule, told, language) for rule in ids]
        for place, rule in enumerate(ids):
            shown = (messages[place], messages[place - 1])[: 1 + place % 2]
            yield f"rule-{rule}-{language}", _bill(facts(language=language), shown)


def _varied(count: int) -> Iterator[tuple[str, BillView]]:
    """Give bills of everything at once, drawn from a seed."""
    draw = random.Random(20260512)
    release = load_release(STATIONERY)
    decider, told = Decider(release), example_facts(complete=True)
    ids = sorted(rule.id for rule in release.rules)
    for number in range(count):
        language = draw.choice(LANGUAGES)
        customer: dict[str, Any] = {"name": draw.choice(NAMES), "street": draw.choice(STREETS)}
        contract: dict[str, Any] = {"supply_street": draw.choice(STREETS)}
        if number % 29 == 0:
            customer |= LONG_NAMES["customer"]
            contract |= LONG_NAMES["contract"]
        invoice = draw.choice(INVOICES) | {"number": f"A26-{draw.randrange(10**6):06}"}
        if number % 7 == 0 and "lines" not in invoice:
            big = Decimal(draw.choice(["40.61", "4061.07", "123456.78", "9876543.21"]))
            invoice |= {"total": big, "payable": big}
        consumption: dict[str, Any] = {}
        if number % 5 == 0:
            consumption = {"history": history(draw.randrange(4))[-draw.randrange(1, 8) :]}
        known = facts(
            language=language, customer=customer, contract=contract, invoice=invoice,
            consumption=consumption,
        )  # fmt: skip
        chosen = draw.sample(ids, draw.choice([0, 1, 2, 3, 4, 4, 6]))
        messages = tuple(decider.write(rule, told, language) for rule in chosen)
        yield f"varied-{number}", _bill(known, messages, draw.choice(OPTIONS))
