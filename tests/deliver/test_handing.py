"""Handing over what is due: nothing lost, nothing twice, and looked at again before it goes."""

import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import psycopg
import pytest
from django.db import connection, connections

from bustia.deliver import handing
from bustia.deliver.channels.base import Outcome, Result
from bustia.deliver.claims import LOCK_SPACE
from bustia.deliver.handing import Sender, hand_over, waiting
from bustia.deliver.links import (
    LinkKeys,
    OptionalMail,
    read_document_link,
    read_preferences_link,
    read_unsubscribe_link,
)
from bustia.deliver.models import Attempt, Delivery
from bustia.deliver.services import deliver_due
from bustia.instance import Instance
from bustia.instance.config import OfficeConfig
from tests.deliver.town import NOW, MailServer, Town, consent


def at(moment: datetime):
    """Give a clock that stands still."""
    return lambda: moment


def states(**wanted: object) -> Counter[str]:
    """Count the deliveries by state."""
    return Counter(Delivery.objects.filter(**wanted).values_list("state", flat=True))


class Scripted:
    """An adapter that answers as it is told; what it was given, it keeps."""

    def __init__(self, *results: Result, then: Outcome = Outcome.ACCEPTED) -> None:
        self.results, self.then, self.given = list(results), Result(then, "later"), list[str]()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def send(self, message: str) -> Result:
        """Keep the message and give the next answer."""
        self.given.append(message)
        return self.results.pop(0) if self.results else self.then


def sender(adapter: Scripted, channel: str = "email", *, final: bool = True) -> Sender:
    """Give a sender whose messages are the deliveries' keys."""
    return Sender(channel, adapter, lambda delivery, _: delivery.key, delivered_when_accepted=final)


def test_each_customer_gets_the_pdf_that_is_in_the_archive(town, instance, mail_server):
    """Mails go out in the customers' languages, with the archived bytes attached."""
    town.deliveries(3)

    report = deliver_due(instance, at(NOW), ["email"])

    assert report.states["email"] == {"delivered": 3}
    found = {}
    for envelope in mail_server.mails:
        mail = message_from_bytes(envelope.original_content, policy=policy.default)
        (attachment,) = mail.iter_attachments()
        found[envelope.rcpt_tos[0]] = (mail["Content-Language"], attachment.get_content())
    assert found == {
        f"titular{place}@example.org": (language, town.contents[f"A26-K{place}"])
        for place, language in enumerate(("ca", "es", "en"))
    }
    names = {envelope.mail_from[7:39] for envelope in mail_server.mails}
    kept = {name[1:33] for name in Delivery.objects.values_list("message_id", flat=True)}
    assert names == kept


def mail_of(mail_server: MailServer, place: int = 0) -> EmailMessage:
    """Read one of the mails that the server got."""
    return message_from_bytes(
        mail_server.mails[place].original_content or b"", policy=policy.default
    )


def test_a_mail_leads_to_its_own_document_and_preferences(town, instance, mail_server):
    """The links are the instance's, open this invoice and this contract, and stay the same."""
    (delivery,) = town.deliveries(1)
    deliver_due(instance, at(NOW), ["email"])
    Delivery.objects.update(state="due")
    deliver_due(instance, at(NOW), ["email"])

    assert mail_server.mails[0].original_content == mail_server.mails[1].original_content
    body = mail_of(mail_server).get_body(("plain",))
    assert body is not None
    links = re.findall(
        r"https://oficina.aiguesdevallserena.example/([dp])/(\S+)", body.get_content()
    )
    keys, today = LinkKeys.parse("12" * 32), NOW.date()
    assert [kind for kind, _ in links] == ["d", "p"]
    assert delivery.invoice_id == read_document_link(links[0][1], keys, today)
    assert delivery.contract_id == read_preferences_link(links[1][1], keys, today)


def test_the_instance_says_where_its_office_is(town, instance, mail_server):
    """Its own address counts before the stationery's."""
    town.deliveries(1)
    office = OfficeConfig(url="http://127.0.0.1:8123")
    own = replace(instance, config=instance.config.model_copy(update={"office": office}))
    deliver_due(own, at(NOW), ["email"])

    body = mail_of(mail_server).get_body(("plain",))
    assert body is not None
    assert "\nhttp://127.0.0.1:8123/d/" in body.get_content().replace("\r\n", "\n")


