"""Seals documents, verifies seals, and keeps evidence of a whole cycle."""

from bustia.seal.evidence import EvidenceTree, Proof, verify_proof
from bustia.seal.keys import Identity, as_pem, demo_identity, load_identity
from bustia.seal.pades import Sealer
from bustia.seal.token import TokenPlace, load_token_identity
from bustia.seal.verify import Verdict, verify

__all__ = [
    "EvidenceTree",
    "Identity",
    "Proof",
    "Sealer",
    "TokenPlace",
    "Verdict",
    "as_pem",
    "demo_identity",
    "load_identity",
    "load_token_identity",
    "verify",
    "verify_proof",
]
