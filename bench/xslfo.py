"""Writes a bill as XSL-FO: what Apache FOP composes."""

from functools import singledispatch
from html import escape

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
    Row,
    Rule,
    Table,
    Tinted,
)

__all__ = ["NOT_XML", "FoWriter", "configuration"]

NOT_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF), " ")
"""Characters that XML can't have, and what is written for them."""

_FO = "http://www.w3.org/1999/XSL/Format"
_FOX = "http://xmlgraphics.apache.org/fop/extensions"


def configuration() -> str:
    """Give FOP's configuration: tagged files, with the house's text face embedded."""
    fonts = "".join(
        f'<font embed-url="{file.as_uri()}" kerning="yes">'
        f'<font-triplet name="House" style="normal" weight="{weight}"/></font>'
        for file, weight in zip(FONTS, ("400", "600"), strict=True)
    )
    return (
        '<?xml version="1.0"?><fop version="1.0"><accessibility>true</accessibility>'
        '<renderers><renderer mime="application/pdf">'
        "<filterList><value>flate</value></filterList>"
        f"<fonts>{fonts}</fonts></renderer></renderers></fop>"
    )


class FoWriter:
    """Writes bills in the colours of a house."""

    def __init__(self, house: House) -> None:
        self._colours = house.colours
        self.write = singledispatch(self._unknown)
        for kind, writer in (
            (Para, self._para),
            (Picture, self._picture),
            (Gap, self._gap),
            (Rule, self._rule),
            (PageBreak, self._break),
            (Columns, self._columns),
            (Table, self._table),
            (Tinted, self._tinted),
        ):
            self.write.register(kind, writer)

    def document(self, layout: BillLayout) -> str:
        """Give the whole XSL-FO document of a bill."""
        number = escape(layout.page_of).replace("{page}", "<fo:page-number/>")
        number = number.replace("{pages}", '<fo:page-number-citation-last ref-id="all"/>')
        foot = (
            '<fo:static-content flow-name="foot"><fo:block font-size="6.6pt">'
            f"{escape(layout.legal)} · {number}</fo:block></fo:static-content>"
        )
        head = (
            '<fo:static-content flow-name="head"><fo:block font-size="6.6pt" text-align="end">'
            f"{escape(layout.running)}</fo:block></fo:static-content>"
        )
        body = "".join(map(self.write, layout.blocks))
        document = (
            f'<?xml version="1.0" encoding="UTF-8"?><fo:root xmlns:fo="{_FO}" xmlns:fox="{_FOX}"'
            f' font-family="House" font-size="9pt" xml:lang="{layout.language}">'
            f"{_masters()}{_metadata(layout)}"
            f'<fo:page-sequence master-reference="bill" id="all">{head}{foot}'
            f'<fo:flow flow-name="xsl-region-body">{body}</fo:flow></fo:page-sequence></fo:root>'
        )
        return document.translate(NOT_XML)

    def _unknown(self, block: object) -> str:
        raise TypeError(f"no XSL-FO for {type(block).__name__}")

    def _para(self, block: Para) -> str:
        style = STYLES[block.style]
        text = escape(block.text) or "&#160;"
        if block.link:
            text = (
                f'<fo:basic-link external-destination="url({escape(block.link)})">{text}'
                "</fo:basic-link>"
            )
        role = f' role="H{style.level}"' if style.level else ""
        align = ' text-align="center"' if style.centred else ""
        return (
            f'<fo:block font-size="{style.size}pt" color="{self._colours[style.colour]}"'
            f' font-weight="{600 if style.strong else 400}" space-after="{style.after}mm"'
            f"{align}{role}>{text}</fo:block>"
        )

    def _picture(self, block: Picture) -> str:
        align = "center" if block.centred else "start"
        return (
            f'<fo:block text-align="{align}"><fo:instream-foreign-object'
            f' fox:alt-text="{escape(block.drawing.alt)}">{block.drawing.svg()}'
            "</fo:instream-foreign-object></fo:block>"
        )

    def _gap(self, block: Gap) -> str:
        return f'<fo:block space-before="{block.height}mm" line-height="0"/>'

    def _rule(self, _block: Rule) -> str:
        colour = self._colours["rule"]
        return f'<fo:block border-top="0.5pt solid {colour}" space-before="2mm"/>'

    def _break(self, _block: PageBreak) -> str:
        return '<fo:block break-before="page"/>'

    def _columns(self, block: Columns) -> str:
        widths, cells = [], []
        bars = block.bars or ("",) * len(block.cells)
        for position, (width, cell, bar) in enumerate(
            zip(block.widths, block.cells, bars, strict=True)
        ):
            if position and block.gutter:
                widths.append(block.gutter)
                cells.append("<fo:table-cell><fo:block/></fo:table-cell>")
            widths.append(width)
            edge = ""
            if bar:
                edge = f' border-left="1.8pt solid {self._colours[bar]}" padding-left="3mm"'
            inside = "".join(map(self.write, cell)) or "<fo:block/>"
            cells.append(f'<fo:table-cell start-indent="0"{edge}>{inside}</fo:table-cell>')
        row = f"<fo:table-row>{''.join(cells)}</fo:table-row>"
        return _fo_table(widths, f"<fo:table-body>{row}</fo:table-body>", ' role="NonStruct"')

    def _table(self, block: Table) -> str:
        head = ""
        if block.head:
            line = f' border-bottom="0.9pt solid {self._colours["brand"]}"'
            small = f' font-size="7.4pt" color="{self._colours["muted"]}"'
            cells = _cells(block.head, line + small)
            head = f"<fo:table-header><fo:table-row>{cells}</fo:table-row></fo:table-header>"
        rows = "".join(map(self._row, block.rows))
        return _fo_table(block.widths, f"{head}<fo:table-body>{rows}</fo:table-body>", "")

    def _row(self, row: Row) -> str:
        look = {
            "plain": "",
            "strong": ' font-weight="600"',
            "total": f' font-weight="600" background-color="{self._colours["tint"]}"',
        }[row.kind]
        size = "11.5pt" if row.kind == "total" else "8.4pt"
        cells = _cells(row.cells, look + f' font-size="{size}"')
        return f"<fo:table-row>{cells}</fo:table-row>"

    def _tinted(self, block: Tinted) -> str:
        inside = "".join(map(self.write, block.blocks))
        return (
            f'<fo:block background-color="{self._colours["tint"]}" padding="3mm"'
            f' border-top="1mm solid {self._colours["brand"]}">{inside}</fo:block>'
        )


