"""The press: fills forms that Typst laid out once, thousands of times a second.

A bill is a frame with parts in it. Each is laid out by Typst once for all bills in which it has
the same structure and as many lines in each paragraph; frame and parts together are a form, which
is filled with what one bill says. What can't be pressed for certain is left to Typst.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bustia.compose.characters import writable
from bustia.compose.layouts import Layout, layouts
from bustia.compose.parts import BillView
from bustia.compose.press.assembling import assemble
from bustia.compose.press.bill_parts import FRAME, KINDS, Part, frame_view, parts_of
from bustia.compose.press.form import Form
from bustia.compose.press.kit import Kit, characters_of, make_kit
from bustia.compose.press.metadata import Metadata
from bustia.compose.press.known import Pieces
from bustia.compose.press.pieces import STEP, Piece, PieceMaker
from bustia.compose.press.probing import PLACEHOLDERS, Placeholders, Prober, placeholder
from bustia.compose.press.structure import replaced, structure_of
from bustia.compose.typst_composer import Attachment, TypstComposer
from bustia.errors import UnpressableError
from bustia.seal import Sealer
from bustia.seal.slot import SealSlot

__all__ = ["Press", "Pressed"]

_PROBED_HEIGHT = 10.0
_LAST_WORD = len(PLACEHOLDERS) ** 2 - 1
"""The placeholders of slots are counted from the last one on."""
_FITS = 0.01
"""Points by which a page must have room, or not: what is closer is left to Typst."""
_MOST_FORMS = 600
"""Forms kept in memory: a bound on it."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A composed and sealed document, and who composed it."""

    pdf: bytes
    pages: int
    composer: str
    """``press``, or ``typst`` where the press left it to the reference composer."""
    why: str = ""
    """Why it was left to Typst."""


class Press:
    """Composes and seals bills with the templates of one stationery folder.

    Make one for each process and keep it: it holds fonts and forms. It is not for use by two
    threads at once.
    """

    def __init__(self, stationery: Path, cache: Path | None = None) -> None:
        self.reference = TypstComposer(stationery)
        self._characters = characters_of(stationery)
        self._prober = Prober(stationery, self._characters)
        self._kits: dict[str, Kit] = {}
        self._pieces = Pieces()
        self._forms: dict[Hashable, Form] = {}

    def compose(
        self,
        view: BillView,
        attachments: Sequence[Attachment],
        stamp: datetime,
        sealer: Sealer,
    ) -> Pressed:
        """Give the sealed document; the same arguments give the same bytes.

        Raise ``ComposeError`` or ``SealError`` as the reference composer and the sealer do.
        """
        try:
            if attachments:
                raise UnpressableError("it has files attached")
            return self.press(view, stamp, sealer.slot(stamp))
        except UnpressableError as error:
            composed = self.reference.compose(view, attachments, stamp)
            sealed = sealer.seal(composed.pdf, stamp)
            return Pressed(sealed, composed.pages, "typst", error.what)

    def press(self, view: BillView, stamp: datetime, seal: SealSlot) -> Pressed:
        """Give the document by a form; raise ``UnpressableError`` where that can't be."""
        for layout in layouts(view):
            if not layout.pages:
                break
            found = self._form(view, layout, seal)
            if found is not None:
                form, leaves = found
                metadata = Metadata(
                    view.language,
                    writable(view.title),
                    writable(view.sender.name),
                    tuple(writable(one) for one in view.keywords),
                    stamp.astimezone(UTC),
                    "Typst",
                )
                return Pressed(form.fill(leaves, metadata, seal), layout.pages, "press")
        raise UnpressableError("it has more pages than there are forms for")

    # Forms

    def _form(
        self, view: BillView, layout: Layout, seal: SealSlot
    ) -> tuple[Form, list[Any]] | None:
        """Give the form of a bill in a layout, and its leaves; None if it doesn't fit."""
        kit = self._kit(view.language)
        parts = parts_of(view, layout)
        leaves: list[Any] = []
        frame_key, frame = self._frame(kit, view, layout, parts, leaves)
        keys: list[Hashable] = [frame_key]
        pieces = []
        for place, part in enumerate(parts):
            key, piece = self._part(kit, part, frame.slots[place].width, leaves)
            keys.append(key)
            pieces.append(piece)
        heights = _heights(len(parts))
        for room, moves in frame.rooms.values():
            spare = room - sum(
                piece.height - heights[place]
                for place, piece in enumerate(pieces)
                if moves >> place & 1
            )
            if abs(spare) < _FITS:
                raise UnpressableError("a page of it is full to the brim")
            if spare < 0:
                return None
        key = (seal.at, seal.size, tuple(keys))
        form = self._forms.get(key)
        if form is None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            form = self._forms[key] = assemble(kit, frame, pieces, heights, seal)
        return form, leaves

    def _kit(self, language: str) -> Kit:
        kit = self._kits.get(language)
        if kit is None:
            kit = self._kits[language] = make_kit(self._prober, language, self._characters)
        return kit

    def _frame(
        self, kit: Kit, view: BillView, layout: Layout, parts: Sequence[Part], leaves: list[Any]
    ) -> tuple[Hashable, Piece]:
        framed = frame_view(view, layout)
        base = ("frame", layout, structure_of(FRAME, framed, leaves))

        def probe(placeholders: Placeholders) -> Piece:
            return self._probe_frame(kit, framed, layout, parts, leaves, placeholders)

        known = self._pieces.find(kit, base, FRAME, framed, leaves, probe)
        return known.version, known.piece

    def _part(
        self, kit: Kit, part: Part, width: float, leaves: list[Any]
    ) -> tuple[Hashable, Piece]:
        kind, own = KINDS[part.name], list[Any]()
        structure = structure_of(kind, part.data, own)
        base = (kit.language, part.name, round(width, 3), structure)

        def probe(placeholders: Placeholders) -> Piece:
            return self._probe_part(kit, part, width, own, placeholders)

        known = self._pieces.find(kit, base, kind, part.data, own, probe)
        leaves += own
        return known.version, known.piece

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
                "data": replaced(kind, part.data, placeholders.values(values, wide=wide)),
            }
            for wide in (False, True)
        ]
        probe = self._prober.parts(kit.language, jobs)
        kit.check(probe)
        if len(probe.pages) != 1 + len(jobs):
            raise UnpressableError("it needs more than a page")
        return PieceMaker(kit, placeholders, {}, part.name).make(probe, 1, probe, 2, 1)

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
        for wide in (False, True):
            bill = replaced(FRAME, framed, placeholders.values(values, wide=wide))
            places = {
                part.place: {
                    "height": heights[place] + wide * STEP * 2**place,
                    "index": place,
                    "word": placeholder(_LAST_WORD - place),
                }
                for place, part in enumerate(parts)
            }
            probe = self._prober.frame(bill | {"pages": layout.pages, "full": layout.full}, places)
            kit.check(probe)
            if len(probe.pages) != 1 + layout.pages:
                raise UnpressableError("its frame alone needs more pages")
            probes.append(probe)
        maker = PieceMaker(kit, placeholders, words, "frame")
        return maker.make(probes[0], 1, probes[1], 1, layout.pages)


def _heights(count: int) -> list[float]:
    """Give the heights that slots have in the narrow probe of a frame."""
    return [_PROBED_HEIGHT] * count
