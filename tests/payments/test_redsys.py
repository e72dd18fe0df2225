"""Redsys's messages: signed as in public examples, and nothing forged is believed."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.errors import PaymentError
from bustia.payments.gateway import Notice, Order, check_notice
from bustia.payments.redsys import TEST_KEY, Redsys, signature
from tests.payments.bank import signed_by_openssl

# Notifications signed by Redsys's test environment with the key of its test shop, as they stand in
# public examples of how to read one: github.com/minube/redsys-api (ejemploRecepcionaPet.php) and
# github.com/brickpop/redsys-pos (example/backend.js).
PAID = {
    "Ds_SignatureVersion": "HMAC_SHA256_V1",
    "Ds_MerchantParameters": (
        "eyJEc19EYXRlIjoiMzAlMkYwOCUyRjIwMjIiLCJEc19Ib3VyIjoiMTIlM0ExOCIsIkRzX1NlY3VyZVBheW1lbnQiOiIx"
        "IiwiRHNfQ2FyZF9Db3VudHJ5IjoiNzI0IiwiRHNfQW1vdW50IjoiMTU5MDAiLCJEc19DdXJyZW5jeSI6Ijk3OCIsIkRz"
        "X09yZGVyIjoiTU4wMDAwNDkiLCJEc19NZXJjaGFudENvZGUiOiIzNTU4NjgxMDAiLCJEc19UZXJtaW5hbCI6IjAwMSIs"
        "IkRzX1Jlc3BvbnNlIjoiMDAwMCIsIkRzX01lcmNoYW50RGF0YSI6IiIsIkRzX1RyYW5zYWN0aW9uVHlwZSI6IjAiLCJE"
        "c19Db25zdW1lckxhbmd1YWdlIjoiMSIsIkRzX0F1dGhvcmlzYXRpb25Db2RlIjoiMDAyNDEzIiwiRHNfQ2FyZF9CcmFu"
        "ZCI6IjEiLCJEc19Qcm9jZXNzZWRQYXlNZXRob2QiOiI1IiwiRHNfQ29udHJvbF8xNjYxODU0NjgzOTg4IjoiMTY2MTg1"
        "NDY4Mzk4OCJ9"
    ),
    "Ds_Signature": "O9aFvML5qK8VBQhV4GK8kFHvmAQaSnX1hfckr7abzIs=",
}
REFUSED = {
    "Ds_SignatureVersion": "HMAC_SHA256_V1",
    "Ds_MerchantParameters": (
        "eyJEc19EYXRlIjoiMjAlMkYxMCUyRjIwMTciLCJEc19Ib3VyIjoiMTclM0EyMyIsIkRzX1NlY3VyZVBheW1lbnQiOiIw"
        "IiwiRHNfQW1vdW50IjoiMTAwIiwiRHNfQ3VycmVuY3kiOiI5NzgiLCJEc19PcmRlciI6IjAwMDA5NjU1RDg0IiwiRHNf"
        "TWVyY2hhbnRDb2RlIjoiMzI3MjM0Njg4IiwiRHNfVGVybWluYWwiOiIwMDEiLCJEc19SZXNwb25zZSI6Ijk5MTUiLCJE"
        "c19UcmFuc2FjdGlvblR5cGUiOiIwIiwiRHNfTWVyY2hhbnREYXRhIjoiIiwiRHNfQXV0aG9yaXNhdGlvbkNvZGUiOiIr"
        "KysrKysiLCJEc19Db25zdW1lckxhbmd1YWdlIjoiMSJ9"
    ),
    "Ds_Signature": "vrUsaNbxfonyn4ONUos6oosUaTBY0_SGoKDel6qsHqk=",
}
GATEWAY = Redsys("327234688", "1", "https://sis-t.redsys.es:25443/sis/realizarPago", TEST_KEY)
ORDER = Order(
    "2611AB12CD34", 4061, "Factura A26-000123", "ca", "https://oficina.example/pagaments/avis",
    "https://oficina.example/pagat", "https://oficina.example/no-pagat",
)  # fmt: skip
SAID = {
    "Ds_Amount": "4061", "Ds_Currency": "978", "Ds_Order": "2611AB12CD34",
    "Ds_MerchantCode": "327234688", "Ds_Terminal": "001", "Ds_Response": "0000",
    "Ds_TransactionType": "0", "Ds_AuthorisationCode": "002413",
}  # fmt: skip


def written(said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode()


def signed(key: str = TEST_KEY, **changed: Any) -> dict[str, str]:
    """Give the fields of a notification, signed by OpenSSL."""
    said = SAID | changed
    parameters = written(said)
    made = base64.urlsafe_b64encode(signed_by_openssl(key, str(said["Ds_Order"]), parameters))
    return {
        "Ds_SignatureVersion": "HMAC_SHA256_V1",
        "Ds_MerchantParameters": parameters,
        "Ds_Signature": made.decode(),
    }


@pytest.mark.parametrize(
    ("fields", "order"), [(PAID, "MN000049"), (REFUSED, "00009655D84")], ids=["paid", "refused"]
)
def test_the_banks_own_examples_are_signed_alike(fields: dict[str, str], order: str):
    """What Redsys's test environment signed, we sign to the same bytes."""
    made = signature(TEST_KEY, order, fields["Ds_MerchantParameters"])
    assert base64.urlsafe_b64encode(made).decode() == fields["Ds_Signature"]


