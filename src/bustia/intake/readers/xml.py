"""Opening an XML file safely: nothing in it can reach out, swell up or stop the machine.

One parse for every format: no DTD at all (so no entity bombs and no external entities), no
network, libxml2's own limits on depth and text length, a limit on the file's size, and only the
few encodings that invoices come in. Whatever is wrong becomes a rejection with its line.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache

from lxml import etree

from bustia.intake.rejections import Rejection

__all__ = ["MAX_BYTES", "Element", "first", "local_name", "nodes", "parse", "text_of", "xpath_of"]

Element = etree._Element  # noqa: SLF001  # the only name lxml has for the type

MAX_BYTES = 64 * 1024 * 1024
"""Files above this size are refused unread."""

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARATION = re.compile(r"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"']*)[\"']")
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)

_NAMESPACE = re.compile(r"\{[^}]*\}")
_PREFIXES = {
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2": "cac",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2": "cbc",
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "rsm",
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100": "ram",
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100": "udt",
    "urn:un:unece:uncefact:data:standard:QualifiedDataType:100": "qdt",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
}


@dataclass(frozen=True, slots=True)
class _Problem:
    code: str
    line: int | None
    reason: str
    hint: str = ""


class _UnreadableError(Exception):
    def __init__(self, problem: _Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def parse(data: bytes, file: str) -> Element | Rejection:
    """Give the root element of an XML file, or the rejection of the whole file."""
    try:
        return _parse(data)
    except _UnreadableError as error:
        problem = error.problem
        return Rejection(
            file=file,
            where=problem.line,
            field="",
            code=problem.code,
            reason=problem.reason,
            hint=problem.hint,
        )


def _parse(data: bytes) -> Element:
    if len(data) > MAX_BYTES:
        size, most = len(data) / 1_048_576, MAX_BYTES // 1_048_576
        reason = f"The file has {size:.1f} MiB, more than the {most} MiB that are read."
        raise _UnreadableError(_Problem("xml_too_large", None, reason, "Split the batch."))
    text = _decode(data)
    _check_prolog(text)
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _UnreadableError(_syntax_problem(error, text)) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _UnreadableError(_doctype(1))
    return root


def _decode(data: bytes) -> str:
    """Check the bytes against the encoding they are said to be in, and give their text."""
    if not data.strip(b"\0 \t\r\n"):
        raise _UnreadableError(_Problem("xml_empty", None, "The file is empty."))
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "")
    if not encoding and data[:2] in {b"<\0", b"\0<"}:
        encoding = "utf-16-le" if data[:1] == b"<" else "utf-16-be"
    head = data[:1024].decode(encoding or "latin-1", "replace")
    found = _DECLARATION.search(head)
    declared = found[1] if found else "utf-8"
    known = _ENCODINGS.get(declared.lower())
    if known is None:
        shown = declared[:30]
        reason = f"The file says it is encoded in “{shown}”, which isn't read."
        raise _UnreadableError(_Problem("xml_encoding", 1, reason, "Export it as UTF-8."))
    if not encoding and known.startswith("utf-16"):
        reason = "The file says it is UTF-16, but its bytes are not."
        raise _UnreadableError(_Problem("xml_encoding", 1, reason, "Export it as UTF-8."))
    if encoding.startswith("utf-16") and found and not known.startswith("utf-16"):
        reason = f"The file says it is {declared}, but its bytes are UTF-16."
        raise _UnreadableError(_Problem("xml_encoding", 1, reason, "Export it as UTF-8."))
    if not encoding and known not in {"utf-8", "ascii"} and _is_utf8(data):
        reason = f"The file says it is {declared}, but its bytes are UTF-8."
        hint = "Declare the encoding that the file is in, or names turn to gibberish."
        raise _UnreadableError(_Problem("xml_encoding", 1, reason, hint))
    try:
        return data.decode(encoding or known)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"The file says it is {declared}, but byte 0x{data[error.start]:02X} is not"
        if known == "utf-8":
            reason += "; it looks like Windows-1252 or ISO 8859-1"
        hint = "Declare the encoding that the file is in, or export it as UTF-8."
        raise _UnreadableError(_Problem("xml_encoding", line, f"{reason}.", hint)) from None


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8 beyond plain ASCII; text in another encoding hardly ever is."""
    if data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_prolog(text: str) -> None:
    """Refuse what isn't XML and every DOCTYPE, before any parser sees the file."""
    plain = text.removeprefix("\ufeff")
    start = _after_prolog(plain)
    line = plain.count("\n", 0, start) + 1
    if plain.startswith("<!DOCTYPE", start):
        raise _UnreadableError(_doctype(line))
    if not plain.startswith("<", start):
        raise _UnreadableError(_Problem("xml_not_xml", line, "The file isn't XML."))


