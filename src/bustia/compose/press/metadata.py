"""The metadata of a document: its title, author, language and standards, for machines."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from xml.sax.saxutils import escape

from bustia.compose.press.pdf import moment, text

__all__ = ["Metadata"]

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance><pdfuaid:part>1</pdfuaid:part>
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
<dc:format>application/pdf</dc:format>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
<xmp:CreateDate>{moment}</xmp:CreateDate><xmp:ModifyDate>{moment}</xmp:ModifyDate>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<pdf:Keywords>{keywords}</pdf:Keywords>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


@lru_cache(maxsize=16)
def _around(language: str, author: str, stamp: datetime, tool: str) -> tuple[bytes, ...]:
    """Give what documents of one cycle and language say alike: the XMP before the title, before
    the keywords and after them, and the information dictionary between title and keywords."""
    told = {
        "language": language,
        "tool": tool,
        "moment": stamp.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        "author": escape(author),
    }
    parts = [part.format(**told).encode() for part in re.split("{title}|{keywords}", _XMP)]
    others = (text(author), text(tool), moment(stamp), moment(stamp))
    return *parts, b"/Author%s/Creator%s/CreationDate%s/ModDate%s/Keywords" % others


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document says of itself."""

    language: str
    title: str
    author: str
    keywords: tuple[str, ...]
    stamp: datetime
    tool: str

    def xmp(self) -> bytes:
        """Give it as XMP (ISO 16684-1), as PDF/A wants it."""
        before, between, after, _ = self._parts()
        title, keywords = escape(self.title), escape(", ".join(self.keywords))
        return b"".join((before, title.encode(), between, keywords.encode(), after))

    def info(self) -> bytes:
        """Give it as the document information dictionary."""
        *_, between = self._parts()
        return b"<</Title%s%s%s>>" % (text(self.title), between, text(", ".join(self.keywords)))

    def _parts(self) -> tuple[bytes, ...]:
        return _around(self.language, self.author, self.stamp, self.tool)
