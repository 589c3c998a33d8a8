"""The tables about calls to providers that all processes share: circuit breakers and rate limits."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class CircuitBreaker(models.Model):
    """The circuit breaker of one provider in one workspace, or of one endpoint of programs. A circuit breaker stops
    calls while the other machine fails. If there is no row, or no times in the row, calls pass.

    Until `open_until`, calls are refused; after that, one probe at a time may pass. Until `throttled_until`, the
    provider has asked us to make no calls. All times are times of the database's clock.
    """

    key = models.CharField(primary_key=True, max_length=80, help_text="provider:workspace")
    provider = models.CharField(max_length=20)
    workspace = models.ForeignKey(
        "inbox.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    open_until = models.DateTimeField(null=True, blank=True)
    open_ms = models.PositiveIntegerField(default=0, help_text="How long the breaker stays open this time.")
    probe_until = models.DateTimeField(null=True, blank=True, help_text="When the probe's claim ends.")
    throttled_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    @staticmethod
    def key_of(provider: str, owner_id: uuid.UUID | None) -> str:
        """Returns the primary key of a circuit breaker. `owner_id`: the workspace or endpoint; None for neither."""
        return f"{provider}:{owner_id or '-'}"


class RateWindow(models.Model):
    """The times of the latest calls to a provider under one of our limits. The limit applies across processes.

    `stamps` are seconds since the epoch by the database's clock. Each call deletes the recorded calls that are older
    than the window.
    """

    key = models.CharField(primary_key=True, max_length=160, help_text="provider:account")
    stamps = ArrayField(models.FloatField(), default=list)

    def __str__(self) -> str:
        return self.key
