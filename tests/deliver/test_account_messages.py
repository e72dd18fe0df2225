"""Messages to holders of Office accounts: nothing lost, nothing twice unnoticed, no secret kept."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import product

import pytest
from django.db import connection, connections, transaction

from bustia.deliver import account_handing
from bustia.deliver.account_handing import hand_over_messages
from bustia.deliver.account_messages import (
    AccountText,
    Addressee,
    MessageKind,
    forget_messages,
    messages_of,
    queue_message,
    text_of,
)
from bustia.deliver.models import AccountMessage
from bustia.deliver.states import MessageState, check_message_move
from bustia.errors import DeliverError
from bustia.instance import Instance
from tests.deliver.town import NOW, MailServer

CODE = AccountText("El seu codi per entrar:", subject="Codi d’un sol ús", code="493 027")
KEPT = AccountText(
    "Ha canviat el seu compte bancari.\n\nSi no ha estat vostè, truqui’ns.",
    subject="Canvi de compte",
    action="Veure-ho",
    url="https://oficina.example/compte",
)
ANNA = Addressee("email", "anna@example.org", "ca", account=7)


def queue(
    kind: MessageKind = MessageKind.ONE_TIME_CODE,
    to: Addressee = ANNA,
    content: AccountText = CODE,
    minutes: int = 10,
) -> AccountMessage:
    """Write a message into the outbox as the Office does."""
    number = queue_message(kind, to, content, at=NOW, expires_at=NOW + timedelta(minutes=minutes))
    return AccountMessage.objects.get(pk=number)


def hand_over(instance: Instance, minutes: int = 0) -> Counter[str]:
    """Hand over what waits, some minutes later."""
    return hand_over_messages(instance, lambda: NOW + timedelta(minutes=minutes)).states


def part(mail: EmailMessage, kind: str) -> str:
    """Give the text or the HTML of a mail."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def stored() -> str:
    """Give all that the table holds, as it is stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(m::text, '') FROM deliver_accountmessage m")
        return str(cursor.fetchone()[0])


def test_a_code_comes_as_a_mail_that_any_program_shows(db, instance, mail_server):
    """Text and HTML say the same, in the reader's language, from the company."""
    queue()

    assert hand_over(instance) == {"sent": 1}
    (envelope,) = mail_server.mails
    mail = message_from_bytes(
        envelope.original_content, policy=policy.default.clone(raise_on_defect=True)
    )
    assert mail["To"] == "anna@example.org"
    assert mail["Subject"] == "Codi d’un sol ús"
    assert mail["From"].startswith("Aigües de Vallserena <")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "ca"
    assert "List-Unsubscribe" not in mail
    for kind in ("plain", "html"):
        body = part(mail, kind)
        assert "493 027" in body
        assert "El seu codi per entrar:" in body
        assert "Si no ha estat vostè" in body


def test_a_notice_brings_its_paragraphs_and_its_button(db, instance, mail_server):
    """Paragraphs stay apart; the address of the button is also there to be copied."""
    queue(MessageKind.NOTICE, content=KEPT)
    hand_over(instance)

    mail = message_from_bytes(mail_server.mails[0].original_content, policy=policy.default)
    html = part(mail, "html")
    assert "Ha canviat el seu compte bancari.</p>" in html
    assert html.count('href="https://oficina.example/compte"') == 2
    text = part(mail, "plain").replace("\r\n", "\n")
    assert "Veure-ho:\nhttps://oficina.example/compte\n" in text


def test_a_text_goes_to_the_telephone(db, instance):
    """An SMS is its text, from the registered sender."""
    queue(to=Addressee("sms", "+34600000001", "ca"), content=AccountText("Codi: 493027"))

    assert hand_over(instance) == {"sent": 1}
    (file,) = (instance.path / "outbox" / "sms").glob("*.json")
    assert '"text": "Codi: 493027"' in file.read_text("utf-8")


def test_what_waits_is_encrypted(db):
    """Neither the address nor what is said can be read in the database."""
    queue()

    assert "anna" not in stored()
    assert "493" not in stored()


@pytest.mark.parametrize("kind", [kind for kind in MessageKind if kind.is_secret])
@pytest.mark.parametrize("end", ["sent", "failed", "expired"])
def test_a_secret_is_wiped_whatever_becomes_of_it(db, instance, mail_server, kind, end):
    """Sent, refused or too late: after it nobody can read the code or the address."""
    message = queue(kind)
    if end == "failed":
        mail_server.answer_to_recipient = lambda _: "550 no such user"

    assert hand_over(instance, minutes=11 if end == "expired" else 0) == {end: 1}
    message.refresh_from_db()
    assert (message.state, message.content, message.recipient) == (end, "", "")
    assert text_of(message) is None
    assert message.finished_at is not None


