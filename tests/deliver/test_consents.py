"""Consent at the moment of hand-over."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bustia.deliver.models import Delivery
from bustia.deliver.services import deliver_due
from tests.deliver.town import NOW, consent

pytestmark = pytest.mark.django_db


def test_the_consents_of_a_batch_are_fetched_at_once(town, instance, mail_server):
    """Sixty mails are two batches, and two queries for consents (and one that finds no more)."""
    town.deliveries(60)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report = deliver_due(instance, lambda: NOW, ["email"])

    assert report.count("email", "delivered") == 60
    asked = [one for one in queries if 'FROM "billing_consent"' in one["sql"]]
    assert len(asked) == 2


def test_the_newest_word_counts(town, instance, mail_server):
    """Withdrawn and given again is given; a withdrawal dated in the future doesn't count yet."""
    again, later, gone = (one.contract for one in town.deliveries(3))
    consent(again, "e_invoice", granted=False, at=NOW - timedelta(days=9))
    consent(again, "e_invoice", granted=True, at=NOW - timedelta(days=8))
    consent(later, "e_invoice", granted=False, at=NOW + timedelta(days=1))
    consent(gone, "e_invoice", granted=False, at=NOW - timedelta(days=1))
    consent(gone, "sms_notices", granted=True, at=NOW)
    deliver_due(instance, lambda: NOW, ["email"])

    states = Delivery.objects.filter(channel="email").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["delivered", "delivered", "superseded"]
