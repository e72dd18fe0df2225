"""The settings of an instance: ``bustia.toml``, checked as a whole, secrets not among them."""

import difflib
import os
import re
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bustia.errors import InstanceError

__all__ = [
    "ArchiveConfig",
    "Config",
    "EmailConfig",
    "NoticesConfig",
    "OfficeConfig",
    "PaymentsConfig",
    "PostConfig",
    "SealConfig",
    "SmsConfig",
    "StationeryConfig",
    "WorkConfig",
    "load_config",
    "shipped_stationery",
]

Port = Annotated[int, Field(ge=1, le=65535)]
_HEADER = re.compile(r"\[\s*([^\[\]]+?)\s*\]")


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EmailConfig(_Section):
    """How mails leave: an SMTP server; its password is ``BUSTIA_SMTP_PASSWORD``."""

    host: str = "localhost"
    port: Port = 25
    tls: Literal["none", "starttls", "tls"] = "starttls"
    username: str = ""
    sender: str = "factures@vallserena.example"
    return_path_domain: str = "vallserena.example"


class SmsConfig(_Section):
    """How SMS leave: into a folder, or over SMPP; its password is ``BUSTIA_SMPP_PASSWORD``."""

    adapter: Literal["spool", "smpp"] = "spool"
    host: str = "localhost"
    port: Port = 2775
    system_id: str = ""
    sender: str = "AVallserena"


class PostConfig(_Section):
    """Where print runs go."""

    folder: Path = Path("outbox/post")


class NoticesConfig(_Section):
    """When the notices of coming invoices may be sent."""

    earliest_days: Annotated[int, Field(ge=1, le=60)] = 10
    latest_days: Annotated[int, Field(ge=0, le=60)] = 7
    from_hour: time = time(9)
    to_hour: time = time(20)
    on_sundays: bool = False
    holidays: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _window_and_hours_are_in_order(self) -> "NoticesConfig":
        if self.latest_days > self.earliest_days:
            raise ValueError("latest_days must not be more than earliest_days")
        if self.from_hour >= self.to_hour:
            raise ValueError("from_hour must be before to_hour")
        return self


class SealConfig(_Section):
    """The certificate that seals: a PKCS#12 file; its password is ``BUSTIA_SEAL_PASSWORD``.

    Or the key called ``key`` in a PKCS#11 token, whose PIN is ``BUSTIA_SEAL_PIN``; its certificate
    is a PEM file, or in the token under the same name. Without any, a demonstration certificate is
    used that says so in its subject.
    """

    pkcs12: Path | None = None
    pkcs11_module: Path | None = None
    token: str = ""
    key: str = ""
    certificate: Path | None = None

    @property
    def is_demonstration(self) -> bool:
        """Whether no certificate of a company's own is named."""
        return self.pkcs12 is None and self.pkcs11_module is None

    @model_validator(mode="after")
    def _one_key_is_named_in_full(self) -> "SealConfig":
        if self.pkcs11_module is None:
            if self.token or self.key or self.certificate:
                raise ValueError("a token needs pkcs11_module, the library that comes with it")
        elif self.pkcs12 is not None:
            raise ValueError("name pkcs12 or pkcs11_module, not both")
        elif not (self.token and self.key):
            raise ValueError("pkcs11_module needs token and key, the names of these")
        return self


class ArchiveConfig(_Section):
    """Where sealed documents are kept."""

    folder: Path = Path("archive")


class WorkConfig(_Section):
    """How many processes compose at once, 0 for one a core, and how many invoices a job takes."""

    processes: Annotated[int, Field(ge=0, le=256)] = 0
    chunk: Annotated[int, Field(ge=1, le=10_000)] = 250
    judged_every: Annotated[int, Field(ge=0)] = 5000
    """One in so many pressed documents is compared with what Typst makes of it; 0 for none."""

    @property
    def workers(self) -> int:
        """The number of worker processes."""
        return self.processes or os.cpu_count() or 1


class OfficeConfig(_Section):
    """Where the Virtual Office is served; TLS is a reverse proxy's."""

    url: Annotated[str, Field(pattern=r"^(https?://[^/\s]+)?$")] = ""
    """As customers write it, without a path; empty for the stationery's ``office_url``."""
    host: str = "127.0.0.1"
    port: Port = 8000
    workers: Annotated[int, Field(ge=0, le=64)] = 0
    """Server processes; 0 for one a core."""
    trusted_proxies: Annotated[int, Field(ge=0, le=8)] = 1
    """How many proxies stand before it: as many entries of X-Forwarded-For are theirs."""
    demo: bool = False
    """Shows made-up customers to sign in as, and their mails: never on a real instance."""


