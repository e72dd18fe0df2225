"""Puts a frame and its parts together: one form for all documents that are built alike."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from bustia.compose.characters import writable
from bustia.compose.press.files import key_of, specification, told_of
from bustia.compose.press.form import (
    ContentHole,
    DynamicObject,
    Form,
    PageContent,
    SetOf,
    TextHole,
    TextOf,
    drawing_operators,
    object_stream,
)
from bustia.compose.press.kit import Kit
from bustia.compose.press.nodes import Node, numbered, parts_of
from bustia.compose.press.pdf import deflate, number, single, text
from bustia.compose.press.pieces import (
    BlockForm,
    DrawingField,
    LinkForm,
    Pattern,
    Piece,
    Slot,
    Static,
    TextField,
    opened,
)
from bustia.compose.press.reading import Element
from bustia.compose.press.sealing import SealPlace
from bustia.compose.press.typography import Breaker, Setter
from bustia.errors import UnpressableError

__all__ = ["assemble", "breakers_of"]

_SHARES = {"left": 0.0, "centre": 0.5, "right": 1.0}


@dataclass(slots=True)
class _Placed:
    """A piece at its place: how far its content is moved, and where its leaves begin."""

    piece: Piece
    first_leaf: int
    dx: float
    dy: float
    page: int
    """The page of the document that its first page is on."""
    shifts: Mapping[int, float]
    """How far what moves with these slots moves, in points upwards."""
    breakers: Mapping[int, Breaker]
    top: float
    """Height of its page."""
    mcids: dict[tuple[int, int], int] = field(default_factory=dict)
    slots: dict[tuple[int, int], int] = field(default_factory=dict)
    """Marked content that stands for a part: its page and number, and the part's."""
    links: dict[tuple[int, int], Node] = field(default_factory=dict)

    def up(self, moves: int) -> float:
        """Give how far something moves upwards that moves with these slots."""
        return self.dy + self.shifts.get(moves, 0.0)

    def height(self, y: float, moves: int) -> bytes:
        """Write where something stands that does so: Typst counts from the top of the page, in
        single precision."""
        if not (self.dy or moves):
            return number(y)
        return number(self.top - single(self.top - y - self.up(moves)))


def breakers_of(kit: Kit, piece: Piece) -> dict[int, Breaker]:
    """Give what breaks each paragraph of a piece."""
    return {leaf: kit.breaker(style, width) for leaf, (style, width) in piece.paragraphs.items()}


def assemble(
    kit: Kit,
    frame: Piece,
    parts: Sequence[Piece],
    heights: Sequence[float],
    files: int,
    seal: SealPlace,
) -> Form:
    """Make the form of a frame with these parts in its slots, in order.

    ``heights`` are those that the slots had when the frame was probed, in points. So many
    ``files`` go along: they are the last leaves.
    """
    growth = [part.height - height for part, height in zip(parts, heights, strict=True)]
    shifts = {
        mask: -sum(growth[k] for k in range(len(parts)) if mask >> k & 1)
        for mask in set(_masks(frame))
    }
    top = frame.pages[0][1]
    whole = _Placed(frame, 0, 0.0, 0.0, 0, shifts, breakers_of(kit, frame), top)
    placed, leaf = [], frame.leaves
    for place, part in enumerate(parts):
        slot = frame.slots[place]
        dy = slot.top.y + shifts[slot.top.moves] - part.top
        dx = slot.left - part.left
        placed.append(_Placed(part, leaf, dx, dy, slot.page, {}, breakers_of(kit, part), top))
        leaf += part.leaves
    assembly = _Assembly(kit, whole, placed, range(leaf, leaf + files), seal)
    form = assembly.form()
    assembly.clear()
    return form


def _masks(frame: Piece) -> Iterator[int]:
    yield 0
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


