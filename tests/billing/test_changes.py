"""What customers change counts at once, waits for the billing system, and is in the log."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from tests.deliver.town import Town

from bustia.audit.log import Actor, done_to
from bustia.billing import changes
from bustia.billing.changes import ConsentWording, MandateSignature, settle
from bustia.billing.chosen_states import ChangeState, check_move
from bustia.billing.facts_loader import load_facts
from bustia.billing.fields import fingerprint
from bustia.billing.models import Consent, Contract, Customer, CustomerChange, Mandate
from bustia.billing.preferences import subscribe_einvoice, unsubscribe_einvoice
from bustia.deliver.planning import channel_for
from bustia.errors import ChangeError

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 8, 0, tzinfo=UTC)
MARIA = Actor("customer", "17")
YES = ConsentWording("Accepto rebre la factura per correu electrònic.", "2026-1", "ca")
IBAN, OTHER_IBAN = "ES9121000418450200051332", "ES7921000813610123456789"
SIGNED = MandateSignature(YES, "code by sms", NOW)


def contract_of_town(channel: str = "post") -> Contract:
    """Give a contract of a town."""
    return Town().contract(1, channel, language="ca")


def facts_of(contract: Contract):
    """Give what the next cycle will know of a contract."""
    document = Town().invoice(contract)
    return load_facts([document.invoice_id], NOW + timedelta(days=1))[0]


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ("email", "nova@example.org"),
        ("email", ""),
        ("mobile", "+34600000009"),
        ("language", "es"),
    ],
)
def test_contact_data_counts_at_once(change: str, new: str) -> None:
    """The next cycle uses it, the billing system will be told, and the log says who did it."""
    contract = contract_of_town()
    before = getattr(contract.customer, change)
    getattr(changes, f"change_{change}")(contract.customer, new, actor=MARIA, at=NOW)

    assert getattr(facts_of(contract).customer, change) == new
    told = CustomerChange.objects.get()
    assert (told.kind, told.state, told.asked_by) == (change, "waiting", "17")
    assert ({change: before}, {change: new}) == (told.before, told.after)
    (entry,) = done_to(f"customer:{contract.customer_id}")
    assert (entry.action, entry.actor) == (f"{change}.changed", "17")
    assert entry.detail == {"fields": [change]}


def test_nothing_changed_is_nothing_told() -> None:
    """Saving what is so already writes neither change nor entry."""
    contract = contract_of_town()
    changes.change_email(contract.customer, contract.customer.email, actor=MARIA, at=NOW)
    changes.change_invoice_channel(contract, "post", actor=MARIA, at=NOW)
    assert not CustomerChange.objects.exists()
    assert done_to(f"customer:{contract.customer_id}") == []


def test_a_stale_object_changes_nothing_by_itself() -> None:
    """What counts is what the database says now, not what a page was rendered from."""
    contract = contract_of_town()
    stale = Customer.objects.get(pk=contract.customer_id)
    changes.change_email(contract.customer, "nova@example.org", actor=MARIA, at=NOW)
    changes.change_email(stale, "nova@example.org", actor=MARIA, at=NOW)
    assert CustomerChange.objects.count() == 1
    assert stale.email == "nova@example.org"


def test_registration_is_noted_and_ended() -> None:
    """Who registers reads invoices in the Office; who closes the account gets paper again."""
    contract = contract_of_town("office")
    customer = contract.customer
    changes.note_office_registration(customer, date(2026, 5, 12), actor=MARIA, at=NOW)
    assert channel_for(facts_of(contract)) == "office"
    changes.note_office_registration(customer, None, actor=MARIA, at=NOW)
    assert Customer.objects.get().office_since is None
    assert CustomerChange.objects.get(state="waiting").after == {"office_since": ""}


def test_einvoice_is_subscribed_and_unsubscribed() -> None:
    """The next invoice goes by e-mail with consent, and by post once it is withdrawn."""
    contract = contract_of_town()
    assert channel_for(facts_of(contract)) == "post"
    subscribe_einvoice(contract, wording=YES, actor=MARIA, at=NOW)
    (document,) = contract.documents.all()
    (facts,) = load_facts([document.invoice_id], NOW)
    assert channel_for(facts) == "email"
    later = NOW + timedelta(minutes=1)
    unsubscribe_einvoice(contract, wording=YES, actor=MARIA, at=later)
    (facts,) = load_facts([document.invoice_id], later)
    assert channel_for(facts) == "post"
    assert sorted(CustomerChange.objects.filter(state="waiting").values_list("kind", "topic")) == [
        ("consent", "e_invoice"),
        ("invoice_channel", ""),
    ]


def test_einvoice_needs_an_address() -> None:
    """Without an e-mail address nothing is recorded, as nothing could be sent."""
    contract = Town().contract(1, "post", email="")
    with pytest.raises(ChangeError, match="no e-mail address"):
        subscribe_einvoice(contract, wording=YES, actor=MARIA, at=NOW)
    assert not Consent.objects.exists()


def test_consent_keeps_its_evidence() -> None:
    """The text that was read is kept word for word, with version, language, time and account."""
    contract = contract_of_town()
    consent = changes.record_consent(contract, "e_invoice", True, wording=YES, actor=MARIA, at=NOW)
    kept = Consent.objects.select_related("evidence").get(pk=consent.pk)
    assert (kept.granted, kept.given_at, kept.source) == (True, NOW, "office")
    assert kept.text_version == kept.evidence.version == "2026-1"
    assert (kept.evidence.text, kept.evidence.language) == (YES.text, "ca")
    assert kept.evidence.given_by == "17"


def test_words_of_one_instant_keep_their_order() -> None:
    """Agreed and withdrawn within the same instant is withdrawn."""
    contract = contract_of_town()
    for granted in (True, False):
        changes.record_consent(contract, "promotion", granted, wording=YES, actor=MARIA, at=NOW)
    newest = Consent.objects.order_by("-given_at").first()
    assert newest is not None
    assert not newest.granted
    assert newest.given_at - NOW < timedelta(milliseconds=1)


def test_account_is_replaced_by_a_new_mandate() -> None:
    """The contract has one mandate in force, of our own, and the former one is cancelled."""
    contract = contract_of_town()
    Mandate.objects.create(
        reference="M1", contract=contract, iban=IBAN, iban_masked="ES** 1332",
        iban_fingerprint=fingerprint(IBAN), signed_on=date(2020, 1, 1), status="active",
    )  # fmt: skip
    made = changes.replace_mandate(
        contract, "es79 2100 0813 6101 2345 6789", signature=SIGNED, actor=MARIA, at=NOW
    )
    assert sorted(Mandate.objects.values_list("reference", "status")) == [
        ("M1", "cancelled"),
        (made.reference, "active"),
    ]
    facts = facts_of(contract)
    assert facts.mandate.reference == made.reference
    assert facts.mandate.iban_masked.endswith("6789")
    told = CustomerChange.objects.get()
    assert told.after["iban"] == OTHER_IBAN
    assert (told.after["replaces"], told.after["signed_by"]) == ("M1", "code by sms")
    (entry,) = done_to(f"contract:{contract.pk}")
    assert entry.action == "mandate.replaced"


def test_account_again_has_another_reference() -> None:
    """Each account that a customer gives is a mandate of its own, none used twice."""
    contract = contract_of_town()
    for iban in (IBAN, OTHER_IBAN, IBAN):
        changes.replace_mandate(contract, iban, signature=SIGNED, actor=MARIA, at=NOW)
    assert Mandate.objects.filter(contract=contract, status="active").count() == 1
    assert len(set(Mandate.objects.values_list("reference", flat=True))) == 3


@pytest.mark.parametrize("iban", ["", "ES9121000418450200051333", "ES91", IBAN])
def test_wrong_or_same_account_is_refused(iban: str) -> None:
    """An account whose check digits are wrong, or that is charged already, changes nothing."""
    contract = contract_of_town()
    changes.replace_mandate(contract, IBAN, signature=SIGNED, actor=MARIA, at=NOW)
    with pytest.raises(ChangeError) as refused:
        changes.replace_mandate(contract, iban, signature=SIGNED, actor=MARIA, at=NOW)
    assert "0418" not in str(refused.value)
    assert CustomerChange.objects.count() == 1


def test_what_waits_is_encrypted() -> None:
    """The database holds neither the address nor the account in clear."""
    contract = contract_of_town()
    changes.change_email(contract.customer, "nova@example.org", actor=MARIA, at=NOW)
    changes.replace_mandate(contract, IBAN, signature=SIGNED, actor=MARIA, at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM billing_customerchange t")
        stored = cursor.fetchone()[0]
    assert "example.org" not in stored
    assert IBAN[4:] not in stored


def test_the_newest_word_takes_the_place_of_an_open_one() -> None:
    """Of one thing one change is open, and it knows which one it replaced."""
    contract = contract_of_town()
    for address in ("nova@example.org", "altra@example.org"):
        changes.change_email(contract.customer, address, actor=MARIA, at=NOW)
    first, second = CustomerChange.objects.order_by("pk")
    assert (first.state, second.state) == ("superseded", "waiting")
    assert second.replaces == first
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomerChange.objects.filter(pk=first.pk).update(state="exported")


def test_consents_of_two_kinds_are_apart() -> None:
    """A word on promotion leaves the one on the e-invoice waiting."""
    contract = contract_of_town()
    for kind in ("e_invoice", "promotion"):
        changes.record_consent(contract, kind, True, wording=YES, actor=MARIA, at=NOW)
    assert CustomerChange.objects.filter(state="waiting").count() == 2


def test_erasure_is_asked_for_once() -> None:
    """Asking again while the first request waits is the same request."""
    customer = contract_of_town().customer
    first = changes.request_erasure(customer, actor=MARIA, at=NOW)
    again = changes.request_erasure(customer, actor=MARIA, at=NOW + timedelta(days=1))
    assert first == again
    assert first.after == {"asked_on": "2026-05-12"}


_ALLOWED = {
    ("waiting", "exported"),
    ("waiting", "confirmed"),
    ("waiting", "superseded"),
    ("exported", "confirmed"),
    ("exported", "superseded"),
}


@pytest.mark.parametrize("old", list(ChangeState))
@pytest.mark.parametrize("new", list(ChangeState))
def test_every_move_is_allowed_or_refused(old: ChangeState, new: ChangeState) -> None:
    """The moves of a change are those drawn in its states, and no other."""
    if (old, new) in _ALLOWED:
        check_move(1, old, new)
        return
    with pytest.raises(ChangeError, match=f"{old} can't become {new}"):
        check_move(1, old, new)


def test_a_settled_change_stays_settled() -> None:
    """Moving a change writes when, and refuses what isn't drawn."""
    contract = contract_of_town()
    changes.change_email(contract.customer, "nova@example.org", actor=MARIA, at=NOW)
    change = CustomerChange.objects.get()
    settle(change, ChangeState.EXPORTED, NOW)
    settle(change, ChangeState.CONFIRMED, NOW)
    change.refresh_from_db()
    assert (change.exported_at, change.settled_at) == (NOW, NOW)
    with pytest.raises(ChangeError):
        settle(change, ChangeState.WAITING, NOW)
