"""Hands SMS to an operator's SMS centre over SMPP 3.4."""

from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import smpplib.client
import smpplib.consts
import smpplib.exceptions
import smpplib.gsm

from bustia.deliver.channels.base import Outcome, Result
from bustia.deliver.channels.sms import Sms

__all__ = ["SmppAdapter", "SmppServer"]

_TIMEOUT_SECONDS = 30
_PASSING = {
    smpplib.consts.SMPP_ESME_RTHROTTLED,
    smpplib.consts.SMPP_ESME_RMSGQFUL,
    smpplib.consts.SMPP_ESME_RSYSERR,
    smpplib.consts.SMPP_ESME_RSUBMITFAIL,
}
_REQUESTS = {"deliver_sm", "enquire_link"}
"""What a centre may ask while we wait, and must be answered."""
_BAD_RECIPIENT = {smpplib.consts.SMPP_ESME_RINVDSTADR}


@dataclass(frozen=True, slots=True)
class SmppServer:
    """An SMS centre and our name there."""

    host: str
    port: int
    system_id: str
    password: str


class SmppAdapter:
    """A transceiver bound to an SMS centre, for one message after the other."""

    def __init__(self, server: SmppServer) -> None:
        self._server = server
        self._client: smpplib.client.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client is not None:
            with suppress(OSError, smpplib.exceptions.PDUError, smpplib.exceptions.ConnectionError):
                self._client.unbind()
        self._drop()

    def send(self, message: Sms) -> Result:
        """Hand one SMS over, in as many segments as it needs."""
        try:
            client = self._bound()
        except smpplib.exceptions.PDUError as error:
            self._drop()
            return Result(Outcome.MISCONFIGURED, f"bind refused: {_status(error)}")
        except (OSError, smpplib.exceptions.ConnectionError) as error:
            self._drop()
            return Result(Outcome.UNREACHABLE, f"no connection: {type(error).__name__}")
        parts, coding, esm_class = smpplib.gsm.make_parts(message.text)
        result = Result(Outcome.MISCONFIGURED, "the text is empty")
        try:
            for place, part in enumerate(parts):
                result = self._submit(client, message, part, coding, esm_class)
                if result.outcome != Outcome.ACCEPTED:
                    # Some of a long message is there already: sent again it would come twice.
                    return result if place == 0 else Result(Outcome.UNCERTAIN, result.answer)
        except (OSError, smpplib.exceptions.ConnectionError, smpplib.exceptions.PDUError) as error:
            self._drop()
            return Result(Outcome.UNCERTAIN, f"connection lost: {type(error).__name__}")
        return Result(Outcome.ACCEPTED, f"{len(parts)} segments taken", result.reference)

    def _bound(self) -> smpplib.client.Client:
        if self._client is None:
            client = smpplib.client.Client(
                self._server.host,
                self._server.port,
                timeout=_TIMEOUT_SECONDS,
                allow_unknown_opt_params=True,
            )
            self._client = client
            client.connect()
            client.bind_transceiver(
                system_id=self._server.system_id, password=self._server.password
            )
        return self._client

    def _drop(self) -> None:
        if self._client is not None:
            with suppress(OSError, smpplib.exceptions.ConnectionError):
                self._client.disconnect()
            self._client = None

    def _submit(
        self, client: smpplib.client.Client, message: Sms, part: bytes, coding: int, esm: int
    ) -> Result:
        """Send one segment and wait for its answer."""
        sent = client.send_message(
            source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
            source_addr_npi=smpplib.consts.SMPP_NPI_UNK,
            source_addr=message.sender,
            dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
            dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
            destination_addr=message.recipient.lstrip("+"),
            short_message=part,
            data_coding=coding,
            esm_class=esm,
            registered_delivery=True,
        )
        while True:
            answer = client.read_pdu()
            if answer.command == "submit_sm_resp" and answer.sequence == sent.sequence:
                break
            if answer.command in _REQUESTS:
                client.send_pdu(smpplib.smpp.make_pdu(
                    f"{answer.command}_resp", client=client, sequence=answer.sequence
                ))  # fmt: skip
        if answer.status == smpplib.consts.SMPP_ESME_ROK:
            name = answer.message_id or b""
            return Result(Outcome.ACCEPTED, reference=name.decode("ascii", "replace").strip("\0"))
        told = f"status {answer.status:#010x}"
        if answer.status in _PASSING:
            return Result(Outcome.TEMPORARY, told)
        ours = answer.status not in _BAD_RECIPIENT
        return Result(Outcome.MISCONFIGURED if ours else Outcome.PERMANENT, told)


def _status(error: smpplib.exceptions.PDUError) -> str:
    return f"status {error.args[1]:#010x}" if len(error.args) > 1 else "unknown status"
