"""A piece at its place: what it adds to a document, whatever stands beside it there.

Its objects and its marked content have numbers that count from where its place says. So a piece
comes out the same in all forms in which it has the same place, and is made ready once for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bustia.compose.press.content import Content, run_of
from bustia.compose.press.form import DynamicObject, PageContent, TextOf
from bustia.compose.press.kit import Kit
from bustia.compose.press.known import Known
from bustia.compose.press.nodes import Gap, Node, numbered, parts_of, reference
from bustia.compose.press.pdf import number
from bustia.compose.press.pieces import BlockForm, LinkForm, Slot, TextField
from bustia.compose.press.placed import Placed, moved, said, told, web_address
from bustia.compose.press.reading import Element
from bustia.errors import UnpressableError

__all__ = ["MOST_LINKS", "Heading", "Imprint", "Joint", "Place", "imprinted"]

MOST_LINKS = 32
"""Links that a piece may have: so many keys of the parent tree are free for each."""
_LEVELS = {f"/H{level}": level for level in range(1, 7)}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece goes in a document, and from where on its numbers count."""

    page: int
    """The page that its first page is on."""
    dx: float
    dy: float
    """How far its content is moved, in points to the right and upwards."""
    shifts: tuple[tuple[int, float], ...]
    """How far upwards what moves with these slots moves, for a frame."""
    top: float
    """Height of its page, in points."""
    parent: int
    """The object that holds its elements of the structure tree."""
    pages: int
    """The object of the document's first page; those of the others follow."""
    first: int
    """Its first object."""
    marks: tuple[int, ...]
    """The number of its first marked content, on each of its pages."""
    links: int
    """The key of its first link in the parent tree."""


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the outline, but for its neighbours there."""

    level: int
    number: int
    told: tuple[bytes | TextOf, ...]
    """The beginning of its dictionary, as far as it says something of the document."""
    rest: bytes
    """What follows on that, still open."""


@dataclass(frozen=True, slots=True)
class Joint:
    """An element of a frame that holds parts: bytes, and the slots' numbers between them."""

    number: int
    parts: tuple[bytes | Gap, ...]


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a piece adds to a document. Frames have joints; what belongs to one page is a tuple."""

    still: tuple[bytes, ...]
    """Content that is the same in all documents."""
    told: tuple[PageContent, ...]
    """Content that says something of the document."""
    marks: tuple[range, ...]
    """The numbers of its marked content."""
    owners: tuple[bytes, ...]
    """The elements of its marked content, as the parent tree lists them."""
    links: tuple[bytes, ...]
    """Its links, as a page lists them."""
    link_owners: bytes
    """The elements of its links, as the parent tree lists them."""
    objects: tuple[tuple[int, bytes], ...]
    telling: tuple[DynamicObject, ...]
    joints: tuple[Joint, ...]
    holders: Mapping[int, int]
    """For each slot of a frame the object that holds its part's elements."""
    top: tuple[bytes | Gap, ...]
    """Its topmost elements, as their parent lists them."""
    headings: tuple[Heading | Gap, ...]
    ids: tuple[tuple[str, int], ...]
    """The names that elements have, and their objects."""
    end: int
    """The number after its last object."""


def imprinted(kit: Kit, known: Known, place: Place) -> Imprint:
    """Make a piece ready for a place."""
    return _Imprinting(kit, known, place).imprint()


