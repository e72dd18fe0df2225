"""Draws a bill with ReportLab's Platypus, the ordinary way of making pages with it."""

import io
import re
from functools import singledispatchmethod
from html import escape
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import PageBreak as NextPage
from reportlab.platypus import Table as Grid

from bench.html import FONTS
from bench.layout import (
    STYLES,
    BillLayout,
    Columns,
    Gap,
    House,
    PageBreak,
    Para,
    Picture,
    Rule,
    Table,
    Tinted,
)
from bustia.compose.drawing import Drawing

__all__ = ["Platypus"]

_PART = re.compile(r"[MhvLz]|-?[\d.]+")
_FLUSH = [("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0),
          ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
          ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip


class Platypus:
    """Draws bills in the colours of a house; make it once and use it for many."""

    def __init__(self, house: House) -> None:
        registerFont(TTFont("House", str(FONTS[0])))
        registerFont(TTFont("House-Strong", str(FONTS[1])))
        self._colours = {name: HexColor(value) for name, value in house.colours.items()}
        self._styles = {
            name: ParagraphStyle(
                name,
                fontName="House-Strong" if style.strong else "House",
                fontSize=style.size,
                leading=style.size * 1.22,
                textColor=self._colours[style.colour],
                spaceAfter=style.after * mm,
                alignment=TA_CENTER if style.centred else 0,
            )
            for name, style in STYLES.items()
        }

    def compose(self, layout: BillLayout) -> bytes:
        """Give the PDF of a bill; it is not tagged."""

        def foot(canvas: Any, _document: Any) -> None:
            page = canvas.getPageNumber()
            canvas.setFont("House", 6.6)
            canvas.drawString(20 * mm, 9 * mm, layout.legal)
            text = layout.page_of.format(page=page, pages=layout.pages)
            canvas.drawRightString(190 * mm, 9 * mm, text)
            if page > 1:
                canvas.drawRightString(190 * mm, 288 * mm, layout.running)

        out = io.BytesIO()
        document = SimpleDocTemplate(
            out, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=12 * mm,
            bottomMargin=14 * mm, title=layout.title, author=layout.author,
            keywords=", ".join(layout.keywords), lang=layout.language,
        )  # fmt: skip
        flow = [self._flowable(block) for block in layout.blocks]
        document.build(flow, onFirstPage=foot, onLaterPages=foot)
        return out.getvalue()

    @singledispatchmethod
    def _flowable(self, block: object) -> Any:
        raise TypeError(f"ReportLab can't draw {type(block).__name__}")

    @_flowable.register
    def _(self, block: Para) -> Any:
        text = escape(block.text, quote=False)
        if block.link:
            text = f'<a href="{escape(block.link)}">{text}</a>'
        return Paragraph(text, self._styles[block.style])

    @_flowable.register
    def _(self, block: Picture) -> Any:
        return _Picture(block.drawing, "CENTER" if block.centred else "LEFT")

    @_flowable.register
    def _(self, block: Gap) -> Any:
        return Spacer(1, block.height * mm)

    @_flowable.register
    def _(self, _block: Rule) -> Any:
        return HRFlowable(
            width="100%", thickness=0.5, color=self._colours["rule"], spaceBefore=2 * mm
        )

    @_flowable.register
    def _(self, _block: PageBreak) -> Any:
        return NextPage()

    @_flowable.register
    def _(self, block: Columns) -> Any:
        widths: list[float] = []
        cells: list[Any] = []
        looks: list[Any] = list(_FLUSH)
        for position, (width, cell) in enumerate(zip(block.widths, block.cells, strict=True)):
            if position and block.gutter:
                widths.append(block.gutter * mm)
                cells.append("")
            if block.bars:
                here = (len(cells), 0)
                bar = self._colours[block.bars[position]]
                looks += [
                    ("LINEBEFORE", here, here, 1.8, bar),
                    ("LEFTPADDING", here, here, 3 * mm),
                ]
            widths.append(width * mm)
            cells.append([self._flowable(one) for one in cell])
        return Grid([cells], colWidths=widths, style=looks, hAlign="LEFT")

    @_flowable.register
    def _(self, block: Table) -> Any:
        looks: list[Any] = [
            ("FONT", (0, 0), (-1, -1), "House", 8.4, 9.6),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 0.8 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0.8 * mm),
        ]
        rows: list[Any] = []
        if block.head:
            rows.append(list(block.head))
            looks += [
                ("FONT", (0, 0), (-1, 0), "House", 7.4, 8.6),
                ("TEXTCOLOR", (0, 0), (-1, 0), self._colours["muted"]),
                ("LINEBELOW", (0, 0), (-1, 0), 0.9, self._colours["brand"]),
            ]
        for row in block.rows:
            line = len(rows)
            if row.kind != "plain":
                size = 11.5 if row.kind == "total" else 8.4
                looks.append(("FONT", (0, line), (-1, line), "House-Strong", size, size * 1.15))
            if row.kind == "total":
                looks.append(("BACKGROUND", (0, line), (-1, line), self._colours["tint"]))
            wide = Paragraph(escape(row.cells[0], quote=False), self._styles["cell"])
            first = wide if row.kind == "plain" else row.cells[0]
            rows.append([first, *row.cells[1:]])
        widths = [width * mm for width in block.widths]
        return Grid(rows, colWidths=widths, style=looks, hAlign="LEFT", repeatRows=bool(block.head))

    @_flowable.register
    def _(self, block: Tinted) -> Any:
        looks = [
            ("BACKGROUND", (0, 0), (-1, -1), self._colours["tint"]),
            ("LINEABOVE", (0, 0), (-1, 0), 1 * mm, self._colours["brand"]),
            ("LEFTPADDING", (0, 0), (-1, -1), 5 * mm),
            ("RIGHTPADDING", (0, 0), (-1, -1), 5 * mm),
        ]
        inside = [self._flowable(one) for one in block.blocks]
        return Grid([[inside]], colWidths=[block.width * mm], style=looks, hAlign="LEFT")


class _Picture(Flowable):  # type: ignore[misc]
    """A drawing's paths, filled."""

    def __init__(self, drawing: Drawing, align: str) -> None:
        super().__init__()
        self._drawing = drawing
        self.hAlign = align
        self.width, self.height = drawing.width, drawing.height

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        """Give the size, which is always its own."""
        return self.width, self.height

    def draw(self) -> None:
        """Fill each path in its colour."""
        for fill, data in zip(self._drawing.fills, self._drawing.paths, strict=True):
            if not data:
                continue
            path = self.canv.beginPath()
            _trace(path, data, self.height)
            self.canv.setFillColor(HexColor(fill))
            self.canv.drawPath(path, stroke=0, fill=1)


def _trace(path: Any, data: str, height: float) -> None:
    """Follow path data of ``M``, ``h``, ``v``, ``L`` and ``z``, turned upside up."""
    parts = iter(_PART.findall(data))
    x = y = 0.0
    for part in parts:
        match part:
            case "M" | "L":
                x, y = float(next(parts)), float(next(parts))
                (path.moveTo if part == "M" else path.lineTo)(x, height - y)
            case "h":
                x += float(next(parts))
                path.lineTo(x, height - y)
            case "v":
                y += float(next(parts))
                path.lineTo(x, height - y)
            case "z":
                path.close()
