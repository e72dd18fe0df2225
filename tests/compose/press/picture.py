"""Draws a form over a bill: ``python -m tests.compose.press.picture``.

Fields that keep their left edge are green, those that keep their right edge orange, centred ones
violet; lines of paragraphs are blue, drawings pink, and the places of parts are framed in grey.
"""

from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageDraw

from bustia.compose.layouts import layouts
from bustia.compose.press import Press
from bustia.compose.press.bill_parts import parts_of
from bustia.compose.press.pieces import DrawingField, TextField
from bustia.seal import Sealer, demo_identity
from tests.compose.bills import SLIP, STAMP, STATIONERY, facts, view

PICTURE = Path(__file__).parents[3] / "docs" / "images" / "press-form.png"
SCALE = 1.45
COLOURS = {"left": "#1a8f4a", "right": "#d9730d", "centre": "#8a3ffc"}
PARAGRAPH, DRAWING, PLACE = "#1f6feb", "#d6336c", "#8b949e"


def main() -> None:
    """Render the first page of a bill, and draw what the press knows of it."""
    bill = view(facts(invoice=SLIP), messages=2)
    press, sealer = Press(STATIONERY, judged_every=0), Sealer(demo_identity("picture"))
    slot = sealer.slot(STAMP)
    made = press.press(bill, STAMP, slot)
    layout = next(one for one in layouts(bill) if one.pages == made.pages)
    found = press._form(bill, layout, (), slot)
    assert found is not None
    ready, leaves = found
    page = pypdfium2.PdfDocument(made.pdf)[0]
    image = page.render(scale=SCALE).to_pil().convert("RGB")
    pale = Image.blend(image, Image.new("RGB", image.size, "white"), 0.45)
    draw, top = ImageDraw.Draw(pale), page.get_height()
    frame, *parts = ready.pieces
    first, shifts = frame.piece.leaves, 0.0
    _fields(draw, frame, leaves[:first], 0.0, 0.0, top)
    for place, (part, known) in enumerate(zip(parts_of(bill, layout), parts, strict=True)):
        slot_place = frame.piece.slots[place]
        own = leaves[first : first + known.piece.leaves]
        first += known.piece.leaves
        if slot_place.page:
            continue
        dx, dy = slot_place.left - known.piece.left, slot_place.top.y - shifts - known.piece.top
        _fields(draw, known, own, dx, dy, top)
        upper = top - slot_place.top.y + shifts
        box = (slot_place.left, upper, slot_place.left + slot_place.width,
               upper + known.piece.height)  # fmt: skip
        draw.rectangle([side * SCALE for side in box], outline=PLACE)
        draw.text((box[2] * SCALE + 3, box[1] * SCALE), part.name, fill=PLACE)
        shifts += known.piece.height - 10.0
    pale.quantize(64).save(
        Path(__file__).parents[3] / "docs" / "images" / "press-form.png", optimize=True
    )


def _fields(
    draw: ImageDraw.ImageDraw, known: Any, leaves: list[Any], dx: float, dy: float, top: float
) -> None:
    """Draw the fields of a piece, moved to its place."""
    piece = known.piece
    for block in piece.pages[0][2]:
        for item in block.items:
            if isinstance(item, TextField) and not isinstance(item.pattern.parts[0], str):
                leaf, line = item.pattern.parts[0]
                breaker = known.breakers.get(leaf)
                if breaker is None:
                    setter = next(one[1] for one in known.limits if one[0] == leaf)
                    width, colour = setter[leaves[leaf]][1], COLOURS[item.align]
                else:
                    width, colour = breaker[leaves[leaf]][line][1], PARAGRAPH
                share = {"left": 0.0, "centre": 0.5, "right": 1.0}[item.align]
                left, base = item.x + dx - share * width, top - item.y - dy
                box = (left, base - 0.72 * item.style.size, left + width, base + 1.6)
                draw.rectangle([side * SCALE for side in box], outline=colour)
            elif isinstance(item, DrawingField):
                drawing = leaves[item.leaf]
                left, upper = item.matrix[4] + dx, top - item.matrix[5] - dy
                box = (left, upper, left + drawing.width, upper + drawing.height)
                draw.rectangle([side * SCALE for side in box], outline=DRAWING, width=2)


if __name__ == "__main__":
    main()
