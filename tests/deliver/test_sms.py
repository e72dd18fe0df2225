"""SMS: how many a text takes, the folder, and an SMS centre over SMPP."""

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import smpplib.gsm
from hypothesis import given, settings
from hypothesis import strategies as st
from smpp.pdu.pdu_types import CommandStatus
from smppy.server import Application, SmppProtocol

from bustia.deliver.channels.base import Outcome
from bustia.deliver.channels.sms import Sms, SpoolAdapter, segments, uses_gsm
from bustia.deliver.channels.sms_smpp import SmppAdapter, SmppServer

PASSWORD = "s3cret"
SMS = Sms("notice/2026-04/K1/20260510", "AVallserena", "+34600123456", "Factura el 10/05/2026")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("à" * 160, 1),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 159 + "€", 2),
        ("á" * 70, 1),
        ("á" * 71, 2),
        ("á" * 134, 2),
        ("á" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_how_many_sms_a_text_takes(text: str, expected: int):
    """GSM letters fit 160, others 70; the euro sign counts twice, an emoji as two."""
    assert expected == segments(text)


def test_letters_of_the_customers_languages():
    """Catalan's open vowels fit the alphabet of SMS, its closed í, ó and ú don't."""
    assert uses_gsm("Aigües de Vallserena: à è é ò ñ Ç €")
    assert [letter for letter in "íóúáïç·’" if uses_gsm(letter)] == []


@settings(deadline=None, max_examples=150)
@given(st.text("aà€[ñ\n", min_size=1, max_size=500))
def test_the_count_is_what_is_sent(text: str):
    """What is counted while planning is what the SMPP adapter cuts the text into."""
    parts, _, _ = smpplib.gsm.make_parts(text)

    assert len(parts) == segments(text)


def test_the_folder_gets_each_sms_once(tmp_path: Path):
    """The same SMS again is the same file, and no unfinished one is left."""
    with SpoolAdapter(tmp_path / "sms") as adapter:
        results = [adapter.send(SMS), adapter.send(SMS)]

    (file,) = (tmp_path / "sms").iterdir()
    assert [(Outcome.ACCEPTED, file.name)] * 2 == [(one.outcome, one.answer) for one in results]
    assert {
        "key": SMS.key,
        "sender": "AVallserena",
        "recipient": "+34600123456",
        "text": SMS.text,
    } == json.loads(file.read_text(encoding="utf-8"))


def test_keys_that_look_alike_are_two_sms(tmp_path: Path):
    """A contract's number may hold letters that no file name can; nobody's SMS is overwritten."""
    with SpoolAdapter(tmp_path) as adapter:
        for key in ("notice/1", "notice-1", "../notice/1"):
            adapter.send(Sms(key, "A", "+34600123456", "text"))

    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_written_is_for_later(tmp_path: Path):
    """A full or missing disk loses nothing: the SMS goes again."""
    adapter = SpoolAdapter(tmp_path / "gone")

    assert adapter.send(SMS).outcome == Outcome.TEMPORARY


class Centre(Application):  # type: ignore[misc]
    """An SMS centre on this machine, of the simulator; it keeps what it gets."""

    def __init__(self) -> None:
        logger = logging.getLogger("sms-centre")
        logger.disabled = True
        super().__init__("centre", logger)
        self.got: list[tuple[str, str, str]] = []
        self.status = CommandStatus.ESME_ROK
        self.hang_up = False
        self._loop = asyncio.new_event_loop()
        self._server = self.create_server(self._loop, "127.0.0.1", 0, protocol=_Protocol)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self._thread = threading.Thread(target=self._loop.run_forever)

    def create_server(self, loop, host, port, protocol=SmppProtocol):
        """Listen; like the simulator's own, with a protocol that may refuse."""
        return loop.run_until_complete(loop.create_server(lambda: protocol(app=self), host, port))

    def __enter__(self) -> "Centre":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def handle_bound_client(self, client):
        """Let in who knows the password."""
        return client if client.password == PASSWORD else None

    async def handle_unbound_client(self, client) -> None:
        """Nothing to do."""

    async def handle_sms_received(
        self,
        client,
        source_number,
        dest_number,
        text,
    ) -> None:
        """Keep it."""
        self.got.append((_text(source_number), _text(dest_number), text))


class _Protocol(SmppProtocol):  # type: ignore[misc]
    """The simulator's protocol, which may answer an SMS with a status or hang up."""

    def _send_response(self, response):
        if "submit_sm" in str(response.command_id):
            if self.app.hang_up:
                self._transport.abort()
                return
            response.status = self.app.status
        super()._send_response(response)


def _text(value: bytes | str) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


@pytest.fixture
def centre() -> Iterator[Centre]:
    with Centre() as running:
        yield running


def adapter_for(centre: Centre, password: str = PASSWORD) -> SmppAdapter:
    """Give an adapter for the tests' centre."""
    return SmppAdapter(SmppServer("127.0.0.1", centre.port, "bustia", password))


@pytest.mark.parametrize(
    ("text", "on_the_wire"),
    [
        ("Aigües de Vallserena: 12,50 €", "Aig\x7ees de Vallserena: 12,50 \x1be"),
        ("à è é ì ò ù ñ ü Ç", "\x7f \x04 \x05 \x07 \x08 \x06 \x7d \x7e \x09"),
        ("l’avís surt demà: í ó ú", "l’avís surt demà: í ó ú"),
    ],
)
def test_the_text_arrives_as_it_was_written(centre: Centre, text: str, on_the_wire: str):
    """Every letter has its code of GSM 03.38, or goes as UCS-2; the alias keeps its capitals.

    The simulator shows the codes of the 7-bit alphabet as if they were ASCII.
    """
    with adapter_for(centre) as adapter:
        result = adapter.send(Sms("k", "AVallserena", "+34600123456", text))

    assert result.outcome == Outcome.ACCEPTED
    assert [("AVallserena", "34600123456", on_the_wire)] == centre.got


def test_many_sms_go_over_one_bind(centre: Centre):
    """The adapter stays bound between messages."""
    with adapter_for(centre) as adapter:
        outcomes = [adapter.send(SMS).outcome for _ in range(3)]

    assert outcomes == [Outcome.ACCEPTED] * 3
    assert len(centre.got) == 3


def test_a_refused_bind_is_about_us(centre: Centre):
    """A wrong password needs a person, and no SMS fails for good because of it."""
    with adapter_for(centre, "wrong") as adapter:
        result = adapter.send(SMS)

    assert result.outcome == Outcome.MISCONFIGURED
    assert result.answer == "bind refused: status 0x0000000d"
    assert centre.got == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (CommandStatus.ESME_RTHROTTLED, Outcome.TEMPORARY),
        (CommandStatus.ESME_RMSGQFUL, Outcome.TEMPORARY),
        (CommandStatus.ESME_RINVDSTADR, Outcome.PERMANENT),
        (CommandStatus.ESME_RINVSRCADR, Outcome.MISCONFIGURED),
    ],
)
def test_the_centres_status_is_sorted(centre: Centre, status: CommandStatus, expected: Outcome):
    """Too much at once is for later, a wrong number for good, a wrong alias our own fault."""
    centre.status = status
    with adapter_for(centre) as adapter:
        refused = adapter.send(SMS)
        centre.status = CommandStatus.ESME_ROK
        taken = adapter.send(SMS)

    assert (expected, Outcome.ACCEPTED) == (refused.outcome, taken.outcome)
    assert refused.answer.startswith("status 0x")


def test_a_centre_that_hangs_up_leaves_it_uncertain(centre: Centre):
    """An SMS without an answer may have gone; the next one goes over a new connection."""
    centre.hang_up = True
    with adapter_for(centre) as adapter:
        lost = adapter.send(SMS)
        centre.hang_up = False
        taken = adapter.send(SMS)

    assert (lost.outcome, taken.outcome) == (Outcome.UNCERTAIN, Outcome.ACCEPTED)


def test_nobody_listens():
    """A centre that isn't there is unreachable, and no error is raised."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with SmppAdapter(SmppServer("127.0.0.1", port, "bustia", PASSWORD)) as adapter:
        assert adapter.send(SMS).outcome == Outcome.UNREACHABLE