def test_an_optional_mail_needs_its_consent_and_says_how_to_end_it(town, instance, mail_server):
    """One goes out with the headers for unsubscribing; without consent none goes, nor by post."""
    asked, never = town.deliveries(2)
    consent(asked.contract, "promotion", granted=True, at=NOW - timedelta(days=1))
    Delivery.objects.update(kind="promotion")

    deliver_due(instance, at(NOW), ["email"])

    assert states() == {"delivered": 1, "suppressed": 1}
    never.refresh_from_db()
    assert never.reason == "consent was withdrawn"
    header = mail_of(mail_server)["List-Unsubscribe"]
    link = re.fullmatch(r"<https://oficina.aiguesdevallserena.example/u/(\S+)>", header)
    assert link is not None
    read = read_unsubscribe_link(link[1], LinkKeys.parse("12" * 32), NOW.date())
    assert read == (asked.contract_id, OptionalMail.PROMOTION)
    assert OptionalMail.PROMOTION.consent == "promotion"


def test_what_is_done_is_not_done_again(town, instance, mail_server):
    """A second call has nothing to do."""
    town.deliveries(2)
    deliver_due(instance, at(NOW), ["email"])

    again = deliver_due(instance, at(NOW), ["email"])

    assert again.states["email"] == {}
    assert len(mail_server.mails) == 2
    assert list(Attempt.objects.values_list("number", "outcome")) == [(1, "accepted")] * 2


def test_nothing_goes_before_its_time(town):
    """A delivery that is not due waits; when its time comes it goes."""
    (delivery,) = town.deliveries(1)
    delivery.state, delivery.not_before = "scheduled", NOW + timedelta(hours=1)
    delivery.save()
    adapter = Scripted()

    hand_over(sender(adapter), at(NOW))
    before = list(adapter.given)
    hand_over(sender(adapter), at(NOW + timedelta(hours=1)))

    assert (before, len(adapter.given)) == ([], 1)


def test_what_is_late_expires(town):
    """A message whose time is over is not sent, even if that happens in the middle of a batch."""
    town.deliveries(3)
    Delivery.objects.update(expires_at=NOW + timedelta(minutes=1))
    adapter = Scripted()
    ticks = iter([NOW] * 3 + [NOW + timedelta(minutes=2)] * 9)

    hand_over(sender(adapter), lambda: next(ticks))

    assert len(adapter.given) == 1
    assert states() == {"delivered": 1, "expired": 2}


def test_a_refusal_for_now_is_tried_again_later_and_ever_later(town):
    """The wait doubles with each attempt, and after eight a person has to see to it."""
    town.deliveries(1)
    adapter, moment, waits = Scripted(then=Outcome.TEMPORARY), NOW, []
    while True:
        hand_over(sender(adapter), at(moment))
        delivery = Delivery.objects.get()
        if delivery.state != "deferred":
            break
        waits.append((delivery.not_before - moment).total_seconds() / 60)
        assert delivery.finished_at is None
        moment = delivery.not_before

    assert waits == [5, 10, 20, 40, 80, 160, 320]
    assert (delivery.state, delivery.reason) == ("failed", "given up after 8 attempts")
    assert Attempt.objects.filter(outcome="temporary").count() == 8


def test_an_invoice_that_mail_refuses_goes_by_post(town, instance, mail_server):
    """The e-mail gives way to paper, once, and the print run of the same call has it."""
    town.deliveries(2)
    mail_server.answer_to_recipient = lambda to: "550 no such user" if "r1@" in to else ""

    report = deliver_due(instance, at(NOW))

    rows = Delivery.objects.order_by("key").values_list("key", "state")
    assert list(rows) == [
        ("2026-03/A26-K0/email", "delivered"),
        ("2026-03/A26-K1/email", "superseded"),
        ("2026-03/A26-K1/post", "delivered"),
    ]
    assert report.states == {
        "email": {"delivered": 1, "superseded": 1},
        "sms": {},
        "post": {"delivered": 1},
    }


@pytest.mark.parametrize("address", ["", "not an address", "josé@example.org"])
def test_an_address_that_cannot_be_written_to_sends_the_invoice_by_post(
    town, instance, mail_server, address
):
    """The address may have changed, or been lost, since the delivery was planned."""
    (delivery,) = town.deliveries(1)
    delivery.contract.customer.email = address
    delivery.contract.customer.save()

    deliver_due(instance, at(NOW), ["email"])

    assert states(channel="email") == {"superseded": 1}
    assert states(channel="post") == {"due": 1}
    assert mail_server.mails == []


