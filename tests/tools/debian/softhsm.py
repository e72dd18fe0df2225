"""SoftHSM2, a security module in software: tokens to try PKCS#11 with."""

import ctypes
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.tools.debian import give_up, program

__all__ = ["SoftHsm"]


class SoftHsm:
    """A folder with tokens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._util = program("softhsm2-util")
        self.module = self._module()
        """The library that programs load."""
        self.settings = folder / "softhsm2.conf"
        """What ``SOFTHSM2_CONF`` must name for this library."""
        self.libraries = ":".join(map(str, self._util.libraries))
        """What ``LD_LIBRARY_PATH`` must name for programs that load it."""
        tokens = folder / "tokens"
        tokens.mkdir()
        self.settings.write_text(
            f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
        )

    def make_token(self, label: str, pin: str) -> None:
        """Make an empty token."""
        self._run("--init-token", "--free", "--label", label, "--so-pin", "0000", "--pin", pin)

    def put_key(
        self,
        token: str,
        pin: str,
        label: str,
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    ) -> None:
        """Put a private key into a token."""
        file = self._folder / "key.pem"
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        number = secrets.token_hex(8)
        self._run(
            "--import", file, "--token", token, "--pin", pin, "--label", label, "--id", number
        )
        file.unlink()

    def load_libraries(self) -> None:
        """Load what the library needs and the machine hasn't got into this process."""
        waiting = {
            file.resolve()
            for folder in self._util.libraries
            for file in folder.glob("*.so*")
            if "softhsm" not in file.name
        }
        while waiting:
            left = {file for file in waiting if not _loads(file)}
            if left == waiting:
                return
            waiting = left

    def _run(self, *arguments: str | Path) -> None:
        answer = self._util.run("--module", self.module, *arguments, SOFTHSM2_CONF=self.settings)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def _module(self) -> Path:
        root = self._util.root
        above = root / "usr" if root else Path(self._util.path).resolve().parents[1]
        for pattern in ("lib*/softhsm/libsofthsm2.so", "lib*/*/softhsm/libsofthsm2.so"):
            for found in sorted(above.glob(pattern)):
                return found
        return give_up("softhsm2-util is there, but not libsofthsm2.so.")


def _loads(library: Path) -> bool:
    try:
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True
