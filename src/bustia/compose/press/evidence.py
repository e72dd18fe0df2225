"""Reads what a document says about itself, for the judge: structure, links, bookmarks, files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pikepdf

from bustia.compose.press.painted import Glyph, Page, Path, floats

__all__ = ["Element", "Tree", "bookmarks", "files", "links", "plain"]


@dataclass(slots=True)
class Element:
    """An element with its content read in."""

    role: str
    attributes: Any
    glyphs: list[Glyph]
    paths: list[Path]
    links: list[tuple[Any, ...]]
    kids: list["Element"]
    pages: set[int]


class Tree:
    """Reads the structure tree of a file."""

    def __init__(self, pdf: pikepdf.Pdf, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
        root = pdf.Root.StructTreeRoot.K
        self._root = root[0] if isinstance(root, pikepdf.Array) else root
        self._parents = _parents(pdf)

    def root(self) -> Element:
        """Give the document's element."""
        return self._element(self._root, None)

    def _element(self, node: pikepdf.Object, page: int | None) -> Element:
        here = self._numbers[node.Pg.objgen] if "/Pg" in node else page
        attributes = {
            key: plain(value)
            for key, value in node.items()
            if key not in ("/Type", "/S", "/P", "/K", "/Pg")
        }
        found = Element(str(node.S), attributes, [], [], [], [], set())
        inner = node.get("/K", pikepdf.Array())
        for kid in inner if isinstance(inner, pikepdf.Array) else [inner]:
            self._kid(found, node, kid, here)
        return found

    def _kid(self, found: Element, node: pikepdf.Object, kid: Any, here: int | None) -> None:  # noqa: ANN401
        if isinstance(kid, int) or kid.get("/Type") == "/MCR":
            mcid = int(kid) if isinstance(kid, int) else int(kid.MCID)
            page = (
                here if isinstance(kid, int) or "/Pg" not in kid else self._numbers[kid.Pg.objgen]
            )
            if page is None:
                return
            shown = self._pages[page]
            found.glyphs += shown.glyphs.pop(mcid, [])
            found.paths += shown.paths.pop(mcid, [])
            found.pages.add(page)
            if mcid in shown.alts:
                found.links.append(("alt", shown.alts[mcid]))
            if self._parents.get((page, mcid)) != node.objgen:
                found.links.append(("content whose parent is another element",))
        elif kid.get("/Type") == "/OBJR":
            found.links.append(("link", str(kid.Obj.get("/Contents", ""))))
        else:
            found.kids.append(self._element(kid, here))


def _parents(pdf: pikepdf.Pdf) -> dict[tuple[int, int], tuple[int, int]]:
    """Read which element each piece of marked content belongs to."""
    tree = pdf.Root.StructTreeRoot.ParentTree
    entries = dict(_numbers_of(tree))
    found = {}
    for number, page in enumerate(pdf.pages):
        for mcid, parent in enumerate(entries.get(int(page.obj.get("/StructParents", -1)), [])):
            if isinstance(parent, pikepdf.Dictionary):
                found[number, mcid] = parent.objgen
    return found


def _numbers_of(tree: pikepdf.Object) -> Iterator[tuple[int, Any]]:
    for kid in tree.get("/Kids", []):
        yield from _numbers_of(kid)
    nums = list(tree.get("/Nums", []))
    yield from ((int(key), value) for key, value in zip(nums[::2], nums[1::2], strict=True))


def links(page: pikepdf.Page) -> Iterator[tuple[tuple[str, str], list[float]]]:
    for one in page.obj.get("/Annots", []):
        if one.get("/Subtype") == "/Link":
            yield (str(one.A.URI), str(one.get("/Contents", ""))), floats(one.Rect)


def bookmarks(pdf: pikepdf.Pdf) -> Iterator[tuple[tuple[int, str, int], list[float]]]:
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}

    def under(parent: Any, level: int) -> Iterator[tuple[tuple[int, str, int], list[float]]]:  # noqa: ANN401
        node = parent.get("/First")
        while node is not None:
            place = [float(node.Dest[2]), float(node.Dest[3])]
            yield (level, str(node.Title), numbers[node.Dest[0].objgen]), place
            yield from under(node, level + 1)
            node = node.get("/Next")

    outline = pdf.Root.get("/Outlines")
    if outline is not None:
        yield from under(outline, 1)


def files(pdf: pikepdf.Pdf) -> Iterator[tuple[Any, ...]]:
    """Give what is said of the files that go along, and what is in them."""
    for one in pdf.Root.get("/AF", []):
        file = one.EF.UF
        says = (one.UF, one.Desc, one.AFRelationship, file.Subtype, file.Params.ModDate)
        yield *map(str, says), int(file.Params.Size), file.read_bytes()


def plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, pikepdf.Name | pikepdf.String):
        return str(value)
    if isinstance(value, pikepdf.Array):
        return [plain(one) for one in value]
    if isinstance(value, pikepdf.Dictionary):
        return {key: plain(one) for key, one in value.items()}
    return float(value) if isinstance(value, Decimal) else value
