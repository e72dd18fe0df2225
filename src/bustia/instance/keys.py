"""The keys of an instance: small files that only their owner may read, or the environment."""

import os
import secrets
from pathlib import Path

from bustia.errors import InstanceError

__all__ = ["read_key", "write_key"]


def write_key(file: Path, value: str | None = None) -> str:
    """Write a key file once, mode 0600; a random key of 256 bits unless a value is given."""
    value = value or secrets.token_hex(32)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(value)
    return value


def read_key(file: Path, variable: str) -> str:
    """Give a key from the environment or its file; raise ``InstanceError`` if it isn't safe."""
    from_environment = os.environ.get(variable)
    if from_environment:
        return from_environment
    try:
        mode = file.stat().st_mode & 0o077
        value = file.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise InstanceError(
            "this is not a key.", where=str(file), hint="Restore it from your backup."
        ) from error
    except PermissionError as error:
        raise InstanceError(
            "this key belongs to another user.",
            where=str(file),
            hint="Run bustia as the user that created the instance.",
        ) from error
    except OSError as error:
        raise InstanceError(
            "the key is missing.",
            where=str(file),
            hint=f"Restore it from your backup, or set {variable}. Without it, encrypted data "
            "can't be read.",
        ) from error
    if mode:
        raise InstanceError(
            "others than its owner may read this key.", where=str(file), hint=f"chmod 600 {file}"
        )
    return value
