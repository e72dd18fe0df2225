"""The judge: whatever is broken on purpose is found, and what is only written otherwise is not."""

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from bustia.compose.attachments import Attachment
from bustia.compose.press import Press
from bustia.compose.press.judge import differences
from bustia.seal import Sealer
from tests.compose.bills import STAMP, view

ATTACHED = Attachment("a.xml", b"<a/>", "application/xml", "a")


def pressed_and_reference(press: Press, sealer: Sealer) -> tuple[bytes, bytes]:
    """Give a pressed bill of two pages with a file attached, and the reference's."""
    bill = view(messages=4)
    made = press.compose(bill, (ATTACHED,), STAMP, sealer)
    return made.pdf, press.reference.compose(bill, (ATTACHED,), STAMP).pdf


def rewritten(pattern: bytes, new: bytes, stream: int = 1) -> Callable[[pikepdf.Pdf], None]:
    """Give what changes the content of the first page in one place."""

    def change(pdf: pikepdf.Pdf) -> None:
        with_stream(pdf.pages[0].obj.Contents[stream], pattern, new)

    return change


def with_stream(stream: pikepdf.Object, pattern: bytes, new: bytes) -> None:
    """Change a stream in one place."""
    before = stream.read_bytes()
    after = re.sub(pattern, new, before, count=1, flags=re.DOTALL)
    assert before != after
    stream.write(after)


def with_element(role: str, change: Callable[[Any], None]) -> Callable[[pikepdf.Pdf], None]:
    """Give what changes the first element of a role in the structure tree."""

    def walk(node: Any) -> bool:
        if isinstance(node, pikepdf.Dictionary):
            if node.get("/S") == role:
                change(node)
                return True
            kids = node.get("/K", pikepdf.Array())
            return any(map(walk, kids if isinstance(kids, pikepdf.Array) else [kids]))
        return False

    def on(pdf: pikepdf.Pdf) -> None:
        assert walk(pdf.Root.StructTreeRoot.K[0])

    return on


def swap_pages(pdf: pikepdf.Pdf) -> None:
    """Let the second page come first."""
    first, second = pdf.Root.Pages.Kids
    pdf.Root.Pages.Kids = pikepdf.Array([second, first])


