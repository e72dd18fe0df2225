"""What can be said of the seal of an invoice, or of a file that somebody has, to a lay person."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography.x509 import Certificate
from django.db import connection

from bustia.archive.models import Document
from bustia.archive.services import find_by_content, proof_of, retrieve
from bustia.cycles.workshop import seal_identity
from bustia.errors import SealError
from bustia.instance import current_instance
from bustia.instance.instance import Instance
from bustia.seal import Verdict, verify, verify_proof
from bustia.seal.apart import verify_apart

__all__ = ["CheckedFile", "CheckedSeal", "check_file", "check_kept"]

_log = logging.getLogger(__name__)
_COMMON_NAME = re.compile(r"Common Name: ([^;]*)")
_DEMO = "DEMO"

_ONE_EACH, _AT_ONCE = 0x5EA1, 0x5EA2
"""Spaces of PostgreSQL's advisory locks: one for accounts, one for the places that there are."""
_PLACES = 2

Answer = Literal["kept", "unknown", "altered", "foreign", "unsealed", "too_hard", "busy"]
"""``kept``: it is a document of ours, to the byte. ``unknown``: our seal, but we keep no such
document. ``altered``: not as it was sealed. ``foreign``: sealed by somebody else. ``unsealed``:
there is no seal, or it isn't a PDF. ``too_hard``: to look at it took too much. ``busy``: others
are being looked at."""


@dataclass(frozen=True, slots=True)
class CheckedSeal:
    """The seal of a document that we keep."""

    unchanged: bool
    sealed_by: str
    sealed_at: datetime | None
    demo: bool
    """The certificate is one for demonstrations, worth nothing in law."""
    proven: bool
    """It is among the documents that its billing run's evidence counts."""
    together: int
    """How many these are."""


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What a file turned out to be."""

    answer: Answer
    sealed_by: str = ""
    sealed_at: datetime | None = None
    demo: bool = False
    document: Document | None = None
    """For one that we keep: which."""


def check_kept(document: Document) -> CheckedSeal:
    """Check the seal of one of our documents, as it is in the archive."""
    content = retrieve(document)
    verdict = verify(content, _certificates(current_instance()))
    proof = proof_of(document)
    return CheckedSeal(
        unchanged=verdict.unchanged,
        sealed_by=_name(verdict),
        sealed_at=verdict.sealed_at,
        demo=_DEMO in verdict.sealed_by,
        proven=proof is not None and verify_proof(content, proof),
        together=Document.objects.filter(cycle=document.cycle).count() if proof else 0,
    )


def check_file(content: bytes, account: int) -> CheckedFile:
    """Tell what a file is that an account hands in; nothing of it is kept.

    One of ours is known by its bytes. Any other is read by a process that can't take long, one at
    a time for each account and two in all: see docs/decisions/0131.
    """
    if not content.lstrip().startswith(b"%PDF-"):
        return CheckedFile("unsealed")
    document = find_by_content(content)
    if document is not None:
        return _told("kept", verify(content, _certificates(current_instance())), document)
    with _turn(account) as mine:
        if not mine:
            return CheckedFile("busy")
        verdict = verify_apart(content, _certificates(current_instance()))
    return CheckedFile("too_hard") if verdict is None else _told(_answer(verdict), verdict)


def _told(answer: Answer, verdict: Verdict, document: Document | None = None) -> CheckedFile:
    demo = _DEMO in verdict.sealed_by and (verdict.trusted or document is not None)
    return CheckedFile(answer, _name(verdict), verdict.sealed_at, demo, document)


@contextmanager
def _turn(account: int) -> Iterator[bool]:
    """Take one of the places for reading a file, among all processes of the Office, if one is free.

    The locks are the database session's: they end with it, whatever happens to the process.
    """
    held: list[tuple[int, int]] = []
    with connection.cursor() as cursor:

        def take(space: int, place: int) -> bool:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [space, place])
            taken = bool(cursor.fetchone()[0])
            if taken:
                held.append((space, place))
            return taken

        try:
            yield take(_ONE_EACH, account & 0x7FFFFFFF) and any(
                take(_AT_ONCE, place) for place in range(_PLACES)
            )
        finally:
            for one in held:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", one)


def _answer(verdict: Verdict) -> Answer:
    if not verdict.sealed:
        return "unsealed"
    if not verdict.unchanged:
        return "altered"
    return "unknown" if verdict.trusted else "foreign"


def _name(verdict: Verdict) -> str:
    """Give the name in the certificate, without the rest of its subject."""
    found = _COMMON_NAME.search(verdict.sealed_by)
    return found[1].strip() if found else verdict.sealed_by


@lru_cache(maxsize=2)
def _certificates(instance: Instance) -> Sequence[Certificate]:
    """Give the company's certificates; none if its key can't be reached from here.

    Without them a document of ours is still known by its bytes.
    """
    try:
        identity = seal_identity(instance)
    except SealError as error:
        _log.warning("The seal's certificate can't be read: %s", error)
        return ()
    return (identity.certificate, *identity.chain)
