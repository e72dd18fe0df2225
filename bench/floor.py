"""The floor: what no composer of such files can save, done on files that are there already.

Their streams are deflated anew, one signature is made; hashing and compressing come with the
archive, as for all. A composer at the floor would lay out its pages in no time at all.
"""

import io
import pickle
from collections.abc import Sequence

import pikepdf
from isal import isal_zlib

from bench.bills import Bill
from bench.composers import PRESSED, Composer, ReferenceComposer, Workplace
from bustia.seal import load_identity

__all__ = ["Floor"]

_LEVEL = 0  # the fastest: a floor takes what can be had


class Floor(Composer):
    """Deflates and signs what the press made; Typst's documents, where there is no press."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self._identity = load_identity(place.identity, None)
        self._whose = ""
        self._ready: list[tuple[list[bytes], bytes]] = []
        self._next = 0

    def warm(self, bills: Sequence[Bill]) -> None:
        """Take some documents, and inflate what is different in each of them."""
        made: list[bytes]
        if self.place.pressed.exists():
            self._whose = "the press's"
            made = pickle.loads(self.place.pressed.read_bytes())  # noqa: S301 (our own file)
        else:
            self._whose = "Typst's"
            reference = ReferenceComposer(self.place)
            made = [reference.compose(bill) for bill in bills[: min(PRESSED, len(bills) // 2)]]
        streams = [_streams(pdf) for pdf in made]
        common = set(streams[0]).intersection(*streams[1:]) if len(streams) > 1 else set()
        self._ready = [
            ([data for data in own if data not in common], pdf)
            for own, pdf in zip(streams, made, strict=True)
        ]

    def compose(self, bill: Bill) -> bytes:
        """Do for one document what can't be saved; ``bill`` is one of those it has ready."""
        del bill
        streams, pdf = self._ready[self._next % len(self._ready)]
        self._next += 1
        for data in streams:
            isal_zlib.compress(data, _LEVEL)
        self._identity.sign(pdf[:96])  # as long as a CMS's signed attributes, or nearly
        return pdf

    def note(self) -> str:
        """Say whose documents these are."""
        return f"deflate, SHA-256, signature and zstd of {self._whose} documents"


def _streams(pdf: bytes) -> list[bytes]:
    """Give the inflated streams of a file, fonts and the like among them."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [
            one.read_bytes()
            for one in opened.objects
            if isinstance(one, pikepdf.Stream) and one.get("/Filter") == "/FlateDecode"
        ]
