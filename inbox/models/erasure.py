"""The model of the marks that remain of an erased person: keyed hashes that name nobody and block further messages."""

from django.db import models

from inbox.models.row import unique
from inbox.models.workspace import Workspace


class ErasedMark(models.Model):
    """A keyed hash of an identifier of an erased person, or of one of their messages (`inbox.leads.erased`).

    With `opted_out_at`, nothing is sent to the address or id from that time on; the same applies to a refused address
    (`inbox.leads.refused_addresses`). The hash of a message recognises the message if a provider delivers it again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)
    opted_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [unique("erased_mark_once", "workspace", "digest")]

    def __str__(self) -> str:
        return f"mark {self.pk}"
