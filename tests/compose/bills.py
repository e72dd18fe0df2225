"""Made-up bills of every kind: what the tests of composing, and the README's picture, show."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bustia.billing.facts import (
    BlockFacts,
    CalendarFacts,
    ConsumptionFacts,
    ContractFacts,
    CustomerFacts,
    DebtFacts,
    Facts,
    HistoryPoint,
    InvoiceFacts,
    LineFacts,
    MandateFacts,
    MeterFacts,
    OfficeFacts,
    PlanFacts,
    ReturnedDebitFacts,
    TariffFacts,
    TaxFacts,
)
from bustia.compose.company import load_company
from bustia.compose.labels import load_labels
from bustia.compose.view import BillOptions, BillView, bill_view
from bustia.decide.decision import Action, Decision, Message
from bustia.money import ZERO, round_money

STATIONERY = Path(__file__).parents[2] / "stationery"
STAMP = datetime(2026, 5, 12, 6, 0, tzinfo=UTC)
COMPANY = load_company(STATIONERY)
LABELS = load_labels(STATIONERY)
UBL = b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="urn:x">\xc3\xb1</Invoice>\n'
FACTURAE = '<?xml version="1.0" encoding="ISO-8859-1"?>\r\n<Facturae>ñ€</Facturae>'.encode("cp1252")


def line(
    concept: Any, kind: Any, quantity: str, price: str, *, block: int = 0, **more: Any
) -> LineFacts:
    """Make a line whose amount is its quantity times its price."""
    net = round_money(Decimal(quantity) * Decimal(price))
    unit = "day" if kind == "fixed" else "m3"
    rest: dict[str, Any] = {
        "description": "", "unit": unit, "vat_rate": Decimal(0 if concept == "canon" else 10),
        "period_from": None, "period_to": None, "amount": net,
    }  # fmt: skip
    return LineFacts(
        concept=concept, kind=kind, block=block, quantity=Decimal(quantity),
        unit_price=Decimal(price), **rest | more,
    )  # fmt: skip


LINES = (
    line("water", "fixed", "59", "0.2640"),
    line("water", "variable", "12", "0.4384", block=1),
    line("sewerage", "fixed", "59", "0.1340"),
    line("sewerage", "variable", "12", "0.0755"),
    line("canon", "fixed", "59", "0.0329"),
    line("canon", "variable", "8", "0.4936", block=1,
         period_from=date(2026, 2, 11), period_to=date(2026, 3, 31)),
    line("canon", "variable", "4", "0.5232", block=1,
         period_from=date(2026, 4, 1), period_to=date(2026, 4, 10)),
)  # fmt: skip


def history(estimated: int = 3) -> tuple[HistoryPoint, ...]:
    """Make 14 periods of two months; the one ``estimated`` places before the last is estimated."""
    used = (14, 12, 11, 13, 18, 15, 13, 13, 11, 12, 19, 15, 10, 12)
    last = date(2026, 4, 10)
    points = []
    for place, m3 in enumerate(used):
        end = last - timedelta(days=61 * (len(used) - 1 - place))
        guess = place == len(used) - 1 - estimated
        points.append(HistoryPoint(end - timedelta(days=60), end, Decimal(m3), 61, guess))
    return tuple(points)


def facts(*, language: Any = "ca", **changes: Mapping[str, Any] | Any) -> Facts:
    """Make the facts of the bill of FACTS' household; changes by part: ``invoice={...}``."""
    made = Facts(
        today=date(2026, 5, 12),
        customer=CustomerFacts(
            code="C000123", kind="person", name="Montserrat Puig i Soler", nif="12345678Z",
            language=language, email="m.puig@example.org", mobile="+34600000001", has_email=True,
            has_mobile=True, street="Carrer de la Font Vella, 12, 2n 1a", postcode="43999",
            town="Vallserena", province="Tarragona", country="ES", deceased=False,
        ),
        office=OfficeFacts(True),
        contract=ContractFacts(
            id=1, number="1000123", supply_point="S000123",
            supply_street="Carrer de la Font Vella, 12, 2n 1a", supply_postcode="43999",
            supply_town="Vallserena", use="domestic", persons=3, social_tariff=False, route="R01",
            active=True, start_date=date(2015, 3, 1), invoice_channel="email", e_invoice=True,
            sms_notices=True, promotion=False, alerts_on=False,
        ),
        meter=MeterFacts(True, "VS23-004512", 15, True),
        mandate=MandateFacts(True, "VS-000123-01", "ES** **** **** **** **** 1332"),
        invoice=InvoiceFacts(
            id=1, number="A26-000123", series="A26", kind="invoice", corrects="",
            issue_date=date(2026, 5, 12), period_from=date(2026, 2, 11),
            period_to=date(2026, 4, 10), days=59, reading_from=Decimal(412),
            reading_to=Decimal(424), estimated=False, consumption_m3=Decimal(12),
            net=Decimal("37.64"), tax=Decimal("2.97"), total=Decimal("40.61"),
            payable=Decimal("40.61"), currency="EUR", payment_means="direct_debit",
            payment_reference="00000000123", due_date=date(2026, 6, 1),
            charge_date=date(2026, 5, 28), lines=LINES,
            taxes=(
                TaxFacts("S", Decimal(10), Decimal("29.66"), Decimal("2.97")),
                TaxFacts("O", Decimal(0), Decimal("7.98"), ZERO),
            ),
            source=None, seller_name="", seller_nif="",
        ),
        debt=DebtFacts(0, ZERO, None, 0, ()),
        returned_debit=ReturnedDebitFacts(False, 0, "", ZERO, None, "", ()),
        plan=PlanFacts(False, "", ZERO, ZERO, ZERO, 0, 0, 0, None, ZERO, None, 0, ZERO),
        consumption=ConsumptionFacts(203, 218, Decimal(13), -7, history()),
        tariff=TariffFacts(
            "DOM", "Domèstica", True, date(2026, 4, 1),
            (BlockFacts("water", "variable", 1, None, Decimal("0.4384"), date(2026, 1, 1)),),
        ),
        calendar=CalendarFacts(date(2026, 7, 14), date(2026, 7, 30)),
    )  # fmt: skip
    for part, change in changes.items():
        new = replace(getattr(made, part), **change) if isinstance(change, Mapping) else change
        made = replace(made, **{part: new})
    return made


