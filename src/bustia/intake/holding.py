"""Keeps what customers changed here when an import brings rows that don't know of it yet.

Called after the rows were merged: it looks at what was staged for the customers and contracts
with open changes, and has each change judged. One query tells that there are none.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.backends.utils import CursorWrapper

from bustia.billing.changes import COLUMNS
from bustia.billing.chosen_states import OPEN, ChangeKind
from bustia.billing.models import CustomerChange
from bustia.billing.settling import (
    Said,
    SaidConsent,
    SaidMandate,
    apply_verdict,
    earlier_of,
    judge,
)
from bustia.rows import as_array

__all__ = ["hold_changes", "lock_changes"]

_OF_CUSTOMERS = """
SELECT u.id, coalesce(s.email, ''), coalesce(s.mobile, ''), s.language,
       coalesce(s.office_since::text, '')
  FROM stage_customers s JOIN billing_customer u ON u.code = s.code WHERE u.id = ANY(%s::bigint[])
"""
_CUSTOMER_KINDS = (
    ChangeKind.EMAIL,
    ChangeKind.MOBILE,
    ChangeKind.LANGUAGE,
    ChangeKind.OFFICE,
)
_OF_CONTRACTS = """
SELECT c.id, s.invoice_channel, s.alerts_on::text
  FROM stage_contracts s JOIN billing_contract c ON c.number = s.number
 WHERE c.id = ANY(%s::bigint[])
"""
_CONTRACT_KINDS = (ChangeKind.INVOICE_CHANNEL, ChangeKind.ALERTS)
_CONSENTS = """
SELECT c.id, s.kind, s.granted, s.given_at
  FROM stage_consents s JOIN billing_contract c ON c.number = s.contract
 WHERE c.id = ANY(%s::bigint[])
"""
_MANDATES = """
SELECT c.id, s.reference, s.iban_fingerprint, s.status = 'active'
  FROM stage_mandates s JOIN billing_contract c ON c.number = s.contract
 WHERE c.id = ANY(%s::bigint[])
"""


def lock_changes(cursor: CursorWrapper) -> None:
    """Let nobody alter an open change from now on; to be called before rows are merged.

    Who changes something of a customer's with an open change waits here, with nothing else locked
    (``changes.take_turns``), until the import is done.
    """
    cursor.execute(
        "SELECT FROM billing_customerchange WHERE state = ANY(%s) ORDER BY id FOR UPDATE",
        [sorted(OPEN)],
    )


def hold_changes(cursor: CursorWrapper, now: datetime) -> Counter[str]:
    """Judge every open change by what was staged; give how many were held, confirmed, superseded.

    To be called in the import's transaction, after the rows were merged. What the import is
    silent about stays as it is, and isn't counted.
    """
    changes = list(
        CustomerChange.objects.select_for_update()
        .filter(state__in=OPEN)
        .exclude(kind__in=(ChangeKind.ERASURE, ChangeKind.PAYMENT))
        .order_by("pk")
    )
    counted: Counter[str] = Counter()
    if not changes:
        return counted
    staged = _Staged(cursor, changes)
    told = earlier_of(changes)
    for change in changes:
        said = staged.about(change)
        if said == Said():
            continue
        verdict = judge(told[change.pk], said)
        apply_verdict(change, told[change.pk], said, verdict, now)
        counted[verdict.value] += 1
    return counted


class _Staged:
    """What the import says of the customers and contracts that have open changes."""

    def __init__(self, cursor: CursorWrapper, changes: Iterable[CustomerChange]) -> None:
        customers = {one.customer_id for one in changes if one.contract_id is None}
        contracts = {one.contract_id for one in changes if one.contract_id is not None}
        self._values: dict[tuple[str, int], str] = {}
        self._consents: defaultdict[tuple[int, str], list[SaidConsent]] = defaultdict(list)
        self._mandates: defaultdict[int, list[SaidMandate]] = defaultdict(list)
        cursor.execute(_OF_CUSTOMERS, [as_array(customers)])
        for key, *values in cursor.fetchall():
            self._values.update(((k, key), v) for k, v in zip(_CUSTOMER_KINDS, values, strict=True))
        of_contracts = as_array(contracts)
        cursor.execute(_OF_CONTRACTS, [of_contracts])
        for key, *values in cursor.fetchall():
            self._values.update(((k, key), v) for k, v in zip(_CONTRACT_KINDS, values, strict=True))
        cursor.execute(_CONSENTS, [of_contracts])
        for key, kind, granted, given_at in cursor.fetchall():
            self._consents[key, kind].append(SaidConsent(granted, given_at))
        cursor.execute(_MANDATES, [of_contracts])
        for key, *mandate in cursor.fetchall():
            self._mandates[key].append(SaidMandate(*mandate))

    def about(self, change: CustomerChange) -> Said:
        """Give what is said of the thing that a change is about."""
        if change.contract_id is not None and change.kind == ChangeKind.CONSENT:
            return Said(consents=tuple(self._consents[change.contract_id, change.topic]))
        if change.contract_id is not None and change.kind == ChangeKind.MANDATE:
            return Said(mandates=tuple(self._mandates[change.contract_id]))
        of_customer = COLUMNS.get(ChangeKind(change.kind)) == "customer"
        key = change.customer_id if of_customer else change.contract_id
        return Said(value=self._values.get((change.kind, key or 0)))
