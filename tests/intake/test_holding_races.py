"""A customer and an import that change the same thing at the same moment."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction

from bustia.audit.log import Actor
from bustia.billing.changes import (
    ConsentWording,
    MandateSignature,
    change_email,
    change_invoice_channel,
    replace_mandate,
)
from bustia.billing.models import Contract, Customer, CustomerChange, Mandate
from bustia.billing.preferences import subscribe_einvoice, unsubscribe_einvoice
from bustia.intake.holding import lock_changes
from tests.intake.test_holding import Billing, iban
from tests.intake.town import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MARIA = Actor("customer", "17")
WORDING = ConsentWording("Hi estic d’acord.", "2026-1", "ca")
ROUNDS = 12


@contextmanager
def beside(action: Callable[[], None]) -> Iterator[None]:
    """Do something over and over on another connection while the block runs."""
    stop = threading.Event()

    def repeat() -> None:
        try:
            while not stop.is_set():
                action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        done = other.submit(repeat)
        try:
            yield
        finally:
            stop.set()
            done.result(timeout=60)


def test_nobody_waits_in_a_circle() -> None:
    """Imports and a customer who changes everything again and again end, and none is refused."""
    billing = Billing()
    billing.export()
    said = iter(range(10_000))

    def change_everything() -> None:
        number = next(said)
        contract = Contract.objects.select_related("customer").get(number="K1")
        at = NOW + timedelta(seconds=number)
        signature = MandateSignature(WORDING, "code by sms", at)
        replace_mandate(contract, iban(number), signature=signature, actor=MARIA, at=at)
        choose = unsubscribe_einvoice if number % 2 else subscribe_einvoice
        choose(contract, wording=WORDING, actor=MARIA, at=at)
        change_email(contract.customer, f"n{number}@example.org", actor=MARIA, at=at)

    with beside(change_everything):
        for _ in range(ROUNDS):
            billing.export()
    last = next(said) - 1
    assert last > ROUNDS
    billing.export()
    assert Customer.objects.get(code="C1").email == f"n{last}@example.org"
    (active,) = Mandate.objects.filter(contract__number="K1", status="active")
    assert active.iban == iban(last)
    assert Contract.objects.get(number="K1").invoice_channel == ("post" if last % 2 else "email")
    assert CustomerChange.objects.filter(state="waiting").count() == 4


def test_a_change_made_while_rows_are_merged_is_not_lost() -> None:
    """Who changes an address while an import holds its row waits, and is heard after it."""
    billing = Billing()
    billing.export()
    customer = Customer.objects.get(code="C1")
    started = threading.Event()

    def change() -> None:
        started.set()
        change_email(customer, "nova@example.org", actor=MARIA, at=NOW)
        connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE billing_customer SET email = email")
            changing = other.submit(change)
            started.wait(10)
        changing.result(timeout=30)
    billing.export()
    assert Customer.objects.get(code="C1").email == "nova@example.org"


def test_who_waits_for_an_import_holds_nothing_that_it_needs() -> None:
    """A customer's change stands in line with nothing locked, so that the import can write."""
    billing = Billing()
    billing.export()
    contract = Contract.objects.select_related("customer").get(number="K1")
    change_invoice_channel(contract, "office", actor=MARIA, at=NOW)

    def change() -> None:
        change_invoice_channel(contract, "email", actor=MARIA, at=NOW)
        connections.close_all()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic(), connection.cursor() as cursor:
            lock_changes(cursor)
            changing = other.submit(change)
            _until_somebody_waits()
            cursor.execute("UPDATE billing_contract SET invoice_channel = 'post'")
        changing.result(timeout=30)
    assert Contract.objects.get(number="K1").invoice_channel == "email"


def _until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    pytest.fail("nobody waits")
