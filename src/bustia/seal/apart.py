"""Verifies a file from anybody in a process of its own, which can't take long or much memory.

A PDF can be made so that reading it takes for ever or fills the machine. Here the reader has so
many seconds of the processor and so much memory, and nothing that it does outlives it.
"""

import json
import resource
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bustia.seal.verify import Verdict, verify

__all__ = ["verify_apart"]

_SECONDS = 5
_MEMORY_BYTES = 1 << 30
_HEAD = struct.Struct(">I")


def verify_apart(
    pdf: bytes, trusted: Sequence[x509.Certificate], seconds: int = _SECONDS
) -> Verdict | None:
    """Verify the seal of a PDF as :func:`verify` does; None if it took too much."""
    certificates = b"".join(one.public_bytes(Encoding.PEM) for one in trusted)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "bustia.seal.apart", str(seconds)],
            input=_HEAD.pack(len(certificates)) + certificates + pdf,
            capture_output=True,
            timeout=seconds * 3,  # the machine may be busy
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        return None
    found = Verdict(**json.loads(done.stdout))
    at = found.sealed_at
    return replace(found, sealed_at=datetime.fromisoformat(str(at)) if at else None)


def _main(seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    given = sys.stdin.buffer.read()
    (length,) = _HEAD.unpack_from(given)
    certificates, pdf = given[_HEAD.size : _HEAD.size + length], given[_HEAD.size + length :]
    trusted = x509.load_pem_x509_certificates(certificates) if certificates else []
    verdict = asdict(verify(pdf, trusted))
    if verdict["sealed_at"] is not None:
        verdict["sealed_at"] = verdict["sealed_at"].isoformat()
    sys.stdout.write(json.dumps(verdict))


if __name__ == "__main__":
    _main(int(sys.argv[1]))