def test_a_real_refusal_is_read():
    """The bank's example of an abandoned payment says who, how much, and that nothing was paid."""
    assert GATEWAY.read(REFUSED) == Notice("00009655D84", 100, "EUR", False, "9915", "")


@settings(max_examples=20, deadline=None)
@given(
    st.from_regex(r"[0-9]{4}[0-9A-Za-z]{0,8}", fullmatch=True), st.text("abcXYZ019+/=", max_size=80)
)
def test_any_order_is_signed_as_openssl_signs_it(order: str, parameters: str):
    """Another maker's 3DES gives the same key for the order, whatever its length."""
    assert signature(TEST_KEY, order, parameters) == signed_by_openssl(TEST_KEY, order, parameters)


def test_the_redirect_says_all_and_is_signed():
    """The form goes to the bank with order, amount, language and addresses under a signature."""
    form = GATEWAY.redirect(ORDER)
    fields = dict(form.fields)
    said = json.loads(base64.b64decode(fields["Ds_MerchantParameters"]))
    assert form.url == "https://sis-t.redsys.es:25443/sis/realizarPago"
    assert said == {
        "DS_MERCHANT_AMOUNT": "4061",
        "DS_MERCHANT_ORDER": "2611AB12CD34",
        "DS_MERCHANT_MERCHANTCODE": "327234688",
        "DS_MERCHANT_CURRENCY": "978",
        "DS_MERCHANT_TRANSACTIONTYPE": "0",
        "DS_MERCHANT_TERMINAL": "1",
        "DS_MERCHANT_MERCHANTURL": "https://oficina.example/pagaments/avis",
        "DS_MERCHANT_URLOK": "https://oficina.example/pagat",
        "DS_MERCHANT_URLKO": "https://oficina.example/no-pagat",
        "DS_MERCHANT_CONSUMERLANGUAGE": "003",
        "DS_MERCHANT_PRODUCTDESCRIPTION": "Factura A26-000123",
    }
    made = signed_by_openssl(TEST_KEY, ORDER.number, fields["Ds_MerchantParameters"])
    assert base64.b64decode(fields["Ds_Signature"]) == made


@pytest.mark.parametrize("number", ["123", "A234", "1234567890123", "1234-5", "1234 ", ""])
def test_order_numbers_keep_the_banks_form(number: str):
    """An order that Redsys would turn away is not sent."""
    with pytest.raises(PaymentError, match="4 to 12 characters"):
        GATEWAY.redirect(replace(ORDER, number=number))


@pytest.mark.parametrize("cents", [0, -1, 10**12])
def test_nothing_is_not_paid(cents: int):
    """An amount of nothing, or less, is not sent."""
    with pytest.raises(PaymentError, match="more than zero"):
        GATEWAY.redirect(replace(ORDER, amount_cents=cents))


def test_a_payment_is_read():
    """A signed notification says what was paid and under which code."""
    assert GATEWAY.read(signed()) == Notice("2611AB12CD34", 4061, "EUR", True, "0000", "002413")


