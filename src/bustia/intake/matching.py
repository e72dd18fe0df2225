"""Finding the invoice of a returned debit: by its end-to-end id, else by mandate and amount.

A return that fits no invoice is kept, and tried again at each later import. A mandate and
amount mean the newest charge of that amount, where there is only one of that day. The matched
invoice is then returned, unless money for it came after the return, or it was cancelled.
"""

from django.db.backends.utils import CursorWrapper

__all__ = ["match_returned_debits"]

_BY_END_TO_END_ID = """
    UPDATE billing_returneddebit r SET invoice_id = i.id, matched_by = 'end_to_end_id'
    FROM billing_invoice i
    WHERE r.invoice_id IS NULL AND r.end_to_end_id <> ''
    AND i.payment_reference = r.end_to_end_id
    AND NOT EXISTS (
        SELECT FROM billing_invoice o
        WHERE o.payment_reference = r.end_to_end_id AND o.id <> i.id
    )
    RETURNING r.id
"""

_BY_MANDATE_AND_AMOUNT = """
    UPDATE billing_returneddebit r SET invoice_id = fits.invoice_id,
           matched_by = 'mandate_and_amount'
    FROM (
        SELECT DISTINCT ON (invoice_id) id, invoice_id
        FROM (
            SELECT r.id, i.id AS invoice_id,
                   rank() OVER newest AS place,
                   count(*) OVER (
                       PARTITION BY r.id, coalesce(i.charge_date, i.issue_date)
                   ) AS same_day
            FROM billing_returneddebit r
            JOIN billing_invoice i ON i.mandate = r.mandate AND i.payable_amount = r.amount
            WHERE r.invoice_id IS NULL AND r.mandate <> ''
            AND i.kind = 'invoice' AND i.status IN ('open', 'paid')
            AND coalesce(i.charge_date, i.issue_date)
                BETWEEN r.returned_on - 425 AND r.returned_on
            AND NOT EXISTS (SELECT FROM billing_returneddebit o WHERE o.invoice_id = i.id)
            WINDOW newest AS (
                PARTITION BY r.id ORDER BY coalesce(i.charge_date, i.issue_date) DESC
            )
        ) candidates
        WHERE place = 1 AND same_day = 1
        ORDER BY invoice_id, id
    ) fits
    WHERE fits.id = r.id
    RETURNING r.id
"""
"""The newest charge of that amount; 425 days as an unauthorised debit may go back for 13 months."""

_MARK_RETURNED = """
    UPDATE billing_invoice i SET status = 'returned'
    FROM billing_returneddebit r
    WHERE r.id = ANY(%s) AND r.invoice_id = i.id AND i.status IN ('open', 'paid')
    AND NOT EXISTS (
        SELECT FROM billing_payment p WHERE p.invoice_id = i.id AND p.paid_on > r.returned_on
    )
"""


def match_returned_debits(cursor: CursorWrapper) -> int:
    """Match what can be matched by now; give how many returned debits still have no invoice."""
    matched: list[int] = []
    for statement in (_BY_END_TO_END_ID, _BY_MANDATE_AND_AMOUNT):
        cursor.execute(statement)
        matched.extend(row[0] for row in cursor.fetchall())
    cursor.execute(_MARK_RETURNED, [matched])
    cursor.execute("SELECT count(*) FROM billing_returneddebit WHERE invoice_id IS NULL")
    return int(cursor.fetchone()[0])