class _Assembly:
    """The work on one form."""

    def __init__(
        self,
        kit: Kit,
        frame: _Placed,
        parts: Sequence[_Placed],
        files: Sequence[int],
        seal: SealPlace,
    ) -> None:
        self._kit = kit
        self._seal = seal
        self._frame = frame
        self._parts = parts
        self._nodes: list[Node] = []
        self._pages = [self._node() for _ in frame.piece.pages]
        self._files = {leaf: Node([]) for leaf in files}
        """What holds each file; these have numbers of their own at the end of the document."""
        self._parents: list[list[Node | None]] = [[] for _ in self._pages]
        self._link_parents: list[Node] = []
        self._ids: list[tuple[str, Node]] = []
        self._headings: list[tuple[int, _Placed, Any]] = []
        self._bookmarks = {id(one): iter(one.piece.bookmarks) for one in (frame, *parts)}

    def _node(self, *parts: Any) -> Node:  # noqa: ANN401
        node = Node(list(parts))
        self._nodes.append(node)
        return node

    def form(self) -> Form:
        """Put everything together."""
        frame = self._frame.piece
        contents = [_Content(self._kit) for _ in frame.pages]
        for page, (_, _, blocks, _) in enumerate(frame.pages):
            for block in blocks:
                self._block(contents[page], self._frame, page, block)
        for page, content in enumerate(contents):
            self._parents[page] = [None] * content.mcids
        annotations = [self._links(page) for page in range(len(self._pages))]
        root, tree = self._node(), self._node()
        top = self._kids(self._frame, frame.elements, root)
        root.parts = parts_of({"/S": b"/Document", "/P": tree, "/K": top})
        parents = self._node(*self._parent_tree())
        entries: dict[str, Any] = {
            "/Type": b"/StructTreeRoot",
            "/K": [root],
            "/ParentTree": parents,
            "/ParentTreeNextKey": len(self._pages) + len(self._link_parents),
        }
        if self._ids:
            names = [part for one in sorted(self._ids, key=itemgetter(0)) for part in one]
            entries["/IDTree"] = {"/Names": names}
        tree.parts = parts_of(entries)
        outline = self._outline()
        # These have numbers of their own at the end of the file.
        drawn = [Node([]) for _ in contents]
        static = [Node([], stream=content.still()) for content in contents]
        value, metadata = Node([]), Node([])
        widget = self._node(b"<<", self._seal.field, b"/P ", self._pages[0], b"/V ", value, b">>")
        annotations[0].append(widget)
        pages = self._node()
        resources = self._node(self._resources())
        for page, (width, height, _, _) in enumerate(frame.pages):
            self._pages[page].parts = parts_of(
                {
                    "/Type": b"/Page",
                    "/Parent": pages,
                    "/MediaBox": [0, 0, width, height],
                    "/Resources": resources,
                    "/Contents": [static[page], drawn[page]],
                    "/StructParents": page,
                    "/Tabs": b"/S",
                    **({"/Annots": annotations[page]} if annotations[page] else {}),
                }
            )
        pages.parts = parts_of(
            {"/Type": b"/Pages", "/Count": len(self._pages), "/Kids": list(self._pages)}
        )
        catalog = self._node(
            *parts_of(
                {
                    "/Type": b"/Catalog",
                    "/Pages": pages,
                    "/Metadata": metadata,
                    "/OutputIntents": b"%d 0 R" % self._kit.intents,
                    "/Lang": self._kit.language,
                    "/StructTreeRoot": tree,
                    "/MarkInfo": {"/Marked": True, "/Suspects": False},
                    "/ViewerPreferences": {"/DisplayDocTitle": True, "/Direction": b"/L2R"},
                    **({"/Outlines": outline} if outline else {}),
                    **self._attached(),
                    "/AcroForm": {"/Fields": [widget], "/SigFlags": 3},
                }
            )
        )
        return self._finished(contents, static, drawn, catalog, value, metadata)

    def clear(self) -> None:
        """Let go of the objects: they refer to each other, and would wait to be collected."""
        for node in self._nodes:
            node.parts.clear()

    # Content

    def _block(self, content: "_Content", placed: _Placed, page: int, block: BlockForm) -> None:
        slot = next((item.number for item in block.items if isinstance(item, Slot)), None)
        if slot is not None:
            if block.mcid is None:
                raise UnpressableError("the place of a part is not in the structure")
            placed.slots[page, block.mcid] = slot
            part = self._parts[slot]
            for one in part.piece.pages[0][2]:
                self._block(content, part, 0, one)
            return
        if block.mcid is not None:
            placed.mcids[page, block.mcid] = content.mcids
        content.add(block, placed)

    def _links(self, page: int) -> list[Node]:
        nodes = []
        pieces = [(self._frame, page)]
        pieces += [(part, 0) for part in self._parts if part.page == page]
        for placed, inner in pieces:
            for place, link in enumerate(placed.piece.pages[inner][3]):
                node = self._node()
                rect = [
                    link.left + placed.dx,
                    link.bottom.y + placed.up(link.bottom.moves),
                    self._right(link, placed),
                    link.top.y + placed.up(link.top.moves),
                ]
                node.parts = parts_of(
                    {
                        "/Type": b"/Annot",
                        "/Subtype": b"/Link",
                        "/Rect": rect,
                        "/Border": [0, 0, 0],
                        "/F": 4,
                        "/A": {
                            "/Type": b"/Action",
                            "/S": b"/URI",
                            "/URI": _web_address(link.uri, placed),
                        },
                        "/Contents": _told(link.contents, placed),
                        "/StructParent": len(self._pages) + len(self._link_parents),
                    }
                )
                self._link_parents.append(node)
                placed.links[inner, place] = node
                nodes.append(node)
        return nodes

    def _right(self, link: LinkForm, placed: _Placed) -> float | TextOf:
        """Give the right edge of a link: a number, or what gives it from a document's leaves."""
        if not isinstance(link.right, TextField):
            return link.right + placed.dx
        run, left = _run_of(self._kit, link.right, placed), link.left + placed.dx
        return lambda leaves: number(left + run(leaves)[1])

    # Structure

    def _kids(self, placed: _Placed, kids: Sequence[Any], parent: Node) -> list[Any]:
        """Give the kids of an element, with parts in place of their slots."""
        result: list[Any] = []
        for kid in kids:
            if isinstance(kid, Element):
                slot = self._slot_of(placed, kid)
                if slot is None:
                    result.append(self._element(placed, kid, parent))
                else:
                    part = self._parts[slot]
                    result += self._kids(part, part.piece.elements, parent)
            else:
                result.append((placed, kid))
        return result

    def _slot_of(self, placed: _Placed, element: Element) -> int | None:
        for kid in element.kids:
            if isinstance(kid, tuple) and len(kid) == 2 and kid in placed.slots:
                if len(element.kids) > 1:
                    raise UnpressableError("the place of a part is not alone in its element")
                return placed.slots[kid]
        return None

    def _element(self, placed: _Placed, element: Element, parent: Node) -> Node:
        node = self._node()
        if element.role in _LEVELS:
            bookmark = next(self._bookmarks[id(placed)], None)
            if bookmark is not None:
                self._headings.append((_LEVELS[element.role], placed, bookmark))
        entries: dict[str, Any] = {"/S": element.role.encode(), "/P": parent}
        for key, one in element.attributes.items():
            entries[key] = _moved(one, placed)
            if key == "/ID":
                self._ids.append((_said(one), node))
        kids: list[Any] = []
        home: int | None = None
        for kid in self._kids(placed, element.kids, node):
            if isinstance(kid, Node):
                kids.append(kid)
                continue
            owner, (inner, at, *rest) = kid
            page = owner.page + inner
            home = page if home is None else home
            if rest:
                link = owner.links[inner, at]
                self._link_parents[self._link_parents.index(link)] = node
                kids.append({"/Type": b"/OBJR", "/Pg": self._pages[page], "/Obj": link})
            else:
                mcid = owner.mcids[inner, at]
                self._parents[page][mcid] = node
                kids.append(
                    mcid
                    if page == home
                    else {"/Type": b"/MCR", "/Pg": self._pages[page], "/MCID": mcid}
                )
        if home is not None:
            entries["/Pg"] = self._pages[home]
        if kids:
            entries["/K"] = kids[0] if len(kids) == 1 else kids
        node.parts = parts_of(entries)
        return node

    def _parent_tree(self) -> list[Any]:
        numbers: list[Any] = []
        for page, owners in enumerate(self._parents):
            numbers += [page, [b"null" if one is None else one for one in owners]]
        for place, owner in enumerate(self._link_parents):
            numbers += [len(self._pages) + place, owner]
        return parts_of({"/Nums": numbers})

    def _outline(self) -> Node | None:
        """Make the outline of the headings, each under the last one of a higher level."""
        if not self._headings:
            return None
        top = self._node()
        children: dict[int, list[Node]] = {id(top): []}
        stack: list[tuple[int, Node]] = [(0, top)]
        made: list[tuple[Node, Node, Any]] = []
        for level, placed, bookmark in self._headings:
            while stack[-1][0] >= level:
                stack.pop()
            node, parent = self._node(), stack[-1][1]
            children[id(parent)].append(node)
            children[id(node)] = []
            stack.append((level, node))
            target = [
                self._pages[placed.page + bookmark.page],
                b"/XYZ",
                bookmark.left + placed.dx,
                bookmark.top.y + placed.up(bookmark.top.moves),
                0,
            ]
            entries = {"/Title": _told(bookmark.title, placed), "/Dest": target}
            made.append((node, parent, entries))
        for node, parent, entries in made:
            beside, inner = children[id(parent)], children[id(node)]
            place = beside.index(node)
            entries["/Parent"] = parent
            if place:
                entries["/Prev"] = beside[place - 1]
            if place + 1 < len(beside):
                entries["/Next"] = beside[place + 1]
            if inner:
                entries |= {"/First": inner[0], "/Last": inner[-1], "/Count": -len(inner)}
            node.parts = parts_of(entries)
        inner = children[id(top)]
        top.parts = parts_of(
            {"/Type": b"/Outlines", "/First": inner[0], "/Last": inner[-1], "/Count": len(inner)}
        )
        return top

    def _resources(self) -> bytes:
        kit = self._kit
        fonts = b"".join(
            b"%s %d 0 R" % (kit.names[font], kit.font_numbers[font]) for font in sorted(kit.names)
        )
        return b"<</Font<<%s>>/ColorSpace<</c0 %d 0 R>>>>" % (fonts, kit.colour_space)

    def _attached(self) -> dict[str, Any]:
        """Give the catalog's entries of the files that go along."""
        if not self._files:
            return {}
        specifications: list[Node] = []
        names: list[Any] = []
        for leaf, stream in self._files.items():
            node = self._node(*parts_of(specification(leaf, stream)))
            specifications.append(node)
            names += [told_of(leaf, key_of), node]
        tree = self._node(*parts_of({"/Names": names}))
        return {"/AF": specifications, "/Names": {"/EmbeddedFiles": tree}}

    # The file

    def _finished(
        self,
        contents: Sequence["_Content"],
        static: Sequence[Node],
        drawn: Sequence[Node],
        catalog: Node,
        value: Node,
        metadata: Node,
    ) -> Form:
        told: list[Node] = []
        still: list[Node] = []
        for node in self._nodes:
            (told if node.tells else still).append(node)
        packed, info = Node([]), Node([])
        first = 1 + len(self._kit.objects)
        files = self._files
        order = [*still, *static, packed, *drawn, *files.values(), metadata, value, *told, info]
        numbered(order, first)
        prefix, fonts = self._kit.beginning
        entries = list(fonts)
        head: list[bytes] = []
        at = len(prefix)

        def put(body: bytes, place: int) -> bytes:
            nonlocal at
            whole = b"%d 0 obj\n%s\nendobj\n" % (place, body)
            entry = b"\x01" + at.to_bytes(4, "big") + b"\0\0"
            head.append(whole)
            at += len(whole)
            return entry

        body, places = object_stream([(node.number, node.body()) for node in still], once=True)
        entries += [
            b"\x02" + packed.number.to_bytes(4, "big") + places[node.number].to_bytes(2, "big")
            for node in still
        ]
        entries += [put(node.stream_body(), node.number) for node in static]
        entries.append(put(body, packed.number))
        return Form(
            prefix=prefix,
            head=b"".join(head),
            entries=b"".join(entries),
            first=packed.number + 1,
            pages=tuple(
                content.told(node.number) for content, node in zip(contents, drawn, strict=True)
            ),
            objects=tuple(DynamicObject(node.number, node.written()) for node in told),
            files=tuple((stream.number, leaf) for leaf, stream in files.items()),
            catalog=catalog.number,
            signature=value.number,
            metadata=metadata.number,
            info=info.number,
        )


