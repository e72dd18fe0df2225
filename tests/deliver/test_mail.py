"""The mail that brings an invoice."""

import hashlib
import shutil
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bustia.deliver.content import InvoiceContent, invoice_content
from bustia.deliver.mail import MailLinks, MailWriter, message_id
from bustia.errors import NoAddressError, StationeryError
from bustia.instance.config import shipped_stationery
from tests.decide.customers import customer
from tests.deliver.town import NOW, TOLD, pdf

PDF = pdf("A26-1")
WRITER = MailWriter(
    shipped_stationery(),
    sender="factures@vallserena.example",
    return_path_domain="bounces.vallserena.example",
)
KEY = "2026-03/A26-000123/email"


LINKS = MailLinks("https://oficina.example/d/AbC-1", "https://oficina.example/p/dEf_2")


def write(
    recipient="m@example.org", language="ca", content=None, writer=WRITER, key=KEY, links=LINKS
):
    """Write a mail with what the tests don't care about filled in."""
    facts = customer(customer__language=language)
    content = content or invoice_content(facts, TOLD)
    return writer.write(
        key, content, language=language, recipient=recipient, links=links, pdf=PDF, at=NOW
    )


def read(mail) -> EmailMessage:
    """Read a mail as a mail program does; a defect anywhere is an error."""
    message = message_from_bytes(mail.content, policy=policy.default.clone(raise_on_defect=True))
    assert isinstance(message, EmailMessage)
    return message


@pytest.mark.parametrize(
    ("language", "subject", "file"),
    [
        ("ca", "La seva factura d’aigua A26-000123: 40,61 €", "factura-A26-000123.pdf"),
        ("es", "Su factura de agua A26-000123: 40,61 €", "factura-A26-000123.pdf"),
        ("en", "Your water bill A26-000123: €40.61", "invoice-A26-000123.pdf"),
    ],
)
def test_a_mail_speaks_the_customers_language_and_brings_the_very_pdf(language, subject, file):
    """Text and HTML say the same in the customer's language, and the PDF is attached unchanged."""
    message = read(write(language=language))

    alternative, attachment = message.iter_parts()
    assert message.get_content_type() == "multipart/mixed"
    assert [part.get_content_type() for part in alternative.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert subject == message["Subject"]
    assert language == message["Content-Language"]
    assert (file, "application/pdf") == (attachment.get_filename(), attachment.get_content_type())
    assert attachment.get_content() == PDF
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert "Té 2 factures pendents" in text
        assert "Si ja les ha pagat, no faci cas d’aquest avís." in text
        assert "https://oficina.vallserena.example/pagar" in text
        assert "€40.61" in text or "40,61\xa0€" in text
        assert "None" not in text


def test_its_headers_are_those_of_a_notice_that_nobody_can_unsubscribe_from():
    """A service message is marked as automatic, and has no List-Unsubscribe header."""
    mail = write()
    message = read(mail)
    name = message_id(KEY, "bounces.vallserena.example")

    assert name == message["Message-ID"]
    assert f"bounce+{name[1:33]}@bounces.vallserena.example" == mail.sender
    assert message["From"] == "Aigües de Vallserena <factures@vallserena.example>"
    assert message["To"] == "m@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Tue, 12 May 2026 08:00:00 +0000"
    assert "List-Unsubscribe" not in message
    assert "A26" not in name


@pytest.mark.parametrize("language", ["ca", "es", "en"])
def test_it_opens_its_document_and_the_preferences(language):
    """A button in HTML, an address on a line of its own in the text; preferences in the foot."""
    message = read(write(language=language))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    lines = plain.get_content().splitlines()

    assert lines.count(LINKS.document) == lines.count(LINKS.preferences) == 1
    assert lines.index(LINKS.preferences) == len(lines) - 1
    for link in (LINKS.document, LINKS.preferences):
        assert html.get_content().count(f'href="{link}"') == 1


def test_what_is_optional_can_be_unsubscribed_from_by_one_click():
    """The headers of RFC 8058, the address in one piece however long it is."""
    address = f"https://oficina.aiguesdevallserena.example/u/{'aZ09-_' * 12}"
    mail = write(links=replace(LINKS, unsubscribe=address))
    message = read(mail)

    assert message["List-Unsubscribe"] == f"<{address}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{address}>\r\n".encode() in mail.content


def test_the_same_delivery_always_gives_the_same_bytes():
    """Nothing in a mail is random; another delivery has another Message-ID and other boundaries."""
    assert hashlib.sha256(write().content).digest() == hashlib.sha256(write().content).digest()
    other = read(write(key="another"))
    assert other["Message-ID"] != read(write())["Message-ID"]
    assert other.get_boundary() != read(write()).get_boundary()


def test_it_goes_over_any_mail_server():
    """Lines are of 7-bit characters, end with CRLF and are short (RFC 5322, 2.1.1)."""
    content = write(content=_content(title="à" * 900)).content

    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 100
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Anna.Puig+aigua@Example.ORG", "Anna.Puig+aigua@example.org"),
        (" m@example.org ", "m@example.org"),
        ("m@ajuntament.vallserena.cat", "m@ajuntament.vallserena.cat"),
        ("o'neill@example.org", "o'neill@example.org"),
        ("m@municipi-català.cat", "m@xn--municipi-catal-tgb.cat"),
    ],
)
def test_addresses_are_written_as_mail_servers_know_them(written, expected):
    """The domain is in the DNS's own form; the local part is the customer's business."""
    mail = write(recipient=written)

    assert expected == mail.recipient
    assert expected == read(mail)["To"]


