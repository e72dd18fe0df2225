"""Planning notices from the calendar, again and again."""

import shutil
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bustia.billing.models import CalendarEntry, ChannelPreference, Mandate, QuietHours
from bustia.deliver.channels.sms import segments
from bustia.deliver.models import Delivery
from bustia.errors import StationeryError
from bustia.instance.config import NoticesConfig, shipped_stationery
from bustia.notices.planning import MADRID, Texts, plan_notices
from tests.deliver.town import Town, consent

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
ISSUE = date(2026, 5, 21)
FIRST = datetime(2026, 5, 11, 9, tzinfo=MADRID)
RULES = NoticesConfig()


@pytest.fixture
def calendar(db: None) -> CalendarEntry:
    """The next invoice of the route, with its charge date."""
    return CalendarEntry.objects.create(
        route="R1", billing_run="2026-04", issue_date=ISSUE, charge_date=date(2026, 6, 1)
    )


def plan(now: datetime = NOW, rules: NoticesConfig = RULES) -> Counter[str]:
    """Plan with the stationery that ships."""
    return plan_notices(shipped_stationery(), rules, now)


def domiciled(contract, status: str = "active") -> None:
    """Give a contract a mandate."""
    Mandate.objects.create(
        reference=f"M-{contract.number}",
        contract=contract,
        iban="ES9121000418450200051332",
        iban_masked="ES91 **** 1332",
        iban_fingerprint="0",
        signed_on=date(2020, 1, 1),
        status=status,
    )


def test_who_agreed_gets_one_ten_days_ahead(town: Town, calendar: CalendarEntry):
    """The charge date is told only where the bill is domiciled."""
    domiciled(town.contract(1, language="es"))
    town.contract(2, language="ca")
    domiciled(town.contract(3, language="en"), "cancelled")
    town.contract(4, "post")
    town.contract(5, mobile="")
    town.contract(6, deceased=True)

    assert Counter(planned=3) == plan()

    sent = Delivery.objects.order_by("pk")
    assert [one.state for one in sent] == ["scheduled"] * 3
    assert {(FIRST, FIRST.replace(hour=20))} == {(one.not_before, one.expires_at) for one in sent}
    texts = [one.content["text"] for one in sent]
    assert "21/05/2026" in texts[0]
    assert "01/06/2026" in texts[0]
    assert "emitiremos" in texts[0]
    assert ["01/06/2026" in text for text in texts] == [True, False, False]


def test_planning_twice_changes_nothing(town: Town, calendar: CalendarEntry):
    """A notice is planned once for a contract and invoice."""
    town.contract(1)
    plan()
    before = list(Delivery.objects.values())

    assert Counter() == plan(NOW + timedelta(hours=5))
    assert before == list(Delivery.objects.values())


def test_a_calendar_that_moves_takes_the_notice_along(town: Town, calendar: CalendarEntry):
    """The old date's notice is withdrawn, and one with the new date is planned."""
    town.contract(1)
    plan()
    calendar.issue_date = ISSUE + timedelta(days=5)
    calendar.save()

    assert Counter(planned=1, withdrawn=1) == plan()
    assert [
        (one.state, one.content["text"].partition("el ")[2][:10])
        if one.language != "en"
        else (one.state, one.content["text"].partition(" on ")[2][:10])
        for one in Delivery.objects.order_by("pk")
    ] == [("suppressed", "21/05/2026"), ("scheduled", "26/05/2026")]
    assert Counter() == plan()


def test_a_new_charge_date_changes_what_is_told(town: Town, calendar: CalendarEntry):
    """Until it goes out, the notice says what the calendar says."""
    domiciled(town.contract(1))
    plan()
    calendar.charge_date = date(2026, 6, 3)
    calendar.save()

    assert Counter(moved=1) == plan()
    assert "03/06/2026" in Delivery.objects.get().content["text"]


@pytest.mark.parametrize("why", ["e_invoice", "sms_notices", "ended", "deceased", "post"])
def test_who_should_not_get_it_any_more_does_not(town: Town, calendar: CalendarEntry, why: str):
    """Consent withdrawn, contract ended, a death, a changed wish: the notice is withdrawn."""
    contract = town.contract(1)
    plan()
    if why in ("e_invoice", "sms_notices"):
        consent(contract, why, granted=False, at=NOW)
    elif why == "ended":
        contract.end_date = date(2026, 5, 5)
    elif why == "deceased":
        contract.customer.deceased = True
        contract.customer.save()
    else:
        contract.invoice_channel = "post"
    contract.save()

    assert Counter(withdrawn=1) == plan(NOW + timedelta(hours=1))
    assert Delivery.objects.get().state == "suppressed"