_LEVELS = {f"/H{level}": level for level in range(1, 7)}


def _moved(one: Any, placed: _Placed) -> Any:  # noqa: ANN401
    """Give an attribute at the place of its piece."""
    if isinstance(one, Pattern):
        return _told(one, placed)
    if isinstance(one, dict):
        return {
            key: _box(inner, placed) if key == "/BBox" else _moved(inner, placed)
            for key, inner in one.items()
        }
    if isinstance(one, list):
        return [_moved(inner, placed) for inner in one]
    return one


def _box(one: Any, placed: _Placed) -> list[float]:  # noqa: ANN401
    left, bottom, right, top = one
    return [
        left + placed.dx,
        bottom.y + placed.up(bottom.moves),
        right + placed.dx,
        top.y + placed.up(top.moves),
    ]


def _said(pattern: Pattern) -> str:
    """Give a text without fields."""
    return "".join(part for part in pattern.parts if isinstance(part, str))


def _told(pattern: Pattern, placed: _Placed) -> bytes | TextOf:
    """Give a text of the structure: as bytes, or as what gives it from a document's leaves."""
    parts: list[str | int] = []
    for part in pattern.parts:
        leaf = part if isinstance(part, str) else placed.first_leaf + part[0]
        if isinstance(leaf, int) and leaf in parts:
            while parts[-1] != leaf:  # what stands between the lines of one paragraph
                parts.pop()
        else:
            parts.append(leaf)
    if all(isinstance(part, str) for part in parts):
        return text(_said(pattern))
    return _joined(parts)


