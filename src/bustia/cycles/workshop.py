"""What a worker needs to turn invoices into documents, made once a process and release."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bustia.archive.retention import Retention, load_retention
from bustia.compose.company import Company, load_company
from bustia.compose.labels import Labels, load_labels
from bustia.compose.press import Press
from bustia.decide.engine import Decider
from bustia.decide.release import copy_release, load_release
from bustia.instance import Instance
from bustia.seal import (
    Identity,
    Sealer,
    TokenPlace,
    demo_identity,
    load_identity,
    load_token_identity,
)

__all__ = ["Workshop", "keep_release", "open_workshop", "seal_identity", "try_seal"]


@dataclass(frozen=True)
class Workshop:
    """The engines of one release, ready to work."""

    release: str
    decider: Decider
    press: Press
    companies: Mapping[str, Company]
    labels: Mapping[str, Labels]
    sealer: Sealer
    retention: tuple[Retention, ...]


def keep_release(instance: Instance) -> str:
    """Copy the stationery as it is now into the instance; give the hash of this release.

    Raises ``StationeryError`` with all that must be corrected.
    """
    release = load_release(instance.stationery)
    copy_release(release, _releases(instance))
    return release.hash


def seal_identity(instance: Instance) -> Identity:
    """Give whose seal this instance sets: the company's, or the demonstration one."""
    seal = instance.config.seal
    if seal.pkcs12 is not None:
        return load_identity(instance.path / seal.pkcs12, os.environ.get("BUSTIA_SEAL_PASSWORD"))
    if seal.pkcs11_module is not None:
        return load_token_identity(
            TokenPlace(instance.path / seal.pkcs11_module, seal.token, seal.key),
            instance.path / seal.certificate if seal.certificate else None,
            os.environ.get("BUSTIA_SEAL_PIN"),
        )
    return demo_identity(instance.key("seal"))


def try_seal(instance: Instance) -> None:
    """Sign something with the seal's key; raise ``SealError`` if that can't be.

    Tokens lock themselves after a few wrong PINs, so one process tries before many do.
    """
    seal_identity(instance).sign(b"Can this key be used?")


@lru_cache(maxsize=2)
def open_workshop(instance: Instance, release: str) -> Workshop:
    """Set up the engines for a release that the instance keeps; once a process."""
    folder = _releases(instance) / release
    loaded = load_release(folder)
    companies = load_company(folder)
    return Workshop(
        release=loaded.hash,
        decider=Decider(loaded),
        press=Press(
            folder, instance.path / "press", judged_every=instance.config.work.judged_every
        ),
        companies=companies,
        labels=load_labels(folder),
        sealer=Sealer(seal_identity(instance), reason=companies["ca"].name),
        retention=load_retention(folder / "retention.yaml"),
    )


def _releases(instance: Instance) -> Path:
    return instance.path / "releases"