SLIP = {"payment_means": "slip", "charge_date": None}

_TEXTS = {
    "ca": (
        (
            "alert", "El banc ens ha retornat un rebut",
            "El banc no ha pogut cobrar la factura A26-000045, de 38,20 €, perquè el número de"
            " compte que tenim no és correcte. Ens pot donar l’IBAN a l’Oficina Virtual.",
            "Actualitzar les dades bancàries",
        ),
        (
            "info", "El seu comptador es llegeix a distància",
            "Ja no cal que entrem a casa seva per llegir-lo: cada dia sabem què ha gastat i el"
            " podem avisar si hi ha una fuita.", None,
        ),
        (
            "offer", "Rebi la factura per correu electrònic",
            "Arriba abans, no gasta paper i té el mateix valor legal. S’hi pot apuntar a l’Oficina"
            " Virtual en un minut.", "Passar a la factura electrònica",
        ),
    ),
    "es": (
        (
            "alert", "El banco nos ha devuelto un recibo",
            "El banco no ha podido cobrar la factura A26-000045, de 38,20 €, porque el número de"
            " cuenta que tenemos no es correcto. Puede darnos el IBAN en la Oficina Virtual.",
            "Actualizar los datos bancarios",
        ),
        (
            "info", "Su contador se lee a distancia",
            "Ya no hace falta que entremos en su casa para leerlo: cada día sabemos cuánto ha"
            " gastado y podemos avisarle si hay una fuga.", None,
        ),
        (
            "offer", "Reciba la factura por correo electrónico",
            "Llega antes, no gasta papel y tiene el mismo valor legal. Puede apuntarse en la"
            " Oficina Virtual en un minuto.", "Pasar a la factura electrónica",
        ),
    ),
    "en": (
        (
            "alert", "The bank returned a direct debit",
            "The bank could not collect invoice A26-000045, for €38.20, because the account number"
            " we hold is not correct. You can give us the IBAN in the Virtual Office.",
            "Update your bank details",
        ),
        (
            "info", "Your meter is read remotely",
            "We no longer need to come in to read it: every day we know what you have used, and we"
            " can warn you of a leak.", None,
        ),
        (
            "offer", "Get your bill by e-mail",
            "It arrives sooner, uses no paper and has the same legal value. You can sign up in the"
            " Virtual Office in a minute.", "Switch to the e-invoice",
        ),
    ),
}  # fmt: skip


def decision(count: int, language: str = "ca") -> Decision:
    """Choose a number of messages, of every tone in turn."""
    texts = _TEXTS[language]
    chosen = []
    for place in range(count):
        tone, title, body, label = texts[place % len(texts)]
        action = Action(label, "https://oficina.aiguesdevallserena.example") if label else None
        chosen.append(
            Message(f"rule-{place}", "service", tone, title, (body,), action)  # type: ignore[arg-type]
        )
    return Decision(tuple(chosen), ())


def many_lines(count: int) -> dict[str, Any]:
    """Make an invoice of many lines, among them long and odd descriptions."""
    lines = list(LINES)
    while len(lines) < count:
        number = len(lines)
        lines.append(
            line("other", "other", "1", f"{number}.10", unit="unit", vat_rate=Decimal(21),
                 description=f"Treballs {number} <b>#let</b> $x$ *a_b* a la xarxa de l’edifici"
                 + (", amb excavació, tub nou i reposició del paviment" if number % 3 else ""))
        )  # fmt: skip
    net = sum((one.amount for one in lines), ZERO)
    extra = net - Decimal("37.64")
    tax = Decimal("2.97") + round_money(extra * Decimal("0.21"))
    taxes = (
        TaxFacts("S", Decimal(21), extra, round_money(extra * Decimal("0.21"))),
        TaxFacts("S", Decimal(10), Decimal("29.66"), Decimal("2.97")),
        TaxFacts("O", Decimal(0), Decimal("7.98"), ZERO),
    )
    return {
        "lines": tuple(lines), "net": net, "tax": tax, "total": net + tax, "payable": net + tax,
        "taxes": taxes,
    }  # fmt: skip


