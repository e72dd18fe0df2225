"""One number that stands for all documents of a cycle, and a short proof for each of them.

The documents' SHA-256 digests are the leaves of a hash tree as RFC 4998 (section 4.2) builds it: a
node is the digest of its children's digests, put in ascending order. Whoever has the root, for
instance with a time stamp of somebody else's, can check any document by its reduced hash tree
(section 4.3) without seeing the others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bustia.errors import SealError

__all__ = ["EvidenceTree", "Proof", "verify_proof"]

ALGORITHM = "sha256"


@dataclass(frozen=True, slots=True)
class Proof:
    """The reduced hash tree of one document: the digests it is combined with, level by level."""

    digest: bytes
    root: bytes
    partials: tuple[bytes, ...]

    def as_json(self) -> dict[str, object]:
        """Give the proof as plain data, digests in hexadecimal."""
        return {
            "standard": "RFC 4998, section 4: reduced hash tree",
            "algorithm": ALGORITHM,
            "digest": self.digest.hex(),
            "root": self.root.hex(),
            "reduced_hashtree": [one.hex() for one in self.partials],
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> "Proof":
        """Read what ``as_json`` gave; raise ``SealError`` if it is something else."""
        try:
            algorithm, tree = data["algorithm"], data["reduced_hashtree"]
            digests = [str(data["digest"]), str(data["root"]), *map(str, _as_list(tree))]
            digest, root, *partials = [bytes.fromhex(one) for one in digests]
        except (KeyError, ValueError) as error:
            raise SealError("this is not a proof that Bústia wrote.") from error
        if algorithm != ALGORITHM:
            raise SealError(f"this proof uses {algorithm}; only {ALGORITHM} is known.")
        return cls(digest, root, tuple(partials))


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


class EvidenceTree:
    """The hash tree over some documents, in the order given; 32 bytes a document and level."""

    def __init__(self, digests: Sequence[bytes]) -> None:
        if not digests:
            raise SealError("an evidence tree needs at least one document.")
        self._levels = [list(digests)]
        while len(self._levels[-1]) > 1:
            level = self._levels[-1]
            above = [_node(level[index], level[index + 1]) for index in range(0, len(level) - 1, 2)]
            if len(level) % 2:
                above.append(level[-1])
            self._levels.append(above)

    @property
    def root(self) -> bytes:
        """The digest that stands for all of them."""
        return self._levels[-1][0]

    def __len__(self) -> int:
        return len(self._levels[0])

    def proof(self, index: int) -> Proof:
        """Give the proof of the document at a place, from 0."""
        if not 0 <= index < len(self):
            raise SealError(f"the tree has no document {index}.")
        digest = self._levels[0][index]
        partials = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                partials.append(level[beside])
            index //= 2
        return Proof(digest, self.root, tuple(partials))


def verify_proof(document: bytes, proof: Proof) -> bool:
    """Whether a document, byte for byte, is one of those under the proof's root."""
    current = hashlib.sha256(document).digest()
    if current != proof.digest:
        return False
    for partial in proof.partials:
        current = _node(current, partial)
    return current == proof.root


def _node(one: bytes, other: bytes) -> bytes:
    return hashlib.sha256(one + other if one < other else other + one).digest()
