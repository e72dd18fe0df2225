"""Puts a frame and its parts together: one form for all documents that are built alike.

What a piece adds is made ready once for each place that it has (:mod:`.imprint`). What is left to
do for a form is to put these side by side, and to write the few objects that hold them together.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bustia.compose.press.files import key_of, specification, told_of
from bustia.compose.press.form import DynamicObject, Form, object_stream
from bustia.compose.press.imprint import MOST_LINKS, Heading, Imprint, Place, imprinted
from bustia.compose.press.kit import Kit
from bustia.compose.press.known import Known
from bustia.compose.press.nodes import Gap, Node, numbered, parts_of, reference
from bustia.compose.press.pdf import deflated, entry, inner_entry, numbered_object, value
from bustia.compose.press.pieces import Piece, Slot
from bustia.compose.press.reading import Element
from bustia.compose.press.sealing import SealPlace
from bustia.errors import UnpressableError

__all__ = ["Assembler"]

_MOST_IMPRINTS = 800
"""Imprints kept in memory, those used last: a bound on it."""
_OBJECTS, _MARKS = 64, 32
"""Numbers of a piece begin at multiples of these, so that they seldom depend on what is before."""
_MOST_PAGES = 2


class _Numbers:
    """The numbers of objects that every document has, after those of its fonts."""

    def __init__(self, after: int) -> None:
        (
            self.catalog, self.pages, self.page, _, self.root, self.tree, self.parents,
            self.outline, self.resources, self.widget, self.info, self.packed, self.static, _,
            self.first,
        ) = range(after, after + 15)  # fmt: skip


class Assembler:
    """Makes forms, and keeps what pieces add to them."""

    def __init__(self) -> None:
        self._imprints: dict[Hashable, Imprint] = {}
        self._masks: dict[int, set[int]] = {}
        """For each frame the sets of slots that something in it moves with."""

    def assemble(
        self,
        kit: Kit,
        frame: Known,
        parts: Sequence[Known],
        heights: Sequence[float],
        files: int,
        seal: SealPlace,
    ) -> Form:
        """Make the form of a frame with these parts in its slots, in order.

        ``heights`` are those that the slots had when the frame was probed, in points. So many
        ``files`` go along.
        """
        numbers = _Numbers(1 + len(kit.objects))
        growth = [part.piece.height - height for part, height in zip(parts, heights, strict=True)]
        masks = self._masks.get(frame.version)
        if masks is None:
            masks = self._masks[frame.version] = _masks(frame.piece)
        shifts = {
            mask: -sum(growth[k] for k in range(len(parts)) if mask >> k & 1) for mask in masks
        }
        pages, top = frame.piece.pages, frame.piece.pages[0][1]
        if len(pages) > _MOST_PAGES:
            raise UnpressableError("it has more pages than there are forms for")
        place = Place(
            0, 0.0, 0.0, tuple(sorted(shifts.items())), top, numbers.root, numbers.page,
            numbers.first, (0,) * len(pages), MOST_LINKS,
        )  # fmt: skip
        whole = self._imprint(kit, frame, place)
        marks, first = [one.stop for one in whole.marks], whole.end
        imprints = [(0, whole)]
        for number, part in enumerate(parts):
            slot = frame.piece.slots[number]
            page = slot.page
            place = Place(
                page,
                slot.left - part.piece.left,
                slot.top.y + shifts[slot.top.moves] - part.piece.top,
                (),
                top,
                whole.holders[number],
                numbers.page,
                _next(first, _OBJECTS),
                (_next(marks[page], _MARKS),),
                (number + 2) * MOST_LINKS,
            )
            imprint = self._imprint(kit, part, place)
            marks[page], first = imprint.marks[0].stop, imprint.end
            imprints.append((page, imprint))
        return _Form(kit, numbers, frame.piece, imprints, files, seal).form(_next(first, _OBJECTS))

    def _imprint(self, kit: Kit, known: Known, place: Place) -> Imprint:
        key = (known.version, place)
        found = self._imprints.pop(key, None)
        if found is None:
            found = imprinted(kit, known, place)
            if len(self._imprints) >= _MOST_IMPRINTS:
                del self._imprints[next(iter(self._imprints))]
        self._imprints[key] = found  # as the last one
        return found


def _next(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _masks(frame: Piece) -> set[int]:
    """Give all sets of slots that something in a frame moves with, as bits."""
    return {0, *_masks_in(frame)}


def _masks_in(frame: Piece) -> Iterator[int]:
    for _, _, blocks, links in frame.pages:
        for block in blocks:
            yield from (item.moves for item in block.items if not isinstance(item, Slot))
        for link in links:
            yield from (link.top.moves, link.bottom.moves)
    yield from (slot.top.moves for slot in frame.slots.values())
    yield from (bookmark.top.moves for bookmark in frame.bookmarks)
    yield from _box_masks(frame.elements)


def _box_masks(one: Any) -> Iterator[int]:  # noqa: ANN401 (any part of a structure tree)
    if isinstance(one, Element):
        yield from _box_masks(one.kids)
        yield from _box_masks(list(one.attributes.values()))
    elif isinstance(one, dict):
        yield from _box_masks(list(one.values()))
    elif isinstance(one, list):
        for inner in one:
            yield from _box_masks(inner)
    elif hasattr(one, "moves"):
        yield one.moves


def _spaced(kids: Sequence[bytes | Gap]) -> list[bytes | Gap]:
    return [part for kid in kids for part in (kid, b" ")]


def _sections(numbers: Sequence[int]) -> bytes:
    """Write which numbers there are, as pairs of a first one and how many follow on it."""
    pairs: list[list[int]] = []
    for number in sorted(numbers):
        if pairs and number == sum(pairs[-1]):
            pairs[-1][1] += 1
        else:
            pairs.append([number, 1])
    return b"[%s]" % b" ".join([b"%d %d" % (first, count) for first, count in pairs])


@dataclass(slots=True)
class _Entry:
    """An entry of the outline, with its neighbours."""

    piece: int
    """Whose leaves it tells."""
    heading: Heading
    parent: "_Entry | None" = None
    place: int = 0
    """Among those of its parent."""
    inner: "list[_Entry]" = field(default_factory=list)

    def rest(self) -> bytes:
        """Give the rest of its dictionary, with all that it refers to."""
        links = b""
        if self.parent is not None:
            beside = self.parent.inner
            links = _refer(b"Parent", self.parent)
            if self.place:
                links += _refer(b"Prev", beside[self.place - 1])
            if self.place + 1 < len(beside):
                links += _refer(b"Next", beside[self.place + 1])
        if self.inner:
            count = -len(self.inner) if self.parent is not None else len(self.inner)
            links += _refer(b"First", self.inner[0]) + _refer(b"Last", self.inner[-1])
            links += b"/Count %d" % count
        return self.heading.rest + links + b">>"


def _refer(key: bytes, entry: _Entry) -> bytes:
    return b"/%s %d 0 R" % (key, entry.heading.number)


class _Form:
    """The work on one form: imprints, the frame's first, each with the page it begins on."""

    def __init__(
        self,
        kit: Kit,
        numbers: _Numbers,
        frame: Piece,
        imprints: Sequence[tuple[int, Imprint]],
        files: int,
        seal: SealPlace,
    ) -> None:
        self._kit = kit
        self._numbers = numbers
        self._frame = frame
        self._imprints = imprints
        self._parts = [imprint for _, imprint in imprints[1:]]
        self._files = [Node([]) for _ in range(files)]
        self._seal = seal
        self._still: list[tuple[int, bytes]] = []
        """Objects that are the same in all documents, with their numbers."""
        self._telling: list[tuple[int, DynamicObject]] = []
        """Objects that say something of the document, with the piece whose leaves they tell."""

    def form(self, last: int) -> Form:
        """Put everything together; ``last`` is the first number that no piece has."""
        numbers, pages = self._numbers, self._frame.pages
        for place, (_, imprint) in enumerate(self._imprints):
            self._still += imprint.objects
            self._telling += [(place, one) for one in imprint.telling]
            self._still += [(one.number, self._joined(one.parts)) for one in imprint.joints]
        attached, specifications = self._attached()
        drawn, metadata, inner, signature = [Node([]) for _ in pages], Node([]), Node([]), Node([])
        numbered([*specifications, *drawn, *self._files, metadata, inner, signature], last)
        self._telling += [
            (len(self._imprints), DynamicObject(one.number, one.written()))
            for one in specifications
        ]
        outline = self._outline()
        self._tree()
        self._pages(drawn)
        self._put(
            numbers.catalog,
            {
                "/Type": b"/Catalog",
                "/Pages": reference(numbers.pages),
                "/Metadata": metadata,
                "/OutputIntents": reference(self._kit.intents),
                "/Lang": self._kit.language,
                "/StructTreeRoot": reference(numbers.tree),
                "/MarkInfo": {"/Marked": True, "/Suspects": False},
                "/ViewerPreferences": {"/DisplayDocTitle": True, "/Direction": b"/L2R"},
                **outline,
                **attached,
                "/AcroForm": {"/Fields": [reference(numbers.widget)], "/SigFlags": 3},
            },
        )
        self._put(
            numbers.widget,
            [b"<<", self._seal.field, b"/P ", reference(numbers.page), b"/V ", signature, b">>"],
        )
        return self._finished(drawn, metadata.number, inner.number, signature.number)

    def _on(self, page: int) -> Iterator[tuple[int, Imprint, int]]:
        """Give the imprints on a page of the document: place, imprint, and which page of its own
        that is."""
        for place, (first, imprint) in enumerate(self._imprints):
            if first <= page < first + len(imprint.told):
                yield place, imprint, page - first

    def _put(self, number: int, body: Any) -> None:  # noqa: ANN401 (a value of a PDF, or parts)
        """Write an object that is the same in all documents."""
        parts = body if isinstance(body, list) else parts_of(body)
        self._still.append((number, Node(parts).body()))

    def _joined(self, parts: Sequence[bytes | Gap]) -> bytes:
        """Put the topmost elements of parts into the gaps for them."""
        return b"".join(
            [
                self._joined(_spaced(self._parts[part].top)) if isinstance(part, Gap) else part
                for part in parts
            ]
        )

    def _tree(self) -> None:
        """Write the root of the structure tree, and who owns what on the pages."""
        numbers = self._numbers
        kids = self._joined(_spaced(self._imprints[0][1].top))
        self._put(
            numbers.root,
            {"/S": b"/Document", "/P": reference(numbers.tree), "/K": b"[" + kids + b"]"},
        )
        owners = b" ".join(
            [b"%d [%s]" % (page, self._owners(page)) for page in range(len(self._frame.pages))]
            + [imprint.link_owners for _, imprint in self._imprints if imprint.link_owners]
        )
        self._put(numbers.parents, [b"<</Nums [", owners, b"]>>"])
        names = sorted(one for _, imprint in self._imprints for one in imprint.ids)
        ids = b"".join([value(name) + reference(number) + b" " for name, number in names])
        self._put(
            numbers.tree,
            {
                "/Type": b"/StructTreeRoot",
                "/K": [reference(numbers.root)],
                "/ParentTree": reference(numbers.parents),
                "/ParentTreeNextKey": (1 + len(self._imprints)) * MOST_LINKS,
                **({"/IDTree": {"/Names": b"[" + ids + b"]"}} if ids else {}),
            },
        )

    def _owners(self, page: int) -> bytes:
        """List the elements of a page's marked content; some numbers have none."""
        found, at = [], 0
        for _, imprint, own in self._on(page):
            if marks := imprint.marks[own]:
                found += [b"null"] * (marks.start - at)
                found.append(imprint.owners[own])
                at = marks.stop
        return b" ".join(found)

    def _pages(self, drawn: Sequence[Node]) -> None:
        """Write the pages and what they share."""
        kit, numbers = self._kit, self._numbers
        fonts = b"".join(
            b"%s %d 0 R" % (kit.names[font], kit.font_numbers[font]) for font in sorted(kit.names)
        )
        space = kit.colour_space
        self._put(numbers.resources, [b"<</Font<<%s>>/ColorSpace<</c0 %d 0 R>>>>" % (fonts, space)])
        for page, (width, height, _, _) in enumerate(self._frame.pages):
            links = [imprint.links[own] for _, imprint, own in self._on(page) if imprint.links[own]]
            links += [reference(numbers.widget)] if page == 0 else []
            self._put(
                numbers.page + page,
                {
                    "/Type": b"/Page",
                    "/Parent": reference(numbers.pages),
                    "/MediaBox": [0, 0, width, height],
                    "/Resources": reference(numbers.resources),
                    "/Contents": [reference(numbers.static + page), drawn[page]],
                    "/StructParents": page,
                    "/Tabs": b"/S",
                    **({"/Annots": b"[" + b" ".join(links) + b"]"} if links else {}),
                },
            )
        kids = [reference(numbers.page + page) for page in range(len(drawn))]
        self._put(numbers.pages, {"/Type": b"/Pages", "/Count": len(kids), "/Kids": kids})

    def _outline(self) -> dict[str, bytes]:
        """Make the outline of the headings, each under the last one of a higher level."""
        top = Heading(0, self._numbers.outline, (), b"<</Type/Outlines")
        entries = [_Entry(len(self._imprints), top)]
        stack = [entries[0]]
        for place, heading in self._headings():
            while stack[-1].heading.level >= heading.level:
                stack.pop()
            one = _Entry(place, heading, stack[-1], len(stack[-1].inner))
            stack[-1].inner.append(one)
            stack.append(one)
            entries.append(one)
        if len(entries) == 1:
            return {}
        for one in entries:
            number, told = one.heading.number, one.heading.told
            if told:
                self._telling.append((one.piece, DynamicObject(number, (*told, one.rest()))))
            else:
                self._still.append((number, one.rest()))
        return {"/Outlines": reference(top.number)}

    def _headings(self) -> Iterator[tuple[int, Heading]]:
        """Give the headings in the order of the structure tree, with the piece of each."""
        for one in self._imprints[0][1].headings:
            if isinstance(one, Gap):
                for inner in self._parts[one].headings:
                    if isinstance(inner, Heading):
                        yield 1 + one, inner
            else:
                yield 0, one

    def _attached(self) -> tuple[dict[str, Any], list[Node]]:
        """Give the catalog's entries of the files that go along, and the objects they refer to."""
        if not self._files:
            return {}, []
        nodes = [
            Node(parts_of(specification(leaf, stream))) for leaf, stream in enumerate(self._files)
        ]
        names: list[Any] = []
        for leaf, node in enumerate(nodes):
            names += [told_of(leaf, key_of), node]
        tree = Node(parts_of({"/Names": names}))
        return {"/AF": nodes, "/Names": {"/EmbeddedFiles": tree}}, [*nodes, tree]

    # The file

    def _finished(self, drawn: Sequence[Node], metadata: int, inner: int, signature: int) -> Form:
        numbers, prefix = self._numbers, self._kit.beginning[0]
        entries = dict(enumerate(self._kit.beginning[1]))
        head: list[bytes] = []
        at = len(prefix)

        def put(body: bytes, number: int) -> None:
            nonlocal at
            whole = numbered_object(number, body)
            entries[number] = entry(at)
            head.append(whole)
            at += len(whole)

        for page in range(len(drawn)):
            still = [imprint.still[own] for _, imprint, own in self._on(page)]
            put(deflated(b"".join(still), once=True), numbers.static + page)
        put(object_stream(self._still, once=True), numbers.packed)
        for place, (number, _) in enumerate(self._still):
            entries[number] = inner_entry(numbers.packed, place)
        for place, (_, one) in enumerate(self._telling):
            entries[one.number] = inner_entry(inner, place)
        entries[numbers.info] = inner_entry(inner, len(self._telling))
        pages = tuple(
            (
                node.number,
                tuple((place, imprint.told[own]) for place, imprint, own in self._on(page)),
            )
            for page, node in enumerate(drawn)
        )
        return Form(
            prefix=prefix,
            head=b"".join(head),
            entries=b"".join([entries[one] for one in sorted(entries)]),
            sections=_sections([*entries, *range(drawn[0].number, signature + 2)]),
            pages=pages,
            objects=tuple(self._telling),
            files=tuple(node.number for node in self._files),
            catalog=numbers.catalog,
            signature=signature,
            metadata=metadata,
            inner=inner,
            info=numbers.info,
        )