LONG_NAMES: dict[str, Any] = {
    "customer": {
        "kind": "company", "nif": "B12345674",
        "name": "Comunitat de Propietaris de l’Edifici Residencial Mirador de la Serra de"
        " Vallserena i Garatges Annexos, SCCL",
        "street": "Avinguda del President Francesc Macià i Llussà, 124-128, escala B, entresol 3a",
        "town": "Sant Esteve de les Roures de Vallserena de Dalt",
    },
    "contract": {
        "supply_street": "Avinguda del President Francesc Macià i Llussà, 124-128, escala B, 3a",
        "use": "commercial",
    },
}  # fmt: skip
ZERO_BILL: dict[str, Any] = {
    "lines": (), "taxes": (), "net": ZERO, "tax": ZERO, "total": ZERO, "payable": ZERO,
    "consumption_m3": ZERO, "reading_to": Decimal(412), "payment_means": "none",
}  # fmt: skip
CREDIT_NOTE: dict[str, Any] = {
    "kind": "credit_note", "corrects": "A26-000045", "number": "R26-000007",
    "net": Decimal("-37.64"), "tax": Decimal("-2.97"), "total": Decimal("-40.61"),
    "payable": Decimal("-40.61"), "payment_means": "none", "due_date": None, "charge_date": None,
    "lines": tuple(replace(one, quantity=-one.quantity, amount=-one.amount) for one in LINES),
    "taxes": (
        TaxFacts("S", Decimal(10), Decimal("-29.66"), Decimal("-2.97")),
        TaxFacts("O", Decimal(0), Decimal("-7.98"), ZERO),
    ),
}  # fmt: skip


def view(
    made: Facts | None = None, messages: int = 2, options: BillOptions | None = None
) -> BillView:
    """Make the view of a bill in the customer's language."""
    known = made or facts()
    language = known.customer.language
    return bill_view(
        known, decision(messages, language), COMPANY[language], LABELS[language], options
    )


KINDS: dict[str, Callable[[], BillView]] = {
    "domiciled-ca": lambda: view(messages=2),
    "domiciled-es": lambda: view(facts(language="es")),
    "domiciled-en": lambda: view(facts(language="en"), messages=1),
    "no-messages": lambda: view(messages=0),
    "slip-ca": lambda: view(facts(invoice=SLIP), messages=2),
    "slip-es": lambda: view(facts(language="es", invoice=SLIP), messages=1),
    "transfer-en": lambda: view(facts(language="en", invoice=SLIP | {"due_date": None})),
    "three-messages": lambda: view(messages=3),
    "six-messages": lambda: view(messages=6),
    "six-messages-slip": lambda: view(facts(invoice=SLIP), messages=6),
    "forty-lines": lambda: view(facts(invoice=many_lines(40))),
    "forty-lines-slip-six": lambda: view(facts(invoice=many_lines(40) | SLIP), messages=6),
    "hundred-lines": lambda: view(facts(invoice=many_lines(100))),
    "long-names": lambda: view(facts(invoice=SLIP, **LONG_NAMES)),
    "zero": lambda: view(facts(invoice=ZERO_BILL, consumption={"litres_a_day": 0}), messages=1),
    "credit-note": lambda: view(facts(invoice=CREDIT_NOTE), messages=1),
    "verifactu": lambda: view(options=BillOptions(tax_qr="verifactu", duplicate=True)),
    "verifactu-credit": lambda: view(
        facts(language="es", invoice=CREDIT_NOTE), options=BillOptions(tax_qr="no_verifactu")
    ),
    "estimated": lambda: view(
        facts(invoice={"estimated": True}, consumption={"history": history(0)}), messages=0
    ),
    "new-contract": lambda: view(
        facts(
            consumption={"history": history()[-1:], "average_litres_a_day": 0, "change_percent": 0}
        )
    ),
    "e-invoice": lambda: view(
        facts(
            invoice=many_lines(9)
            | {
                "seller_name": "Energia Verda Cooperativa, SCCL", "seller_nif": "F12345674",
                "payment_means": "transfer", "reading_from": None, "reading_to": None,
            },
            meter=MeterFacts(False, "", 0, False),
            consumption={"history": (), "litres_a_day": 0, "average_litres_a_day": 0},
        ),
        messages=0,
    ),
    "odd-characters": lambda: view(
        facts(customer={"name": "Łukasz Żółć 株式会社 😀 Ștefan Ωμέγα \u202eabc\x07"})
    ),
}  # fmt: skip