@pytest.mark.parametrize("end", ["sent", "failed", "expired"])
def test_a_notice_keeps_its_text(db, instance, mail_server, end):
    """What opens nothing stays readable for the Inbox of its account."""
    queue(MessageKind.NOTICE, content=KEPT)
    if end == "failed":
        mail_server.answer_to_recipient = lambda _: "550 no such user"
    hand_over(instance, minutes=11 if end == "expired" else 0)

    (message,) = messages_of(7)
    assert (message.state, text_of(message)) == (end, KEPT)
    assert list(messages_of(8)) == []


def test_what_is_late_is_not_sent(db, instance, mail_server):
    """A code that is not valid any more only confuses; even if it was claimed in time."""
    queue(minutes=1)
    queue(minutes=5)
    ticks = iter([NOW, NOW + timedelta(minutes=2)])

    done = hand_over_messages(instance, lambda: next(ticks, NOW + timedelta(minutes=2)), ("email",))

    assert done.states == {"expired": 1, "sent": 1}
    assert len(mail_server.mails) == 1


def test_the_same_message_is_the_same_mail_when_it_is_sent_again(db, instance, mail_server):
    """Message-ID and Date are those of the message, so that mail programs show it once."""
    queue()
    hand_over(instance)
    AccountMessage.objects.update(
        state="waiting", content=AccountMessage.objects.get().content or _content(),
        recipient="anna@example.org",
    )  # fmt: skip
    hand_over(instance)

    one, two = (mail.original_content for mail in mail_server.mails)
    assert one == two


def _content() -> str:
    queue()
    newest = AccountMessage.objects.order_by("-pk")[0]
    newest.delete()
    return newest.content


def test_a_refusal_for_now_is_tried_again_later_and_ever_later(
    db, instance, mail_server, monkeypatch
):
    """The waits grow and are scattered; the message goes as long as its time lasts."""
    mail_server.answer_to_recipient = lambda _: "451 greylisted"
    message = queue()
    waits = []
    for _ in range(5):
        assert hand_over(instance) == {"waiting": 1}
        message.refresh_from_db()
        assert hand_over(instance) == {}, "it must not be tried at once"
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT extract(epoch FROM retry_at - clock_timestamp())"
                " FROM deliver_accountmessage"
            )
            waits.append(float(cursor.fetchone()[0]))
            cursor.execute("UPDATE deliver_accountmessage SET retry_at = clock_timestamp()")
    mail_server.answer_to_recipient = lambda _: ""

    assert hand_over(instance) == {"sent": 1}
    for place, wait in enumerate(waits):
        assert 2**place - 0.5 <= wait <= 2 ** (place + 1)
    assert message.answer == "451 greylisted"


def test_two_messages_do_not_wait_equally_long():
    """Messages that were refused together don't come back together."""
    assert len({account_handing._wait(6) for _ in range(20)}) > 1


def test_a_provider_that_does_not_want_us_is_left_alone(db, instance, mail_server, caplog):
    """Wrong settings are nobody's fault who waits: all of it waits, and it is said once."""
    for _ in range(3):
        queue()
    mail_server.answer_to_sender = lambda _: "550 5.7.1 who are you"

    report = hand_over_messages(instance, lambda: NOW)

    assert (report.states, report.problem) == ({"waiting": 1}, "550 5.7.1 who are you")
    assert Counter(AccountMessage.objects.values_list("state", "attempts")) == {
        ("waiting", 1): 1,
        ("waiting", 0): 2,
    }
    assert "account messages wait: 550 5.7.1 who are you" in caplog.text
    assert "anna" not in caplog.text


def test_an_address_that_cannot_be_written_to_fails(db, instance, mail_server):
    """There is nothing to try again, and the reason shows no address."""
    message = queue(to=Addressee("email", "josé@example.org", "ca"))

    assert hand_over(instance) == {"failed": 1}
    message.refresh_from_db()
    assert message.answer == "the e-mail address can't be written to."


class _DiesError(Exception):
    """The courier stops as if it had been killed."""


def _die(monkeypatch, instance, where: str) -> None:
    def die(*_: object) -> None:
        raise _DiesError

    with monkeypatch.context() as patched:
        patched.setattr(account_handing, where, die)
        with pytest.raises(_DiesError):
            hand_over(instance)
    assert AccountMessage.objects.get().state == "claimed"


@pytest.mark.parametrize(("where", "mails"), [("_start", 1), ("_record", 2)])
def test_what_a_dead_courier_had_claimed_goes_again(
    db, instance, mail_server, monkeypatch, where, mails
):
    """Before it began there is no doubt; after it, the row says that it may have gone twice."""
    message = queue()
    _die(monkeypatch, instance, where)

    assert hand_over(instance) == {"sent": 1}
    message.refresh_from_db()
    assert (message.uncertain, len(mail_server.mails)) == (mails == 2, mails)


