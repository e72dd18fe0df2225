"""What is kept: one row a sealed document, where its bytes are, and what was erased and why."""

from django.db import models

__all__ = ["Document", "Erasure", "Evidence", "Segment"]


class Segment(models.Model):
    """One object of the archive: the documents of a chunk, compressed, named by its digest."""

    name = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    documents = models.PositiveIntegerField()


class Document(models.Model):
    """One sealed document: what it is, which bytes, and why it says what it says."""

    number = models.CharField(max_length=64)
    kind = models.CharField(max_length=11)
    cycle = models.CharField(max_length=24)
    contract = models.ForeignKey(
        "billing.Contract", on_delete=models.PROTECT, related_name="documents", db_index=False
    )
    invoice = models.OneToOneField(
        "billing.Invoice", on_delete=models.PROTECT, related_name="document"
    )
    language = models.CharField(max_length=2)
    release = models.CharField(max_length=64)
    composer = models.CharField(max_length=10)
    pages = models.PositiveSmallIntegerField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    messages = models.JSONField()
    """Ids of the rules whose messages it tells, most important first."""
    trace = models.JSONField()
    """For every rule why it was chosen or not."""
    segment = models.ForeignKey(
        Segment, on_delete=models.PROTECT, null=True, blank=True, related_name="rows"
    )
    offset = models.PositiveBigIntegerField()
    length = models.PositiveIntegerField()
    retain_until = models.DateField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # No more indexes than are used, as in billing (docs/decisions/0041).
        constraints = [models.UniqueConstraint(fields=["number"], name="document_number_once")]
        indexes = [
            models.Index(fields=["contract", "sealed_at"], name="document_by_contract"),
            models.Index(fields=["cycle"], name="document_by_cycle"),
            models.Index(fields=["sha256"], name="document_by_content"),
        ]


class Evidence(models.Model):
    """The root of the hash tree over a cycle's documents, in the order of their numbers."""

    cycle = models.CharField(max_length=24)
    made_at = models.DateTimeField()
    algorithm = models.CharField(max_length=10)
    root = models.CharField(max_length=64)
    numbers = models.JSONField()
    """Numbers of the documents in the order of the tree's leaves."""


class Erasure(models.Model):
    """That a document's bytes were erased, when, by whom and why; the row of it stays."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="erasure")
    erased_at = models.DateTimeField()
    erased_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=300)
