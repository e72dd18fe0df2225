"""The courier: messages to holders of Office accounts leave within a second, not at the next run.

A customer who waits for a code looks at the screen meanwhile. The courier sleeps until PostgreSQL
tells it of a new message (LISTEN), and looks every few seconds all the same: a message that was
not announced, or is to be tried again, goes then.
"""

import logging
import threading

import psycopg
from django.db import DatabaseError, connection

from bustia.deliver.account_handing import CHANNELS, AccountSender
from bustia.errors import BustiaError
from bustia.instance import Instance

__all__ = ["run_courier"]

_NEWS = "bustia_account_message"
"""What the trigger on the outbox notifies."""
_POLL_SECONDS = 2.0
_REST_SECONDS = 2.0
_ONE_AT_A_TIME = threading.Lock()

_log = logging.getLogger(__name__)


def run_courier(instance: Instance, stop: threading.Event) -> None:
    """Hand messages over as they come until ``stop`` is set.

    Mail and SMS don't wait for each other. A database that goes away is waited for. An error that
    a person must see to is logged, and what it stopped is tried again.
    """
    threads = [
        threading.Thread(target=_tend, args=(instance, channel, stop), name=f"courier-{channel}")
        for channel in CHANNELS
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _tend(instance: Instance, channel: str, stop: threading.Event) -> None:
    try:
        _go_on(instance, channel, stop)
    finally:
        stop.set()  # whatever ends one channel ends the courier: its supervisor starts it anew
        connection.close()


def _go_on(instance: Instance, channel: str, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            with _ONE_AT_A_TIME:
                instance.ensure_running()
            with psycopg.connect(instance.database_url, autocommit=True) as listening:
                listening.execute(f"LISTEN {_NEWS}")
                _listen(AccountSender(instance, channel, instance.now), listening, stop)
        except (psycopg.Error, DatabaseError, BustiaError, OSError) as error:
            _log.warning("the courier of %s rests", channel, exc_info=error)
            connection.close()
            stop.wait(_REST_SECONDS)


def _listen(sender: AccountSender, listening: psycopg.Connection, stop: threading.Event) -> None:
    """Look at once, then at each piece of news, and every few seconds without any."""
    while not stop.is_set():
        sender.pass_once()
        for _ in range(int(_POLL_SECONDS / 0.5)):
            heard = list(listening.notifies(timeout=0.5, stop_after=1))
            if heard or stop.is_set():
                break