def test_a_message_that_may_have_been_taken_goes_again_and_says_so(db, instance, mail_server):
    """The server hung up instead of answering: better twice than never."""
    mail_server.answer_to_data = lambda _: "hang up"
    message = queue()
    assert hand_over(instance) == {"waiting": 1}
    mail_server.answer_to_data = lambda _: ""
    AccountMessage.objects.update(retry_at=NOW)

    assert hand_over(instance) == {"sent": 1}
    message.refresh_from_db()
    assert (message.uncertain, len(mail_server.mails)) == (True, 2)


def test_a_transaction_that_is_rolled_back_says_nothing(db, instance):
    """The message belongs to the change it tells of: without it, there is none."""

    def change_that_fails() -> None:
        with transaction.atomic():
            queue()
            raise _DiesError

    with pytest.raises(_DiesError):
        change_that_fails()

    assert hand_over(instance) == {}


def test_queueing_is_one_statement(db, django_assert_num_queries):
    """It takes as long for somebody we know as for somebody we don't."""
    with django_assert_num_queries(1):
        queue_message(MessageKind.NOTICE, ANNA, KEPT, at=NOW, expires_at=NOW)
    with django_assert_num_queries(1):
        stranger = replace(ANNA, account=None)
        queue_message(MessageKind.ONE_TIME_CODE, stranger, CODE, at=NOW, expires_at=NOW)


def test_a_closed_account_is_forgotten(db):
    """Its messages go with it; those of others stay."""
    queue(MessageKind.NOTICE)
    queue(MessageKind.NOTICE, replace(ANNA, account=8))

    assert forget_messages(7) == 1
    assert list(AccountMessage.objects.values_list("account_ref", flat=True)) == [8]


DRAWN = {
    "waiting": "claimed expired",
    "claimed": "sent failed expired waiting",
    "sent": "",
    "failed": "",
    "expired": "",
}


@pytest.mark.parametrize(("old", "new"), list(product(MessageState, MessageState)))
def test_a_message_makes_only_the_moves_that_are_drawn(old, new):
    """Every move that is not in the drawing is refused."""
    if new.value in DRAWN[old.value].split():
        check_message_move(1, old, new)
    else:
        with pytest.raises(DeliverError, match="account message 1: a message that is"):
            check_message_move(1, old, new)


def test_the_database_knows_the_states_of_messages(db):
    """A state that is none can't be written, by whatever way."""
    queue()
    with pytest.raises(Exception, match="account_message_state_known"):
        AccountMessage.objects.update(state="posted")


@pytest.fixture
def outgoing(instance: Instance) -> Iterator[tuple[Instance, MailServer]]:
    """An instance and its mail server, for tests with several sessions."""
    with MailServer() as server:
        email = instance.config.email.model_copy(update={"port": server.port})
        yield replace(instance, config=instance.config.model_copy(update={"email": email})), server


def _race(instance: Instance, couriers: int = 4) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            hand_over(instance)
        except BaseException as error:  # noqa: BLE001 (given back below)
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(couriers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def _queue_for(number: int) -> None:
    for place in range(number):
        queue(MessageKind.NOTICE, Addressee("email", f"a{place}@example.org", "ca"), KEPT)


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_there_would_be_doubles(outgoing, monkeypatch):
    """Couriers that only read what waits send it several times: the next test can fail."""
    instance, server = outgoing
    barrier = threading.Barrier(4)
    seen = threading.local()

    def only_read(self, channel: str) -> list[AccountMessage]:
        if channel == "sms" or getattr(seen, "once", False):
            return []
        seen.once = True
        found = list(AccountMessage.objects.filter(channel=channel))
        barrier.wait()
        return found

    monkeypatch.setattr(account_handing._MessageClaimant, "claim", only_read)
    monkeypatch.setattr(account_handing, "_start", lambda _: True)
    _queue_for(10)
    _race(instance)

    assert len(server.mails) == 40


@pytest.mark.django_db(transaction=True)
def test_four_couriers_at_once_double_nothing(outgoing, monkeypatch):
    """Each message goes out once, whoever has it."""
    instance, server = outgoing
    monkeypatch.setattr(account_handing, "_BATCH", 3)
    _queue_for(40)
    _race(instance)

    recipients = sorted(mail.rcpt_tos[0] for mail in server.mails)
    assert recipients == sorted(f"a{place}@example.org" for place in range(40))
    assert Counter(AccountMessage.objects.values_list("state", "uncertain")) == {
        ("sent", False): 40
    }