def _after_prolog(text: str) -> int:
    found = _PROLOG.match(text)
    return found.end() if found else 0


def _doctype(line: int) -> _Problem:
    reason = "The file has a document type declaration (DOCTYPE), which could hide entities."
    return _Problem("xml_doctype", line, reason, "Invoices need none: export it without.")


def _syntax_problem(error: etree.XMLSyntaxError, text: str) -> _Problem:
    line = error.lineno or 1
    name = etree.ErrorTypes._names.get(getattr(error, "code", 0), "")  # noqa: SLF001
    unfinished = name.endswith(("_NOT_FINISHED", "_DOCUMENT_EMPTY", "DOCUMENT_END"))
    at_end = line > text.rstrip().count("\n")
    if at_end and (unfinished or not text.rstrip().endswith(">")):
        reason = "The file breaks off in the middle."
        return _Problem("xml_truncated", line, reason, "Transfer it again, whole.")
    if "ENTITY" in name:
        return _Problem("xml_entity", line, "The file refers to an entity that isn't XML's own.")
    if "RESOURCE_LIMIT" in name or "HUGE" in name or "depth" in str(error):
        return _Problem("xml_too_large", line, "An element is nested too deep, or too long.")
    return _Problem("xml_malformed", line, f"The file isn't well-formed XML ({_plain(error)}).")


def _plain(error: etree.XMLSyntaxError) -> str:
    """Say what the parser found, without the values in quotes, which may be personal."""
    message = (error.msg or "syntax error").split(", line ")[0].split("\n")[0]
    return re.sub(r"\"[^\"]*\"|'[^']*'", "…", message)[:120]


def local_name(node: Element) -> str:
    """Give an element's name without its namespace."""
    return node.tag.rpartition("}")[2]


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple("{*}" + step.rpartition(":")[2] for step in path.split("/"))


def nodes(node: Element, path: str) -> list[Element]:
    """Give the elements at a path below a node, by their local names.

    The path is written with the usual prefixes (``cac:Party/cbc:Name``) for the reader's sake.
    """
    found = [node]
    for step in _steps(path):
        found = [child for parent in found for child in parent.iterchildren(step)]
    return found


def first(node: Element, path: str) -> Element | None:
    """Give the first element at a path below a node, if any."""
    return _first(node, _steps(path))


def _first(node: Element, steps: tuple[str, ...]) -> Element | None:
    step, *rest = steps
    for child in node.iterchildren(step):
        found = _first(child, tuple(rest)) if rest else child
        if found is not None:
            return found
    return None


def text_of(node: Element | None) -> str:
    """Give an element's own text, trimmed; empty where there is no element."""
    return (node.text or "").strip() if node is not None else ""


def xpath_of(node: Element) -> str:
    """Say where an element stands, as ``/Invoice/cac:InvoiceLine[2]/cbc:ID``.

    The numbers are lxml's, which counts the elements of a batch fast.
    """
    path = _NAMESPACE.sub("", node.getroottree().getelementpath(node))
    places = [""] if path == "." else ["", *(step.partition("[")[2] for step in path.split("/"))]
    names = [_shown(node), *(_shown(above) for above in node.iterancestors())]
    steps = zip(reversed(names), places, strict=True)
    return "".join(f"/{name}[{place}" if place else f"/{name}" for name, place in steps)


def _shown(node: Element) -> str:
    namespace = node.tag.rpartition("}")[0].lstrip("{")
    prefix = _PREFIXES.get(namespace, node.prefix)
    return f"{prefix}:{local_name(node)}" if prefix else local_name(node)
