"""A signature container made once by pyHanko, then filled in for each document.

For one identity and signing time, CMS containers (RFC 5652) differ in two places only: the
document's digest among the signed attributes, and the signature over these. pyHanko builds the
first; its parts are kept, and the others are put together from them, which takes microseconds.
"""

from asn1crypto import cms

from bustia.errors import SealError
from bustia.seal.keys import Identity

__all__ = ["CmsTemplate"]

_SEQUENCE, _SET, _OCTETS, _CONTEXT_0 = 0x30, 0x31, 0x04, 0xA0


class CmsTemplate:
    """The parts of a container that stay the same while the digest changes."""

    def __init__(self, container: cms.ContentInfo, digest: bytes) -> None:
        """Take a container apart that signs a document with this digest."""
        content = container["content"]
        (signer,) = content["signer_infos"]
        attributes = signer["signed_attrs"].untag().dump()
        if (
            attributes.count(digest) != 1
            or content["crls"].native
            or signer["unsigned_attrs"].native
        ):
            raise SealError("the signature container is not of the form that is known.")
        # The digest has a fixed length, so the attributes keep theirs.
        self._before, self._after = attributes.split(digest)
        self._signer_start = b"".join(
            signer[name].dump() for name in ("version", "sid", "digest_algorithm")
        )
        self._algorithm = signer["signature_algorithm"].dump()
        self._content_start = b"".join(
            content[name].dump()
            for name in ("version", "digest_algorithms", "encap_content_info", "certificates")
        )
        self._type = container["content_type"].dump()
        self._around: dict[int, tuple[bytes, bytes]] = {}

    def fill(self, digest: bytes, identity: Identity) -> bytes:
        """Give the container, DER encoded, for a document with this SHA-256 digest."""
        attributes: bytes = self._before + digest + self._after
        signature = identity.sign(attributes)
        size = len(signature)
        around = self._around.get(size)
        if around is None:
            around = self._around[size] = self._parts_around(len(attributes), size)
        # Signed as a SET, contained under a tag of its own (RFC 5652, 5.4), which stands before.
        return around[0] + attributes[1:] + around[1] + signature

    def _parts_around(self, attributes_size: int, signature_size: int) -> tuple[bytes, bytes]:
        """Give what stands before the attributes and between them and a signature of a size."""
        between = self._algorithm + _tlv(_OCTETS, bytes(signature_size))[:-signature_size]
        rest = bytes(attributes_size - 1) + between + bytes(signature_size)
        signer = _tlv(_SEQUENCE, self._signer_start, bytes([_CONTEXT_0]), rest)
        content = _tlv(_SEQUENCE, self._content_start, _tlv(_SET, signer))
        return _tlv(_SEQUENCE, self._type, _tlv(_CONTEXT_0, content))[: -len(rest)], between


def _tlv(tag: int, *parts: bytes) -> bytes:
    """Encode parts under a tag, with their length in DER's shortest form."""
    value = b"".join(parts)
    length = len(value)
    if length < 0x80:
        return bytes([tag, length]) + value
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + value