class _Imprinting:
    """The work on one imprint."""

    def __init__(self, kit: Kit, known: Known, place: Place) -> None:
        self._kit = kit
        self._place = place
        self._piece = known.piece
        self._placed = Placed(place.dx, place.dy, dict(place.shifts), known.breakers, place.top)
        self._nodes: list[Node] = []
        self._contents = [Content(kit, first) for first in place.marks]
        self._marks: dict[tuple[int, int], int] = {}
        """Marked content of the piece: its page and number, and its number in the document."""
        self._slots: dict[tuple[int, int], int] = {}
        """Marked content that stands for a part: its page and number, and the part's."""
        self._owners: list[list[Node | None]] = []
        self._links: list[list[Node]] = []
        self._link_keys: dict[tuple[int, int], int] = {}
        """Links of the piece: page and place on it, and place among all of them."""
        self._link_owners: list[Node] = []
        self._holders: dict[int, Node | None] = {}
        self._ids: list[tuple[str, Node]] = []
        self._headings: list[tuple[int, Node] | Gap] = []
        self._bookmarks = iter(known.piece.bookmarks)

    def imprint(self) -> Imprint:
        place, contents = self._place, self._contents
        for page, (_, _, blocks, _) in enumerate(self._piece.pages):
            for block in blocks:
                self._block(page, block)
        self._owners = [[None] * len(content.marks) for content in contents]
        self._links = [self._links_of(page) for page in range(len(contents))]
        if len(self._link_owners) > MOST_LINKS:
            raise UnpressableError("a part of it has more links than there are places for")
        top = self._kids(self._piece.elements, None)
        still, joints, telling = self._sorted()
        entries = [one[1] for one in self._headings if not isinstance(one, Gap)]
        end = numbered([*still, *joints, *telling, *entries], place.first)
        same = self._kit.same
        made = Imprint(
            still=tuple(content.still() for content in contents),
            told=tuple(content.told() for content in contents),
            marks=tuple(content.marks for content in contents),
            owners=tuple(
                b" ".join([b"null" if one is None else one.reference for one in owners])
                for owners in self._owners
            ),
            links=tuple(b" ".join([one.reference for one in links]) for links in self._links),
            link_owners=b" ".join(
                b"%d %s" % (key, one.reference)
                for key, one in enumerate(self._link_owners, place.links)
            ),
            objects=tuple((node.number, same(node.body())) for node in still),
            telling=tuple(DynamicObject(node.number, node.written()) for node in telling),
            joints=tuple(Joint(node.number, node.written()) for node in joints),
            holders={
                slot: place.parent if holder is None else holder.number
                for slot, holder in self._holders.items()
            },
            top=tuple(kid if isinstance(kid, Gap) else kid.reference for kid in top),
            headings=tuple(
                one if isinstance(one, Gap) else _heading(*one) for one in self._headings
            ),
            ids=tuple((name, node.number) for name, node in self._ids),
            end=end,
        )
        for node in self._nodes:
            node.parts.clear()  # they refer to each other, and would wait to be collected
        return made

    def _sorted(self) -> tuple[list[Node], list[Node], list[Node]]:
        """Give the objects that are always the same, those that join parts, and those that say
        something of a document."""
        still, joints, telling = list[Node](), list[Node](), list[Node]()
        for node in self._nodes:
            if node.joins and node.tells:
                raise UnpressableError("what holds a part says something of the document")
            (joints if node.joins else telling if node.tells else still).append(node)
        return still, joints, telling

    def _node(self, *parts: Any) -> Node:  # noqa: ANN401
        node = Node(list(parts))
        self._nodes.append(node)
        return node

    def _page(self, page: int) -> bytes:
        return reference(self._place.pages + self._place.page + page)

    # Content

    def _block(self, page: int, block: BlockForm) -> None:
        slot = next((item.number for item in block.items if isinstance(item, Slot)), None)
        content = self._contents[page]
        if slot is None:
            if block.mcid is not None:
                self._marks[page, block.mcid] = content.marks.stop
            content.add(block, self._placed)
        elif block.mcid is None:
            raise UnpressableError("the place of a part is not in the structure")
        else:
            self._slots[page, block.mcid] = slot

    def _links_of(self, page: int) -> list[Node]:
        placed, nodes = self._placed, []
        for place, link in enumerate(self._piece.pages[page][3]):
            rect = [
                link.left + placed.dx,
                link.bottom.y + placed.up(link.bottom.moves),
                self._right(link),
                link.top.y + placed.up(link.top.moves),
            ]
            node = self._node(
                *parts_of(
                    {
                        "/Type": b"/Annot",
                        "/Subtype": b"/Link",
                        "/Rect": rect,
                        "/Border": [0, 0, 0],
                        "/F": 4,
                        "/A": {
                            "/Type": b"/Action",
                            "/S": b"/URI",
                            "/URI": web_address(link.uri),
                        },
                        "/Contents": told(link.contents),
                        "/StructParent": self._place.links + len(self._link_owners),
                    }
                )
            )
            self._link_keys[page, place] = len(self._link_owners)
            self._link_owners.append(node)
            nodes.append(node)
        return nodes

    def _right(self, link: LinkForm) -> float | TextOf:
        """Give the right edge of a link: a number, or what gives it from a document's leaves."""
        if not isinstance(link.right, TextField):
            return link.right + self._placed.dx
        run, left = run_of(self._kit, link.right, self._placed), link.left + self._placed.dx
        return lambda leaves: number(left + run(leaves)[1])

    # Structure

    def _kids(self, kids: Sequence[Any], parent: Node | None) -> list[Any]:
        """Give the kids of an element: nodes, gaps for parts, and marked content as it is."""
        result: list[Any] = []
        for kid in kids:
            slot = self._slot_of(kid) if isinstance(kid, Element) else None
            if slot is not None:
                self._holders[slot] = parent
                self._headings.append(Gap(slot))
                result.append(Gap(slot))
            elif isinstance(kid, Element):
                result.append(self._element(kid, parent))
            else:
                result.append(kid)
        return result

    def _slot_of(self, element: Element) -> int | None:
        for kid in element.kids:
            if isinstance(kid, tuple) and len(kid) == 2 and kid in self._slots:
                if len(element.kids) > 1:
                    raise UnpressableError("the place of a part is not alone in its element")
                return self._slots[kid]
        return None

    def _element(self, element: Element, parent: Node | None) -> Node:
        node = self._node()
        if element.role in _LEVELS:
            self._heading(_LEVELS[element.role])
        up = reference(self._place.parent) if parent is None else parent
        entries: dict[str, Any] = {"/S": element.role.encode(), "/P": up}
        for key, one in element.attributes.items():
            entries[key] = moved(one, self._placed)
            if key == "/ID":
                self._ids.append((said(one), node))
        kids: list[Any] = []
        home: int | None = None
        for kid in self._kids(element.kids, node):
            if isinstance(kid, Node | Gap):
                kids.append(kid)
                continue
            page, at, *rest = kid
            home = page if home is None else home
            if rest:
                kids.append(self._link_kid(node, page, at))
            else:
                kids.append(self._content_kid(node, page, at, home))
        if home is not None:
            entries["/Pg"] = self._page(home)
        if kids:
            alone = len(kids) == 1 and not isinstance(kids[0], Gap)
            entries["/K"] = kids[0] if alone else kids
        node.parts = parts_of(entries)
        return node

    def _link_kid(self, node: Node, page: int, at: int) -> dict[str, Any]:
        place = self._link_keys[page, at]
        link, self._link_owners[place] = self._links[page][at], node
        return {"/Type": b"/OBJR", "/Pg": self._page(page), "/Obj": link}

    def _content_kid(self, node: Node, page: int, at: int, home: int) -> int | dict[str, Any]:
        mark = self._marks[page, at]
        self._owners[page][mark - self._place.marks[page]] = node
        if page == home:
            return mark
        return {"/Type": b"/MCR", "/Pg": self._page(page), "/MCID": mark}

    def _heading(self, level: int) -> None:
        """Note the next entry of the outline, if there is one for this heading."""
        bookmark = next(self._bookmarks, None)
        if bookmark is None:
            return
        placed = self._placed
        target = [
            self._page(bookmark.page),
            b"/XYZ",
            bookmark.left + placed.dx,
            bookmark.top.y + placed.up(bookmark.top.moves),
            0,
        ]
        parts = parts_of({"/Title": told(bookmark.title), "/Dest": target})
        self._headings.append((level, Node(parts[:-1])))  # without its closing brackets


def _heading(level: int, entry: Node) -> Heading:
    *told_, rest = entry.written()
    return Heading(level, entry.number, tuple(told_), rest)
