"""What the tests of delivering share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bustia.instance import Instance
from bustia.instance.config import Config, EmailConfig
from bustia.instance.keys import write_key
from tests.deliver.town import MailServer, Town


@pytest.fixture
def town(db: None) -> Town:
    """A town with nobody in it yet."""
    return Town()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server that takes everything."""
    with MailServer() as server:
        yield server


@pytest.fixture
def instance(tmp_path: Path, mail_server: MailServer) -> Instance:
    """An instance whose mail goes to the tests' server; its database is the tests' own."""
    write_key(tmp_path / "keys" / "links.key", "12" * 32)
    email = EmailConfig(host="127.0.0.1", port=mail_server.port, tls="none")
    return Instance(tmp_path, Config(email=email), "", None)
