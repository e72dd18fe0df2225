"""Everything that is held on a customer, as a ZIP for them to keep (GDPR, art. 15 and 20).

One JSON file with all of it, for programs, and one page that says the same to people.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from bustia.archive.models import Document
from bustia.audit.models import Entry
from bustia.billing import models
from bustia.deliver.models import AccountMessage, Delivery
from bustia.office.models import Account

__all__ = ["held_data"]

_OURS = frozenset({"id", "claim", "lease_until", "iban_fingerprint", "password", "trace", "offset",
                   "length", "segment", "source", "sent", "print_run"})  # fmt: skip
"""Fields that say nothing of the customer: keys, locks, digests."""
_SECRETS: dict[type[Model], frozenset[str]] = {AccountMessage: frozenset({"content"})}
"""A message that waits may hold a one-time code, which is for its recipient's mailbox alone."""


def held_data(customer: models.Customer, account: Account, language: str, now: datetime) -> bytes:
    """Give the ZIP; ``account`` is who asks, whose own data is in it too."""
    everything = {name: _plain(rows) for name, _title, rows in _tables(customer, account)}
    titles = {name: title for name, title, _rows in _tables(customer, account)}
    text = json.dumps(everything, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
    shown = [(titles[name], _table(rows)) for name, rows in everything.items() if rows]
    page = render_to_string(
        "office/privacy/held.html",
        {"shown": shown, "language": language, "customer": customer, "now": now},
    )
    name, out = _("my-data"), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{name}.json", text)
        packed.writestr(f"{name}.html", page)
    return out.getvalue()


def _tables(customer: models.Customer, account: Account) -> list[tuple[str, str, "QuerySet[Any]"]]:
    """Give what there is of the customer: a name, a title, the rows."""
    contracts = models.Contract.objects.filter(customer=customer).order_by("number")
    of_contract: dict[str, Any] = {"contract__in": contracts}
    of_invoice: dict[str, Any] = {"invoice__contract__in": contracts}
    abouts = [
        f"customer:{customer.pk}",
        *(f"contract:{pk}" for pk in contracts.values_list("pk", flat=True)),
    ]
    about = Q(about__in=abouts) | Q(actor_kind="customer", actor=str(account.pk))
    return [
        ("customer", _("Who you are"), models.Customer.objects.filter(pk=customer.pk)),
        ("account", _("Your account of the Virtual Office"), Account.objects.filter(pk=account.pk)),
        ("contracts", _("Contracts"), contracts),
        ("meters", _("Meters"), models.Meter.objects.filter(**of_contract)),
        ("mandates", _("Bank accounts"), models.Mandate.objects.filter(**of_contract)),
        ("consents", _("Consents"), models.Consent.objects.filter(**of_contract)),
        ("consent_texts", _("Texts that you agreed to"),
         models.ConsentEvidence.objects.filter(consent__contract__in=contracts)),
        ("invoices", _("Invoices"), models.Invoice.objects.filter(**of_contract)),
        ("invoice_lines", _("Lines of invoices"), models.InvoiceLine.objects.filter(**of_invoice)),
        ("payments", _("Payments"), models.Payment.objects.filter(**of_invoice)),
        ("online_payments", _("Payments by card"),
         models.OnlinePayment.objects.filter(**of_contract)),
        ("returned_debits", _("Returned direct debits"),
         models.ReturnedDebit.objects.filter(**of_invoice)),
        ("payment_plans", _("Payment plans"), models.PaymentPlan.objects.filter(**of_contract)),
        ("instalments", _("Instalments"),
         models.Instalment.objects.filter(plan__contract__in=contracts)),
        ("consumption", _("Consumption"), models.Consumption.objects.filter(**of_contract)),
        ("documents", _("Documents"), Document.objects.filter(**of_contract)),
        ("deliveries", _("What we sent you"), Delivery.objects.filter(**of_contract)),
        ("account_messages", _("Messages about your account"),
         AccountMessage.objects.filter(account_ref=account.pk)),
        ("alerts", _("Alerts"), models.AlertSetting.objects.filter(**of_contract)),
        ("quiet_hours", _("Quiet hours"), models.QuietHours.objects.filter(customer=customer)),
        ("preferences", _("Preferences"),
         models.ChannelPreference.objects.filter(customer=customer)),
        ("changes", _("What you changed here"),
         models.CustomerChange.objects.filter(customer=customer)),
        ("log", _("What was done to your data"), Entry.objects.filter(about)),
    ]  # fmt: skip


def _plain(rows: "QuerySet[Any]") -> list[dict[str, Any]]:
    """Give rows as plain data; what belongs to another row is told by that row's own name."""
    return [_row(one) for one in rows.order_by("pk").iterator(chunk_size=500)]


def _row(one: Model) -> dict[str, Any]:
    values = {}
    for field in one._meta.concrete_fields:  # noqa: SLF001 (public in spite of its name)
        if field.name in _OURS | _SECRETS.get(type(one), frozenset()):
            continue
        value = getattr(one, field.attname)
        if isinstance(value, memoryview | bytes):
            continue
        values[field.name] = value
    return values


def _table(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    rows = list(rows)
    names = [name for name in rows[0] if any(row[name] not in (None, "", {}, []) for row in rows)]
    return {"names": names, "rows": [[row[name] for name in names] for row in rows]}