@pytest.mark.parametrize(
    "written",
    [
        "", "m", "m@", "@example.org", "m@localhost", "m@@example.org", "a b@example.org",
        "m@exam_ple.org", "m..n@example.org", ".m@example.org", "josé@example.org",
        "m@example.org\r\nBcc: all@example.org", "m@example.org, n@example.org",
        "<m@example.org>", '"m n"@example.org', "m@[192.0.2.1]", f"{'m' * 260}@example.org",
    ],
)  # fmt: skip
def test_an_address_that_no_mail_can_go_to_is_said_to_be_one(written):
    """Such an invoice has to go another way; the error does not show the address."""
    with pytest.raises(NoAddressError) as caught:
        write(recipient=written)

    assert len(written) < 2 or written not in str(caught.value)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_a_customer_is_called_gets_into_the_headers(recipient, number, title):
    """Whatever stands in an address, an invoice number or a text, the headers stay ours."""
    ours = set(read(write()).keys())
    try:
        mail = write(recipient=f"{recipient}@example.org", content=_content(number, title))
    except NoAddressError:
        mail = write(content=_content(number, title))

    message = read(mail)
    assert ours == set(message.keys())
    assert len(ours) == len(message.keys())
    assert list(message.iter_attachments())[-1].get_content() == PDF


def test_html_in_a_text_is_shown_not_obeyed():
    """What comes from the billing system can't change the page it is shown on."""
    body = read(write(content=_content(title="<script>alert(1)</script>"))).get_body(("html",))

    assert body is not None
    assert "<script>" not in body.get_content()
    assert "&lt;script&gt;" in body.get_content()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("greeting:", "greetings:", "has no text greeting"),
        ("{period}", "{perod}", "the text intro can't be filled in"),
    ],
)
def test_a_fault_in_the_texts_is_found_before_the_first_mail(tmp_path, old, new, complaint):
    """A text that is missing, or has a blank that nobody fills, names its file."""
    folder = tmp_path / "stationery"
    shutil.copytree(shipped_stationery(), folder)
    file = folder / "mail" / "ca.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")

    with pytest.raises(StationeryError, match=complaint) as caught:
        MailWriter(folder, sender="a@b.example", return_path_domain="b.example")
    assert str(file) == caught.value.where


def _content(number: str = "A26-1", title: str = "") -> InvoiceContent:
    facts = customer(invoice__number=number, contract__supply_street=title)
    return invoice_content(facts, TOLD)


def test_content_survives_the_ledger():
    """What is written down of a mail's content is all of it."""
    content = invoice_content(customer(), TOLD)

    assert content == InvoiceContent.from_json(content.as_json())


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({"invoice__payment_means": "direct_debit"}, "charged_on"),
        ({"invoice__payment_means": "direct_debit", "mandate__iban_masked": ""}, "charged_soon"),
        ({"invoice__payment_means": "slip"}, "pay_before"),
        ({"invoice__payable": 0}, "nothing"),
        ({"invoice__kind": "credit_note"}, "back"),
        ({"invoice__payment_means": "slip", "invoice__due_date": None}, "nothing"),
    ],
)
def test_a_mail_says_how_the_invoice_is_paid(changes, way):
    """Each way of paying has its own sentence."""
    assert way == invoice_content(customer(**changes), TOLD).way