def test_consent_is_looked_at_again(town, instance, mail_server):
    """Who went back to paper after the cycle was composed gets paper."""
    (delivery,) = town.deliveries(1)
    consent(delivery.contract, "e_invoice", granted=False, at=NOW - timedelta(minutes=1))

    deliver_due(instance, at(NOW), ["email"])

    (mail, paper) = Delivery.objects.order_by("pk")
    assert (mail.state, mail.reason) == ("superseded", "consent was withdrawn: sent by post")
    assert (paper.channel, paper.state, paper.document_id) == ("post", "due", mail.document_id)
    assert mail_server.mails == []


def test_nobody_writes_to_the_dead(town):
    """A death that is reported after the cycle was composed stops what is still to go."""
    (delivery,) = town.deliveries(1)
    delivery.contract.customer.deceased = True
    delivery.contract.customer.save()
    adapter = Scripted()

    hand_over(sender(adapter), at(NOW))

    assert (states(), adapter.given) == ({"suppressed": 1}, [])


def test_a_document_that_is_gone_is_said_to_be_gone(town, instance, mail_server):
    """Without its document a delivery fails, with a reason, and the others go on."""
    first, _ = town.deliveries(2)
    first.document.segment = None
    first.document.save()

    deliver_due(instance, at(NOW), ["email"])

    failed = Delivery.objects.get(state="failed")
    assert (failed.pk, failed.reason) == (first.pk, "its document is not in the archive")
    assert len(mail_server.mails) == 1


def test_a_provider_that_does_not_want_us_is_left_alone(town):
    """Wrong settings are no fault of a customer: all stays due, and somebody is told."""
    town.deliveries(4)
    adapter = Scripted(Result(Outcome.MISCONFIGURED, "535 wrong password"))

    report = hand_over(sender(adapter), at(NOW))

    assert report.problem == "535 wrong password"
    assert len(adapter.given) == 1
    assert states() == {"deferred": 1, "due": 3}
    assert set(Delivery.objects.filter(state="due").values_list("attempts", "claim")) == {(0, None)}
    hand_over(sender(Scripted()), at(NOW + timedelta(minutes=5)))
    assert states() == {"delivered": 4}


def test_a_provider_that_cannot_be_reached_is_not_asked_for_every_customer(town):
    """After three failures in a row the rest waits; one failure alone is no reason to stop."""
    town.deliveries(6)
    gone = Result(Outcome.UNREACHABLE, "no connection")
    blinking = Scripted(gone, gone, Result(Outcome.ACCEPTED), gone, gone, gone)

    report = hand_over(sender(blinking), at(NOW))

    assert (report.problem, len(blinking.given)) == ("no connection", 6)
    assert states() == {"delivered": 1, "deferred": 5}


def test_accepted_is_not_delivered_where_a_receipt_will_tell(town):
    """An SMS that the operator took is handed over, with the operator's name for it, not final."""
    town.deliveries(1)
    adapter = Scripted(Result(Outcome.ACCEPTED, "1 segments taken", "op-77"))

    hand_over(sender(adapter, final=False), at(NOW))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.message_id) == ("handed_over", "op-77")
    assert delivery.finished_at is None


def test_what_may_have_gone_is_repeated_or_not_as_its_class_says(town):
    """An invoice goes again under the same Message-ID; a notice is not sent twice."""
    invoice, notice = town.deliveries(2)
    notice.kind, notice.content = "issue_notice", {"text": "x"}
    notice.save()
    adapter = Scripted(then=Outcome.UNCERTAIN)

    hand_over(sender(adapter), at(NOW))

    invoice.refresh_from_db()
    notice.refresh_from_db()
    assert (invoice.state, notice.state) == ("deferred", "failed")
    assert notice.reason == "uncertain whether it went; not sent again"
    assert Attempt.objects.filter(outcome="uncertain").count() == 2


class _DiesError(Exception):
    """The deliverer stops as if it had been killed: nothing more is written."""


