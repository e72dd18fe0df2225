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

from bustia.compose.company import load_company
from bustia.deliver.channels.sms import segments
from bustia.deliver.models import Delivery
from bustia.deliver.states import DeliveryState
from bustia.errors import StationeryError
from bustia.formatting import date_short
from bustia.instance.config import NoticesConfig

__all__ = ["MADRID", "Texts", "moment_for", "plan_notices"]

MADRID = ZoneInfo("Europe/Madrid")
_SUNDAY = 6

# Who gets one: active contracts of the route with the e-invoice and SMS notices agreed to and a
# mobile number known; with the bank charge only where a mandate is in force.
_WANTED = """
SELECT e.route, e.billing_run, e.issue_date, e.charge_date, c.id, c.number, u.language,
       EXISTS (SELECT FROM billing_mandate m WHERE m.contract_id = c.id AND m.status = 'active')
  FROM billing_calendarentry e
  JOIN billing_contract c ON c.route = e.route
  JOIN billing_customer u ON u.id = c.customer_id
 WHERE e.issue_date > %(today)s AND e.issue_date <= %(until)s
   AND c.invoice_channel = 'email' AND u.mobile <> '' AND NOT u.deceased
   AND c.start_date <= %(today)s AND (c.end_date IS NULL OR c.end_date >= e.issue_date)
   AND (SELECT n.granted FROM billing_consent n WHERE n.contract_id = c.id
           AND n.kind = 'e_invoice' AND n.given_at <= %(now)s
         ORDER BY n.given_at DESC LIMIT 1)
   AND (SELECT n.granted FROM billing_consent n WHERE n.contract_id = c.id
           AND n.kind = 'sms_notices' AND n.given_at <= %(now)s
         ORDER BY n.given_at DESC LIMIT 1)
 ORDER BY c.id
"""


def moment_for(issue_date: date, rules: NoticesConfig, now: datetime) -> datetime | None:
    """Give the first moment from ``now`` on at which a notice may go out; None if there is none.

    It is ``earliest_days`` to ``latest_days`` before the issue date, both included, on a day that
    is no holiday (nor Sunday, by default), within the hours, all by the clock in Madrid.
    """
    local = now.astimezone(MADRID)
    for ahead in range(rules.earliest_days, rules.latest_days - 1, -1):
        day = issue_date - timedelta(days=ahead)
        if day < local.date() or day in rules.holidays:
            continue
        if day.weekday() == _SUNDAY and not rules.on_sundays:
            continue
        opening = _at(day, rules.from_hour)
        if day > local.date() or now <= opening:
            return opening
        if now < _at(day, rules.to_hour):
            return now
    return None


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

    Planning again is harmless: a notice is planned once for a contract and billing run, moved if
    its date moved before it was sent, and withdrawn if the customer is no longer to get it.
    """
    today = now.astimezone(MADRID).date()
    with connection.cursor() as cursor:
        cursor.execute(
            _WANTED,
            {"today": today, "until": today + timedelta(days=120), "now": now},
        )
        wanted = cursor.fetchall()
    texts, changed = Texts(stationery), Counter[str]()
    known = {
        one.key: one for one in Delivery.objects.filter(kind="issue_notice").select_for_update()
    }
    planned: list[Delivery] = []
    keys: set[str] = set()
    for _, run, issue_date, charge_date, contract_id, number, language, domiciled in wanted:
        key = f"notice/{run}/{number}"
        keys.add(key)
        text = texts.write(language, number, issue_date, charge_date if domiciled else None)
        content = {"text": text, "issue_date": issue_date.isoformat()}
        moment = moment_for(issue_date, rules, now)
        before = known.get(key)
        if before is None:
            planned.append(_notice(key, contract_id, language, content, moment, rules, now))
            changed["planned" if moment else "too late"] += 1
        elif before.content != content and before.state == DeliveryState.SCHEDULED and moment:
            before.content, before.not_before = content, moment
            before.expires_at = closing_for(moment, rules)
            before.save(update_fields=["content", "not_before", "expires_at"])
            changed["moved"] += 1
    Delivery.objects.bulk_create(planned)
    for key, one in known.items():
        if one.state == DeliveryState.SCHEDULED and key not in keys:
            one.state, one.reason = DeliveryState.SUPPRESSED, "no longer to be sent"
            one.finished_at = now
            one.save(update_fields=["state", "reason", "finished_at"])
            changed["withdrawn"] += 1
    return changed


def _notice(
    key: str,
    contract_id: int,
    language: str,
    content: dict[str, str],
    moment: datetime | None,
    rules: NoticesConfig,
    now: datetime,
) -> Delivery:
    return Delivery(
        key=key,
        kind="issue_notice",
        channel="sms",
        contract_id=contract_id,
        language=language,
        content=content,
        state=DeliveryState.SCHEDULED if moment else DeliveryState.EXPIRED,
        reason="" if moment else "no moment within its window was left",
        not_before=moment or now,
        expires_at=closing_for(moment, rules) if moment else None,
        finished_at=None if moment else now,
    )
