"""The store: what is kept comes back as it was, and nothing else comes back."""

from pathlib import Path
from typing import Any

import pytest

from bustia.compose.press.kit import Style
from bustia.compose.press.pieces import BlockForm, Box, Pattern, Piece, Slot, Static, TextField
from bustia.compose.press.reading import Element
from bustia.compose.press.store import PieceStore
from tests.compose.bills import STATIONERY

STYLE = Style("Hanken", 9.0, 0.02)
FIELD = TextField(Pattern(("n.º ", (0, 1))), STYLE, (0.1, 0.0, 1.0), "right", 12.5, 700.0, 3)
BLOCK = BlockForm(None, b"/Artifact BMC", Pattern(()), (Static(b"(\xff\0", 1, 2.5, b"", 0), FIELD))
PIECE = Piece(
    pages=[(595.0, 842.0, [BLOCK, BlockForm(4, b"", Pattern(("à",)), (Slot(2),))], [])],
    elements=[
        Element("/P", {"/A": [{"/BBox": [Box(1.0, 2), None, True]}]}, [(0, 4), (0, 1, None)])
    ],
    bookmarks=[],
    paragraphs={7: (STYLE, 120.0)},
    lines=[(3, STYLE, 80.5)],
    rooms={0: (10.0, 1), 1: (-2, 0)},
)


@pytest.fixture
def store(tmp_path: Path) -> PieceStore:
    """An empty store."""
    return PieceStore(tmp_path, STATIONERY)


def shape(one: Any) -> Any:
    """Give the types in what comes back: 1 and 1.0 are the same, but not when they are written."""
    if isinstance(one, list | tuple):
        return type(one), [shape(part) for part in one]
    if isinstance(one, dict):
        return dict, [shape(part) for part in one.items()]
    return type(one)


def test_a_piece_comes_back_as_it_was(store: PieceStore, tmp_path: Path):
    """Of whatever kinds its parts are, in this process and in the next one."""
    content = {"piece": PIECE, "texts": ["bytes", "tuple", "list"], "fields": {(1, 2): b"dict"}}
    store.save(("a", 1), content)
    for one in (store, PieceStore(tmp_path, STATIONERY)):
        found = one.load(("a", 1))
        assert found == content
        assert shape([found["fields"], found["piece"].pages, found["piece"].rooms]) == shape(
            [content["fields"], PIECE.pages, PIECE.rooms]
        )
    assert store.load(("a", 2)) is None


@pytest.mark.parametrize(
    "written",
    [
        "", "{", "[]", "7", '"a"', "{}", '{"piece": 1}', '["dict", "a", {"b": 1}]', '["list"]',
        '["dict", "a"]', '["Path", "/"]', '["eval", "1"]', '["Box", 1.0]', '["bytes"]',
        '["bytes", 7]', '[["dict"]]', '["dict", ["list"], 1]',
    ],
)  # fmt: skip
def test_a_file_that_is_not_right_is_as_good_as_none(
    written: str, store: PieceStore, tmp_path: Path
):
    """Whatever stands in it: it is data, and only our own kinds are made of it."""
    store.save("key", {"piece": PIECE})
    (file,) = tmp_path.rglob("*.json")
    file.write_text(written)
    assert store.load("key") is None


def test_nothing_unfinished_is_left(store: PieceStore, tmp_path: Path):
    """A piece is there as a whole or not at all, however often it is kept."""
    store.save("key", {"piece": PIECE})
    store.save("key", {"piece": PIECE})
    assert [file.suffix for file in tmp_path.rglob("*.*")] == [".json"]
