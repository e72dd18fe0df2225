"""Over which channel each document goes."""

import pytest
from django.db import IntegrityError, transaction

from bustia.deliver.models import Delivery
from bustia.deliver.planning import Planned, channel_for, plan_invoices
from tests.decide.customers import customer
from tests.deliver.town import NOW, TOLD, Town


@pytest.mark.parametrize(
    ("wish", "consent", "address", "registered", "expected"),
    [
        ("email", True, True, False, "email"),
        ("email", True, False, False, "post"),
        ("email", False, True, True, "post"),
        ("office", False, True, True, "office"),
        ("office", False, True, False, "post"),
        ("post", False, True, True, "post"),
    ],
)
def test_the_channel_follows_wish_consent_and_what_is_possible(
    wish, consent, address, registered, expected
):
    """Without consent or address there is no e-mail, and without registration no Office."""
    facts = customer(
        contract__invoice_channel=wish,
        contract__e_invoice=consent,
        customer__has_email=address,
        office__registered=registered,
    )

    assert expected == channel_for(facts)


def test_each_document_gets_one_delivery_where_it_belongs(town: Town):
    """E-mail and paper wait to be handed over; what is read in the Office is done already."""
    planned = [
        Planned(document.pk, document.number, town.facts(document), TOLD, "")
        for document in (
            town.invoice(town.contract(1, "email")),
            town.invoice(town.contract(2, "post")),
            town.invoice(town.contract(3, "office")),
        )
    ]

    plan_invoices("2026-03", planned, NOW)

    rows = Delivery.objects.order_by("pk").values_list("key", "channel", "state")
    assert list(rows) == [
        ("2026-03/A26-K1/email", "email", "due"),
        ("2026-03/A26-K2/post", "post", "due"),
        ("2026-03/A26-K3/office", "office", "delivered"),
    ]


def test_who_must_not_be_written_to_gets_nothing(town: Town):
    """A suppressed delivery is final, with its reason."""
    document = town.invoice(town.contract(1))
    planned = [
        Planned(document.pk, document.number, town.facts(document), TOLD, "a person takes over")
    ]

    plan_invoices("2026-03", planned, NOW)

    delivery = Delivery.objects.get()
    assert (
        delivery.state,
        delivery.reason,
        delivery.finished_at,
    ) == ("suppressed", "a person takes over", NOW)


def test_nobody_gets_the_same_twice(town: Town):
    """Planning a document again is refused by the database, whatever the code does."""
    document = town.invoice(town.contract(1))
    planned = [Planned(document.pk, document.number, town.facts(document), TOLD, "")]
    plan_invoices("2026-03", planned, NOW)

    with pytest.raises(IntegrityError, match="key"), transaction.atomic():
        plan_invoices("2026-03", planned, NOW)
    with pytest.raises(IntegrityError, match="one_way_an_invoice"), transaction.atomic():
        Delivery.objects.create(
            key="another",
            kind="invoice",
            channel="post",
            contract=document.contract,
            invoice=document.invoice,
            document=document,
            language="ca",
            not_before=NOW,
        )
