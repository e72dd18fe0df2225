"""What is encrypted at rest."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from bustia.billing.models import SourceDocument

ACCOUNT = "ES9121000418450200051332"


@pytest.mark.django_db
def test_an_e_invoice_is_encrypted_in_the_database_and_whole_outside_it():
    """The account that a kept file names is not in its row, and the file comes back to the byte."""
    content = f"<Invoice><ID>{ACCOUNT}</ID>\n</Invoice>".encode()
    SourceDocument.objects.create(
        sha256="0" * 64,
        name="invoice.xml",
        media_type="application/xml",
        format="ubl",
        content=content,
        received_at=datetime(2026, 5, 3, tzinfo=UTC),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM billing_sourcedocument")
        stored = bytes(cursor.fetchone()[0])
    assert ACCOUNT.encode() not in stored
    assert content == SourceDocument.objects.get().content
