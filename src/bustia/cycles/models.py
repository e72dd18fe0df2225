"""A billing run, cut into chunks, and the invoices of it that could not be made into documents."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from bustia.cycles.states import ChunkState, CycleState, check_chunk_move, check_cycle_move

__all__ = ["Chunk", "Cycle", "Failure"]


class Cycle(models.Model):
    """One billing run: its invoices become documents, and these are delivered."""

    code = models.CharField(max_length=24, unique=True)
    billing_run = models.CharField(max_length=20, db_index=True)
    state = models.CharField(max_length=9, default=CycleState.COMPOSING)
    cutoff = models.DateTimeField()
    """What is dated later is not known to it; also the time that its seals state."""
    release = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    composed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    compose_seconds = models.FloatField(default=0.0)
    """Time spent composing, over all runs of the command, in seconds."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="cycle_state_known", condition=Q(state__in=list(CycleState))
            )
        ]

    def move(self, new: CycleState) -> None:
        """Go to another state; raise ``CycleError`` if that is not allowed. Saves nothing."""
        check_cycle_move(self.code, CycleState(self.state), new)
        self.state = new


class Chunk(models.Model):
    """Some hundreds of a cycle's invoices: what one job does in one transaction."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="chunks")
    position = models.PositiveIntegerField()
    invoice_ids = ArrayField(models.BigIntegerField())
    state = models.CharField(max_length=7, default=ChunkState.PENDING)
    documents = models.PositiveIntegerField(default=0)
    messages = models.JSONField(default=dict)
    """How often each rule's message was chosen."""
    composed = models.JSONField(default=dict)
    """How many documents the press made, how many Typst and why, and what the judge found."""
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cycle", "position"], name="chunk_once"),
            models.CheckConstraint(
                name="chunk_state_known", condition=Q(state__in=list(ChunkState))
            ),
        ]

    @property
    def lock(self) -> str:
        """The name of its job in the queue."""
        return f"chunk:{self.pk}"

    def move(self, new: ChunkState) -> None:
        """Go to another state; raise ``CycleError`` if that is not allowed. Saves nothing."""
        where = f"cycle {self.cycle.code}, chunk {self.position}"
        check_chunk_move(where, ChunkState(self.state), new)
        self.state = new


class Failure(models.Model):
    """An invoice that could not be made into a document; the rest of its chunk was."""

    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, related_name="failures")
    invoice = models.OneToOneField("billing.Invoice", on_delete=models.PROTECT)
    stage = models.CharField(max_length=12)
    reason = models.CharField(max_length=500)
