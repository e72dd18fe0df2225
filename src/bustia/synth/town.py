"""Makes up a Catalan town of any size, contract by contract, always the same for the same seed.

Proportions follow the published figures of a real water company (36.55 % of contracts use the
Virtual Office, 15 % of invoices are electronic); people, addresses and accounts are nobody's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from bustia.billing.tariffs import Price, bill
from bustia.intake.records import (
    ConsentRecord,
    ConsumptionRecord,
    ContractRecord,
    CustomerRecord,
    InstalmentRecord,
    InvoiceLineRecord,
    InvoiceRecord,
    MandateRecord,
    MeterRecord,
    PaymentPlanRecord,
    PaymentRecord,
    Record,
    ReturnedDebitRecord,
)
from bustia.synth import names, numbers
from bustia.synth.periods import Period

__all__ = ["Household", "Town"]

OFFICE_SHARE, E_INVOICE_SHARE = 0.3655, 0.15
_OFFICE_ONLY_SHARE = 0.02
_REASONS = (
    "AM04", "AM04", "AM04", "AM04", "AC04", "AC01", "MS02", "MD01", "AC06", "MS03", "MD06", "RC01",
    "AG01", "AG02", "AM05", "MD02", "MD07", "FF01", "FF05", "RR01", "RR02", "RR03", "RR04", "SL01",
    "SL11", "SL12", "SL13", "SL14",
)  # fmt: skip
_TOWN, _POSTCODE = "Vallserena", "43999"


@dataclass
class Household:
    """All that the billing system exports about one contract."""

    rows: list[Record] = field(default_factory=list)


class Town:
    """The town as it is when its invoices are issued."""

    def __init__(
        self, seed: int, periods: list[Period], prices: dict[str, list[Price]], issue_date: date
    ) -> None:
        self._seed = seed
        self._periods = periods
        self._prices = prices
        self._issue_date = issue_date

    def households(self, contracts: int) -> Iterator[Household]:
        """Make up the contracts from the first to the last."""
        for index in range(contracts):
            yield self.household(index)

    def household(self, index: int) -> Household:
        """Make up one contract; it is the same in a town of any size."""
        return _Maker(
            Random(f"{self._seed}/{index}"),  # noqa: S311 (a town, not a secret)
            index,
            self._periods,
            self._prices,
            self._issue_date,
        ).make()


class _Maker:
    """Makes up one contract, its customer and their history."""

    def __init__(
        self,
        random: Random,
        index: int,
        periods: list[Period],
        prices: dict[str, list[Price]],
        issue_date: date,
    ) -> None:
        self.random = random
        self.index = index
        self.periods = periods
        self.prices = prices
        self.issue_date = issue_date
        self.made = Household()
        self.number = f"{1_000_000 + index}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def add(self, record: Record) -> None:
        self.made.rows.append(record)

    def make(self) -> Household:
        random = self.random
        # One roll orders the town by the customers' use of its digital services, so that the
        # shares of Office users and e-invoices hold in towns of any size.
        digital = (self.index * 0.6180339887498949 + random.random() * 0.02) % 1.0
        self.e_invoice = digital < E_INVOICE_SHARE
        self.office = digital < OFFICE_SHARE
        office_only = OFFICE_SHARE - _OFFICE_ONLY_SHARE <= digital < OFFICE_SHARE
        self.channel = "email" if self.e_invoice else "office" if office_only else "post"
        self.use = random.choices(
            ("domestic", "commercial", "industrial", "municipal"), (90, 8, 1.5, 0.5)
        )[0]
        self.tariff = {
            "domestic": "DOM", "commercial": "COM", "industrial": "IND", "municipal": "MUN"
        }[self.use]  # fmt: skip
        self.language = random.choices(("ca", "es", "en"), (70, 27, 3))[0]
        self.persons = random.choices(range(1, 8), (24, 30, 18, 16, 8, 3, 1))[0]
        self.social = self.use == "domestic" and self.chance(0.03)
        self.domiciled = self.chance(0.76)
        self.ended = self.chance(0.006)
        self.deceased = self.chance(0.003)
        self.customer()
        self.contract()
        self.consents()
        self.meter_and_mandate()
        self.history()
        return self.made

    def customer(self) -> None:
        random = self.random
        company = self.use != "domestic"
        # Some hold several contracts: these belong to the customer of the contract before.
        self.customer_code = f"C{self.index:07d}"
        if self.use == "municipal":
            name, nif = "Ajuntament de Vallserena", numbers.company_nif(random, "P")
        elif company:
            name, nif = names.company_name(random), numbers.company_nif(random)
        else:
            name, nif = names.person_name(random, self.language), numbers.person_nif(random)
        reachable = self.office or self.chance(0.2)
        self.has_mobile = self.chance(0.93 if self.office else 0.6)
        since = self.issue_date - timedelta(days=random.randint(30, 3000))
        self.address = names.street(random)
        self.add(
            CustomerRecord(
                code=self.customer_code,
                kind="company" if company else "person",
                name=name,
                nif=nif,
                language=self.language,
                email=f"client{self.index}@example.org" if reachable else None,
                mobile=numbers.mobile(self.index) if self.has_mobile else None,
                street=names.street(random) if self.chance(0.06) else self.address,
                postcode=_POSTCODE,
                town=_TOWN,
                province="Tarragona",
                office_since=since if self.office else None,
                deceased=self.deceased,
            )
        )

    def contract(self) -> None:
        start = self.issue_date - timedelta(days=self.random.randint(900, 12000))
        end = self.periods[-1].last - timedelta(days=self.random.randint(1, 20))
        self.add(
            ContractRecord(
                number=self.number,
                customer=self.customer_code,
                supply_point=f"S{self.index:07d}",
                supply_street=self.address,
                supply_postcode=_POSTCODE,
                supply_town=_TOWN,
                tariff=self.tariff,
                use=self.use,
                persons=self.persons,
                social_tariff=self.social,
                route=f"R{self.index % 12 + 1:02d}",
                invoice_channel=self.channel,
                alerts_on=self.office and self.chance(0.35),
                start_date=start,
                end_date=end if self.ended else None,
            )
        )

    def consents(self) -> None:
        def consent(kind: str, *, granted: bool, days: int) -> None:
            day = self.issue_date - timedelta(days=days)
            self.add(
                ConsentRecord(
                    contract=self.number,
                    kind=kind,
                    granted=granted,
                    given_at=datetime(day.year, day.month, day.day, 10, 30, tzinfo=UTC),
                    source=self.random.choice(("office", "counter", "telephone")),
                    text_version="2024-1",
                )
            )

        if self.e_invoice:
            withdrawn = self.chance(0.01)
            missing = not withdrawn and self.chance(0.01)  # asked for, but consent was never kept
            if not missing:
                consent("e_invoice", granted=True, days=self.random.randint(200, 2000))
            if withdrawn:
                consent("e_invoice", granted=False, days=self.random.randint(5, 90))
            if self.has_mobile and self.chance(0.9):
                consent("sms_notices", granted=True, days=self.random.randint(200, 1500))
        if self.office and self.chance(0.4):
            consent("promotion", granted=True, days=self.random.randint(100, 1500))

    def meter_and_mandate(self) -> None:
        random = self.random
        installed = self.issue_date - timedelta(days=random.randint(60, 4000))
        self.add(
            MeterRecord(
                serial=f"V{installed:%y}-{self.index:07d}",
                contract=self.number,
                calibre_mm=15 if self.use == "domestic" else random.choice((20, 25, 30, 40)),
                remote_read=self.chance(0.6),
                installed_on=installed,
            )
        )
        self.mandate = f"VS-{self.number}-1"
        cancelled = not self.domiciled and self.chance(0.15)
        if self.domiciled or cancelled:
            signed = self.issue_date - timedelta(days=random.randint(400, 4000))
            self.add(
                MandateRecord(
                    reference=self.mandate,
                    contract=self.number,
                    iban=numbers.iban(random),
                    signed_on=signed,
                    status="cancelled" if cancelled else "active",
                )
            )

    def history(self) -> None:
        """Consumption of all periods, this run's invoice, and what is owed from earlier ones."""
        *earlier, present = self.periods
        usual = self.usual_litres_a_day()
        reading = Decimal(self.random.randint(20, 3000))
        used = [self.m3(usual, period) for period in earlier]
        for period, m3 in zip(earlier, used, strict=True):
            reading += m3
            self.add(
                ConsumptionRecord(
                    contract=self.number,
                    period_from=period.first,
                    period_to=period.last,
                    m3=m3,
                    estimated=self.chance(0.03),
                )
            )
        m3 = self.m3(usual, present)
        if self.chance(0.02):
            m3 = m3 * self.random.randint(3, 6) + 5  # a leak
        self.invoice(present, m3, reading, estimated=self.chance(0.04))
        self.earlier_invoices(earlier, used)

    def usual_litres_a_day(self) -> float:
        if self.chance(0.025):
            return 0.0  # an empty flat
        if self.use == "domestic":
            people: float = self.persons**0.8
            return max(25.0, self.random.gauss(105, 25)) * people
        return self.random.lognormvariate(6.2, 0.9)

    def m3(self, usual: float, period: Period) -> Decimal:
        litres = usual * period.season * self.random.uniform(0.85, 1.15) * period.days
        return Decimal(round(litres / 1000))

    def invoice(self, period: Period, m3: Decimal, reading: Decimal, *, estimated: bool) -> None:
        self.bill_number = f"V{self.issue_date:%y}-{self.index + 1:07d}"
        billed = bill(
            m3,
            period.first,
            period.last,
            self.prices[self.tariff],
            persons=self.persons,
            social=self.social,
        )
        pays = (
            "direct_debit" if self.domiciled else "transfer" if self.use == "municipal" else "slip"
        )
        self.add(
            InvoiceRecord(
                number=self.bill_number,
                series=f"V{self.issue_date:%y}",
                contract=self.number,
                billing_run=period.run,
                issue_date=self.issue_date,
                period_from=period.first,
                period_to=period.last,
                days=period.days,
                reading_from=reading,
                reading_to=reading + m3,
                estimated=estimated,
                consumption_m3=m3,
                net_amount=billed.net,
                tax_amount=billed.tax,
                total_amount=billed.total,
                payment_means=pays if billed.total else "none",
                mandate=self.mandate if self.domiciled else None,
                due_date=self.issue_date + timedelta(days=24),
                charge_date=self.issue_date + timedelta(days=16) if self.domiciled else None,
                payment_reference=f"{self.issue_date:%y%m}{self.index + 1:07d}",
            )
        )
        for position, line in enumerate(billed.lines, 1):
            self.add(
                InvoiceLineRecord(
                    invoice=self.bill_number,
                    position=position,
                    concept=line.concept,
                    kind=line.kind,
                    block=line.block,
                    quantity=line.quantity,
                    unit=line.unit,
                    unit_price=line.unit_price,
                    amount=line.amount,
                    vat_rate=line.vat_rate,
                    period_from=line.period_from,
                    period_to=line.period_to,
                )
            )

    def earlier_invoices(self, periods: list[Period], used: list[Decimal]) -> None:
        """The last earlier invoices: mostly paid; some returned, owed or in a payment plan."""
        trouble = self.random.random()
        owed = 0
        if trouble < 0.06:
            owed = self.random.choices((1, 2, 3, 4), (60, 25, 10, 5))[0]
        kept = 4 if owed or self.chance(0.05) else 2
        returned = owed > 0 and self.domiciled
        plan = owed >= 2 and self.chance(0.6)
        total = Decimal(0)
        for back in range(kept, 0, -1):
            status = "paid" if back > owed else "returned" if returned else "open"
            total += self.earlier_invoice(periods[-back], used[-back], back, status)
        if plan:
            self.plan(total)
        elif self.chance(0.004):
            self.finished_plan()
        if self.chance(0.004):
            self.credit_note()

    def earlier_invoice(self, period: Period, m3: Decimal, back: int, status: str) -> Decimal:
        """Add one as bare totals; give what is owed of it."""
        billed = bill(
            m3,
            period.first,
            period.last,
            self.prices[self.tariff],
            persons=self.persons,
            social=self.social,
        )
        number = f"V{period.issued:%y}-{self.index + 1:07d}-{period.run[-2:]}"
        due = period.issued + timedelta(days=24)
        self.add(
            InvoiceRecord(
                number=number,
                series=f"V{period.issued:%y}",
                contract=self.number,
                billing_run=period.run,
                issue_date=period.issued,
                period_from=period.first,
                period_to=period.last,
                days=period.days,
                consumption_m3=m3,
                net_amount=billed.net,
                tax_amount=billed.tax,
                total_amount=billed.total,
                payment_means="direct_debit" if self.domiciled else "slip",
                mandate=self.mandate if self.domiciled else None,
                due_date=due,
                charge_date=due - timedelta(days=8) if self.domiciled else None,
                status=status,
                payment_reference=f"{period.issued:%y%m}{self.index + 1:07d}",
            )
        )
        if status == "paid":
            if billed.total:
                self.add(
                    PaymentRecord(
                        reference=f"P-{number}",
                        invoice=number,
                        paid_on=due - timedelta(days=8),
                        amount=billed.total,
                        means="direct_debit" if self.domiciled else "slip",
                    )
                )
            return Decimal(0)
        if status == "returned" and billed.total:
            self.add(
                ReturnedDebitRecord(
                    reference=f"R-{number}",
                    invoice=number,
                    returned_on=due - timedelta(days=self.random.randint(1, 5)),
                    amount=billed.total,
                    reason=self.random.choice(_REASONS) if back == 1 else "AM04",
                )
            )
        return billed.total

    def plan(self, total: Decimal) -> None:
        """An active plan over what was owed; some have an instalment that is late."""
        if total < 30:
            return
        number, parts = f"PP-{self.number}", self.random.choice((4, 6, 8))
        each = (total / parts).quantize(Decimal("0.01"))
        late = self.chance(0.25)
        paid = self.random.randint(1, 2)
        first = self.issue_date - timedelta(days=30 * paid + (10 if late else -15))
        self.add(
            PaymentPlanRecord(
                number=number,
                contract=self.number,
                agreed_on=self.issue_date - timedelta(days=self.random.randint(20, 40)),
                total_amount=total,
                status="active",
            )
        )
        for position in range(1, parts + 1):
            due = first + timedelta(days=30 * (position - 1) + (0 if position <= paid else 10))
            self.add(
                InstalmentRecord(
                    plan=number,
                    position=position,
                    due_date=due,
                    amount=each if position < parts else total - each * (parts - 1),
                    paid_on=due if position <= paid else None,
                )
            )

    def finished_plan(self) -> None:
        """A plan of long ago, paid or broken."""
        number = f"PP-{self.number}"
        agreed = self.issue_date - timedelta(days=500)
        broken = self.chance(0.3)
        self.add(
            PaymentPlanRecord(
                number=number,
                contract=self.number,
                agreed_on=agreed,
                total_amount=Decimal("90.00"),
                status="broken" if broken else "completed",
            )
        )
        for position in range(1, 4):
            due = agreed + timedelta(days=30 * position)
            self.add(
                InstalmentRecord(
                    plan=number,
                    position=position,
                    due_date=due,
                    amount=Decimal("30.00"),
                    paid_on=None if broken and position > 1 else due,
                )
            )

    def credit_note(self) -> None:
        """A correction of the bill before: some m³ that were billed too many."""
        period = self.periods[-2]
        number = f"R{self.issue_date:%y}-{self.index + 1:07d}"
        price = Decimal("0.4520")
        amount = -(price * 5).quantize(Decimal("0.01"))
        tax = -(price * 5 * 10 / 100).quantize(Decimal("0.01"))
        self.add(
            InvoiceRecord(
                number=number,
                series=f"R{self.issue_date:%y}",
                contract=self.number,
                kind="credit_note",
                corrects=f"V{period.issued:%y}-{self.index + 1:07d}-{period.run[-2:]}",
                billing_run=self.periods[-1].run,
                issue_date=self.issue_date,
                period_from=period.first,
                period_to=period.last,
                days=period.days,
                consumption_m3=Decimal(-5),
                net_amount=amount,
                tax_amount=tax,
                total_amount=amount + tax,
                payment_means="none",
            )
        )
        self.add(
            InvoiceLineRecord(
                invoice=number,
                position=1,
                concept="water",
                kind="variable",
                block=1,
                quantity=Decimal(-5),
                unit="m3",
                unit_price=price,
                amount=amount,
                vat_rate=Decimal(10),
            )
        )
