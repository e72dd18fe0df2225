"""Tax numbers, bank accounts and telephones of nobody, with check characters that are right."""

from random import Random

__all__ = ["company_nif", "iban", "mobile", "person_nif"]

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_COUNCIL_LETTERS = "JABCDEFGHI"
_CCC_WEIGHTS = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
_BANK = "9999"
"""No bank has this code."""


def person_nif(random: Random) -> str:
    """Give a NIF, or for some a NIE, with its check letter."""
    if random.random() < 0.1:
        prefix = random.choice("XYZ")
        number = random.randint(0, 9_999_999)
        return f"{prefix}{number:07d}{_LETTERS[('XYZ'.index(prefix) * 10_000_000 + number) % 23]}"
    number = random.randint(10_000_000, 99_999_999)
    return f"{number}{_LETTERS[number % 23]}"


def company_nif(random: Random, kind: str = "B") -> str:
    """Give a NIF of a kind: A or B for companies (check digit), P for councils (letter)."""
    digits = f"{random.randint(0, 9_999_999):07d}"
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[::2])
    total = sum(doubled) + sum(int(digit) for digit in digits[1::2])
    check = -total % 10
    return f"{kind}{digits}{_COUNCIL_LETTERS[check] if kind == 'P' else check}"


def iban(random: Random) -> str:
    """Give a Spanish IBAN of a bank that doesn't exist, all its check digits right."""
    branch, account = f"{random.randint(0, 9999):04d}", f"{random.randint(0, 10**10 - 1):010d}"
    checks = _ccc_digit(f"00{_BANK}{branch}") + _ccc_digit(account)
    national = f"{_BANK}{branch}{checks}{account}"
    return f"ES{98 - int(national + '142800') % 97:02d}{national}"


def _ccc_digit(ten_digits: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(ten_digits, _CCC_WEIGHTS, strict=True))
    check = 11 - total % 11
    return str({10: 1, 11: 0}.get(check, check))


def mobile(number: int) -> str:
    """Give a mobile number that looks made up: +34 600 000 000 and on."""
    return f"+346{number % 100_000_000:08d}"