class PaymentsConfig(_Section):
    """Where customers pay online: a terminal at Redsys; its key is ``BUSTIA_REDSYS_KEY``."""

    adapter: Literal["none", "redsys"] = "none"
    merchant: Annotated[str, Field(pattern=r"^(\d{1,9})?$")] = ""
    """The merchant's number (FUC), as the bank gave it."""
    terminal: Annotated[str, Field(pattern=r"^\d{1,3}$")] = "1"
    url: Annotated[
        str, Field(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)(:\d+)?/)\S*$")
    ] = "https://sis.redsys.es/sis/realizarPago"
    """The bank's pay page; one on this very machine is the bank of a demonstration."""
    minutes: Annotated[int, Field(ge=5, le=1440)] = 60
    """After so long without word from the bank, a payment that was begun counts as given up."""

    @model_validator(mode="after")
    def _a_terminal_is_named_in_full(self) -> "PaymentsConfig":
        if self.adapter == "redsys" and not self.merchant:
            raise ValueError("redsys needs merchant, the number that the bank gave")
        return self

    @property
    def is_demonstration(self) -> bool:
        """Whether the bank is made up: a page on this machine."""
        return self.url.startswith("http://")


class StationeryConfig(_Section):
    """The folder with templates, rules and texts; without one, what ships with Bústia."""

    folder: Path | None = None


class Config(_Section):
    """All settings of an instance; paths are relative to its folder."""

    email: EmailConfig = EmailConfig()
    sms: SmsConfig = SmsConfig()
    post: PostConfig = PostConfig()
    notices: NoticesConfig = NoticesConfig()
    seal: SealConfig = SealConfig()
    archive: ArchiveConfig = ArchiveConfig()
    work: WorkConfig = WorkConfig()
    office: OfficeConfig = OfficeConfig()
    payments: PaymentsConfig = PaymentsConfig()
    stationery: StationeryConfig = StationeryConfig()

    @model_validator(mode="after")
    def _made_up_banks_stay_in_demonstrations(self) -> "Config":
        made_up = self.payments.adapter != "none" and self.payments.is_demonstration
        if made_up and not self.office.demo:
            raise ValueError("payments.url must be a bank's, with https, outside demonstrations")
        return self


def load_config(file: Path) -> Config:
    """Read ``bustia.toml``; raise ``InstanceError`` naming the line and what to write instead."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InstanceError(
            "there is no instance here.",
            where=str(file.parent),
            hint=f"Create one with: bustia init {file.parent}",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InstanceError(f"can't be read: {error}", where=str(file)) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InstanceError(f"is not valid TOML: {error}", where=str(file)) from error
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise _explain(error, file, text) from None


def _explain(error: ValidationError, file: Path, text: str) -> InstanceError:
    """Turn pydantic's first complaint into a line, a sentence and a suggestion."""
    first = error.errors()[0]
    names = [str(part) for part in first["loc"]]
    line = _line_of(text, names)
    where = f"{file}, line {line}" if line else str(file)
    name = ".".join(names)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(names[-1], _known(names[:-1]), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(_known(names[:-1]))}."
        return InstanceError(f"there is no setting {name}.", where=where, hint=hint)
    wrong = f"{first['msg'].removeprefix('Value error, ')}."
    return InstanceError(f"{name}: {wrong}" if name else wrong, where=where)


def _known(section: list[str]) -> list[str]:
    model: Any = Config
    for name in section:
        field = model.model_fields.get(name)
        if field is None:
            return []
        model = field.annotation
    return sorted(model.model_fields)


def _line_of(text: str, names: list[str]) -> int | None:
    """Find the line of a setting: within its section, the line that begins with its name."""
    section: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        header = _HEADER.match(stripped)
        if header is not None:
            section = [part.strip() for part in header[1].split(".")]
            if names == section:
                return number
        elif [*section, stripped.split("=")[0].strip()] == names:
            return number
    return None


def shipped_stationery() -> Path:
    """Give the stationery that ships with Bústia: in the wheel, or beside ``src`` in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_stationery"
    return installed if installed.is_dir() else package.parents[1] / "stationery"
