"""The press: fills forms that Typst laid out once, thousands of times a second.

A bill is a frame with parts in it. Each is laid out by Typst once for all bills in which it has
the same structure and as many lines in each paragraph; frame and parts together are a form, which
is filled with what one bill says. What can't be pressed for certain is left to Typst.
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from bustia.compose.attachments import Attachment
from bustia.compose.characters import writable
from bustia.compose.layouts import Layout, layouts
from bustia.compose.parts import BillView, Text
from bustia.compose.press.assembling import Assembler
from bustia.compose.press.bill_parts import FRAME, KINDS, RECURRING, Part, frame_view, parts_of
from bustia.compose.press.files import file_leaves
from bustia.compose.press.form import Form, Leaves
from bustia.compose.press.judge import differences
from bustia.compose.press.kit import Kit, characters_of, make_kit
from bustia.compose.press.known import Known, Pieces, Wanted
from bustia.compose.press.metadata import Metadata
from bustia.compose.press.pieces import STEP, Piece, PieceMaker
from bustia.compose.press.probing import PLACEHOLDERS, Placeholders, Prober, Width, placeholder
from bustia.compose.press.sealing import Seal, SealPlace
from bustia.compose.press.store import PieceStore
from bustia.compose.press.structure import replaced, structure_of
from bustia.compose.typst_composer import TypstComposer
from bustia.errors import UnpressableError

__all__ = ["Press", "Pressed", "Verdicts"]

_PROBED_HEIGHT = 10.0
_WIDTHS: tuple[Width, ...] = ("narrow", "wide", "full")
_LAST_WORD = len(PLACEHOLDERS) ** 2 - 1
"""The placeholders of slots are counted from the last one on."""
_FITS = 0.01
"""Points by which a page must have room, or not: what is closer is left to Typst."""
_MOST_RECURRING = 1_000
"""Parts that say what others said before, kept in memory: a bound on it."""
_MOST_FORMS = 500
"""Forms kept in memory, those used last: a bound on it."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A composed and sealed document, and who composed it."""

    pdf: bytes
    pages: int
    composer: str
    """``press``, or ``typst`` where the press left it to the reference composer."""
    sha256: str
    """The document's digest, in hexadecimal digits."""
    form: str = ""
    """Names its form; empty for a document of Typst's."""
    form_size: int = 0
    """With how many bytes all documents of the form begin."""
    fonts_size: int = 0
    """With how many bytes all documents of the release and language begin."""
    why: str = ""
    """Why it was left to Typst."""
    pieces: frozenset[int] = frozenset()
    """What it was put together from, as numbered in this process."""


@dataclass(slots=True)
class Verdicts:
    """What the judge found so far."""

    compared: int = 0
    differences: list[str] = field(default_factory=list)
    """What differed, in words that tell nothing about anybody; each once."""
    rejected: set[int] = field(default_factory=set)
    """The pieces that were taken off the press, as in :attr:`Pressed.pieces`."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A form with the pieces it is put together from."""

    form: Form
    pieces: tuple[Known, ...]
    numbers: frozenset[int]


