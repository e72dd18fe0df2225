"""The queries behind the facts: one for each group of them, over all contracts asked for.

The keys asked for are one array, as a list or in PostgreSQL's own writing; the key that a row
belongs to comes first in it, then its columns in the order of the facts' fields.
"""

__all__ = [
    "ALERTS_ON",
    "CALENDAR",
    "CONSENTS",
    "CONSUMPTION",
    "INVOICES",
    "LINES",
    "MANDATES",
    "METERS",
    "OWED",
    "PAID",
    "PLANS",
    "PRICES",
    "RETURNS",
    "TAXES",
]

# Alerts set in the Office win over the flag of the export, also where all are switched off.
ALERTS_ON = """coalesce((SELECT bool_or(a."on") FROM billing_alertsetting a
                 WHERE a.contract_id = c.id), c.alerts_on)"""

INVOICES = f"""
SELECT i.id, i.contract_id, i.number, i.series, i.kind, i.corrects, i.issue_date, i.period_from,
       i.period_to, i.days, i.reading_from, i.reading_to, i.estimated, i.consumption_m3,
       i.net_amount, i.tax_amount, i.total_amount, i.payable_amount, i.currency,
       i.payment_means, i.payment_reference, i.due_date, i.charge_date, i.details,
       s.id, s.name, s.media_type, s.format,
       c.number, c.supply_point, c.supply_street, c.supply_postcode, c.supply_town, c.use,
       c.persons, c.social_tariff, c.route, c.start_date, c.end_date, c.invoice_channel,
       {ALERTS_ON}, c.tariff,
       u.code, u.kind, u.name, u.nif, u.language, u.email, u.mobile, u.email <> '',
       u.mobile <> '', u.street, u.postcode, u.town, u.province, u.country, u.deceased,
       u.office_since
  FROM billing_invoice i
  JOIN billing_contract c ON c.id = i.contract_id
  JOIN billing_customer u ON u.id = c.customer_id
  LEFT JOIN billing_sourcedocument s ON s.id = i.source_id
 WHERE i.id = ANY(%s::bigint[])
 ORDER BY i.id
"""  # noqa: S608 (all of it is ours)

# The lines of an invoice are one text, with U+001E between them and U+001F between their fields; so
# are its VAT breakdown, and the periods of a contract: that costs less than a row each, and facts
# are found again by their text. In free texts, where a bill would show either character as a space,
# it becomes one here. Dates are counted in days: how they are written depends on the server.
LINES = """
SELECT invoice_id, string_agg(
         concat_ws(E'\\x1f', concept, kind, coalesce(block, 0),
           translate(description, E'\\x1e\\x1f', '  '), quantity,
           translate(unit, E'\\x1e\\x1f', '  '), unit_price, amount, vat_rate,
           coalesce((period_from - DATE '0001-01-01')::text, ''),
           coalesce((period_to - DATE '0001-01-01')::text, '')),
         E'\\x1e' ORDER BY position)
  FROM billing_invoiceline WHERE invoice_id = ANY(%s::bigint[]) GROUP BY invoice_id
"""

TAXES = """
SELECT invoice_id, string_agg(
         concat_ws(E'\\x1f', translate(category, E'\\x1e\\x1f', '  '), rate, base, amount),
         E'\\x1e' ORDER BY rate DESC, category)
  FROM billing_invoicetax WHERE invoice_id = ANY(%s::bigint[]) GROUP BY invoice_id
"""

METERS = """
SELECT DISTINCT ON (contract_id) contract_id, serial, calibre_mm, remote_read
  FROM billing_meter
 WHERE contract_id = ANY(%s::bigint[]) AND installed_on <= %s
   AND (removed_on IS NULL OR removed_on >= %s)
 ORDER BY contract_id, installed_on DESC, serial
"""

MANDATES = """
SELECT DISTINCT ON (contract_id) contract_id, reference, iban_masked
  FROM billing_mandate
 WHERE contract_id = ANY(%s::bigint[]) AND status = 'active' AND signed_on <= %s
 ORDER BY contract_id, signed_on DESC, reference DESC
"""

