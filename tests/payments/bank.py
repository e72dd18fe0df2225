"""The fake bank of the tests: a real HTTP server that signs by OpenSSL's own 3DES, not by ours."""

import base64
import hmac
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from bustia.payments.demo import DemoBank, running_demo_bank, tell
from bustia.payments.redsys import TEST_KEY

__all__ = ["FakeBank", "running_bank", "signed_by_openssl"]


def signed_by_openssl(key: str, order: str, parameters: str) -> bytes:
    """Sign as Redsys's guide says, with none of the product's code."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed: it is the bank's independent signer")
    number = order.encode()
    padded = number + b"\0" * ((8 - len(number) % 8) % 8)
    raw = base64.b64decode(key).hex()
    made = subprocess.run(
        [program, "enc", "-des-ede3-cbc", "-K", raw, "-iv", "00" * 8, "-nopad"],
        input=padded, capture_output=True, check=True,
    )  # fmt: skip
    return hmac.new(made.stdout, parameters.encode(), "sha256").digest()


@dataclass
class FakeBank:
    """A bank that remembers what it told the merchant, and can hold its notifications back."""

    key: str = TEST_KEY
    hold: bool = False
    told: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.bank = DemoBank(self.key, signed_by_openssl, self._notify)

    def _notify(self, url: str, fields: Mapping[str, str]) -> None:
        self.told.append((url, fields))
        if not self.hold:
            tell(url, fields)

    def tell_again(self) -> None:
        """Send every notification again, as banks do when they weren't sure of the first."""
        for url, fields in self.told:
            tell(url, fields)


@contextmanager
def running_bank() -> Iterator[FakeBank]:
    """Run a fake bank on a free port."""
    fake = FakeBank()
    with running_demo_bank(fake.bank, demo=True) as url:
        fake.url = url
        yield fake