def _die(town: Town, *, started: bool) -> Delivery:
    """Leave a delivery as a deliverer that died leaves it."""
    (delivery,) = town.deliveries(1)

    class Deadly(Scripted):
        """The deliverer dies while it sends."""

        def send(self, message: str) -> Result:
            raise _DiesError

    def die_earlier(*_: object) -> str:
        raise _DiesError

    dying = sender(Deadly())
    if not started:
        dying = replace(dying, prepare=die_earlier)
    with pytest.raises(_DiesError):
        hand_over(dying, at(NOW))
    delivery.refresh_from_db()
    assert delivery.state == "claimed"
    return delivery


def test_what_a_dead_deliverer_had_not_begun_is_due_again(town):
    """Nothing is uncertain about a hand-over that never began."""
    _die(town, started=False)
    adapter = Scripted()

    hand_over(sender(adapter), at(NOW))

    assert len(adapter.given) == 1
    assert Delivery.objects.get().reason == ""
    assert states() == {"delivered": 1}


def test_what_a_dead_deliverer_had_begun_is_uncertain_and_the_ledger_says_so(town):
    """The attempt stays on record as uncertain, and the invoice goes once more."""
    _die(town, started=True)
    adapter = Scripted()

    hand_over(sender(adapter), at(NOW))

    assert len(adapter.given) == 1
    outcomes = Attempt.objects.order_by("number").values_list("number", "outcome")
    assert list(outcomes) == [(1, "uncertain"), (2, "accepted")]
    assert states() == {"delivered": 1}


def test_a_notice_that_may_have_gone_is_not_repeated_after_a_crash(town):
    """The class's policy holds after a crash, too."""
    delivery = _die(town, started=True)
    Delivery.objects.filter(pk=delivery.pk).update(kind="issue_notice")
    adapter = Scripted()

    hand_over(sender(adapter), at(NOW))

    assert (adapter.given, states()) == ([], {"failed": 1})


def test_a_deliverer_that_lost_its_claim_sends_nothing(town):
    """One whose lease ran out while it was busy finds that another has the rest."""
    town.deliveries(3)

    class Stolen(Scripted):
        """While the first is being sent, everything is taken away."""

        def send(self, message: str) -> Result:
            if not self.given:
                Delivery.objects.filter(state="claimed").update(claim=other)
            return super().send(message)

    adapter = Stolen()
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        other = 77
        session.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, other])
        hand_over(sender(adapter), at(NOW))

        assert len(adapter.given) == 1
        assert states() == {"claimed": 3}


def test_idle_means_that_nothing_is_due_or_claimed(town):
    """What is deferred into the future is reported, but not waited for."""
    town.deliveries(2)
    assert waiting(NOW) == {"email": 2}
    hand_over(sender(Scripted(then=Outcome.TEMPORARY)), at(NOW))
    assert waiting(NOW) == {}
    assert waiting(NOW + timedelta(minutes=5)) == {"email": 2}


def _in_threads(number: int, work) -> None:
    """Do the same in several threads, each with a database session of its own."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (given back below)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.django_db(transaction=True)
def test_four_deliverers_at_once_double_nothing(monkeypatch, instance: Instance):
    """Each delivery goes out once, whoever has it."""
    monkeypatch.setattr(handing, "_BATCH", 7)
    Town().deliveries(60)
    with MailServer() as server:
        email = instance.config.email.model_copy(update={"port": server.port})
        config = instance.config.model_copy(update={"email": email})
        own = replace(instance, config=config)
        _in_threads(4, lambda: deliver_due(own, at(NOW), ["email"]))

    recipients = sorted(mail.rcpt_tos[0] for mail in server.mails)
    assert recipients == sorted(f"titular{place}@example.org" for place in range(60))
    assert server.sessions > 1
    assert states() == {"delivered": 60}


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_there_would_be_doubles(monkeypatch):
    """The test above can fail: deliverers that only read what is due send it several times."""
    Town().deliveries(20)
    barrier, given = threading.Barrier(4), list[str]()

    def unclaimed() -> None:
        due = list(Delivery.objects.filter(state="due"))
        barrier.wait()
        for delivery in due:
            given.append(delivery.key)
            Delivery.objects.filter(pk=delivery.pk).update(state="delivered")

    _in_threads(4, unclaimed)

    assert len(given) > len(set(given))


def test_the_database_knows_the_states(town):
    """A state that is none can't be written, by whatever way."""
    town.deliveries(1)
    with pytest.raises(Exception, match="delivery_state_known"), connection.cursor() as cursor:
        cursor.execute("UPDATE deliver_delivery SET state = 'sent'")
