"""What is optional comes with consent, and ends with one word."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.deliver.town import Town, consent

from bustia.audit.log import Actor, done_to
from bustia.billing.alerts import AlertChoice, alerts_of, set_alerts
from bustia.billing.changes import ConsentWording
from bustia.billing.chosen_states import AlertKind, Channel, Communication
from bustia.billing.facts_loader import load_facts
from bustia.billing.models import Consent
from bustia.billing.preferences import end_alerts, preferences_of, set_optional
from bustia.errors import ChangeError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MARIA = Actor("customer", "17")
WORDING = ConsentWording("Vull rebre ofertes.", "2026-1", "ca")
NOTICES, PROMOTION = Communication.NOTICES, Communication.PROMOTION


def test_preferences_are_what_the_engine_does() -> None:
    """The page says e-mail, SMS or none exactly where the engine would send so."""
    town = Town()
    by_mail, by_post = town.contract(1), town.contract(2, "post")
    assert preferences_of(by_mail, NOW).invoice is Channel.EMAIL
    assert preferences_of(by_mail, NOW).notices is Channel.SMS
    assert preferences_of(by_post, NOW).invoice is Channel.POST
    assert preferences_of(by_post, NOW).notices is Channel.NONE
    by_post.invoice_channel = "office"
    assert preferences_of(by_post, NOW).invoice is Channel.POST
    by_post.customer.office_since = NOW.date()
    assert preferences_of(by_post, NOW).invoice is Channel.OFFICE


def test_promotion_is_agreed_to_for_every_contract() -> None:
    """Somebody with two contracts says it once; the facts of both know it."""
    town = Town()
    one, other = town.contract(1), town.contract(2)
    other.customer = one.customer
    other.save()
    ids = [town.invoice(contract).invoice_id for contract in (one, other)]
    set_optional(one, PROMOTION, wanted=True, wording=WORDING, actor=MARIA, at=NOW)
    assert [facts.contract.promotion for facts in load_facts(ids, NOW)] == [True, True]
    assert preferences_of(other, NOW).promotion is Channel.EMAIL
    set_optional(other, PROMOTION, wanted=False, wording=WORDING, actor=MARIA, at=LATER)
    assert [facts.contract.promotion for facts in load_facts(ids, LATER)] == [False, False]
    assert done_to(f"customer:{one.customer_id}")[0].action == "preference.changed"


def test_the_same_again_is_no_new_evidence() -> None:
    """Ending what has ended, or saying yes twice, records nothing."""
    contract = Town().contract(1)
    for at in (NOW, LATER):
        set_optional(contract, NOTICES, wanted=False, wording=WORDING, actor=MARIA, at=at)
    assert Consent.objects.filter(kind="sms_notices", granted=False).count() == 1


def test_switched_on_and_off_within_an_instant() -> None:
    """The later word counts, also by a clock that stands still."""
    contract = Town().contract(1)
    for wanted in (False, True, False, True):
        set_optional(contract, NOTICES, wanted=wanted, wording=WORDING, actor=MARIA, at=NOW)
        assert (preferences_of(contract, NOW).notices is Channel.SMS) is wanted


def test_a_newer_consent_of_the_counter_counts() -> None:
    """Who ended notices here and agreed again at the counter gets them."""
    contract = Town().contract(1)
    set_optional(contract, NOTICES, wanted=False, wording=WORDING, actor=MARIA, at=NOW)
    assert preferences_of(contract, LATER).notices is Channel.NONE
    consent(contract, "sms_notices", granted=True, at=LATER)
    assert preferences_of(contract, LATER).notices is Channel.SMS


def test_all_alerts_end_at_once() -> None:
    """One click switches every alert off, and remembers how each was set."""
    contract = Town().contract(1)
    choice = AlertChoice(on=True, channel=Channel.SMS, threshold_litres=500)
    set_alerts(contract, {AlertKind.OVER_THRESHOLD: choice}, None, actor=MARIA, at=NOW)
    end_alerts(contract, actor=MARIA, at=LATER)
    found = alerts_of(contract)
    assert not found.on
    assert len(found.choices) == len(AlertKind)
    assert found.choices[AlertKind.OVER_THRESHOLD] == AlertChoice(False, Channel.SMS, 500)


def test_alerts_of_the_export_end_too() -> None:
    """Where only the export says that alerts are on, one click ends them all the same."""
    contract = Town().contract(1)
    contract.alerts_on = True
    contract.save()
    end_alerts(contract, actor=MARIA, at=NOW)
    assert not alerts_of(contract).on


def test_what_cannot_be_is_refused() -> None:
    """The invoice goes by no such consent, and nothing goes where there is no number."""
    contract = Town().contract(1, mobile="")
    with pytest.raises(ChangeError, match="goes by no consent"):
        set_optional(
            contract, Communication.INVOICE, wanted=False, wording=WORDING, actor=MARIA, at=NOW
        )
    set_optional(contract, NOTICES, wanted=False, wording=WORDING, actor=MARIA, at=NOW)
    with pytest.raises(ChangeError, match="no way to send"):
        set_optional(contract, NOTICES, wanted=True, wording=WORDING, actor=MARIA, at=LATER)