def _fo_table(widths: list[float] | tuple[float, ...], body: str, role: str) -> str:
    columns = "".join(f'<fo:table-column column-width="{width:.2f}mm"/>' for width in widths)
    total = f'width="{sum(widths):.2f}mm"'
    return f'<fo:table table-layout="fixed" {total}{role}>{columns}{body}</fo:table>'


def _cells(texts: tuple[str, ...], look: str) -> str:
    made = []
    for position, text in enumerate(texts):
        align = "end" if position else "start"
        made.append(
            f'<fo:table-cell padding="0.7mm 0"{look}>'
            f'<fo:block text-align="{align}">{escape(text)}</fo:block></fo:table-cell>'
        )
    return "".join(made)


def _masters() -> str:
    margins = 'margin-left="20mm" margin-right="20mm" margin-top="8mm" margin-bottom="8mm"'
    return (
        '<fo:layout-master-set><fo:simple-page-master master-name="bill" page-width="210mm"'
        f' page-height="297mm" {margins}><fo:region-body margin-top="6mm" margin-bottom="9mm"/>'
        '<fo:region-before region-name="head" extent="5mm"/>'
        '<fo:region-after region-name="foot" extent="7mm"/></fo:simple-page-master>'
        "</fo:layout-master-set>"
    )


def _metadata(layout: BillLayout) -> str:
    return (
        '<fo:declarations><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(layout.title)}</dc:title>"
        f"<dc:creator>{escape(layout.author)}</dc:creator>"
        "</rdf:Description></rdf:RDF></x:xmpmeta></fo:declarations>"
    )
