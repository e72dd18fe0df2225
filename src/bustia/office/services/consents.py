"""The texts that customers agree to: from ``stationery/office/consents``, with their versions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bustia.billing.changes import ConsentKind, ConsentWording
from bustia.billing.models import Contract
from bustia.errors import StationeryError
from bustia.instance import current_instance
from bustia.office.desk import company

__all__ = ["wording_of"]

_LANGUAGES = ("ca", "es", "en")


@dataclass(frozen=True, slots=True)
class _Texts:
    """What is said of one kind of consent."""

    version: str
    granted: Mapping[str, str]
    withdrawn: Mapping[str, str]


@lru_cache(maxsize=8)
def _texts(stationery: Path, kind: ConsentKind) -> _Texts:
    file = stationery / "office" / "consents" / f"{kind}.yaml"
    try:
        read: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        said = (
            {language: str(read[word][language]).strip() for language in _LANGUAGES}
            for word in ("granted", "withdrawn")
        )
        return _Texts(str(read["version"]), *said)
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise StationeryError(f"can't be used: {error}", where=str(file)) from error


def wording_of(
    kind: ConsentKind, contract: Contract, language: str, *, granted: bool
) -> ConsentWording:
    """Give what the holder of a contract reads before agreeing (or withdrawing), and keeps.

    Raises ``StationeryError`` where the text is missing in a language.
    """
    texts = _texts(current_instance().stationery, kind)
    text = (texts.granted if granted else texts.withdrawn)[language]
    filled = text.format(company=company(language).name, contract=contract.number)
    return ConsentWording(filled, texts.version, language)
