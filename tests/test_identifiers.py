"""NIF and IBAN: right ones pass, any other digit or letter in their place doesn't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban as stdnum_iban
from stdnum.es import nif as stdnum_nif

from bustia.identifiers import check_iban, check_nif, mask_iban, normal_iban, normal_nif

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


@pytest.mark.parametrize(
    "nif", ["12345678Z", "X1234567L", "Y0000001S", "A58818501", "ES-A58818501", "b 12345674"]
)
def test_right_tax_numbers_pass(nif: str) -> None:
    """A person's, a foreigner's and a company's number pass, however they are written."""
    assert check_nif(nif)


@pytest.mark.parametrize(
    "nif", ["", "12345678A", "A58818502", "X1234567A", "1234", "１２３４５６７８Z"]
)
def test_wrong_tax_numbers_fail(nif: str) -> None:
    """A wrong check character, a wrong length or other digits than ours fail."""
    assert not check_nif(nif)


def _dni(number: int) -> str:
    return f"{number:08d}{_LETTERS[number % 23]}"


@given(st.integers(0, 99_999_999), st.sampled_from(_LETTERS))
def test_one_letter_fits_a_dni(number: int, letter: str) -> None:
    """Of all control letters just the one that the remainder of 23 gives is right."""
    assert check_nif(f"{number:08d}{letter}") == (letter == _LETTERS[number % 23])


@given(st.text(max_size=30))
def test_any_text_can_be_checked(text: str) -> None:
    """Whatever the text, checking and masking it raises nothing."""
    assert check_nif(text) in {True, False}
    assert check_iban(text) in {True, False}
    assert len(normal_nif(text)) <= len(text) * 3
    assert isinstance(mask_iban(text), str)


def _iban(account: int) -> str:
    bban = f"{account:020d}"
    return f"ES{98 - int(bban + '142800') % 97:02d}{bban}"


@given(st.integers(0, 10**20 - 1), st.integers(4, 23), st.integers(1, 9))
def test_one_wrong_digit_fails(account: int, at: int, by: int) -> None:
    """An account with the right check digits passes, and with any one digit changed it fails."""
    iban = _iban(account)
    changed = iban[:at] + str((int(iban[at]) + by) % 10) + iban[at + 1 :]
    assert check_iban(iban)
    assert not check_iban(changed)


@given(
    st.from_regex(r"[0-9A-Z][0-9]{7}[0-9A-Z]", fullmatch=True)
    | st.builds(
        lambda first, rest, letter: f"{first}{rest:07d}{letter}",
        st.sampled_from("0123456789XYZKLM"),
        st.integers(0, 9_999_999),
        st.sampled_from(_LETTERS),
    )
    | st.builds(_dni, st.integers(0, 99_999_999))
    | st.text("0123456789XYZTES", max_size=12)
)
def test_tax_numbers_are_judged_as_stdnum_does(nif: str) -> None:
    """Right or wrong, of whatever kind: python-stdnum says the same."""
    assert check_nif(nif) == stdnum_nif.is_valid(nif)


@given(
    st.builds(_iban, st.integers(0, 10**20 - 1))
    | st.from_regex(r"(ES|FR|AD)[0-9]{20,24}", fullmatch=True)
    | st.builds(
        lambda account, digits: f"ES{digits:02d}{account}",
        st.just("21000418450200051332"),
        st.integers(0, 99),
    )
)
def test_accounts_are_judged_as_stdnum_does(iban: str) -> None:
    """Right or wrong, of whatever country: python-stdnum says the same."""
    assert check_iban(iban) == stdnum_iban.is_valid(iban, check_country=False)


def test_spaces_and_prefix_are_no_matter() -> None:
    """An account is the same with spaces, small letters and IBAN in front."""
    assert normal_iban("IBAN es91 2100 0418 4502 0005 1332") == "ES9121000418450200051332"
    assert normal_iban("IBAN") == "IBAN"


def test_mask_keeps_country_and_last_four() -> None:
    """Of an account only the country and the last four characters are shown."""
    assert mask_iban("ES9121000418450200051332") == "ES** **** **** **** **** 1332"
    assert mask_iban("1234567") == "*******"


@given(st.integers(0, 10**20 - 1))
def test_mask_hides_the_rest(account: int) -> None:
    """The digits between country and last four are not in the masked text."""
    shown = mask_iban(_iban(account)).replace(" ", "")
    assert set(shown[2:-4]) == {"*"}
    assert len(shown) == 24
