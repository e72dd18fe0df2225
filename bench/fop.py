"""Finds Apache FOP: by ``FOP_CLASSPATH``, in ``FOP_HOME``, or where Debian puts it."""

import os
import shutil
from pathlib import Path

from bench.composers import Missing

__all__ = ["class_path"]

_DEBIAN = Path("/usr/share/java")


def class_path() -> str:
    """Give the class path of FOP; raise ``Missing`` where there is none, or no Java."""
    if shutil.which("java") is None:
        raise Missing("there is no Java")
    given = os.environ.get("FOP_CLASSPATH")
    if given:
        return given
    home = os.environ.get("FOP_HOME")
    if home:
        for folder in (Path(home), Path(home) / "fop"):
            if (folder / "build").is_dir():
                return os.pathsep.join(f"{folder / part}/*" for part in ("build", "lib"))
    if (_DEBIAN / "fop.jar").exists():
        return f"{_DEBIAN}/*"
    raise Missing("not installed: set FOP_HOME or FOP_CLASSPATH, or install the package fop")
