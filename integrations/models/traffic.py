"""What all processes must know together about calls to a provider: is it broken, and how much have we asked of it."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class CircuitBreaker(models.Model):
    """One provider in one workspace while something is wrong with it; no row, or no times in it, means closed.

    `open_until` set: calls are refused until then, after that one probe at a time goes through. `throttled_until`
    set: the provider asked us to stay away until then. All times are the database's.
    """

    key = models.CharField(primary_key=True, max_length=80, help_text="provider:workspace")
    provider = models.CharField(max_length=20)
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True)
    open_ms = models.PositiveIntegerField(default=0, help_text="How long the present opening lasts.")
    probe_until = models.DateTimeField(null=True, blank=True, help_text="Until when one probe has the claim.")
    throttled_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def key_of(provider: str, workspace_id: uuid.UUID | None) -> str:
        return f"{provider}:{workspace_id or '-'}"


class RateWindow(models.Model):
    """When the latest calls under one limit were made: a sliding window that holds across processes.

    `stamps` are seconds since the epoch by the database's clock; those outside the window are dropped at each call.
    """

    key = models.CharField(primary_key=True, max_length=160, help_text="provider:account")
    stamps = ArrayField(models.FloatField(), default=list)

    def __str__(self) -> str:
        return self.key
