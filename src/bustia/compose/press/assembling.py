"""Puts a frame and its parts together: one form for all documents that are built alike."""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from bustia.compose.press.content import Content, run_of
from bustia.compose.press.files import key_of, specification, told_of
from bustia.compose.press.form import (
    DynamicObject,
    Form,
    TextOf,
    inner_entries,
    object_stream,
)
from bustia.compose.press.kit import Kit
from bustia.compose.press.nodes import Node, numbered, parts_of
from bustia.compose.press.pdf import entry, number
from bustia.compose.press.pieces import BlockForm, LinkForm, Piece, Slot, TextField
from bustia.compose.press.placed import Placed, breakers_of, moved, said, told, web_address
from bustia.compose.press.reading import Element
from bustia.compose.press.sealing import SealPlace
from bustia.errors import UnpressableError

__all__ = ["assemble"]

_LEVELS = {f"/H{level}": level for level in range(1, 7)}


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
    whole = Placed(frame, 0, 0.0, 0.0, 0, shifts, breakers_of(kit, frame), top)
    placed, leaf = [], frame.leaves
    for place, part in enumerate(parts):
        slot = frame.slots[place]
        dy = slot.top.y + shifts[slot.top.moves] - part.top
        dx = slot.left - part.left
        placed.append(Placed(part, leaf, dx, dy, slot.page, {}, breakers_of(kit, part), top))
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
        frame: Placed,
        parts: Sequence[Placed],
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
        self._headings: list[tuple[int, Placed, Any]] = []
        self._bookmarks = {id(one): iter(one.piece.bookmarks) for one in (frame, *parts)}

    def _node(self, *parts: Any) -> Node:  # noqa: ANN401
        node = Node(list(parts))
        self._nodes.append(node)
        return node

    def form(self) -> Form:
        """Put everything together."""
        frame = self._frame.piece
        contents = [Content(self._kit) for _ in frame.pages]
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

    def _block(self, content: Content, placed: Placed, page: int, block: BlockForm) -> None:
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
                            "/URI": web_address(link.uri, placed),
                        },
                        "/Contents": told(link.contents, placed),
                        "/StructParent": len(self._pages) + len(self._link_parents),
                    }
                )
                self._link_parents.append(node)
                placed.links[inner, place] = node
                nodes.append(node)
        return nodes

    def _right(self, link: LinkForm, placed: Placed) -> float | TextOf:
        """Give the right edge of a link: a number, or what gives it from a document's leaves."""
        if not isinstance(link.right, TextField):
            return link.right + placed.dx
        run, left = run_of(self._kit, link.right, placed), link.left + placed.dx
        return lambda leaves: number(left + run(leaves)[1])

    # Structure

    def _kids(self, placed: Placed, kids: Sequence[Any], parent: Node) -> list[Any]:
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

    def _slot_of(self, placed: Placed, element: Element) -> int | None:
        for kid in element.kids:
            if isinstance(kid, tuple) and len(kid) == 2 and kid in placed.slots:
                if len(element.kids) > 1:
                    raise UnpressableError("the place of a part is not alone in its element")
                return placed.slots[kid]
        return None

    def _element(self, placed: Placed, element: Element, parent: Node) -> Node:
        node = self._node()
        if element.role in _LEVELS:
            bookmark = next(self._bookmarks[id(placed)], None)
            if bookmark is not None:
                self._headings.append((_LEVELS[element.role], placed, bookmark))
        entries: dict[str, Any] = {"/S": element.role.encode(), "/P": parent}
        for key, one in element.attributes.items():
            entries[key] = moved(one, placed)
            if key == "/ID":
                self._ids.append((said(one), node))
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
            entries = {"/Title": told(bookmark.title, placed), "/Dest": target}
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
        contents: Sequence[Content],
        static: Sequence[Node],
        drawn: Sequence[Node],
        catalog: Node,
        value: Node,
        metadata: Node,
    ) -> Form:
        telling: list[Node] = []
        still: list[Node] = []
        for node in self._nodes:
            (telling if node.tells else still).append(node)
        packed, info = Node([]), Node([])
        first = 1 + len(self._kit.objects)
        files = self._files
        inner = Node([])
        written = [*drawn, *files.values(), metadata, inner, value]  # in this order
        numbered([*still, *static, packed, *telling, info, *written], first)
        prefix, fonts = self._kit.beginning
        entries = list(fonts)
        head: list[bytes] = []
        at = len(prefix)

        def put(body: bytes, place: int) -> None:
            nonlocal at
            whole = b"%d 0 obj\n%s\nendobj\n" % (place, body)
            entries.append(entry(at))
            head.append(whole)
            at += len(whole)

        entries.append(inner_entries(packed.number, len(still)))
        for node in static:
            put(node.stream_body(), node.number)
        body = object_stream([(node.number, node.body()) for node in still], once=True)
        put(body, packed.number)
        entries.append(inner_entries(inner.number, len(telling) + 1))
        return Form(
            prefix=prefix,
            head=b"".join(head),
            entries=b"".join(entries),
            pages=tuple(
                content.told(node.number) for content, node in zip(contents, drawn, strict=True)
            ),
            objects=tuple(DynamicObject(node.number, node.written()) for node in telling),
            files=tuple((stream.number, leaf) for leaf, stream in files.items()),
            catalog=catalog.number,
            signature=value.number,
            metadata=metadata.number,
            inner=inner.number,
            info=info.number,
        )