class Press:
    """Composes and seals bills with the templates of one stationery folder.

    Make one for each process and keep it: it holds fonts and forms. It is not for use by two
    threads at once. ``cache`` is a folder in which pieces are kept for all processes. The judge
    compares the first document of every piece, and one in ``judged_every`` after that, with what
    the reference composer makes of the same bill; 0 for none.
    """

    def __init__(
        self, stationery: Path, cache: Path | None = None, *, judged_every: int = 5000
    ) -> None:
        self.reference = TypstComposer(stationery)
        self.verdicts = Verdicts()
        self._judged_every = judged_every
        self._characters = characters_of(stationery)
        self._prober = Prober(stationery, self._characters)
        self._kits: dict[str, Kit] = {}
        self._pieces = Pieces(PieceStore(cache, stationery))
        self._forms: dict[Hashable, _Ready] = {}
        self._recurring: dict[Hashable, tuple[Known, Leaves]] = {}
        self._assembler = Assembler()

    @property
    def pieces(self) -> int:
        """How many frames and parts it knows by now."""
        return len(self._pieces)

    def compose(
        self,
        view: BillView,
        attachments: Sequence[Attachment],
        stamp: datetime,
        sealer: Seal,
    ) -> Pressed:
        """Give the sealed document; the same arguments give the same bytes.

        Raise ``ComposeError`` or ``SealError`` as the reference composer and the sealer do.
        """
        try:
            pressed, ready = self._press(view, attachments, stamp, sealer.slot(stamp))
            if self._is_judged(view, ready):
                self._judge(view, attachments, stamp, pressed, ready)
        except UnpressableError as error:
            return self.left_to_typst(view, attachments, stamp, sealer, str(error))
        return pressed

    def left_to_typst(
        self,
        view: BillView,
        attachments: Sequence[Attachment],
        stamp: datetime,
        sealer: Seal,
        why: str,
    ) -> Pressed:
        """Give the document by the reference composer."""
        composed = self.reference.compose(view, attachments, stamp)
        sealed = sealer.seal(composed.pdf, stamp)
        sha256 = hashlib.sha256(sealed).hexdigest()
        return Pressed(sealed, composed.pages, "typst", sha256, why=why)

    def press(self, view: BillView, stamp: datetime, seal: SealPlace) -> Pressed:
        """Give the document by a form, unjudged; raise ``UnpressableError`` if that can't be."""
        return self._press(view, (), stamp, seal)[0]

    def _press(
        self, view: BillView, attachments: Sequence[Attachment], stamp: datetime, seal: SealPlace
    ) -> tuple[Pressed, _Ready]:
        files = file_leaves(attachments)
        for layout in layouts(view):
            if not layout.pages:
                break
            found = self._form(view, layout, files, seal)
            if found is not None:
                ready, leaves = found
                metadata = Metadata(
                    view.language,
                    writable(view.title),
                    writable(view.sender.name),
                    tuple(writable(one) for one in view.keywords),
                    stamp.astimezone(UTC),
                    self._kit(view.language).tool,
                )
                form = ready.form
                pdf, sha256 = form.fill(leaves, metadata, seal)
                pressed = Pressed(
                    pdf, layout.pages, "press", sha256,
                    form.name, form.size, len(form.prefix), pieces=ready.numbers,
                )  # fmt: skip
                return pressed, ready
        raise UnpressableError("it has more pages than there are forms for")

    # The judge

    def _is_judged(self, view: BillView, ready: _Ready) -> bool:
        if not self._judged_every:
            return False
        if not all(map(self._pieces.is_proven, ready.pieces)):
            return True
        return crc32(view.number.encode()) % self._judged_every == 0

    def _judge(
        self,
        view: BillView,
        attachments: Sequence[Attachment],
        stamp: datetime,
        pressed: Pressed,
        ready: _Ready,
    ) -> None:
        """Compare a document with the reference; take its pieces off the press if it differs."""
        reference = self.reference.compose(view, attachments, stamp)
        found = differences(pressed.pdf, reference.pdf)
        if hashlib.sha256(pressed.pdf).hexdigest() != pressed.sha256:
            found.append("its digest is that of another document")
        self.verdicts.compared += 1
        if not found:
            for known in ready.pieces:
                if not known.proven:
                    self._pieces.prove(known)
            return
        why = f"the judge found that {found[0]}"
        # Which of its pieces is wrong can't be told; those that proved right before stay, unless
        # all of them did.
        doubtful = [one for one in ready.pieces if not one.proven] or list(ready.pieces)
        for known in doubtful:
            self._pieces.reject(known, why)
            self.verdicts.rejected.add(known.version)
        self._forms.clear()
        self._recurring.clear()
        self.verdicts.differences += [one for one in found if one not in self.verdicts.differences]
        raise UnpressableError(why)

    # Forms

    def _form(
        self, view: BillView, layout: Layout, files: Sequence[Attachment], seal: SealPlace
    ) -> tuple[_Ready, list[Leaves]] | None:
        """Give the form of a bill in a layout, and its leaves; None if it doesn't fit."""
        kit = self._kit(view.language)
        parts = parts_of(view, layout)
        leaves = [Leaves()]
        frame = self._frame(kit, view, layout, parts, leaves[0])
        pieces = [frame]
        for place, part in enumerate(parts):
            width = frame.piece.slots[place].width
            known, own = self._part(kit, part, width)
            pieces.append(known)
            leaves.append(own)
        heights = _heights(len(parts))
        for room, moves in frame.piece.rooms.values():
            spare = room - sum(
                one.piece.height - heights[place]
                for place, one in enumerate(pieces[1:])
                if moves >> place & 1
            )
            if abs(spare) < _FITS:
                raise UnpressableError("a page of it is full to the brim")
            if spare < 0:
                return None
        if files:
            pieces.append(self._files(kit, len(files)))
        leaves.append(Leaves(files))
        key = (seal, *[one.version for one in pieces])
        ready = self._forms.pop(key, None)
        if ready is None:
            if len(self._forms) >= _MOST_FORMS:
                del self._forms[next(iter(self._forms))]
            laid_out = pieces[1 : 1 + len(parts)]
            form = self._assembler.assemble(kit, frame, laid_out, heights, len(files), seal)
            numbers = frozenset(one.version for one in pieces)
            ready = _Ready(form, tuple(pieces), numbers)
        self._forms[key] = ready  # as the last one
        return ready, leaves

    def _kit(self, language: str) -> Kit:
        kit = self._kits.get(language)
        if kit is None:
            kit = self._kits[language] = make_kit(self._prober, language, self._characters)
        return kit

    def _frame(
        self, kit: Kit, view: BillView, layout: Layout, parts: Sequence[Part], leaves: list[Any]
    ) -> Known:
        framed = frame_view(view, layout)
        base = ("frame", layout, structure_of(FRAME, framed, leaves))

        def probe(placeholders: Placeholders) -> Piece:
            return self._probe_frame(kit, framed, layout, parts, leaves, placeholders)

        return self._pieces.find(Wanted(kit, base, FRAME, framed, leaves, probe))

    def _part(self, kit: Kit, part: Part, width: float) -> tuple[Known, Leaves]:
        """Give the piece of a part, and its leaves."""
        if part.name not in RECURRING:
            return self._new_part(kit, part, width, Leaves())
        key = (kit.language, part.name, width, part.data)
        found = self._recurring.get(key)
        if found is None:
            if len(self._recurring) >= _MOST_RECURRING:
                self._recurring.clear()
            found = self._new_part(kit, part, width, Leaves(recurring=True))
            self._recurring[key] = found
        return found

    def _new_part(self, kit: Kit, part: Part, width: float, leaves: Leaves) -> tuple[Known, Leaves]:
        kind = KINDS[part.name]
        structure = structure_of(kind, part.data, leaves)
        base = (kit.language, part.name, round(width, 3), structure)

        def probe(placeholders: Placeholders) -> Piece:
            return self._probe_part(kit, part, width, leaves, placeholders)

        return self._pieces.find(Wanted(kit, base, kind, part.data, leaves, probe)), leaves

    def _files(self, kit: Kit, number: int) -> Known:
        """Give what stands for so many files that go along: nothing to lay out, but to judge."""
        base, nothing = ("files", number), Piece([], [], [], {}, [])
        return self._pieces.find(Wanted(kit, base, tuple[Text, ...], (), (), lambda _: nothing))

    # Probes

    def _probe_part(
        self,
        kit: Kit,
        part: Part,
        width: float,
        values: Sequence[Any],
        placeholders: Placeholders,
    ) -> Piece:
        kind = KINDS[part.name]
        jobs = [
            {
                "name": part.name,
                "width": width,
                "data": replaced(kind, part.data, placeholders.values(values, each)),
            }
            for each in _WIDTHS
        ]
        probe = self._prober.parts(kit.language, jobs)
        kit.check(probe)
        maker = PieceMaker(kit, placeholders, {}, part.name)
        piece = maker.make(probe, 1, probe, 2, 1)
        maker.measure(piece, probe, 3)
        return piece

    def _probe_frame(
        self,
        kit: Kit,
        framed: BillView,
        layout: Layout,
        parts: Sequence[Part],
        values: Sequence[Any],
        placeholders: Placeholders,
    ) -> Piece:
        words = {placeholder(_LAST_WORD - place): place for place in range(len(parts))}
        heights = _heights(len(parts))
        probes = []
        for each in _WIDTHS:
            bill = replaced(FRAME, framed, placeholders.values(values, each))
            growth = STEP if each == "wide" else 0.0
            places = {
                part.place: {
                    "height": heights[place] + growth * 2**place,
                    "index": place,
                    "word": placeholder(_LAST_WORD - place),
                }
                for place, part in enumerate(parts)
            }
            probe = self._prober.frame(bill | {"pages": layout.pages, "full": layout.full}, places)
            kit.check(probe)
            if each != "full" and len(probe.pages) != 1 + layout.pages:
                raise UnpressableError("its frame alone needs more pages")
            probes.append(probe)
        maker = PieceMaker(kit, placeholders, words, "frame")
        piece = maker.make(probes[0], 1, probes[1], 1, layout.pages)
        maker.measure(piece, probes[2], 1)
        return piece


def _heights(count: int) -> list[float]:
    """Give the heights that slots have in the narrow probe of a frame."""
    return [_PROBED_HEIGHT] * count