SABOTAGE: dict[str, Callable[[pikepdf.Pdf], None]] = {
    "a wrong kerning": rewritten(rb"\)(\d+)\(", rb")-90("),
    "a shifted field": rewritten(rb"1 0 0 1 (\d+)", rb"1 0 0 1 1\1"),
    "a field shifted by a fiftieth of a point": rewritten(rb"Tm\[", rb"Tm 0.02 0 Td["),
    "a wrong glyph": rewritten(rb"\[\([^\\]{2}", b'[(\x00"'),
    "a wrong size": rewritten(rb" 10 Tf", rb" 10.1 Tf"),
    "a wrong font": rewritten(rb"/F1 10 Tf", rb"/F2 10 Tf"),
    "a wrong colour": rewritten(rb"cs [\d.]+ ", rb"cs 0.9 "),
    "a missing path": rewritten(rb"\nf\n", rb"\nn\n"),
    "a missing line": rewritten(rb"\nS\n", rb"\nn\n", stream=0),
    "a swapped page": swap_pages,
    "another role": with_element("/H2", lambda node: node.update({"/S": pikepdf.Name("/P")})),
    "a wrong title of a heading": with_element("/H1", lambda node: node.update({"/T": "x"})),
    "a wrong alternative text": with_element("/Figure", lambda node: node.update({"/Alt": "x"})),
    "a missing element": lambda pdf: pdf.Root.StructTreeRoot.K[0].K.__delitem__(3),
    "a wrong link": lambda pdf: pdf.pages[0].obj.Annots[0].A.update({"/URI": "https://x.example"}),
    "a wrong bookmark": lambda pdf: pdf.Root.Outlines.First.update({"/Title": "x"}),
    "a wrong language": lambda pdf: pdf.Root.update({"/Lang": "es"}),
    "another file": lambda pdf: pdf.Root.AF[0].EF.UF.write(b"<b/>"),
    "a file of another name": lambda pdf: pdf.Root.AF[0].update({"/UF": "b.xml"}),
    "a file that is not listed": lambda pdf: pdf.Root.Names.EmbeddedFiles.update({"/Names": []}),
    "a missing file": lambda pdf: pdf.Root.AF.__delitem__(0),
    "a wrong title": lambda pdf: pdf.trailer.Info.update({"/Title": "x"}),
    "a moved path": rewritten(rb"\n0 0 m\n", rb"\n0 0.02 m\n", stream=0),
    "a path of another colour": rewritten(rb"SCN\n0.4 w", rb"SCN\n0 0 0 SCN\n0.4 w", stream=0),
    "a thicker line": rewritten(rb"\n0.4 w\n", rb"\n0.5 w\n", stream=0),
    "a dashed line": rewritten(rb"\n4 M\n", rb"\n4 M\n[2 2] 0 d\n", stream=0),
    "a line with round ends": rewritten(rb"\n4 M\n", rb"\n4 M\n1 J\n", stream=0),
    "a path that is cut off": rewritten(rb"\n0 0 m\n", rb"\n0 0 1 1 re W n 0 0 m\n", stream=0),
    "a text that is cut off": rewritten(rb" BT ", rb" 0 0 1 1 re W n BT "),
    "a turned text": rewritten(rb"1 0 0 1 (\S+ \S+ Tm)", rb"1 0 0 -1 \1"),
    "an invisible text": rewritten(rb" Tm\[", rb" Tm 3 Tr["),
    "text with more space": rewritten(rb" Tm\[", rb" Tm 1 Tc["),
    "text after a move": rewritten(rb" Tm\[", rb" Tm[900"),
    "an artifact of another kind": rewritten(rb"/Type /Layout", rb"/Type /Page", stream=0),
    "content without a mark": rewritten(rb"/Artifact BMC(.*?)EMC", rb"\1", stream=0),
    "content of no element": rewritten(rb"/MCID 1>>", rb"/MCID 9999>>"),
    "content of another element": rewritten(rb"/MCID 0>>(.*?)/MCID 1>>", rb"/MCID 1>>\1/MCID 0>>"),
    "fields under what is static": lambda pdf: pdf.pages[0].obj.Contents.reverse(),
    "an unknown operator": rewritten(rb" BT ", rb" /g0 gs BT "),
    "an unknown byte": rewritten(rb" BT ", rb" } BT "),
    "a mark without an end": rewritten(rb"EMC\n\Z", b"\n"),
    "a mark in another one": rewritten(rb"EMC\n(/Span<</MCID 1>>)", rb"\1"),
    "a group without an end": rewritten(rb"BT ", rb"q BT "),
    "an end without a group": rewritten(rb" ET\n", rb" ET Q\n"),
    "a text in a shifted group": rewritten(rb"(BT .*?ET)", rb"q 1 0 0 1 0.02 0 cm \1 Q"),
    "a colour that ends with its group": rewritten(
        rb"(/c0 cs (?:(?!ET).)*ET)(?=\nEMC\n/Span<</MCID \d+>>BDC\nBT 1 )", rb"q \1 Q"
    ),
    "an alternative text in a mark": rewritten(rb"/Alt ?[(<]", rb"/E(x)\g<0>"),
    "a glyph with another meaning": lambda pdf: with_stream(
        pdf.pages[0].obj.Resources.Font["/F1"].ToUnicode, rb"> <0041>", rb"> <0042>"
    ),
    "glyphs of another width": lambda pdf: (
        pdf.pages[0].obj.Resources.Font["/F1"].DescendantFonts[0].update({"/W": []})
    ),
    "other colours": lambda pdf: pdf.pages[0].obj.Resources.ColorSpace["/c0"][1].write(b"x"),
    "a turned page": lambda pdf: pdf.pages[0].obj.update({"/Rotate": 90}),
    "a cut page": lambda pdf: pdf.pages[0].obj.update(
        {"/CropBox": pikepdf.Array([0, 0, 100, 100])}
    ),
    "a text in another language": with_element("/P", lambda node: node.update({"/Lang": "es"})),
    "a text read as another": with_element("/P", lambda node: node.update({"/ActualText": "x"})),
    "a header of nothing": with_element("/TH", lambda node: node.__delitem__("/A")),
    "rows in another order": with_element("/Table", lambda node: node.K.reverse()),
    "a role that stands for another": lambda pdf: pdf.Root.StructTreeRoot.update(
        {"/RoleMap": pikepdf.Dictionary(TH=pikepdf.Name.TD)}
    ),
    "headers that are not found": lambda pdf: pdf.Root.StructTreeRoot.__delitem__("/IDTree"),
    "a missing link": lambda pdf: pdf.pages[0].obj.Annots.__delitem__(0),
    "a moved link": lambda pdf: (
        pdf.pages[0].obj.Annots[0].update({"/Rect": pikepdf.Array([0, 0, 9, 9])})
    ),
    "a link of no element": lambda pdf: pdf.pages[0].obj.Annots[0].__delitem__("/StructParent"),
    "a link that says something else": lambda pdf: (
        pdf.pages[0].obj.Annots[0].update({"/Contents": "x"})
    ),
    "a moved bookmark": lambda pdf: pdf.Root.Outlines.First.Dest.__setitem__(3, 1.0),
    "a file described otherwise": lambda pdf: pdf.Root.AF[0].update({"/Desc": "x"}),
    "a file of another kind": lambda pdf: pdf.Root.AF[0].EF.UF.update(
        {"/Subtype": pikepdf.Name("/text#2Fplain")}
    ),
    "a file for something else": lambda pdf: pdf.Root.AF[0].update(
        {"/AFRelationship": pikepdf.Name.Supplement}
    ),
    "metadata of another language": lambda pdf: with_stream(
        pdf.Root.Metadata, rb"<rdf:li>ca<", rb"<rdf:li>es<"
    ),
    "no promise of accessibility": lambda pdf: with_stream(
        pdf.Root.Metadata, rb"<pdfuaid:part>1", rb"<pdfuaid:part>2"
    ),
    "no promise of archiving": lambda pdf: with_stream(
        pdf.Root.Metadata, rb"<pdfaid:conformance>A", rb"<pdfaid:conformance>B"
    ),
}


