"""Plans the SMS that tell e-invoice customers of their next invoice, days ahead of it.

Each notice has one moment, chosen once the calendar is known: within the window before the issue
date, at an hour and on a day when a message is welcome. Where there is none, none is sent.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from django.db import connection, transaction
from django.db.models import Q

from bustia.billing.alerts import Quiet, quiet_end
from bustia.compose.company import load_company
from bustia.deliver.channels.sms import segments
from bustia.deliver.models import Delivery
from bustia.deliver.states import DeliveryState, check_move
from bustia.errors import StationeryError
from bustia.formatting import date_short
from bustia.instance.config import NoticesConfig

__all__ = ["MADRID", "Texts", "closing_for", "moment_for", "plan_notices", "welcome_at"]

MADRID = ZoneInfo("Europe/Madrid")
_SUNDAY = 6
_LOCK = 0x42555354_4E4F5449
_NO_MOMENT = "no moment within its window was left"
S = DeliveryState
_WAITING = (S.SCHEDULED, S.DUE, S.DEFERRED)

# Who gets one: active contracts of the route with the e-invoice and SMS notices agreed to and a
# mobile number known, who didn't say since then that they want none; with the bank charge only
# where a mandate is in force.
_WANTED = """
SELECT e.route, e.billing_run, e.issue_date, e.charge_date, c.id, c.number, u.language,
       EXISTS (SELECT FROM billing_mandate m WHERE m.contract_id = c.id AND m.status = 'active'),
       q.starts, q.ends
  FROM billing_calendarentry e
  JOIN billing_contract c ON c.route = e.route
  JOIN billing_customer u ON u.id = c.customer_id
  LEFT JOIN billing_quiethours q ON q.customer_id = u.id
 WHERE e.issue_date > %(today)s AND e.issue_date <= %(until)s
   AND c.invoice_channel = 'email' AND u.mobile <> '' AND NOT u.deceased
   AND c.start_date <= %(today)s AND (c.end_date IS NULL OR c.end_date >= e.issue_date)
   AND (SELECT n.granted FROM billing_consent n WHERE n.contract_id = c.id
           AND n.kind = 'e_invoice' AND n.given_at <= %(now)s
         ORDER BY n.given_at DESC LIMIT 1)
   AND (SELECT n.granted AND NOT EXISTS (
               SELECT FROM billing_channelpreference p WHERE p.customer_id = u.id
                  AND p.kind = 'notices' AND p.channel <> 'sms' AND p.changed_at >= n.given_at)
          FROM billing_consent n WHERE n.contract_id = c.id
           AND n.kind = 'sms_notices' AND n.given_at <= %(now)s
         ORDER BY n.given_at DESC LIMIT 1)
 ORDER BY c.id
