"""When a notice may go out."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.instance.config import NoticesConfig
from bustia.notices.planning import closing_for, moment_for, welcome_at

MADRID = ZoneInfo("Europe/Madrid")
HOLIDAYS = (date(2026, 1, 1), date(2026, 1, 6), date(2026, 4, 6), date(2026, 12, 25))
RULES = NoticesConfig(holidays=HOLIDAYS)
DECEMBER = datetime(2025, 12, 1, tzinfo=UTC)
LONG_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Read an instant by the clock in Madrid."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


@pytest.mark.parametrize(
    ("issue", "now", "expected"),
    [
        # 2026-05-20 is a Wednesday: its window goes from Sunday 10 to Wednesday 13.
        ("2026-05-21", "2026-01-01T00:00", "2026-05-11T09:00"),  # the first day, a Monday
        ("2026-05-20", "2026-01-01T00:00", "2026-05-11T09:00"),  # the first day is a Sunday
        ("2026-05-20", "2026-05-11T08:59", "2026-05-11T09:00"),
        ("2026-05-20", "2026-05-11T12:34", "2026-05-11T12:34"),
        ("2026-05-20", "2026-05-11T19:59", "2026-05-11T19:59"),
        ("2026-05-20", "2026-05-11T20:00", "2026-05-12T09:00"),
        ("2026-05-20", "2026-05-13T19:59", "2026-05-13T19:59"),
        ("2026-05-20", "2026-05-13T20:00", None),  # the last evening is over
        ("2026-05-20", "2026-05-14T09:00", None),
        ("2026-05-20", "2026-06-01T09:00", None),
        ("2026-04-15", "2026-01-01T00:00", "2026-04-07T09:00"),  # Sunday and Easter Monday
        # The clock goes forward on 29 March and back on 25 October, both Sundays.
        ("2026-04-08", "2026-01-01T00:00", "2026-03-30T09:00"),
        ("2026-11-04", "2026-01-01T00:00", "2026-10-26T09:00"),
    ],
)
def test_the_first_welcome_moment_is_taken(issue: str, now: str, expected: str | None):
    """Ten to seven days ahead, by day, and not on a Sunday or holiday."""
    found = moment_for(date.fromisoformat(issue), RULES, at(now))

    assert (at(expected) if expected else None) == found


@pytest.mark.parametrize(
    ("day", "offset"), [("2026-03-29", 2), ("2026-03-28", 1), ("2026-10-24", 2), ("2026-10-25", 1)]
)
def test_nine_in_the_morning_is_nine_in_madrid_when_the_clocks_change(day: str, offset: int):
    """On the days around the change the hour is the one that people see on the wall."""
    rules = NoticesConfig(on_sundays=True)
    found = moment_for(date.fromisoformat(day) + timedelta(days=10), rules, LONG_BEFORE)

    assert found is not None
    assert datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=UTC) - timedelta(
        hours=offset
    ) == found.astimezone(UTC)


def test_every_issue_date_of_a_year():
    """For each day of 2026 the notice goes on one of the four days, and as early as it may."""
    day = date(2026, 1, 1)
    while day.year == 2026:
        found = moment_for(day, RULES, LONG_BEFORE)
        window = [day - timedelta(days=ahead) for ahead in (10, 9, 8, 7)]
        welcome = [one for one in window if one.weekday() != 6 and one not in HOLIDAYS]
        assert found is not None
        assert (welcome[0], time(9)) == (found.date(), found.time())
        assert welcome_at(found, day, RULES)
        day += timedelta(days=1)


_RULES = st.builds(
    lambda early, length, first, hours, sundays, holidays: NoticesConfig(
        earliest_days=early,
        latest_days=max(0, early - length),
        from_hour=time(first),
        to_hour=time(first + hours),
        on_sundays=sundays,
        holidays=tuple(holidays),
    ),
    st.integers(1, 20),
    st.integers(0, 6),
    st.integers(0, 18),
    st.integers(1, 5),
    st.booleans(),
    st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=40),
)


@settings(deadline=None, max_examples=400)
@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    _RULES,
    st.integers(0, 570_000).map(lambda minutes: DECEMBER + timedelta(minutes=minutes)),
)
def test_no_notice_is_ever_unwelcome(issue: date, rules: NoticesConfig, now: datetime):
    """Whatever the rules: in the window, by day, on no holiday, not in the past, and aware."""
    found = moment_for(issue, rules, now)

    if found is None:
        # Then no quarter of an hour that is left would have done.
        moment = max(now, at(f"{issue - timedelta(days=rules.earliest_days)}T00:00"))
        while (moment.astimezone(MADRID).date()) <= issue - timedelta(days=rules.latest_days):
            assert not welcome_at(moment, issue, rules)
            moment += timedelta(minutes=15)
        return
    assert found.tzinfo is not None
    assert found >= now
    assert welcome_at(found, issue, rules)
    assert found < closing_for(found, rules)
    local = found.astimezone(MADRID)
    assert rules.latest_days <= (issue - local.date()).days <= rules.earliest_days
    assert rules.from_hour <= local.time() < rules.to_hour
    assert local.date() not in rules.holidays
    assert rules.on_sundays or local.weekday() != 6


def test_every_day_of_the_window_may_be_a_holiday():
    """Then no notice is sent: better none than one on Christmas Day."""
    window = tuple(date(2026, 5, 20) - timedelta(days=ahead) for ahead in (10, 9, 8, 7))

    assert moment_for(date(2026, 5, 20), NoticesConfig(holidays=window), LONG_BEFORE) is None
