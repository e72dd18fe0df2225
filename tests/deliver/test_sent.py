"""What a message said as it was sent is kept, whatever changes afterwards."""

import shutil
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bustia.deliver import handing
from bustia.deliver.channels.base import Outcome, Result
from bustia.deliver.handing import Sender, hand_over
from bustia.deliver.models import Delivery, Sent
from bustia.deliver.sent import Said, forget_sent, pack, said_in, unpack
from bustia.deliver.services import deliver_due
from bustia.instance.config import StationeryConfig, shipped_stationery
from tests.deliver.test_handing import Scripted, at, mail_of
from tests.deliver.town import NOW


def test_a_mail_is_kept_as_it_was_sent(town, instance, mail_server):
    """Headers, text and HTML are those that went over the wire; the PDF is the archive's."""
    (delivery,) = town.deliveries(1)
    deliver_due(instance, at(NOW), ["email"])

    said, mail = said_in(delivery), mail_of(mail_server)
    assert said is not None
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert said.text.splitlines() == plain.get_content().splitlines()
    assert said.html.splitlines() == html.get_content().splitlines()
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        assert said.header(name) == mail[name]
    assert len(Sent.objects.get().content) < 3000


def test_new_texts_do_not_change_what_was_said(town, instance, mail_server, tmp_path):
    """The stationery is another one now; the customer was told what the customer was told."""
    (delivery,) = town.deliveries(1)
    deliver_due(instance, at(NOW), ["email"])
    before = said_in(delivery)
    shutil.copytree(shipped_stationery(), tmp_path / "stationery")
    words = tmp_path / "stationery" / "mail" / "ca.yaml"
    words.write_text(words.read_text("utf-8").replace("Hola,", "Bon dia,"), "utf-8")
    stationery = StationeryConfig(folder=tmp_path / "stationery")
    own = replace(instance, config=instance.config.model_copy(update={"stationery": stationery}))
    (second,) = town.deliveries(1, first=3)
    deliver_due(own, at(NOW), ["email"])

    now = said_in(second)
    assert before == said_in(delivery)
    assert before is not None
    assert now is not None
    assert ("Hola," in before.text, "Bon dia," in now.text) == (True, True)


def test_the_text_of_an_sms_is_kept(town, instance):
    """It is short, and all there is."""
    (delivery,) = town.deliveries(1)
    text = "La factura sortirà el 22 de maig."
    Delivery.objects.update(channel="sms", kind="issue_notice", content={"text": text})

    deliver_due(instance, at(NOW), ["sms"])

    assert said_in(delivery) == Said(text)


@pytest.mark.parametrize("outcome", [Outcome.TEMPORARY, Outcome.PERMANENT, Outcome.UNCERTAIN])
def test_what_was_not_taken_was_not_said(town, instance, mail_server, outcome):
    """Nothing is kept of a mail that the server did not accept."""
    (delivery,) = town.deliveries(1)
    mail_server.answer_to_data = lambda _: {
        Outcome.TEMPORARY: "451 later",
        Outcome.PERMANENT: "550 no",
        Outcome.UNCERTAIN: "hang up",
    }[outcome]

    deliver_due(instance, at(NOW), ["email"])

    assert said_in(delivery) is None


class _DiesError(Exception):
    """The deliverer stops as if it had been killed."""


def test_record_and_copy_are_one(town, instance, mail_server, monkeypatch):
    """There is no delivered mail without its copy: if one can't be written, neither is."""
    (delivery,) = town.deliveries(1)

    def die(*_: object) -> None:
        raise _DiesError

    with monkeypatch.context() as patched:
        patched.setattr(handing, "keep_sent", die)
        with pytest.raises(_DiesError):
            deliver_due(instance, at(NOW), ["email"])
    delivery.refresh_from_db()
    assert delivery.state == "claimed"

    deliver_due(instance, at(NOW), ["email"])
    delivery.refresh_from_db()
    assert (delivery.state, said_in(delivery) is not None) == ("delivered", True)


def test_what_came_twice_is_kept_once(town, instance, mail_server):
    """A mail that was sent again after a crash is the same mail."""
    town.deliveries(1)
    deliver_due(instance, at(NOW), ["email"])
    Delivery.objects.update(state="due")
    deliver_due(instance, at(NOW), ["email"])

    assert (len(mail_server.mails), Sent.objects.count()) == (2, 1)


def test_erasing_a_contract_erases_what_was_said_to_it(town, instance, mail_server):
    """Others' messages stay."""
    first, second = town.deliveries(2)
    deliver_due(instance, at(NOW), ["email"])

    assert forget_sent(first.contract_id) == 1
    assert (said_in(first), said_in(second) is None) == (None, False)


def test_a_message_of_an_unknown_kind_is_sent_and_not_kept(town):
    """An adapter for something else has its own idea of a message."""
    town.deliveries(1)
    sender = Sender(
        "email",
        Scripted(Result(Outcome.ACCEPTED)),
        lambda delivery, _: delivery.key,
        delivered_when_accepted=True,
    )
    hand_over(sender, at(NOW))

    assert Delivery.objects.get().state == "delivered"
    assert not Sent.objects.exists()


@given(st.text(), st.text(), st.lists(st.tuples(st.text(), st.text())))
def test_every_text_survives(text, html, headers):
    """Whatever is said comes back as it was, so far as it can be sent at all."""
    said = Said(text, html, tuple(headers))

    assert said == unpack(pack(said))