@pytest.mark.parametrize("kind", SABOTAGE)
def test_the_judge_catches(kind: str, press: Press, sealer: Sealer):
    """Whatever is broken on purpose, one place at a time, is found."""
    made, reference = pressed_and_reference(press, sealer)
    assert differences(made, reference) == []
    changed = BytesIO()
    with pikepdf.open(BytesIO(made)) as pdf:
        SABOTAGE[kind](pdf)
        pdf.save(changed)
    assert differences(changed.getvalue(), reference)


# What is only written in another way


def in_many_streams(pdf: pikepdf.Pdf) -> None:
    """Cut the content of a page into as many streams as there are marks."""
    for page in pdf.pages:
        content = b"\n".join([one.read_bytes() for one in page.obj.Contents])
        parts = re.split(rb"(?<=\nEMC)\n", content)
        assert len(parts) > 20
        page.obj.Contents = pikepdf.Array([pdf.make_stream(part) for part in parts])


def with_gaps(pdf: pikepdf.Pdf) -> None:
    """Number marked content by threes, with nulls for what lies between."""
    tree = pdf.Root.StructTreeRoot

    def walk(node: Any) -> None:
        kids = node.get("/K", pikepdf.Array())
        for place, kid in enumerate(kids if isinstance(kids, pikepdf.Array) else [kids]):
            if isinstance(kid, int) and isinstance(kids, pikepdf.Array):
                kids[place] = kid * 3
            elif isinstance(kid, int):
                node.K = kid * 3
            elif "/MCID" in kid:
                kid.MCID = int(kid.MCID) * 3
            elif kid.get("/Type") != "/OBJR":
                walk(kid)

    walk(tree.K[0])
    nums = tree.ParentTree.Nums
    for place in range(1, len(nums), 2):
        if isinstance(nums[place], pikepdf.Array):
            spread = [part for one in nums[place] for part in (one, None, None)]
            nums[place] = pdf.make_indirect(pikepdf.Array(spread))
    for page in pdf.pages:
        for stream in page.obj.Contents:
            spread_out = re.sub(
                rb"/MCID (\d+)", lambda one: b"/MCID %d" % (int(one[1]) * 3), stream.read_bytes()
            )
            stream.write(spread_out)


def rewrite_all(pdf: pikepdf.Pdf, pattern: bytes, new: Any) -> None:
    """Change the content of all pages wherever a pattern is found."""
    for page in pdf.pages:
        for stream in page.obj.Contents:
            stream.write(re.sub(pattern, new, stream.read_bytes(), flags=re.DOTALL))


def operator_by_operator(pdf: pikepdf.Pdf) -> None:
    """Write text objects so that they are not as usual, and have to be read step by step."""
    rewrite_all(pdf, rb" Tm\[", rb" Tm 0 Tr [")


def in_hexadecimal_digits(pdf: pikepdf.Pdf) -> None:
    """Write strings in the other way that there is."""
    rewrite_all(
        pdf,
        rb"\[(?:\((?:[^()\\]|\\.)*\)|[-.\d]+)*\]TJ",
        lambda operand: re.sub(
            rb"\(((?:[^()\\]|\\.)*)\)",
            lambda one: b"<%s>" % bytes(pikepdf.Object.parse(one[0])).hex().encode(),
            operand[0],
            flags=re.DOTALL,
        ),
    )


def in_groups(pdf: pikepdf.Pdf) -> None:
    """Place each run by a matrix in a group of its own."""
    rewrite_all(
        pdf,
        rb"BT (/\S+ \S+ Tf )?1 0 0 1 (\S+ \S+) Tm(\[(?:\((?:[^()\\]|\\.)*\)|[-.\d]+)*\]TJ) ET",
        rb"\1 q 1 0 0 1 \2 cm BT 1 0 0 1 0 0 Tm\3 ET Q",
    )


def as_it_is(_: pikepdf.Pdf) -> None:
    """Leave everything."""


@pytest.mark.parametrize(
    "change",
    [as_it_is, in_many_streams, with_gaps, operator_by_operator, in_hexadecimal_digits, in_groups],
)
@pytest.mark.parametrize("mode", pikepdf.ObjectStreamMode.__members__.values())
def test_the_judge_compares_what_is_meant(
    change: Callable[[pikepdf.Pdf], None],
    mode: pikepdf.ObjectStreamMode,
    press: Press,
    sealer: Sealer,
):
    """How objects and content are numbered and cut makes no difference."""
    made, reference = pressed_and_reference(press, sealer)
    changed = BytesIO()
    with pikepdf.open(BytesIO(made)) as pdf:
        change(pdf)
        pdf.save(changed, object_stream_mode=mode)
    assert differences(changed.getvalue(), reference) == []
