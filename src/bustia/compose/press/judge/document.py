"""Reads what a document says about itself, for the judge: structure, links, bookmarks, files."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pikepdf
from lxml import etree

from bustia.compose.press.judge.objects import Objects
from bustia.compose.press.judge.painted import Path, Run, painted
from bustia.errors import UnpressableError

__all__ = ["Content", "Document", "Element", "Link"]

_TREE = frozenset({"/Type", "/S", "/P", "/K", "/Pg"})
"""Entries of an element that make the tree; all others are its attributes."""
_ROOT = ("/Lang", "/ViewerPreferences", "/MarkInfo", "/PageLabels", "/PageMode", "/PageLayout")
_PAGE = ("/Rotate", "/UserUnit", "/Tabs", "/CropBox")
_INFO = ("/Title", "/Author", "/Keywords", "/CreationDate", "/ModDate", "/Creator")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_METADATA = (
    "{http://purl.org/dc/elements/1.1/}title",
    "{http://purl.org/dc/elements/1.1/}creator",
    "{http://purl.org/dc/elements/1.1/}language",
    "{http://purl.org/dc/elements/1.1/}format",
    "{http://ns.adobe.com/pdf/1.3/}Keywords",
    "{http://ns.adobe.com/xap/1.0/}CreateDate",
    "{http://ns.adobe.com/xap/1.0/}ModifyDate",
    "{http://ns.adobe.com/xap/1.0/}CreatorTool",
    "{http://www.aiim.org/pdfa/ns/id/}part",
    "{http://www.aiim.org/pdfa/ns/id/}conformance",
    "{http://www.aiim.org/pdfua/ns/id/}part",
)


@dataclass(slots=True)
class Content:
    """What stands in an element between two others: marked content, that may be in pieces."""

    page: int
    runs: list[Run] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    """What its marks say, as alternative texts."""
    strange: bool = False
    """Whether the parent tree gives it to another element."""


@dataclass(slots=True)
class Element:
    """An element of the structure tree, with its content read in."""

    role: str
    attributes: dict[str, Any]
    kids: list["Element | Content | dict[str, Any]"] = field(default_factory=list)
    """Elements, content, and annotations, in reading order."""


@dataclass(slots=True)
class Link:
    """A link: its box on the page, and what is said of it."""

    says: dict[str, Any]
    box: list[float]


class Document:
    """A document, as far as the judge looks at it, with values as in ``objects``."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        """Read a file; raise ``UnpressableError`` for what the judge doesn't know."""
        self._pdf = pdf
        self._objects = objects = Objects(pdf)
        self._get = objects.get
        self.painted = painted(objects)
        """What its pages paint, but for what was taken into the structure."""
        self._tree = objects.dictionary(objects.root.get("/StructTreeRoot"))
        self._roles = objects.dictionary(self._tree.get("/RoleMap"))
        self._parents = dict(self._parents_of(self._tree.get("/ParentTree")))
        self._owners = [
            objects.array(self._parents.get(page.get("/StructParents", -1)))
            for page in objects.pages
        ]
        self._ids = dict(self._entries(self._tree.get("/IDTree"), "/Names"))

    def said(self) -> Iterator[tuple[str, Any]]:
        """Give what is said of the document as a whole, by name."""
        objects = self._objects
        for key in _ROOT:
            yield f"document's {key[1:]}", objects.plain(objects.root.get(key))
        for key in _INFO:
            yield f"document's {key[1:]}", objects.info.get(key, "u:")
        metadata = _metadata(objects.stream(objects.root["/Metadata"]))
        for name in _METADATA:
            yield f"metadata's {name.partition('}')[2]}", metadata.get(name)
        yield "document's colours", list(self._intents())

    def profiles(self) -> set[bytes]:
        """Give the digests of the profiles that its colours, but for greys, are in."""
        return set[bytes]().union(*(page.profiles for page in self.painted))

    def _intents(self) -> Iterator[tuple[Any, bytes]]:
        for one in self._objects.array(self._objects.root.get("/OutputIntents")):
            says = dict(self._get(one))
            profile = self._objects.stream(says.pop("/DestOutputProfile"))
            yield self._objects.plain(says), sha256(profile).digest()

    # Pages

    def size(self, number: int) -> list[float]:
        """Give the box of a page (points)."""
        box: list[float] = self._objects.array(self._objects.pages[number]["/MediaBox"])
        return box

    def page_says(self, number: int) -> dict[str, Any]:
        """Give what is said of a page beside its size."""
        page = self._objects.pages[number]
        return {key: self._objects.plain(page[key]) for key in _PAGE if key in page}

    def links(self, number: int) -> Iterator[Link]:
        """Give the links of a page, in their order."""
        for reference in self._objects.array(self._objects.pages[number].get("/Annots")):
            one = self._get(reference)
            if one["/Subtype"] == "/Link":
                yield Link(self._link(reference), self._objects.array(one["/Rect"]))

    def _link(self, reference: Any) -> dict[str, Any]:  # noqa: ANN401
        one = self._get(reference)
        return {
            key: self._objects.plain(value)
            for key, value in one.items()
            if key not in ("/Type", "/Rect", "/StructParent", "/P")
        }

    def bookmarks(self) -> list[tuple[tuple[Any, ...], list[float]]]:
        """Give level, title and page of each bookmark, and the place there (points)."""
        outline = self._objects.dictionary(self._objects.root.get("/Outlines"))
        return list(self._bookmarks(outline, 1))

    def _bookmarks(
        self, parent: dict[str, Any], level: int
    ) -> Iterator[tuple[tuple[Any, ...], list[float]]]:
        node = self._get(parent.get("/First"))
        while node is not None:
            page, kind, left, top, *zoom = self._get(node["/Dest"])
            says = (level, node["/Title"], self._objects.numbers[page], kind, *zoom)
            yield says, [float(left), float(top)]
            yield from self._bookmarks(node, level + 1)
            node = self._get(node.get("/Next"))

    # Files

    def files(self) -> list[tuple[Any, ...]]:
        """Give what is said of the files that go along, and what is in them."""
        return [_file(one) for one in self._pdf.Root.get("/AF", [])]

    def names_of_files(self) -> list[str]:
        """Give the names under which files are found, sorted."""
        names = self._objects.dictionary(self._objects.root.get("/Names"))
        files = self._entries(names.get("/EmbeddedFiles"), "/Names")
        return sorted(self._get(file)["/UF"] for _, file in files)

    # Structure

    def structure(self) -> Element:
        """Give the document's element; content is taken out of the pages."""
        (root,) = self._objects.array(self._tree["/K"])
        return self._element(root, None)

    def unclaimed(self) -> int:
        """Count the pieces of marked content that no element took."""
        return sum(
            isinstance(mark, int) and bool(found)
            for page in self.painted
            for kept in (page.runs, page.paths)
            for mark, found in kept.items()
        )

    def _element(self, reference: Any, page: int | None) -> Element:  # noqa: ANN401
        node = self._get(reference)
        here = self._objects.numbers[node["/Pg"]] if "/Pg" in node else page
        plain = self._objects.plain
        attributes = {key: plain(value) for key, value in node.items() if key not in _TREE}
        if "/ID" in attributes:
            attributes["its ID leads to it"] = self._ids.get(attributes["/ID"]) == reference
        role = node["/S"]
        if role in self._roles:  # with the standard role that it stands for
            role = f"{role} ({self._roles[role]})"
        found = Element(role, attributes)
        for kid in self._objects.array(node.get("/K")):
            if isinstance(kid, int):
                self._content(found, reference, kid, here)
            else:
                self._kid(found, reference, kid, here)
        return found

    def _kid(self, found: Element, parent: Any, reference: Any, here: int | None) -> None:  # noqa: ANN401
        kid = self._get(reference)
        if isinstance(kid, int):
            self._content(found, parent, kid, here)
            return
        kind = kid.get("/Type")
        if kind == "/MCR":
            page = self._objects.numbers[kid["/Pg"]] if "/Pg" in kid else here
            self._content(found, parent, kid["/MCID"], page)
        elif kind == "/OBJR":
            place = self._get(kid["/Obj"]).get("/StructParent", -1)
            found.kids.append(
                {
                    **self._link(kid["/Obj"]),
                    "its parent is this element": self._parents.get(place) == parent,
                }
            )
        else:
            found.kids.append(self._element(reference, here))

    def _content(self, found: Element, parent: Any, mark: int, page: int | None) -> None:  # noqa: ANN401
        """Add a piece of marked content to what stands before it, unless it shows nothing."""
        if page is None:
            raise UnpressableError("content of its structure belongs to no page")
        painted = self.painted[page]
        runs, paths = painted.runs.pop(mark, ()), painted.paths.pop(mark, ())
        said = painted.properties.pop(mark, None)
        if not runs and not paths and not said:
            return
        last = found.kids[-1] if found.kids else None
        if not isinstance(last, Content) or last.page != page:
            last = Content(page)
            found.kids.append(last)
        last.runs += runs
        last.paths += paths
        if said:
            last.said.append(said)
        owners = self._owners[page]
        if not 0 <= mark < len(owners) or owners[mark] != parent:
            last.strange = True

    def _parents_of(self, tree: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401
        """Read a number tree: for pages arrays of elements, for annotations their element."""
        for key, value in self._entries(tree, "/Nums"):
            found = self._get(value)
            yield key, found if isinstance(found, list) else value

    def _entries(self, tree: Any, leaves: str) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401
        node = self._objects.dictionary(tree)
        for kid in self._objects.array(node.get("/Kids")):
            yield from self._entries(kid, leaves)
        flat = self._objects.array(node.get(leaves))
        yield from zip(flat[::2], flat[1::2], strict=True)


def _metadata(packet: bytes) -> dict[str, list[str]]:
    """Read the texts of each property of a metadata packet (XMP), and their languages."""
    root = etree.fromstring(packet, etree.XMLParser(resolve_entities=False, no_network=True))
    found: dict[str, list[str]] = {}
    for description in root.iter(f"{_RDF}Description"):
        for name, text in description.items():
            found.setdefault(str(name), []).append(str(text))
        for one in description:
            texts = [f"{part.get(_LANGUAGE, '')}{(part.text or '').strip()}" for part in one.iter()]
            found.setdefault(str(one.tag), []).extend(filter(None, texts))
    return found


def _file(one: pikepdf.Object) -> tuple[Any, ...]:
    file = one.EF.UF
    says = (one.UF, one.Desc, one.AFRelationship, file.Subtype, file.Params.ModDate)
    return (*map(str, says), int(file.Params.Size), file.read_bytes())
