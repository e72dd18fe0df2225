"""The tests' database: PostgreSQL from the wheel, one server for all workers of a run.

With ``DATABASE_URL`` in the environment, that server is used instead.
"""

import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from bustia.instance import create_instance, current_instance, open_instance
from bustia.instance.postgres import remove_data
from bustia.settings import database
from hatch_build import compile_catalogues

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
SERVER = Path(tempfile.gettempdir()) / f"bustia-tests-{RUN}"


def pytest_configure(config: pytest.Config) -> None:
    """Tell xdist's workers the name of this run, so that we know what to remove after them."""
    compile_catalogues()  # what a build does: words may have changed since
    if not hasattr(config, "workerinput") and hasattr(config.option, "testrunuid"):
        config.option.testrunuid = RUN


@pytest.fixture(scope="session")
def database_server() -> Iterator[Path]:
    """The instance whose database this run of the tests uses."""
    SERVER.mkdir(mode=0o755, exist_ok=True)
    with (SERVER / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (SERVER / "bustia.toml").exists():
            create_instance(SERVER)
    with open_instance(SERVER):
        yield SERVER


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_server: Path,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Point Django at the server, each worker at a database of its own on it."""
    found = database(current_instance().database_url)
    for connection in connections.all():
        name = connection.settings_dict["TEST"].get("NAME") or f"test_{found['NAME']}"
        connection.settings_dict.update(found)
        connection.settings_dict["TEST"]["NAME"] = name.replace("no-instance-is-open", "bustia")


@pytest.hookimpl(trylast=True)  # after xdist has sent its workers home
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the server's folder, once the last worker has let go of it."""
    if hasattr(session.config, "workerinput") or not SERVER.exists():
        return
    if (SERVER / "postgres").exists():
        remove_data(SERVER)
    shutil.rmtree(SERVER, ignore_errors=True)
