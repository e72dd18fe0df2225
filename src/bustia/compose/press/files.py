"""Writes the files that go along in a document (ISO 32000-2, 7.11.4 and 14.13)."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from bustia.compose.attachments import Attachment, cleaned
from bustia.compose.press.pdf import deflate, escaped, moment, text
from bustia.errors import UnpressableError

__all__ = ["embedded", "file_leaves", "key_of", "specification", "told_of"]

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


def file_leaves(attachments: Sequence[Attachment]) -> list[Attachment]:
    """Give the files as leaves of a form, in the order that names have in a file.

    Raise ``UnpressableError`` for what Typst shall judge: odd names or types, one name twice.
    """
    files = sorted(cleaned(attachments), key=lambda one: one.name)
    if len({one.name for one in files}) < len(files):
        raise UnpressableError("two files attached to it have one name")
    if not all(one.name.isprintable() for one in files):
        raise UnpressableError("a file attached to it has an unusual name")
    if not all(_MEDIA_TYPE.fullmatch(one.media_type) for one in files):
        raise UnpressableError("a file attached to it is of an unknown media type")
    return files


def told_of(leaf: int, say: Callable[[Attachment], bytes]) -> Callable[[Sequence[Any]], bytes]:
    """Give what says something of the file that is this leaf."""
    return lambda leaves: say(leaves[leaf])


def specification(leaf: int, stream: Any) -> dict[str, Any]:  # noqa: ANN401 (a node)
    """Give the file specification of the file that is this leaf; ``stream`` holds it."""
    return {
        "/Type": b"/Filespec",
        "/F": told_of(leaf, key_of),
        "/UF": told_of(leaf, lambda file: text(file.name)),
        "/Desc": told_of(leaf, lambda file: text(file.description)),
        "/AFRelationship": told_of(leaf, lambda file: b"/" + file.relationship.title().encode()),
        "/EF": {"/F": stream, "/UF": stream},
    }


def key_of(file: Attachment) -> bytes:
    """Write the name under which a file is listed: in UTF-8, which keeps the order of names."""
    return b"(" + escaped(file.name.encode()) + b")"


def embedded(file: Attachment, stamp: datetime) -> bytes:
    """Write the stream that holds a file; ``stamp`` is in UTC."""
    packed = deflate(file.data)
    media_type = file.media_type.replace("/", "#2F").encode()
    return (
        b"<</Type/EmbeddedFile/Subtype/%s/Params<</ModDate%s/Size %d>>"
        b"/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
    ) % (media_type, moment(stamp), len(file.data), len(packed), packed)
