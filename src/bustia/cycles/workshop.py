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
from bustia.seal import Identity, Sealer, demo_identity, load_identity

__all__ = ["Workshop", "keep_release", "open_workshop", "seal_identity"]


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
    pkcs12 = instance.config.seal.pkcs12
    if pkcs12 is None:
        return demo_identity(instance.key("seal"))
    return load_identity(instance.path / pkcs12, os.environ.get("BUSTIA_SEAL_PASSWORD"))


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