"""


def moment_for(
    issue_date: date, rules: NoticesConfig, now: datetime, quiet: Quiet | None = None
) -> datetime | None:
    """Give the first moment from ``now`` on at which a notice may go out; None if there is none.

    It is ``earliest_days`` to ``latest_days`` before the issue date, both included, on a day that
    is no holiday (nor Sunday, by default), within the hours and outside of the customer's quiet
    ones, all by the clock in Madrid.
    """
    local = now.astimezone(MADRID)
    for ahead in range(rules.earliest_days, rules.latest_days - 1, -1):
        day = issue_date - timedelta(days=ahead)
        if day < local.date() or day in rules.holidays:
            continue
        if day.weekday() == _SUNDAY and not rules.on_sundays:
            continue
        moment = quiet_end(quiet, max(_at(day, rules.from_hour), local))
        if moment < _at(day, rules.to_hour):
            return moment
    return None


def welcome_at(
    moment: datetime, issue_date: date, rules: NoticesConfig, quiet: Quiet | None = None
) -> bool:
    """Whether a notice may go out at a moment: in its window, by day, not quiet, on no holiday."""
    local = moment.astimezone(MADRID)
    ahead = (issue_date - local.date()).days
    return (
        rules.latest_days <= ahead <= rules.earliest_days
        and rules.from_hour <= local.time() < rules.to_hour
        and local.date() not in rules.holidays
        and (rules.on_sundays or local.weekday() != _SUNDAY)
        and quiet_end(quiet, local) == local
    )


def closing_for(moment: datetime, rules: NoticesConfig) -> datetime:
    """Give the hour at which a notice that was to go at ``moment`` is too late for its day."""
    return _at(moment.astimezone(MADRID).date(), rules.to_hour)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=MADRID)


class Texts:
    """The texts of the notices, in each language, from ``stationery/sms``."""

    def __init__(self, stationery: Path) -> None:
        file = stationery / "sms" / "issue_notice.yaml"
        try:
            read = yaml.safe_load(file.read_text(encoding="utf-8"))
            self._texts: Mapping[str, Mapping[str, str]] = {
                language: {"charged": str(one["charged"]), "plain": str(one["plain"])}
                for language, one in read.items()
            }
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise StationeryError(f"can't be used: {error}", where=str(file)) from error
        self._companies = load_company(stationery)
        self._file = file

    def write(
        self, language: str, contract: str, issue_date: date, charge_date: date | None
    ) -> str:
        """Write the notice to one customer; raise ``StationeryError`` if it is too long."""
        kind = "charged" if charge_date else "plain"
        text = self._texts[language][kind].format(
            company=self._companies[language].name,
            contract=contract,
            issue=date_short(issue_date, language),
            charge=date_short(charge_date, language) if charge_date else "",
        )
        if segments(text) > 1:
            raise StationeryError(
                f"the text {language}.{kind} needs {segments(text)} SMS instead of one.",
                where=str(self._file),
                hint="Shorten it, and keep to letters that SMS knows: à, è, é, ì, ò, ù, ñ, ü, Ç.",
            )
        return text


@transaction.atomic
def plan_notices(stationery: Path, rules: NoticesConfig, now: datetime) -> Counter[str]:
    """Plan the notices of every invoice that is to be issued soon; give what changed, by kind.

    Planning again is harmless: a notice is planned once for a contract, billing run and issue
    date. If the billing system moves the date, the notice of the old one is withdrawn, and one of
    the new date planned; who was told the old date already is told the new one. What a notice
    says follows the charge date and the mandate until it is sent.
    """
    today = now.astimezone(MADRID).date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])  # one planner at a time
        cursor.execute(
            _WANTED,
            {"today": today, "until": today + timedelta(days=120), "now": now},
        )
        wanted = cursor.fetchall()
    texts, changed = Texts(stationery), Counter[str]()
    keys = {f"notice/{run}/{number}/{issue:%Y%m%d}" for _, run, issue, _, _, number, *_ in wanted}
    known = {
        one.key: one
        for one in Delivery.objects.filter(kind="issue_notice")
        .filter(Q(state__in=_WAITING) | Q(key__in=keys))
        .select_for_update()
    }
    planned: list[Delivery] = []
    for row in wanted:
        _, run, issue_date, charge_date, contract_id, number, language, domiciled, *hours = row
        quiet = Quiet(*hours) if hours[0] is not None else None
        key = f"notice/{run}/{number}/{issue_date:%Y%m%d}"
        text = texts.write(language, number, issue_date, charge_date if domiciled else None)
        content = {"text": text, "issue_date": issue_date.isoformat()}
        before = known.get(key)
        if before is None:
            moment = moment_for(issue_date, rules, now, quiet)
            made = _notice(key, contract_id, moment, rules, now)
            made.language, made.content = language, content
            planned.append(made)
            changed["planned" if moment else "too late"] += 1
        elif before.state in _WAITING:
            changed.update(_brought_up_to_date(before, content, issue_date, rules, now, quiet))
    Delivery.objects.bulk_create(planned)
    for key, one in known.items():
        if one.state in _WAITING and key not in keys:
            _end(one, S.SUPPRESSED, "no longer to be sent", now)
            changed["withdrawn"] += 1
    return changed


def _brought_up_to_date(
    notice: Delivery,
    content: dict[str, str],
    issue_date: date,
    rules: NoticesConfig,
    now: datetime,
    quiet: Quiet | None,
) -> list[str]:
    """Let a planned notice say what holds now, at a moment that suits the rules as they are now.

    One that could not go out on its day gets the next day of its window, if there is one.
    """
    before = (notice.content, notice.not_before, notice.expires_at)
    notice.content = content
    missed = closing_for(notice.not_before, rules) <= now
    if missed or not welcome_at(notice.not_before, issue_date, rules, quiet):
        moment = moment_for(issue_date, rules, now, quiet)
        if moment is None:
            _end(notice, S.EXPIRED, _NO_MOMENT, now)
            return ["too late"]
        notice.not_before = moment
    notice.expires_at = closing_for(notice.not_before, rules)
    if before == (notice.content, notice.not_before, notice.expires_at):
        return []
    notice.save(update_fields=["content", "not_before", "expires_at"])
    return ["moved"]


def _end(notice: Delivery, state: DeliveryState, reason: str, now: datetime) -> None:
    check_move(notice.key, DeliveryState(notice.state), state)
    notice.state, notice.reason, notice.finished_at = state, reason, now
    notice.save(update_fields=["state", "reason", "finished_at"])


def _notice(
    key: str, contract_id: int, moment: datetime | None, rules: NoticesConfig, now: datetime
) -> Delivery:
    return Delivery(
        key=key,
        kind="issue_notice",
        channel="sms",
        contract_id=contract_id,
        state=S.SCHEDULED if moment else S.EXPIRED,
        reason="" if moment else _NO_MOMENT,
        not_before=moment or now,
        expires_at=closing_for(moment, rules) if moment else None,
        finished_at=None if moment else now,
    )