def _joined(parts: Sequence[str | int]) -> TextOf:
    givers = [_said_by(part) for part in parts]
    if len(givers) == 1:
        (give,) = givers
        return lambda leaves: text(give(leaves))
    return lambda leaves: text("".join([give(leaves) for give in givers]))


@lru_cache(maxsize=4096)
def _said_by(part: str | int) -> Callable[[Sequence[Any]], str]:
    if isinstance(part, str):
        return lambda _: part

    def give(leaves: Sequence[Any]) -> str:
        leaf = leaves[part]
        return writable(leaf if isinstance(leaf, str) else leaf.alt)

    return give


def _web_address(pattern: Pattern, placed: _Placed) -> bytes | TextOf:
    """Give the target of a link, which is written in ASCII."""
    told = _told(pattern, placed)
    if isinstance(told, bytes):
        return told

    def give(leaves: Sequence[Any]) -> bytes:
        written = told(leaves)
        if written.startswith(b"<"):
            raise UnpressableError("it has a link with letters beyond ASCII")
        return written

    return give


class _Content:
    """The content of a page: what stays, and what each document says."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._still: list[bytes] = []
        self._chunks: list[bytes] = []
        self._left: list[tuple[int, int, Setter]] = []
        self._aligned: list[tuple[int, tuple[int, Setter, float, float, bytes]]] = []
        self._paragraphs: dict[tuple[int, int], tuple[Breaker, list[tuple[int, int]]]] = {}
        self._holes: list[TextHole | ContentHole] = []
        self._style: bytes = b""
        self.mcids = 0

    def add(self, block: BlockForm, placed: _Placed) -> None:
        """Add a block of a piece."""
        head = block.head
        if block.mcid is not None:
            alt = _told(block.alt, placed)
            head = b"/Span<</MCID %d" % self.mcids
            self.mcids += 1
            if callable(alt):
                self._chunks += [head + b"/Alt", b""]
                leaf = next(part[0] for part in block.alt.parts if not isinstance(part, str))
                self._holes.append(
                    ContentHole(len(self._chunks) - 1, placed.first_leaf + leaf, _alt)
                )
                head = b">>BDC\n"
            else:
                head += (b"/Alt" + alt if block.alt.parts else b"") + b">>BDC\n"
        else:
            head += b"\n"
        still = [item for item in block.items if isinstance(item, Static)]
        if len(still) == len(block.items) and not callable(_told(block.alt, placed)):
            self._still += [head, *(_shifted(item, placed) for item in still), b"EMC\n"]
            return
        self._chunks.append(head)
        for item in block.items:
            if isinstance(item, Static):
                self._chunks.append(b"q " + _shifted(item, placed) + b"Q\n")
            elif isinstance(item, DrawingField):
                self._drawing(item, placed)
            elif isinstance(item, TextField):
                self._text(item, placed)
        self._chunks.append(b"EMC\n")

    def _drawing(self, item: DrawingField, placed: _Placed) -> None:
        a, b, c, d, e, f = item.matrix
        scaled = b" ".join(map(number, (a, b, c, d, e + placed.dx)))
        matrix = scaled + b" " + placed.height(f, item.moves)
        self._chunks.append(b"")
        self._holes.append(
            ContentHole(
                len(self._chunks) - 1,
                placed.first_leaf + item.leaf,
                lambda drawing: drawing_operators(drawing, matrix),
            )
        )

    def _text(self, item: TextField, placed: _Placed) -> None:
        setter = self._kit.setter(item.style)
        style = opened(self._kit, item.style.font, item.style.size, item.colour)
        x, y = item.x + placed.dx, placed.height(item.y, item.moves)
        begin = style if style != self._style else b"BT "
        self._style = style
        parts = item.pattern.parts
        alone = parts[0] if len(parts) == 1 and not isinstance(parts[0], str) else None
        if alone is not None and item.align == "left":
            leaf, line = alone
            self._chunks += [begin + b"1 0 0 1 %s %s Tm" % (number(x), y), b"", b" ET\n"]
            place, leaf_of_all = len(self._chunks) - 2, placed.first_leaf + leaf
            breaker = placed.breakers.get(leaf)
            if breaker is None:
                self._left.append((place, leaf_of_all, setter))
            else:
                key = (leaf_of_all, id(breaker))
                self._paragraphs.setdefault(key, (breaker, []))[1].append((place, line))
            return
        self._chunks += [begin, b"", b" ET\n"]
        place, share = len(self._chunks) - 2, _SHARES[item.align]
        if alone is not None and alone[0] not in placed.breakers:
            leaf_of_all = placed.first_leaf + alone[0]
            self._aligned.append((place, (leaf_of_all, setter, share, x, y)))
        else:
            self._holes.append(TextHole(place, _run_of(self._kit, item, placed), share, x, y))

    def still(self) -> bytes:
        """Give the stream's content that all documents have in common."""
        return deflate(b"".join(self._still), once=True)

    def told(self, place: int) -> PageContent:
        """Give what each document writes."""
        chunks, moved = _merged(self._chunks, self._hole_places())
        return PageContent(
            place,
            tuple([self._kit.same(chunk) for chunk in chunks]),
            tuple((moved[at], leaf, setter) for at, leaf, setter in self._left),
            tuple((moved[at], *others) for at, others in self._aligned),
            tuple(
                (leaf, breaker, tuple((moved[at], line) for at, line in places))
                for (leaf, _), (breaker, places) in self._paragraphs.items()
            ),
            tuple(hole.at(moved[hole.place]) for hole in self._holes),
        )

    def _hole_places(self) -> set[int]:
        places = {one[0] for one in self._left} | {one[0] for one in self._aligned}
        places |= {at for _, lines in self._paragraphs.values() for at, _ in lines}
        return places | {hole.place for hole in self._holes}


