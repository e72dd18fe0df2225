"""Hostile, broken and foreign files: each gets its rejection, and none does harm."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.intake.readers import samples

from bustia.intake.readers import read_document, xml

_WHOLE = (
    samples.ubl().encode(),
    samples.cii().encode(),
    samples.facturae().encode(),
    samples.pain002().encode(),
    samples.camt054().encode(),
)


def _code(data: bytes) -> str:
    result = read_document(data, "in.xml")
    assert result.records == ()
    (rejection,) = result.rejections
    return rejection.code


def test_entity_bomb_is_refused() -> None:
    """A file whose entities would swell to gigabytes is refused at its DOCTYPE."""
    bomb = b"""<?xml version="1.0"?>
<!-- harmless --><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><lolz>&d;</lolz>"""
    assert _code(bomb) == "xml_doctype"
    assert _code(bomb.decode().encode("utf-16")) == "xml_doctype"


def test_external_entity_is_refused(tmp_path: Path) -> None:
    """A file that wants another file's content is refused and doesn't get it."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2")
    data = samples.ubl(number="&x;").replace(
        "<Invoice", f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]><Invoice', 1
    )
    result = read_document(data.encode(), "xxe.xml")
    assert [one.code for one in result.rejections] == ["xml_doctype"]
    assert "hunter2" not in str(result)


def test_external_dtd_is_refused() -> None:
    """A DOCTYPE that names a DTD on the network is refused before anything is fetched."""
    dtd = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd"><a/>'
    assert _code(dtd) == "xml_doctype"


def test_undefined_entity_is_refused() -> None:
    """A reference to an entity that XML doesn't know is refused, not dropped."""
    assert _code(samples.ubl(number="A&nbsp;1").encode()) == "xml_entity"


@pytest.mark.parametrize("data", _WHOLE)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.999])
def test_truncated_file_is_refused(data: bytes, part: float) -> None:
    """A file that breaks off anywhere is refused as such."""
    assert _code(data[: int(len(data) * part)]) == "xml_truncated"


def test_wrong_encoding_names_the_line() -> None:
    """Latin-1 bytes in a file that says UTF-8 are refused with the line of the first."""
    text = samples.ubl()
    result = read_document(text.encode("latin-1"), "latin.xml")
    (rejection,) = result.rejections
    first = next(at for at, character in enumerate(text) if not character.isascii())
    line = text.count("\n", 0, first) + 1
    assert (rejection.code, rejection.where) == ("xml_encoding", line)
    assert "Windows-1252" in rejection.reason


def test_utf8_declared_as_latin1_is_refused() -> None:
    """UTF-8 bytes in a file that says ISO 8859-1 would turn names to gibberish: refused."""
    text = samples.ubl().replace('encoding="UTF-8"', 'encoding="ISO-8859-1"')
    assert _code(text.encode()) == "xml_encoding"
    assert len(read_document(text.encode("latin-1", "replace"), "x").records) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_other_encodings_are_read(encoding: str) -> None:
    """UTF-16 and UTF-8 with a byte order mark are read like plain UTF-8."""
    text = samples.ubl().replace('encoding="UTF-8"', "") if encoding == "utf-16" else samples.ubl()
    (invoice,) = read_document(text.encode(encoding), "x.xml").invoices
    assert invoice.buyer.name == "Núria Puig i Sala"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xml_empty"),
        (b" \r\n\t", "xml_empty"),
        (b"Invoice 12, 40.61 EUR", "xml_not_xml"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "xml_encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml_encoding"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "xml_encoding"),
        (b"<a>\n<b></a>\n</b>", "xml_malformed"),
        (b"<a>" * 400 + b"</a>" * 400, "xml_too_large"),
        (b"<html><body/></html>", "format_unknown"),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, code: str) -> None:
    """Empty, not XML, in a strange encoding, malformed, nested too deep, of another kind."""
    assert _code(data) == code


def test_too_large_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit is refused without being parsed."""
    monkeypatch.setattr(xml, "MAX_BYTES", 100)
    assert _code(samples.ubl().encode()) == "xml_too_large"


def test_rejection_holds_no_account_number() -> None:
    """The rejection of a wrong account masks it."""
    result = read_document(samples.ubl(iban="ES9121000418450200051333").encode(), "x.xml")
    (rejection,) = result.rejections
    assert rejection.code == "iban_invalid"
    assert "ES** **** **** **** **** 1333" in rejection.reason
    assert "21000418" not in str(rejection)
    assert "21000418" not in repr(result)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_rejection(data: bytes) -> None:
    """Whatever the bytes, the reader raises nothing and rejects."""
    result = read_document(data, "x.xml")
    assert result.records == ()
    assert result.rejections != ()


@settings(deadline=None, max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_WHOLE), st.data())
def test_mutated_documents_never_raise(whole: bytes, data: st.DataObject) -> None:
    """A document with bytes cut out, changed or put in is taken or rejected, never raises."""
    start = data.draw(st.integers(0, len(whole)))
    cut = data.draw(st.integers(0, 60))
    put = data.draw(
        st.one_of(
            st.binary(max_size=12),
            st.sampled_from([b"", b"0", b"-", b"9999999999999999999999", b"NaN", b"<x/>", b"\xff"]),
        )
    )
    result = read_document(whole[:start] + put + whole[start + cut :], "x.xml")
    assert result.records or result.rejections or result.format is not None


@settings(deadline=None, max_examples=250)
@given(st.sampled_from(_WHOLE), st.data())
def test_documents_without_an_element_never_raise(whole: bytes, data: st.DataObject) -> None:
    """A document that lacks any one of its elements is taken or rejected, never raises."""
    root = xml.parse(whole, "x.xml")
    assert isinstance(root, xml.Element)
    elements = list(root.iter())[1:]
    victim = data.draw(st.sampled_from(elements))
    parent = victim.getparent()
    assert parent is not None
    parent.remove(victim)
    result = read_document(etree.tostring(root), "x.xml")
    assert result.format is not None