def test_a_holiday_declared_later_moves_the_notice(town: Town, calendar: CalendarEntry):
    """The rules as they are now decide, also for what was planned before."""
    town.contract(1)
    plan()

    assert Counter(moved=1) == plan(rules=NoticesConfig(holidays=(date(2026, 5, 11),)))
    assert FIRST + timedelta(days=1) == Delivery.objects.get().not_before


def test_a_day_that_was_missed_is_followed_by_the_next(town: Town, calendar: CalendarEntry):
    """A deliverer that stood still for an evening sends it the day after, in the window."""
    town.contract(1)
    plan()

    assert Counter(moved=1) == plan(datetime(2026, 5, 11, 22, tzinfo=MADRID))
    assert FIRST + timedelta(days=1) == Delivery.objects.get().not_before
    assert Counter({"too late": 1}) == plan(datetime(2026, 5, 14, 22, tzinfo=MADRID))
    assert Delivery.objects.get().state == "expired"


def test_it_is_too_late_to_plan_one(town: Town, calendar: CalendarEntry):
    """Within the last week no notice goes out, and the ledger says why."""
    town.contract(1)

    assert Counter({"too late": 1}) == plan(datetime(2026, 5, 15, 9, tzinfo=MADRID))
    assert (
        Delivery.objects.get().state,
        Delivery.objects.get().reason,
    ) == ("expired", "no moment within its window was left")
    assert Counter() == plan(datetime(2026, 5, 15, 10, tzinfo=MADRID))


@pytest.mark.parametrize("language", ["ca", "es", "en"])
@pytest.mark.parametrize("charge", [None, date(2026, 12, 31)])
def test_every_text_is_one_sms(language: str, charge: date | None):
    """A contract's number of twelve characters still leaves it at one."""
    text = Texts(shipped_stationery()).write(language, "K-0012345678", date(2026, 12, 22), charge)

    assert segments(text) == 1
    assert "22/12/2026" in text
    assert ("31/12/2026" in text) == (charge is not None)


def test_a_text_that_is_too_long_is_the_stationerys_fault(tmp_path: Path):
    """Whoever writes the texts is told which one, and which letters are dear."""
    shutil.copytree(shipped_stationery(), tmp_path / "stationery")
    file = tmp_path / "stationery" / "sms" / "issue_notice.yaml"
    text = file.read_text(encoding="utf-8").replace("emetrem", "emetrem ja aviat í demà")
    file.write_text(text, encoding="utf-8")

    with pytest.raises(StationeryError, match=r"ca\.plain needs 2 SMS"):
        Texts(tmp_path / "stationery").write("ca", "K1", ISSUE, None)


def test_who_said_no_gets_none(town: Town, calendar: CalendarEntry):
    """A notice that was planned is withdrawn; a consent given after that counts again."""
    contract = town.contract(1)
    assert Counter(planned=1) == plan()
    ChannelPreference.objects.create(
        customer=contract.customer, kind="notices", channel="none", changed_at=NOW
    )
    assert Counter(withdrawn=1) == plan()
    consent(contract, "sms_notices", granted=True, at=NOW + timedelta(minutes=1))
    Delivery.objects.all().delete()
    assert Counter(planned=1) == plan(NOW + timedelta(minutes=2))


@pytest.mark.parametrize(
    ("starts", "ends", "moment"),
    [
        (time(22), time(8), FIRST),
        (time(22), time(11, 30), FIRST.replace(hour=11, minute=30)),
        (time(8), time(21), None),
        (time(9), time(20), None),
        (time(15), time(16), FIRST),
    ],
)
def test_quiet_hours_are_kept(
    town: Town, calendar: CalendarEntry, starts: time, ends: time, moment: datetime | None
):
    """A notice comes at the first hour that is neither the company's night nor the customer's."""
    contract = town.contract(1)
    QuietHours.objects.create(customer=contract.customer, starts=starts, ends=ends)
    assert Counter({"planned" if moment else "too late": 1}) == plan()
    if moment:
        assert Delivery.objects.get().not_before == moment


def test_a_planned_notice_moves_out_of_quiet_hours(town: Town, calendar: CalendarEntry):
    """Quiet hours that are set while a notice waits move it."""
    contract = town.contract(1)
    plan()
    QuietHours.objects.create(customer=contract.customer, starts=time(8), ends=time(10))
    assert Counter(moved=1) == plan()
    assert Delivery.objects.get().not_before == FIRST.replace(hour=10)