CONSENTS = """
SELECT contract_id, array_agg(kind) FROM (
    SELECT DISTINCT ON (contract_id, kind) contract_id, kind, granted
      FROM billing_consent WHERE contract_id = ANY(%s::bigint[]) AND given_at <= %s
     ORDER BY contract_id, kind, given_at DESC) newest
 WHERE granted GROUP BY contract_id
"""

# What was paid of invoice ``i``: as the billing system exported it, and what was paid on the bank's
# page since (``billing/online_payments.py``).
PAID = """LATERAL (
      SELECT sum(amount) AS paid FROM (
          SELECT amount FROM billing_payment WHERE invoice_id = i.id
          UNION ALL
          SELECT amount FROM billing_onlinepaymentshare WHERE invoice_id = i.id AND counts) k)"""

# An invoice is owed when its date has passed and payments don't cover it. What was issued up to
# the day an active payment plan was agreed is in that plan, and is not counted again.
OWED = f"""
SELECT i.contract_id, i.id, i.number, i.issue_date,
       coalesce(i.due_date, i.charge_date, i.issue_date) AS due,
       i.payable_amount - coalesce(p.paid, 0) AS rest
  FROM billing_invoice i
  LEFT JOIN {PAID} p ON true
 WHERE i.contract_id = ANY(%s::bigint[]) AND i.kind = 'invoice' AND i.status IN ('open', 'returned')
   AND coalesce(i.due_date, i.charge_date, i.issue_date) < %s
   AND i.payable_amount > coalesce(p.paid, 0)
   AND NOT EXISTS (
      SELECT FROM billing_paymentplan l
       WHERE l.contract_id = i.contract_id AND l.status = 'active'
         AND l.agreed_on >= i.issue_date)
 ORDER BY i.contract_id, due, i.issue_date, i.number
"""  # noqa: S608 (a fragment of our own)

# What was paid is looked up after the join, only for the few invoices that were returned.
RETURNS = f"""
SELECT i.contract_id, i.id, i.number, r.amount, r.returned_on, r.reason
  FROM billing_returneddebit r
  JOIN billing_invoice i ON i.id = r.invoice_id
  LEFT JOIN {PAID} p ON true
 WHERE i.contract_id = ANY(%s::bigint[]) AND i.status IN ('open', 'returned')
   AND r.returned_on <= %s AND i.payable_amount > coalesce(p.paid, 0)
 ORDER BY i.contract_id, r.returned_on DESC, r.reference DESC
"""  # noqa: S608 (a fragment of our own)

PLANS = """
SELECT l.contract_id, l.number, l.total_amount, n.due_date, n.amount, n.paid_on, n.position
  FROM (SELECT DISTINCT ON (contract_id) id, contract_id, number, total_amount
          FROM billing_paymentplan
         WHERE contract_id = ANY(%s::bigint[]) AND status = 'active' AND agreed_on <= %s
         ORDER BY contract_id, agreed_on DESC, number DESC) l
  JOIN billing_instalment n ON n.plan_id = l.id
 ORDER BY l.contract_id, n.position
"""

CONSUMPTION = """
SELECT contract_id, string_agg(
         concat_ws(E'\\x1f', period_from - DATE '0001-01-01', period_to - DATE '0001-01-01', m3,
           estimated),
         E'\\x1e' ORDER BY period_to)
  FROM billing_consumption WHERE contract_id = ANY(%s::bigint[]) GROUP BY contract_id
"""

PRICES = """
SELECT code, name, valid_to, concept, kind, block, block_to, price, valid_from
  FROM billing_tariffprice WHERE code = ANY(%s)
 ORDER BY code, concept, kind DESC, valid_from, block
"""

CALENDAR = """
SELECT route, issue_date, charge_date
  FROM billing_calendarentry WHERE route = ANY(%s) ORDER BY route, issue_date
"""
