"""The model of what is kept of an erased person: that they want no more, under keyed hashes that name nobody."""

from django.db import models

from inbox.models.workspace import Workspace


class ErasedMark(models.Model):
    """A keyed hash of one thing that named an erased person, or one of their messages (`inbox.leads.erased`).

    With `opted_out_at`, nothing is sent to the address or id since then, as to an ended address
    (`inbox.leads.refused_addresses`). The hash of a message recognises it when a provider brings it again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    opted_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "digest"], name="erased_mark_once")]

    def __str__(self) -> str:
        return f"mark {self.pk}"