def _merged(chunks: Sequence[bytes], holes: set[int]) -> tuple[tuple[bytes, ...], dict[int, int]]:
    """Join neighbouring bytes; give also where each hole has come to."""
    merged: list[bytes] = []
    moved: dict[int, int] = {}
    last_is_hole = True
    for place, chunk in enumerate(chunks):
        if place in holes:
            moved[place] = len(merged)
            merged.append(b"")
            last_is_hole = True
        elif last_is_hole:
            merged.append(chunk)
            last_is_hole = False
        else:
            merged[-1] += chunk
    return tuple(merged), moved


def _alt(leaf: Any) -> bytes:  # noqa: ANN401 (a drawing, or a text)
    return text(leaf if isinstance(leaf, str) else leaf.alt)


def _shifted(item: Static, placed: _Placed) -> bytes:
    x, y = number(item.x + placed.dx), placed.height(item.y, item.moves)
    return b"%s%s %s%s\n" % (item.before, x, y, item.after)


def _run_of(kit: Kit, item: TextField, placed: _Placed) -> SetOf:
    """Give what sets the run of a field for a document."""
    setter = kit.setter(item.style)
    parts = item.pattern.parts
    if len(parts) == 1 and not isinstance(parts[0], str):
        leaf, line = parts[0]
        breaker, place = placed.breakers.get(leaf), placed.first_leaf + leaf
        if breaker is None:
            return lambda leaves: setter[leaves[place]]
        return lambda leaves: breaker[leaves[place]][line]
    if any(not isinstance(part, str) and part[0] in placed.breakers for part in parts):
        raise UnpressableError("a paragraph shares its line with other text")
    givers = [
        _said_by(part if isinstance(part, str) else placed.first_leaf + part[0]) for part in parts
    ]
    return lambda leaves: setter.set("".join([give(leaves) for give in givers]))