@pytest.mark.parametrize(
    ("response", "authorised"),
    [("0000", True), ("0099", True), ("0100", False), ("0900", False), ("9915", False),
     ("", False), ("0", False), ("00000", False), ("-001", False)],
)  # fmt: skip
def test_only_the_banks_yes_is_a_yes(response: str, authorised: bool):
    """0000 to 0099 authorise; everything else, and what is no code, does not."""
    assert GATEWAY.read(signed(Ds_Response=response)).authorised is authorised


@pytest.mark.parametrize(
    ("name", "value"),
    [("Ds_Amount", "1"), ("Ds_Response", "0001"), ("Ds_Order", "2611AB12CD35"),
     ("Ds_Currency", "840")],
)  # fmt: skip
def test_changed_parameters_are_refused(name: str, value: str):
    """One changed value, and the signature no longer fits."""
    forged = signed() | {"Ds_MerchantParameters": written(SAID | {name: value})}
    with pytest.raises(PaymentError, match="isn't the bank's"):
        GATEWAY.read(forged)


def test_a_signature_of_one_order_is_none_of_another():
    """The key is the order's own: what signs one says nothing of the next."""
    other = signed(Ds_Order="2611AB12CD35")
    with pytest.raises(PaymentError, match="isn't the bank's"):
        GATEWAY.read(other | {"Ds_Signature": signed()["Ds_Signature"]})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Ds_SignatureVersion": "HMAC_SHA1"},
        {"Ds_MerchantParameters": "!!"},
        {"Ds_MerchantParameters": written([1])},
        {"Ds_MerchantParameters": written({"Ds_Order": 7})},
        {"Ds_MerchantParameters": "A" * 9000},
        {"Ds_MerchantParameters": base64.b64encode(b"[" * 5000).decode()},
        {"Ds_Signature": ""},
        {"Ds_Signature": "ñ"},
        {"Ds_Signature": "AAAA"},
    ],
    ids=range(10),
)
def test_nonsense_is_refused(fields: dict[str, str]):
    """What can't be read is refused in words, whatever it is."""
    with pytest.raises(PaymentError):
        GATEWAY.read(signed() | fields if fields else {})


def test_another_key_signs_nothing():
    """A notification under another merchant's key is refused."""
    with pytest.raises(PaymentError, match="isn't the bank's"):
        GATEWAY.read(signed("Mk9m98IfEblmPfrpsawt7BmxObt98Jev"))


@pytest.mark.parametrize(
    "changed",
    [{"Ds_MerchantCode": "999008881"}, {"Ds_Terminal": "002"}, {"Ds_TransactionType": "3"},
     {"Ds_Amount": "40,61"}, {"Ds_Amount": "-1"}],
    ids=lambda one: next(iter(one)),
)  # fmt: skip
def test_what_is_signed_for_another_purpose_is_refused(changed: dict[str, str]):
    """A right signature on another shop's message, a refund, or no amount doesn't pay."""
    with pytest.raises(PaymentError):
        GATEWAY.read(signed(**changed))


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"order": "2611AB12CD35"}, "another order"), ({"amount_cents": 4060}, "another amount"),
     ({"currency": "USD"}, "another currency"), ({"currency": ""}, "another currency")],
)  # fmt: skip
def test_a_notice_must_fit_the_order(changed: dict[str, Any], what: str):
    """Another order, amount or currency than ordered is an error for a person."""
    notice = replace(GATEWAY.read(signed()), **changed)
    with pytest.raises(PaymentError, match=what):
        check_notice(notice, order="2611AB12CD34", amount_cents=4061)


def test_errors_and_repr_tell_no_secrets():
    """Neither the key nor what came in is repeated."""
    with pytest.raises(PaymentError) as caught:
        GATEWAY.read(signed() | {"Ds_Signature": "c2VjcmV0"})
    told = repr(GATEWAY) + str(caught.value)
    assert [one for one in (TEST_KEY, "c2VjcmV0", "2611AB") if one in told] == []


@pytest.mark.parametrize("key", ["", "abc", "c2hvcnQ=", TEST_KEY + "AAAA", "ñ" * 32])
def test_a_wrong_key_is_told(key: str):
    """A key that isn't Redsys's says where it comes from and what it should be."""
    with pytest.raises(PaymentError, match="BUSTIA_REDSYS_KEY"):
        signature(key, "1234", "e30=")
