"""Writes a bill as HTML with CSS for paged media: what WeasyPrint and Chromium compose."""

from functools import singledispatch
from html import escape
from importlib.resources import files
from pathlib import Path

from bench.layout import (
    STYLES,
    BillLayout,
    Columns,
    Gap,
    House,
    PageBreak,
    Para,
    Picture,
    Row,
    Rule,
    Table,
    Tinted,
)

__all__ = ["FONTS", "page", "style_sheet"]

FONTS = tuple(
    Path(str(files("font_source_sans_pro"))) / "files" / f"SourceSansPro-{weight}.ttf"
    for weight in ("Regular", "Semibold")
)
"""The house's text face, regular and semibold."""


def style_sheet(house: House) -> str:
    """Give the style sheet; it is the same for all bills."""
    colours = house.colours
    regular, semibold = (file.as_uri() for file in FONTS)
    classes = "".join(
        f".{name}{{font-size:{style.size}pt;color:{colours[style.colour]};"
        f"font-weight:{600 if style.strong else 400};margin:0 0 {style.after}mm;"
        f"text-align:{'center' if style.centred else 'left'}}}"
        for name, style in STYLES.items()
    )
    bars = "".join(
        f".bar-{tone}{{border-left:1.8pt solid {colours[tone]};padding-left:3mm}}"
        for tone in ("alert", "info", "offer")
    )
    return (
        f"@font-face{{font-family:House;font-weight:400;src:url({regular})}}"
        f"@font-face{{font-family:House;font-weight:600;src:url({semibold})}}"
        "@page{size:A4;margin:14mm 20mm 15.5mm}"
        "body{font:9pt/1.25 House;margin:0}h1,h2,h3,p{margin:0}"
        ".columns{display:table;table-layout:fixed;border-spacing:0}"
        ".columns>div{display:table-cell;vertical-align:top}"
        "table{border-collapse:collapse;table-layout:fixed}"
        "td,th{font-size:8.4pt;font-weight:400;text-align:right;padding:.7mm 0}"
        "td:first-child,th:first-child{text-align:left}"
        f"th{{font-size:7.4pt;color:{colours['muted']};"
        f"border-bottom:.9pt solid {colours['brand']}}}"
        ".strong td{font-weight:600}"
        f".total td{{font-weight:600;font-size:11.5pt;background:{colours['tint']}}}"
        f".tinted{{background:{colours['tint']};border-top:1mm solid {colours['brand']};"
        "padding:4mm 5mm;box-sizing:border-box}"
        f"hr{{border:0;border-top:.5pt solid {colours['rule']};margin:2mm 0}}"
        ".break{break-before:page}a{color:inherit;text-decoration:none}"
        ".centre{text-align:center}svg{display:inline-block}"
        f"{classes}{bars}"
    )


def page(layout: BillLayout, style: str) -> str:
    """Give the whole HTML document of a bill."""
    blocks = "".join(map(_html, layout.blocks))
    return (
        f'<!DOCTYPE html><html lang="{layout.language}"><head><meta charset="utf-8">'
        f"<title>{escape(layout.title)}</title>"
        f'<meta name="author" content="{escape(layout.author)}">'
        f'<meta name="keywords" content="{escape(", ".join(layout.keywords))}">'
        f"<style>{style}{_margins(layout)}</style></head><body>{blocks}</body></html>"
    )


def _margins(layout: BillLayout) -> str:
    """Give what stands at the head and foot of this bill's pages."""
    small = "font:6.6pt House"
    number = f'"{_quoted(layout.page_of)}"'
    for name in ("page", "pages"):
        number = number.replace(f"{{{name}}}", f'" counter({name}) "')
    return (
        f'@page{{@bottom-left{{content:"{_quoted(layout.legal)}";width:145mm;{small}}}'
        f"@bottom-right{{content:{number};{small}}}"
        f'@top-right{{content:"{_quoted(layout.running)}";{small}}}}}'
        '@page :first{@top-right{content:""}}'
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("<", "\\3c ")


@singledispatch
def _html(block: object) -> str:
    raise TypeError(f"no HTML for {type(block).__name__}")


@_html.register
def _(block: Para) -> str:
    level = STYLES[block.style].level
    tag = f"h{level}" if level else "p"
    text = escape(block.text)
    if block.link:
        text = f'<a href="{escape(block.link)}">{text}</a>'
    return f'<{tag} class="{block.style}">{text}</{tag}>'


@_html.register
def _(block: Picture) -> str:
    label = f'<svg role="img" aria-label="{escape(block.drawing.alt)}"'
    drawing = block.drawing.svg().replace("<svg", label, 1)
    return f'<div class="{"centre" if block.centred else "left"}">{drawing}</div>'


@_html.register
def _(block: Gap) -> str:
    return f'<div style="height:{block.height}mm"></div>'


@_html.register
def _(_block: Rule) -> str:
    return "<hr>"


@_html.register
def _(_block: PageBreak) -> str:
    return '<div class="break"></div>'


@_html.register
def _(block: Columns) -> str:
    cells = []
    bars = block.bars or ("",) * len(block.cells)
    for position, (width, cell, bar) in enumerate(
        zip(block.widths, block.cells, bars, strict=True)
    ):
        if position and block.gutter:
            cells.append(f'<div style="width:{block.gutter}mm"></div>')
        kind = f' class="bar-{bar}"' if bar else ""
        cells.append(f'<div{kind} style="width:{width:.2f}mm">{"".join(map(_html, cell))}</div>')
    return f'<div class="columns">{"".join(cells)}</div>'


@_html.register
def _(block: Table) -> str:
    widths = "".join(f'<col style="width:{width}mm">' for width in block.widths)
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in block.head)
    head = f"<thead><tr>{head}</tr></thead>" if head else ""
    rows = "".join(map(_row, block.rows))
    total = sum(block.widths)
    return f'<table style="width:{total}mm">{widths}{head}<tbody>{rows}</tbody></table>'


def _row(row: Row) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row.cells)
    return f'<tr class="{row.kind}">{cells}</tr>'


@_html.register
def _(block: Tinted) -> str:
    inside = "".join(map(_html, block.blocks))
    return f'<div class="tinted" style="width:{block.width}mm">{inside}</div>'
