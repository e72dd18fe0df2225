"""The evidence tree: every document's proof holds, and nobody else's."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.errors import SealError
from bustia.seal import EvidenceTree, Proof, verify_proof


def _tree(documents: list[bytes]) -> EvidenceTree:
    return EvidenceTree([hashlib.sha256(one).digest() for one in documents])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=8), min_size=1, max_size=40, unique=True))
def test_every_document_has_a_proof_that_no_other_fits(documents: list[bytes]) -> None:
    """Any number of documents, odd ones too; the proof survives being written as JSON."""
    tree = _tree(documents)
    for index, document in enumerate(documents):
        proof = tree.proof(index)
        assert proof.root == tree.root
        again = Proof.from_json(json.loads(json.dumps(proof.as_json())))
        assert proof == again
        assert verify_proof(document, again)
        assert not verify_proof(document + b"!", again)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.binary(max_size=8), min_size=2, max_size=20, unique=True), st.data())
def test_the_root_depends_on_every_document(documents: list[bytes], data: st.DataObject) -> None:
    """Another document at any place makes another root."""
    index = data.draw(st.integers(0, len(documents) - 1))
    changed = [*documents]
    changed[index] += b" changed, so that it equals no other"
    assert _tree(documents).root != _tree(changed).root


def test_one_document_is_its_own_root() -> None:
    """The smallest cycle has one document, and a proof without steps."""
    tree = _tree([b"only"])
    assert hashlib.sha256(b"only").digest() == tree.root
    assert tree.proof(0).partials == ()


def test_nodes_are_made_as_the_standard_says() -> None:
    """RFC 4998, 4.2: the children's digests in ascending order, one after the other."""
    one, other = sorted(hashlib.sha256(text).digest() for text in (b"a", b"b"))
    expected = hashlib.sha256(one + other).digest()
    assert expected == _tree([b"a", b"b"]).root == _tree([b"b", b"a"]).root


def test_a_changed_proof_fails() -> None:
    """A proof whose steps or root were changed proves nothing."""
    proof = _tree([b"a", b"b", b"c"]).proof(0)
    other = hashlib.sha256(b"other").digest()
    assert not verify_proof(b"a", Proof(proof.digest, other, proof.partials))
    assert not verify_proof(b"a", Proof(proof.digest, proof.root, (other, *proof.partials[1:])))


def test_nothing_has_no_tree() -> None:
    """A tree over no documents, or a proof of one that isn't there, is refused."""
    with pytest.raises(SealError):
        EvidenceTree([])
    with pytest.raises(SealError):
        _tree([b"a"]).proof(1)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"algorithm": "sha256", "digest": "zz", "root": "00", "reduced_hashtree": []},
        {"algorithm": "md5", "digest": "00", "root": "00", "reduced_hashtree": []},
    ],
)
def test_what_is_no_proof_is_refused(data: dict[str, object]) -> None:
    """Other JSON files are told apart."""
    with pytest.raises(SealError):
        Proof.from_json(data)
